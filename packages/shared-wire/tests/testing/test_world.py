"""A Worker of one object, in the model: lives, sleep, resets, alarms, calls. The runtime is asked the same in `tests-e2e`."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_project import write_project

from shared_wire.testing import World


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path)


@pytest.fixture
def world(project: Path) -> Iterator[World]:
    with World.load(project) as world:
        yield world


def test_a_project_is_read_with_its_bindings(project: Path) -> None:
    with World.load(project, VARIABLE="another") as world:
        world.ring_cron("0 * * * *")
        assert world.fetch("/env").data == b'{"variable": "another", "kept": "0 * * * *"}'


def test_modules_are_those_of_the_world_loaded_last(project: Path) -> None:
    with World.load(project) as before:
        (project / "src" / "helper.py").write_text("def greet():\n    return 'good morning'\n", encoding="utf-8")
        with World.load(project) as after:
            clients = [before.connect("/"), after.connect("/")]
            for world, client in zip((before, after), clients, strict=True):
                client.send("x")
                world.settle()
            assert [client.take() for client in clients] == [["hello 1 x"], ["good morning 1 x"]]


def test_memory_ends_with_sleep_and_sockets_do_not(world: World) -> None:
    client = world.connect("/")
    for _ in range(2):
        client.send("x")
    world.sleep()
    assert world.actor("COUNTER", "one").life is None
    client.send("x")
    world.settle()
    assert client.take() == ["hello 1 x", "hello 2 x", "hello 1 x"]


def test_an_actor_sleeps_ten_seconds_after_its_last_event(world: World) -> None:
    client = world.connect("/")
    world.advance(9)
    client.send("x")
    world.advance(9)
    assert world.actor("COUNTER", "one").lives == 1
    assert world.actor("COUNTER", "one").life is not None
    world.advance(2)
    assert world.actor("COUNTER", "one").life is None


def test_a_reset_closes_sockets_and_stops_what_runs_where_it_stands(world: World) -> None:
    client = world.connect("/")
    actor = world.actor("COUNTER", "one")
    waiting = world.loop.create_task(actor.call("a test", "wait", 5))
    world.settle()
    world.reset("COUNTER")
    assert client.closed == (1006, "")
    world.advance(10)
    assert "reset" in str(waiting.exception())
    assert actor.storage.kv.list() == [], "a coroutine that is closed runs its `finally`, but nothing comes of that"


@pytest.mark.parametrize("turns", range(4))
def test_frames_that_a_reset_has_overtaken_reach_no_later_life(world: World, turns: int) -> None:
    client = world.connect("/")
    client.send("x")
    for _ in range(turns):
        world.loop.turn()
    world.reset("COUNTER")
    assert world.actor("COUNTER", "one").lives == 1


def test_what_waits_keeps_both_ends_of_a_call_awake(world: World) -> None:
    calling = world.loop.create_task(world.actor("COUNTER", "one").call("a test", "call", "two"))
    world.settle()
    lives = [world.actor("COUNTER", name).life for name in ("one", "two")]
    assert [life is not None and life.keeps_awake()[:1] for life in lives] == [["a test"], ["an RPC to wait"]]
    assert lives[0] is not None
    assert "an RPC to wait of COUNTER/two" in lives[0].keeps_awake()
    world.advance(2)
    assert calling.result() == "waited"
    world.sleep()


def test_what_is_raised_arrives_as_a_text_and_what_cannot_be_sent_is_refused(world: World) -> None:
    actor = world.actor("COUNTER", "one")
    stub = world.env.COUNTER.getByName("one")
    with pytest.raises(Exception, match="the secret"):
        world.run(stub.fail())
    with pytest.raises(Exception, match="tuple"):
        world.run(stub.give_tuple())
    assert actor.lives == 1, "it goes on"


def test_an_alarm_rings_when_it_is_due_and_again_until_it_is_handled(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL), World.load(project, GOOD_ALARM=3) as world:
        stub = world.env.COUNTER.getByName("one")
        world.run(stub.arm(60_000))
        world.advance(59)
        assert world.run(stub.rung()) == 0
        world.advance(2)
        assert world.run(stub.rung()) == 1
        world.advance(60)
        assert world.run(stub.rung()) == 3


def test_what_is_on_the_bill_is_counted(world: World) -> None:
    client = world.connect("/")
    client.send("x")
    world.run(world.env.COUNTER.getByName("one").arm(1_000))
    world.advance(2)
    assert (world.cost.requests, world.cost.frames, world.cost.rpcs, world.cost.alarms) == (1, 1, 1, 1)
    world.sleep()
    assert world.cost.requests == 0


def test_a_request_that_opens_no_socket_is_refused(world: World) -> None:
    with pytest.raises(ConnectionRefusedError, match="200"):
        world.connect("/env")


def test_a_queue_is_delivered_to_the_entrypoint(world: World) -> None:
    world.run(world.env.MAIL.send("letter"))
    assert [one.outcome for one in world.deliver("mail")] == ["acked"]
    assert world.run(world.env.KEPT.get("key")) == "mail: letter"
    assert world.env.MAIL.sent == []
    assert [one.outcome for one in world.deliver("mail", "again", "parcel")] == ["retried", "acked"]


def test_objects_are_reset_by_binding_or_by_class(world: World) -> None:
    for name in ("COUNTER", "Counter"):
        client = world.connect("/")
        with pytest.raises(ValueError, match="'Another' is none of"):
            world.reset("Another")
        assert client.closed is None
        world.reset(name)
        assert client.closed == (1006, "")
