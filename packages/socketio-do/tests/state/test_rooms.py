from typing import Any

import pytest

from socketio_do.errors import SessionDataError
from socketio_do.limits import MAX_ROOM_NAME
from socketio_do.state.found import Socket
from socketio_do.state.rooms import (
    MAX_ROOM_KEY,
    ROOM_EVENTS,
    RoomChange,
    RoomChanges,
    is_too_long,
    name_moves,
    room_key,
)


def changes(members: dict[str, set[str]], *, watched: bool = True) -> RoomChanges:
    made = RoomChanges(lambda namespace, key: members.get(key, set()))
    made.is_watched = lambda namespace: watched and namespace == "/"
    return made


def told(made: RoomChanges) -> list[tuple[Any, ...]]:
    return [(change.event, change.room, change.socket_sid) for change in made.take()]


@pytest.mark.parametrize(("room", "key"), [("1", '"1"'), (1, "1"), (True, "true"), (1.5, "1.5"), ("ü", '"\\u00fc"')])
def test_a_rooms_key_tells_its_type(room: Any, key: str) -> None:
    assert room_key(room) == key


@pytest.mark.parametrize("room", [None, b"", (1,), [], object()])
def test_what_cannot_name_a_room_is_refused(room: Any) -> None:
    with pytest.raises(SessionDataError, match="text or a number"):
        room_key(room)


@pytest.mark.parametrize("name", ["r" * MAX_ROOM_NAME, "ü" * MAX_ROOM_NAME, 10**230, -(10**230)])
def test_a_name_as_long_as_allowed_and_one_longer(name: Any) -> None:
    assert len(room_key(name)) <= MAX_ROOM_KEY
    assert not is_too_long(name)
    assert is_too_long(name + "r" if isinstance(name, str) else name**22)


def test_the_first_who_comes_creates_the_room() -> None:
    made = changes({})
    made.note_entering([("/", '"a"', "s1"), ("/", '"a"', "s2"), ("/", "1", "s1")])
    assert told(made) == [
        ("create", "a", None),
        ("join", "a", "s1"),
        ("join", "a", "s2"),
        ("create", 1, None),
        ("join", 1, "s1"),
    ]


def test_who_comes_later_only_joins() -> None:
    made = changes({'"a"': {"s1"}})
    made.note_entering([("/", '"a"', "s2")])
    assert told(made) == [("join", "a", "s2")]


def test_a_room_whose_only_member_is_who_comes_is_new() -> None:
    """A socket that connects is among the members of its rooms already."""
    made = changes({'"a"': {"s1"}})
    made.note_entering([("/", '"a"', "s1")])
    assert told(made) == [("create", "a", None), ("join", "a", "s1")]


def test_the_last_who_goes_deletes_the_room() -> None:
    made = changes({'"a"': {"s1", "s2"}, '"b"': {"s1", "s3"}})
    made.note_leaving([("/", '"a"', "s1"), ("/", '"b"', "s1"), ("/", '"a"', "s2")])
    assert told(made) == [("leave", "a", "s1"), ("leave", "b", "s1"), ("leave", "a", "s2"), ("delete", "a", None)]


def test_what_happened_is_told_once_with_its_namespace() -> None:
    made = changes({})
    made.note_entering([("/", '"a"', "s1")])
    assert made.take()[1] == RoomChange("join", "/", "a", "s1")
    assert made.take() == []


def test_a_namespace_nobody_watches_is_not_even_looked_at() -> None:
    def members(namespace: str, key: str) -> set[str]:
        raise AssertionError

    made = RoomChanges(members)
    made.note_entering([("/", '"a"', "s1")])
    made.note_leaving([("/", '"a"', "s1")])
    assert made.take() == []
    watched = changes({})
    watched.note_entering([("/chat", '"a"', "s1")])
    assert watched.take() == []


def test_the_events_are_those_of_nodes_adapter() -> None:
    assert [f"{event}-room" for event in ROOM_EVENTS] == ["create-room", "join-room", "leave-room", "delete-room"]


def test_moves_of_those_who_are_connected_are_named_and_written_at_once() -> None:
    connected, pending = Socket("s1", "e1", "/", "east"), Socket("s2", "e2", "/", "east", pending=True)
    moved = [(connected, '"a"'), (pending, '"a"'), (connected, '"b"')]
    assert name_moves(moved) == [("/", '"a"', "s1"), ("/", '"b"', "s1")]
    written: list[tuple[str, list[tuple[str, str]]]] = []
    made = changes({})
    made.write_moves(lambda *where: written.append(where), moved)
    made.write_moves(lambda *where: written.append(where), [(pending, '"a"')])
    made.write_moves(lambda *where: written.append(where), [])
    assert written == [("/", [('"a"', "s1"), ('"b"', "s1")])]


def test_moves_that_cannot_be_written_are_not_told() -> None:
    def fail(namespace: str, rows: list[tuple[str, str]]) -> None:
        raise OSError("storage is full")

    moved = [(Socket("s1", "e1", "/", "east"), '"a"')]
    made = changes({})
    made.note_entering(name_moves(moved))
    with pytest.raises(OSError, match="full"):
        made.write_moves(fail, moved)
    assert told(made) == []
