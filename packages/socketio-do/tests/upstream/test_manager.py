from collections.abc import Callable
from typing import Any

import pytest
from server_fakes import FakeEvent, Log, World, finish, socket_sid

from shared_wire import EngineSid, SendPackets

S1, S2, S3 = socket_sid(1), socket_sid(2), socket_sid(3)


@pytest.fixture
def world() -> World:
    """Three clients on two actors; the third is in another namespace too."""
    world = World(namespaces=["/", "/chat"])
    world.connect("e1", actor="east")
    world.connect("e2", actor="west")
    world.connect("e3", actor="east")
    world.connect("e3", "/chat", actor="east")
    world.forget()
    return world


def test_participants_of_a_room_of_several_and_of_the_namespace(world: World) -> None:
    manager = world.sio.manager
    finish(manager.enter_room(S1, "/", "a"))
    finish(manager.enter_room(S2, "/", "b"))
    assert list(manager.get_participants("/", "a")) == [(S1, "e1")]
    assert sorted(manager.get_participants("/", ["a", "b", "a"])) == [(S1, "e1"), (S2, "e2")]
    assert sorted(manager.get_participants("/", None)) == [(S1, "e1"), (S2, "e2"), (S3, "e3")]
    assert list(manager.get_participants("/chat", None)) == [(socket_sid(4), "e3")]
    assert list(manager.get_participants("/", S2)) == [(S2, "e2")]
    assert list(manager.get_participants("/", [])) == []


def test_the_namespaces_are_those_with_sockets_also_after_sleep(world: World) -> None:
    assert world.sio.manager.get_namespaces() == ["/", "/chat"]
    world.reset()
    assert world.sio.manager.get_namespaces() == ["/", "/chat"]
    finish(world.sio.manager.disconnect(socket_sid(4), "/chat"))
    assert world.sio.manager.get_namespaces() == ["/"]


def test_rooms_shows_who_is_where_as_upstreams_tables_do(world: World) -> None:
    finish(world.sio.manager.enter_room(S1, "/", "a"))
    finish(world.sio.manager.enter_room(S2, "/", "a"))
    world.reset()
    rooms: Any = world.sio.manager.rooms
    assert rooms["/"] == {
        None: {S1: "e1", S2: "e2", S3: "e3"},
        S1: {S1: "e1"},
        S2: {S2: "e2"},
        S3: {S3: "e3"},
        "a": {S1: "e1", S2: "e2"},
    }
    assert ("/chat" in rooms, "/nowhere" in rooms, len(rooms)) == (True, False, 2)
    rooms["/"]["a"].clear()
    assert rooms["/"]["a"] == {S1: "e1", S2: "e2"}


def test_a_socket_is_pending_until_it_is_connected(world: World) -> None:
    manager = world.sio.manager
    world.open("e4")
    sid = finish(manager.pre_connect("e4", "/"))
    assert sid == socket_sid(5)
    assert not manager.is_connected(sid, "/")
    assert (manager.is_pre_connected(sid, "/"), manager.is_pre_connected(sid, "/chat")) == (True, False)
    assert not finish(manager.can_disconnect(sid, "/"))
    assert finish(manager.connect(sid, "/")) == sid
    assert manager.is_connected(sid, "/")
    assert not manager.is_pre_connected(sid, "/")
    assert finish(manager.can_disconnect(sid, "/"))
    assert finish(manager.pre_connect("e4", "/")) is None


def test_a_connected_socket_is_connected_in_its_namespace_only(world: World) -> None:
    assert world.sio.manager.is_connected(S1, "/")
    assert not world.sio.manager.is_connected(S1, "/chat")
    assert not world.sio.manager.is_connected("unknown", "/")
    assert not world.sio.manager.is_connected(None, "/")


def test_a_leaving_socket_is_not_connected_and_still_found(world: World) -> None:
    manager = world.sio.manager
    assert manager.pre_disconnect(S1, "/") == "e1"
    assert not manager.is_connected(S1, "/")
    assert manager.eio_sid_from_sid(S1, "/") == "e1"
    finish(manager.disconnect(S1, "/", ignore_queue=True))
    assert manager.eio_sid_from_sid(S1, "/") is None
    assert manager.pre_disconnect(S1, "/") is None


def test_sids_are_found_both_ways(world: World) -> None:
    manager = world.sio.manager
    assert manager.sid_from_eio_sid("e3", "/chat") == socket_sid(4)
    assert manager.sid_from_eio_sid("e1", "/chat") is None
    assert manager.eio_sid_from_sid(socket_sid(4), "/chat") == "e3"
    assert manager.eio_sid_from_sid(socket_sid(4), "/") is None


def test_rooms_are_entered_listed_left_and_closed(world: World) -> None:
    manager = world.sio.manager
    for room in ("a", 1):
        finish(manager.enter_room(S1, "/", room))
    assert manager.get_rooms(S1, "/") == [S1, "a", 1]
    finish(manager.leave_room(S1, "/", 1))
    finish(manager.leave_room(S1, "/", "never entered"))
    assert manager.get_rooms(S1, "/") == [S1, "a"]
    finish(manager.close_room("a", "/"))
    assert manager.get_rooms(S1, "/") == [S1]


def test_a_socket_of_another_namespace_does_not_enter_leave_or_show(world: World) -> None:
    manager = world.sio.manager
    finish(manager.enter_room(S1, "/", "a"))
    with pytest.raises(ValueError, match="not connected"):
        finish(manager.enter_room(S1, "/chat", "a"))
    finish(manager.leave_room(S1, "/chat", "a"))
    assert manager.get_rooms(S1, "/chat") == []
    assert manager.get_rooms(S1, "/") == [S1, "a"]


@pytest.mark.parametrize(
    ("options", "receivers"),
    [
        ({}, {"e1", "e2", "e3"}),
        ({"room": "a"}, {"e1", "e2"}),
        ({"room": ["a", "b"]}, {"e1", "e2", "e3"}),
        ({"room": ("a", "b")}, {"e1", "e2", "e3"}),
        ({"room": {"b"}}, {"e3"}),
        ({"to": "b", "room": "a"}, {"e3"}),
        ({"to": S2}, {"e2"}),
        ({"to": [S1, S3]}, {"e1", "e3"}),
        ({"room": "nobody"}, set()),
        ({"room": ""}, set()),
        ({"room": []}, set()),
        ({"room": "a", "skip_sid": S1}, {"e2"}),
        ({"skip_sid": [S1, S2]}, {"e3"}),
        ({"skip_sid": (S1, S2)}, {"e3"}),
        ({"skip_sid": {S3}}, {"e1", "e2"}),
        ({"skip_sid": "e1"}, {"e1", "e2", "e3"}),
        ({"room": S1, "skip_sid": S1}, set()),
    ],
)
def test_an_event_goes_to_whom_it_is_for_once(world: World, options: dict[str, Any], receivers: set[str]) -> None:
    manager = world.sio.manager
    for sid, room in ((S1, "a"), (S2, "a"), (S3, "b"), (S1, "b2")):
        finish(manager.enter_room(sid, "/", room))
    finish(manager.emit("x", 1, "/", **options))
    sent = [sid for _, operation in world.sends() for sid in operation.engine_sids]
    assert sorted(sent) == sorted(receivers)
    assert len(world.sends()) == len({{"e2": "west"}.get(sid, "east") for sid in receivers})
    assert {operation.packets for _, operation in world.sends()} <= {('2["x",1]',)}


@pytest.mark.parametrize(
    ("data", "packets"),
    [
        (None, ('2["x"]',)),
        ((), ('2["x"]',)),
        ("a", ('2["x","a"]',)),
        ([1, 2], ('2["x",[1,2]]',)),
        ((1, None), ('2["x",1,null]',)),
        (b"01", ('51-["x",{"_placeholder":true,"num":0}]', b"01")),
        (
            ({"a": bytearray(b"0")}, b"1"),
            ('52-["x",{"a":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]', b"0", b"1"),
        ),
    ],
)
def test_data_becomes_arguments(world: World, data: Any, packets: tuple[str | bytes, ...]) -> None:
    finish(world.sio.manager.emit("x", data, "/", to=S1))
    assert world.sends() == [("east", SendPackets((EngineSid("e1"),), packets))]
    assert all(isinstance(packet, str | bytes) for packet in packets)


def test_a_namespace_stands_in_the_packet(world: World) -> None:
    finish(world.sio.manager.emit("x", 1, "/chat"))
    assert world.take("e3") == ['2/chat,["x",1]']


def test_data_that_cannot_be_sent_is_sent_to_nobody(world: World) -> None:
    with pytest.raises(TypeError):
        finish(world.sio.manager.emit("x", object(), "/"))
    assert world.sent == []


def test_with_a_callback_all_recipients_share_one_packet_and_answer_apart(world: World) -> None:
    answers: list[Any] = []
    finish(world.sio.manager.emit("x", 1, "/", callback=lambda *args: answers.append(args), skip_sid=S3))
    assert [operation.packets for _, operation in world.sends()] == [('21000["x",1]',), ('21000["x",1]',)]
    finish(world.sio.manager.trigger_callback(S2, 1000, ["two"]))
    finish(world.sio.manager.trigger_callback(S3, 1000, ["not asked"]))
    finish(world.sio.manager.trigger_callback(S1, 1000, [1, 2]))
    finish(world.sio.manager.trigger_callback(S1, 1000, ["again"]))
    assert answers == [("two",), (1, 2)]


def test_an_acknowledgement_of_nobody_is_ignored(world: World) -> None:
    finish(world.sio.manager.trigger_callback(None, 1, []))
    finish(world.sio.manager.trigger_callback(S1, 0, []))
    finish(world.sio.manager.emit("x", None, "/", to=S1, callback=lambda: None))
    assert [operation.packets for _, operation in world.sends()] == [('21000["x"]',)]


def test_an_acknowledgement_is_expected_until_it_comes_or_its_socket_goes(world: World) -> None:
    manager = world.sio.manager
    finish(manager.emit("x", None, "/", to=[S1, S2], callback=lambda: None))
    assert [manager.expects(S1, 1000), manager.expects(S2, 1000), manager.expects(S3, 1000)] == [True, True, False]
    finish(manager.trigger_callback(S1, 1000, []))
    finish(manager.disconnect(S2, "/"))
    assert not manager.expects(S1, 1000)
    assert not manager.expects(S2, 1000)


def test_an_answer_to_an_earlier_life_is_logged_once_for_each_socket(world: World, log: Log) -> None:
    manager = world.sio.manager
    finish(manager.emit("x", None, "/", to=S1, callback=lambda: None))
    world.reset()
    world.receive("e1", "31000[]", "31000[]")
    world.receive("e2", "31000[]")
    assert log.take("WARNING") == [f"= socket {sid} answers an earlier life: its callback is lost" for sid in (S1, S2)]


def test_an_answer_that_comes_too_late_is_not_logged(world: World, log: Log) -> None:
    finish(world.sio.manager.emit("x", None, "/", to=S1, callback=lambda: None))
    world.receive("e1", "31000[]", "31000[]")
    assert log.lines == []


def test_a_callback_may_be_a_coroutine_function_and_may_suspend(world: World) -> None:
    gate, answers = FakeEvent(), list[str]()

    async def callback(answer: str) -> None:
        await gate.wait()
        answers.append(answer)

    finish(world.sio.manager.emit("x", None, "/", to=S1, callback=callback))
    task = world.runtime.start(world.sio.manager.trigger_callback(S1, 1000, ["late"]))
    assert answers == []
    gate.set()
    world.runtime.settle()
    assert task.done
    assert answers == ["late"]


def test_callbacks_of_a_socket_that_is_gone_are_not_called(world: World) -> None:
    def callback() -> None:
        raise AssertionError

    finish(world.sio.manager.emit("x", None, "/", to=S1, callback=callback))
    finish(world.sio.manager.disconnect(S1, "/"))
    finish(world.sio.manager.trigger_callback(S1, 1000, []))
    assert not world.sio.manager.is_connected(S1, "/")


def steps(world: World) -> dict[str, Callable[[], Any]]:
    manager = world.sio.manager
    return {
        "enter_room": lambda: manager.enter_room(S1, "/", "a"),
        "leave_room": lambda: manager.leave_room(S1, "/", "a"),
        "close_room": lambda: manager.close_room("a", "/"),
        "emit": lambda: manager.emit("x", b"binary", "/"),
        "emit with callback": lambda: manager.emit("x", 1, "/", callback=print),
        "disconnect": lambda: manager.disconnect(S1, "/"),
        "pre_connect": lambda: manager.pre_connect("e1", "/chat"),
        "connect": lambda: manager.connect(socket_sid(5), "/chat"),
        "can_disconnect": lambda: manager.can_disconnect(S1, "/"),
        "trigger_callback": lambda: manager.trigger_callback(S1, 1, []),
    }


def test_nothing_here_yields(world: World) -> None:
    taken = [name for name, step in steps(world).items() if [finish(step())]]
    assert taken == list(steps(world))
