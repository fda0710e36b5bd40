"""What goes wrong in the model when a test says so."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from model_project import write_project

from shared_wire.testing import DOUBLED, LOST, LOST_ANSWER, OVERLOADED, Actor, Fate, Faults, World
from shared_wire.testing.values import JsException


class Planned(Faults):
    """Fates as planned for calls of ``note``, one after the other; writes of ``broken`` fail; alarms come late."""

    def __init__(self, *fates: Fate, late_s: float = 0, broken: str = "") -> None:
        self.fates = list(fates)
        self.late_s = late_s
        self.broken = broken

    def call(self, target: Actor, method: str) -> Fate:
        return self.fates.pop(0) if self.fates and method == "note" else super().call(target, method)

    def write(self, owner: Actor, what: str) -> str | None:
        return "Error: no space" if self.broken and self.broken in what else super().write(owner, what)

    def alarm_s(self, owner: Actor) -> float:
        return self.late_s or super().alarm_s(owner)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World.load(write_project(tmp_path)) as world:
        yield world


def outcome(world: World, work: Callable[[], Any]) -> tuple[str, list[str] | None]:
    """Return what a call gave or raised, and what its target has noted when all is done."""
    try:
        given = str(world.run(work()))
    except Exception as error:
        given = str(error)
    world.advance(60)
    return given, world.actor("COUNTER", "one").storage.kv.get("notes")


@pytest.mark.parametrize(
    ("fate", "given", "noted"),
    [
        (LOST, "Error: Network connection lost.", None),
        (LOST_ANSWER, "Error: Network connection lost.", ["x"]),
        (DOUBLED, "x", ["x", "x"]),
        (OVERLOADED, "Error: Durable Object is overloaded.", None),
        (Fate(arrives_s=(3.0,)), "x", ["x"]),
        (Fate(arrives_s=(3.0,), is_answered=False), "Error: Network connection lost.", ["x"]),
    ],
)
def test_a_call_fares_as_is_said(world: World, fate: Fate, given: str, noted: list[str] | None) -> None:
    world.faults = Planned(fate)
    stub = world.env.COUNTER.getByName("one")
    assert outcome(world, lambda: stub.note("x")) == (given, noted)
    assert outcome(world, lambda: stub.note("y")) == ("y", [*(noted or []), "y"]), "the next one arrives"


def test_calls_that_take_their_time_overtake_one_another(world: World) -> None:
    world.faults = Planned(Fate(arrives_s=(3.0,)), Fate(arrives_s=(1.0,)), Fate(told_s=5.0))
    stub = world.env.COUNTER.getByName("one")
    began_s = world.loop.time()
    for text in ("first", "second", "third"):
        world.loop.create_task(stub.note(text))
    world.advance(4)
    assert world.actor("COUNTER", "one").storage.kv.get("notes") == ["third", "second", "first"]
    assert outcome(world, lambda: stub.note("last"))[0] == "last"
    assert world.loop.time() > began_s


def test_a_write_that_fails_raises_in_the_object(world: World) -> None:
    world.faults = Planned(broken="put notes")
    stub = world.env.COUNTER.getByName("one")
    assert "no space" in outcome(world, lambda: stub.note("x"))[0]
    world.faults = Faults()
    assert outcome(world, lambda: stub.note("x")) == ("x", ["x"])


def test_an_alarm_may_be_late(world: World) -> None:
    world.faults = Planned(late_s=100)
    stub = world.env.COUNTER.getByName("one")
    world.run(stub.arm(1_000))
    world.advance(100)
    assert world.run(stub.rung()) == 0
    world.advance(2)
    assert world.run(stub.rung()) == 1


@pytest.mark.parametrize(("jump_s", "rung"), [(-50, 0), (0, 0), (50, 1)])
def test_an_alarm_goes_by_the_clock_on_the_wall(world: World, jump_s: float, rung: int) -> None:
    stub = world.env.COUNTER.getByName("one")
    world.run(stub.arm(60_000))
    world.jump_clock(jump_s)
    world.advance(20)
    assert world.run(stub.rung()) == rung


def test_a_deploy_is_taken_on_with_the_next_life_and_keeps_sockets(world: World, tmp_path: Path) -> None:
    client = world.connect("/")
    (tmp_path / "src" / "helper.py").write_text("def greet():\n    return 'good morning'\n", encoding="utf-8")
    world.deploy(tmp_path)
    client.send("x")
    world.sleep()
    client.send("x")
    world.settle()
    assert client.take() == ["hello 1 x", "good morning 1 x"]
    world.deploy(tmp_path, reset=True)
    assert client.closed == (1006, "")


def test_a_timer_of_asyncio_keeps_an_object_awake_although_it_is_cancelled(world: World) -> None:
    world.run(world.env.COUNTER.getByName("one").cancel_timer())
    world.advance(20)
    life = world.actor("COUNTER", "one").life
    assert life is not None
    assert life.keeps_awake() == ["a timer of asyncio's, for 10.0 s more"]
    world.advance(20)
    assert world.actor("COUNTER", "one").life is None


def test_what_a_life_has_left_to_be_done_is_not_done_after_its_end(world: World) -> None:
    actor = world.actor("COUNTER", "one")
    calling = world.loop.create_task(actor.call("a test", "late_note"))
    while not calling.done():
        world.loop.turn()
        if actor.life is not None and actor.life.instance is not None:
            actor.reset()
    world.settle()
    assert actor.storage.kv.get("notes") is None


@pytest.mark.parametrize("fate", [DOUBLED, Fate(arrives_s=(0.0, 3.0)), Fate(arrives_s=(3.0,), is_answered=False)])
def test_a_copy_of_a_call_reaches_no_later_life(world: World, fate: Fate) -> None:
    actor = world.actor("COUNTER", "one")
    world.run(world.env.COUNTER.getByName("one").note("before"))
    world.faults = Planned(fate)
    call = world.loop.create_task(world.env.COUNTER.getByName("one").note("x"))
    while not call.done():
        world.loop.turn()
    before = actor.storage.kv.get("notes")
    world.reset()
    world.advance(5)
    assert call.done()
    call.exception()
    assert actor.storage.kv.get("notes") == before
    assert actor.lives == 1


@pytest.mark.parametrize(
    ("fate", "marks"),
    [
        (LOST, (True, False)),
        (LOST_ANSWER, (True, False)),
        (OVERLOADED, (True, True)),
        (Fate(arrives_s=(), is_answered=False, error="ValueError", is_retryable=False), (False, False)),
    ],
)
def test_an_error_is_marked_as_the_runtime_marks_it(world: World, fate: Fate, marks: tuple[bool, bool]) -> None:
    world.faults = Planned(fate)
    with pytest.raises(JsException) as raised:
        world.run(world.env.COUNTER.getByName("one").note("x"))
    assert (raised.value.retryable, raised.value.overloaded) == marks


def test_what_an_object_throws_has_no_marks(world: World) -> None:
    with pytest.raises(JsException) as raised:
        world.run(world.env.COUNTER.getByName("one").nothing_of_that_name())
    assert (raised.value.retryable, raised.value.overloaded) == (False, False)
