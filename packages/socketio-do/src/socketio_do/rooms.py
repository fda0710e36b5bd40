"""Rooms' names, and what happens to rooms, for an application that wants to be told."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from socketio_do.errors import LimitError, SessionDataError
from socketio_do.limits import MAX_ROOM_NAME

__all__ = ["ROOM_EVENTS", "Room", "RoomChange", "RoomChanges", "RoomEvent", "room_key"]

#: What an application names rooms with.
Room: TypeAlias = str | int | float | bool | None

RoomEvent: TypeAlias = Literal["create", "join", "leave", "delete"]

#: What may happen to a room: its first socket comes, a socket comes, a socket goes, its last one has gone.
ROOM_EVENTS: Final[tuple[RoomEvent, ...]] = ("create", "join", "leave", "delete")


def room_key(room: Room) -> str:
    """Write a room's name as storage keeps it, so that 1 and "1" stay two rooms.

    Raises `SessionDataError` for what names no room, and `LimitError` for a name of more than `MAX_ROOM_NAME` characters.
    """
    if not isinstance(room, str | int | float | bool):
        raise SessionDataError(
            f"a room is named by text or a number, so that it can be stored; got {type(room).__name__}"
        )
    if _size(room) > MAX_ROOM_NAME:
        raise LimitError(
            f"a room's name has at most {MAX_ROOM_NAME} characters: keep what is longer in the event's data"
        )
    return json.dumps(room)


def _size(room: str | float) -> int:
    """Count a name's characters; of an integer from its bits, since writing a long one is what takes time."""
    if isinstance(room, str):
        return len(room)
    return room.bit_length() // 3 if isinstance(room, int) else 0


@dataclass(frozen=True, slots=True)
class RoomChange:
    """One event of a room; ``socket_sid`` is none for "create" and "delete"."""

    event: RoomEvent
    namespace: str
    room: Room
    socket_sid: str | None = None


class RoomChanges:
    """What happened to rooms in the namespaces that are watched. In memory: it is told before the event ends, or never."""

    def __init__(self, members: Callable[[str, str], Iterable[str]]) -> None:
        """Take how to look up the sockets in a room, of a namespace and with a key; only watched rooms are looked up."""
        self._members = members
        self._changes: list[RoomChange] = []
        self.is_watched: Callable[[str], bool] = _never

    def note_entering(self, moves: Iterable[tuple[str, str, str]]) -> None:
        """Note that sockets are about to enter rooms: namespace, room's key, socket sid."""
        made = set[str]()
        for namespace, key, socket_sid in moves:
            if not self.is_watched(namespace):
                continue
            if key not in made and not {*self._members(namespace, key)} - {socket_sid}:
                self._note("create", namespace, key)
            made.add(key)
            self._note("join", namespace, key, socket_sid)

    def note_leaving(self, moves: Iterable[tuple[str, str, str]]) -> None:
        """Note that sockets are about to leave rooms."""
        rest: dict[str, set[str]] = {}
        for namespace, key, socket_sid in moves:
            if not self.is_watched(namespace):
                continue
            if key not in rest:
                rest[key] = {*self._members(namespace, key)}
            rest[key].discard(socket_sid)
            self._note("leave", namespace, key, socket_sid)
            if not rest[key]:
                self._note("delete", namespace, key)

    def take(self) -> list[RoomChange]:
        """Give what happened since this was last asked, in order."""
        changes, self._changes = self._changes, []
        return changes

    def _note(self, event: RoomEvent, namespace: str, key: str, socket_sid: str | None = None) -> None:
        self._changes.append(RoomChange(event, namespace, json.loads(key), socket_sid))


def _never(namespace: str) -> bool:
    """Stand for whoever could be interested."""
    del namespace
    return False
