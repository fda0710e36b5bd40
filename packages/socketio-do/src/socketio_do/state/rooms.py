"""Rooms' names, and what happens to rooms, for an application that wants to be told."""

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Any, Final, Literal, TypeAlias

from shared_wire.bounded_json import has_collisions
from socketio_do.errors import LimitError, SessionDataError
from socketio_do.limits import MAX_ROOM_NAME, MAX_ROOMS
from socketio_do.state.found import Socket

__all__ = [
    "CROWDED_ROOMS",
    "LONG_NAME",
    "MAX_ROOM_KEY",
    "ROOM_EVENTS",
    "Room",
    "RoomChange",
    "RoomChanges",
    "RoomEvent",
    "is_too_long",
    "may_hold",
    "name_moves",
    "room_key",
    "short_key",
    "some_keys",
]

#: What an application names rooms with.
Room: TypeAlias = str | int | float | bool | None

RoomEvent: TypeAlias = Literal["create", "join", "leave", "delete"]

#: What may happen to a room: its first socket comes, a socket comes, a socket goes, its last one has gone.
ROOM_EVENTS: Final[tuple[RoomEvent, ...]] = ("create", "join", "leave", "delete")


#: What the longest name takes as JSON: a character beyond the first plane is written as two escapes.
MAX_ROOM_KEY: Final = 12 * MAX_ROOM_NAME + 2

#: Rooms beyond which others are let in before a socket leaves them: a thousand take ten milliseconds, and a session has 64 sockets.
CROWDED_ROOMS: Final = 100

#: Rooms of a socket from which on their names' hashes are looked at: with fewer, comparing all of them costs nothing.
_MANY_ROOMS: Final = 64


LONG_NAME: Final = f"a room's name has at most {MAX_ROOM_NAME} characters: keep what is longer in the event's data"


def room_key(room: Room) -> str:
    """Write a room's name as storage keeps it, so that 1 and "1" stay two rooms.

    Raises `SessionDataError` for what names no room.
    """
    if not isinstance(room, str | int | float | bool):
        raise SessionDataError(
            f"a room is named by text or a number, so that it can be stored; got {type(room).__name__}"
        )
    return encode_basestring_ascii(room) if isinstance(room, str) else json.dumps(room)


def short_key(room: Room) -> str | None:
    """Return `room_key`; none for a name that is too long."""
    if isinstance(room, str):
        return encode_basestring_ascii(room) if len(room) <= MAX_ROOM_NAME else None
    return None if is_too_long(room) else room_key(room)


def is_too_long(room: Room) -> bool:
    """Return whether a name has more characters than a room's may have: nobody is in such a room.

    Of an integer they are told from its bits, since writing a long one is what takes time.
    """
    if isinstance(room, str):
        return len(room) > MAX_ROOM_NAME
    return isinstance(room, int) and room.bit_length() // 3 > MAX_ROOM_NAME


def some_keys(rooms: list[Room]) -> dict[str, None]:
    """Return rooms' names as storage keeps them; raise `LimitError` for one that is too long."""
    if any(map(is_too_long, rooms)):
        raise LimitError(LONG_NAME)
    keys = dict[str, None]()
    for key in map(room_key, rooms):
        keys[key] = None
        if len(keys) > MAX_ROOMS:
            break  # nobody may enter so many, and more would only cost time
    return keys


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
        """Initialise with how to look up the sockets in a room, of a namespace and with a key; only watched rooms are looked up."""
        self._members = members
        #: What is still to be told.
        self.untold: list[RoomChange] = []
        #: Where what was noted last begins.
        self._last = 0
        #: Set by the server, which knows the hooks and is made from the tables.
        self.is_watched: Callable[[str], bool] = _never

    def note_entering(self, moves: Iterable[tuple[str, str, str]]) -> None:
        """Note that sockets are about to enter rooms: namespace, room's key, socket sid."""
        self._last = len(self.untold)
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
        self._last = len(self.untold)
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

    def write(self, write: Callable[..., None], *arguments: Any) -> None:
        """Write what was noted last; where that fails it has not happened, and nobody is told."""
        try:
            write(*arguments)
        except Exception:
            del self.untold[self._last :]
            raise

    def write_moves(
        self, write: Callable[[str, list[tuple[str, str]]], None], memberships: list[tuple[Socket, str]]
    ) -> None:
        """Write the changed memberships of connected sockets, as they were noted last, in one statement."""
        rows = [(key, socket.socket_sid) for socket, key in memberships if not socket.pending]
        if rows:
            self.write(write, memberships[0][0].namespace, rows)

    def take(self) -> list[RoomChange]:
        """Return what happened since this was last asked, in order."""
        changes, self.untold = self.untold, []
        return changes

    def _note(self, event: RoomEvent, namespace: str, key: str, socket_sid: str | None = None) -> None:
        self.untold.append(RoomChange(event, namespace, json.loads(key), socket_sid))


def name_moves(memberships: Iterable[tuple[Socket, str]]) -> list[tuple[str, str, str]]:
    """Name who enters or leaves which room; a pending socket is announced when it connects."""
    return [(socket.namespace, key, socket.socket_sid) for socket, key in memberships if not socket.pending]


def _never(namespace: str) -> bool:
    """Stand for whoever could be interested."""
    del namespace
    return False


def may_hold(before: set[str], entered: Collection[str]) -> bool:
    """Return whether a socket may be in these rooms together: `MAX_ROOMS`, and `MAX_COLLISIONS` whose names have the same hash.

    Hashes are looked at only when the number passes a power of two: what that costs is shared by as many entries.
    """
    number = len(before.union(entered))
    if number > MAX_ROOMS:
        return False
    is_looked_at = number > _MANY_ROOMS and number.bit_length() > len(before).bit_length()
    return not (is_looked_at and has_collisions([*before, *entered]))
