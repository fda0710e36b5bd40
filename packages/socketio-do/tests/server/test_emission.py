"""Answers of many. What one client is sent and asked is in `test_server.py`."""

import re
from typing import Any

import pytest
from server_fakes import ENGINE, Cancelled, Log, World, finish, socket_sid
from socketio import exceptions

from socketio_do.errors import OversizeError
from socketio_do.limits import MAX_EMITTED
from socketio_do.server.emission import Answers

S1, S2, S3 = socket_sid(1), socket_sid(2), socket_sid(3)


@pytest.fixture
def world() -> World:
    """Three clients, two of them in room a."""
    world = World()
    for client in ("e1", "e2", "e3"):
        world.connect(client)
    for sid in (S1, S2):
        finish(world.sio.enter_room(sid, "a"))
    world.forget()
    return world


def ask(world: World, **chosen: Any) -> Any:
    """Begin to ask, and give what becomes of it."""
    return world.runtime.start(world.sio.emit_with_ack("q", 1, **chosen))


def test_the_answers_of_all_are_gathered(world: World) -> None:
    task = ask(world)
    assert [world.take(client) for client in ("e1", "e2", "e3")] == [['21000["q",1]']] * 3
    world.receive("e2", "31000[]")
    world.receive("e1", '31000["one"]')
    assert not task.done
    world.receive("e3", '31000[1,"two",null]')
    assert task.result == Answers({S2: None, S1: "one", S3: (1, "two", None)}, ())


def test_who_is_silent_is_named_after_the_timeout(world: World) -> None:
    task = ask(world, timeout=5)
    world.receive("e1", "31000[1]")
    world.runtime.advance(4.9)
    assert not task.done
    world.runtime.advance(0.2)
    assert task.result == Answers({S1: 1}, (S2, S3))


def test_an_answer_that_comes_too_late_is_nobodys(world: World, log: Log) -> None:
    task = ask(world, timeout=5)
    world.runtime.advance(6)
    world.receive("e1", "31000[1]")
    assert task.result == Answers({}, (S1, S2, S3))
    assert log.lines == []


def test_who_goes_is_not_waited_for(world: World, log: Log) -> None:
    task = ask(world, room="a")
    world.receive("e1", "31000[1]")
    world.close("e2")
    assert task.result == Answers({S1: 1}, (S2,))
    assert log.lines == []


def test_nobody_asked_is_nobody_waited_for(world: World) -> None:
    assert ask(world, room="nobody").result == Answers({}, ())


@pytest.mark.parametrize(
    ("chosen", "asked"),
    [
        ({}, {"e1", "e2", "e3"}),
        ({"room": "a"}, {"e1", "e2"}),
        ({"to": S3}, {"e3"}),
        ({"skip_sid": S1}, {"e2", "e3"}),
        ({"except_rooms": "a"}, {"e3"}),
    ],
)
def test_those_are_asked_who_are_chosen_with_one_packet(world: World, chosen: dict[str, Any], asked: set[str]) -> None:
    ask(world, **chosen)
    (operation,) = [operation for _, operation in world.sends()]
    assert set(operation.engine_sids) == asked


def test_it_works_inside_a_handler_of_one_who_is_asked() -> None:
    def register(sio: Any) -> None:
        @sio.event
        async def poll(sid: str) -> Any:
            answers = await sio.emit_with_ack("q", timeout=5)
            return sorted(answers.answers.values())

        assert poll

    world = World(register)
    world.connect("e1")
    world.connect("e2")
    world.receive("e1", '27["poll"]', "31000[1]")
    world.receive("e2", "31000[2]")
    assert world.take("e1")[-1] == "37[[1,2]]"


def test_the_children_of_a_parent_are_asked_together() -> None:
    rooms = re.compile("/room-.")
    world = World(lambda sio: sio.on("x", print, namespace=rooms))
    world.connect("e1", "/room-1")
    world.connect("e1", "/room-2")
    task = ask(world, namespace=rooms)
    assert world.take("e1") == ['2/room-1,1000["q",1]', '2/room-2,1001["q",1]']
    world.receive("e1", "3/room-2,1001[2]", "3/room-1,1000[1]")
    assert task.result == Answers({S2: 2, S1: 1}, ())


def test_data_that_cannot_be_sent_asks_nobody(world: World) -> None:
    with pytest.raises(TypeError):
        finish(world.sio.emit_with_ack("q", object()))
    assert world.sent == []
    world.receive("e1", "31000[1]")
    assert world.closes() == []


def test_a_cancelled_wait_leaves_nobody_expected(world: World) -> None:
    ask(world)
    with pytest.raises(Cancelled):
        world.runtime.cancel()
    assert not world.sio.manager.expects(S1, 1000)


def test_call_ends_when_its_client_goes() -> None:
    ended: list[str] = []

    def register(sio: Any) -> None:
        @sio.event
        async def ask_other(sid: str, other: str) -> None:
            try:
                await sio.call("q", to=other)
            except exceptions.TimeoutError:
                ended.append(other)

        assert ask_other

    world = World(register)
    world.connect("e1")
    world.connect("e2")
    world.receive("e1", f'2["ask_other","{S2}"]')
    assert ended == []
    world.close("e2")
    assert ended == [S2]


def test_call_of_a_room_takes_the_first_answer(world: World) -> None:
    task = world.runtime.start(world.sio.call("q", to="a"))
    world.receive("e2", "31000[2]")
    assert task.result == 2
    assert not world.sio.manager.expects(S1, 1000)


def test_except_rooms_leaves_out_whoever_is_in_any_of_them(world: World) -> None:
    finish(world.sio.enter_room(S3, "b"))
    finish(world.sio.emit("x", except_rooms=["b", S1]))
    assert [world.take(client) for client in ("e1", "e2", "e3")] == [[], ['2["x"]'], []]


def test_a_lost_callback_is_logged(world: World, log: Log) -> None:
    finish(world.sio.emit("x", callback=print))
    world.close("e2")
    assert log.take("WARNING") == [f"= socket {S2}: 1 callbacks are lost: it is gone"]


class TestVolatile:
    def test_it_is_dropped_for_those_whose_packets_are_on_their_way_and_counted(self, world: World) -> None:
        world.runtime.busy_sessions = {"e2", "e3"}
        finish(world.sio.emit("x", 1, volatile=True))
        assert [world.take(client) for client in ("e1", "e2", "e3")] == [['2["x",1]'], [], []]
        assert world.runtime.counted == {"volatile_dropped": 2}

    def test_an_ordinary_event_is_never_dropped(self, world: World) -> None:
        world.runtime.busy_sessions = {"e1", "e2", "e3"}
        finish(world.sio.emit("x", compress=False))
        assert [world.take(client) for client in ("e1", "e2", "e3")] == [['2["x"]']] * 3
        assert world.runtime.counted == {}

    def test_nothing_is_dropped_and_counted_where_nothing_waits(self, world: World) -> None:
        finish(world.sio.emit("x", room="a", volatile=True))
        assert world.take("e1") == ['2["x"]']
        assert world.runtime.counted == {}

    def test_each_engine_actor_is_asked_about_its_own_sessions(self) -> None:
        world = World()
        world.connect("e1", actor="east")
        world.connect("e2", actor="west")
        world.take("e1")
        world.runtime.busy_sessions = {"e1"}
        finish(world.sio.emit("x", volatile=True))
        assert (world.take("e1"), world.take("e2")[-1]) == ([], '2["x"]')
        assert sorted(world.runtime.asked_busy) == ["east", "west"]


class TestBackPressure:
    """Of what an application sends, so much waits for an engine actor; then `emit` waits, too."""

    def test_a_loop_goes_on_when_there_is_room_again(self, world: World) -> None:
        async def tell() -> None:
            for number in range(3):
                await world.sio.emit("n", number, to=S1)

        world.runtime.queued_bytes[ENGINE] = 2_000_000
        task = world.runtime.start(tell())
        assert world.take("e1") == ['2["n",0]']
        world.runtime.settle()
        assert world.take("e1") == []
        world.runtime.queued_bytes[ENGINE] = 0
        world.runtime.settle()
        assert task.done
        assert world.take("e1") == ['2["n",1]', '2["n",2]']

    def test_other_engine_actors_are_not_waited_for(self, world: World) -> None:
        world.runtime.queued_bytes["another"] = 2_000_000
        task = world.runtime.start(world.sio.emit("n"))
        assert task.done

    def test_whoever_asks_waits_before_it_asks(self, world: World) -> None:
        world.runtime.queued_bytes[ENGINE] = 2_000_000
        finish(world.sio.emit("n", to=S1))
        world.forget()
        task = world.runtime.start(world.sio.call("q", to=S1, timeout=5))
        world.runtime.advance(30)
        assert (world.take("e1"), task.done) == ([], False)
        world.runtime.queued_bytes[ENGINE] = 0
        world.runtime.settle()
        [packet] = world.take("e1")
        world.receive("e1", f"3{str(packet)[1:].partition('[')[0]}[7]")
        assert task.result == 7

    def test_acknowledgements_wait_as_well_and_not_for_a_socket_that_has_gone(self, world: World) -> None:
        world.sio.on("get", lambda sid, number: number)
        world.runtime.queued_bytes[ENGINE] = 2_000_000
        world.receive("e1", '21["get",1]', '22["get",2]')
        world.receive("e2", '21["get",1]')
        assert (world.take("e1"), world.take("e2")) == (["31[1]"], [])
        finish(world.sio.disconnect(S2))
        world.runtime.queued_bytes[ENGINE] = 0
        world.runtime.settle()
        assert (world.take("e1"), world.take("e2")) == (["32[2]"], ["1"])

    def test_whoever_comes_or_goes_meanwhile_is_regarded(self, world: World) -> None:
        world.runtime.queued_bytes[ENGINE] = 2_000_000
        finish(world.sio.emit("n", to=S1))
        world.forget()
        world.runtime.start(world.sio.emit("all"))
        world.close("e2")
        world.connect("e4")
        world.runtime.queued_bytes[ENGINE] = 0
        world.runtime.settle()
        assert [world.take(client) for client in ("e1", "e3", "e4")] == [['2["all"]']] * 3


@pytest.mark.parametrize("data", ["x" * MAX_EMITTED, b"x" * MAX_EMITTED, "\U0001f600" * (MAX_EMITTED // 4 + 1)])
def test_an_event_that_nobody_could_be_sent_is_refused_where_it_is_emitted(world: World, data: Any) -> None:
    with pytest.raises(OversizeError, match="30,000,000 can be sent at once"):
        finish(world.sio.emit("n", data))
    assert [world.take(client) for client in ("e1", "e2", "e3")] == [[], [], []]


def test_characters_are_not_taken_for_bytes(world: World) -> None:
    finish(world.sio.emit("n", "x" * (MAX_EMITTED - 100), to=S1))
    assert len(world.take("e1")) == 1
