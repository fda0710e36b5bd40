"""The entries of recovery's log, and which of them a socket has missed.

    [namespace, rooms or null, sockets left out, rooms left out, packets]    a packet, and whom it is for
    [namespace, room, sockets, true or false]                                sockets entered a room, or left it

A later release may append to either, and to what is written of a packet. What else it writes is not read: whoever needs that is an
ordinary client.
"""

import base64
import json
from collections.abc import Iterable
from hashlib import blake2s
from typing import Any, Final

from socketio_do.limits import MAX_MISSED, MAX_MISSED_PACKETS

__all__ = ["MARK", "Missed", "mark", "moves_of", "write_packet"]

#: Characters of what a row is marked with; of a longer name it is a hash: who was in many rooms asks for all their marks at once.
MARK: Final = 64


class Missed:
    """What one socket has missed, gathered from the newest entry to the oldest."""

    def __init__(self, socket_sid: str, namespace: str, rooms: set[str]) -> None:
        """Initialise with the socket, its namespace, and the rooms that it is in now."""
        self._socket_sid, self._namespace = socket_sid, namespace
        self._rooms = rooms | {json.dumps(socket_sid)}
        self._ever = {*self._rooms}
        self._size = 0
        #: The packets of each entry that is for it.
        self.packets: list[tuple[str | bytes, ...]] = []
        #: What rows are marked with in which it enters or leaves rooms.
        self.own_moves = moves_of(socket_sid)

    def note_rooms(self, entries: Iterable[list[Any]]) -> None:
        """Note in which other rooms the socket was."""
        self._ever.update(entry[1] for entry in entries if _is_move(entry) and self._socket_sid in entry[2])

    def targets(self) -> list[str]:
        """Return what rows are marked with that concern the socket."""
        return [self.own_moves, *(mark(self._namespace, room) for room in ("", *self._ever))]

    def take(self, entries: Iterable[list[Any]]) -> bool:
        """Take entries, the newest first; return False when it is too much, or one is none that this release writes."""
        for entry in entries:
            match entry:
                case [namespace, *_] if namespace != self._namespace:
                    pass
                case [_, str(room), list(socket_sids), bool(entered), *_]:
                    self._undo(room, socket_sids, entered)
                case [_, list() | None as rooms, list(skipped), list(excepted), list(written), *_]:
                    if self._is_for(rooms, skipped, excepted) and not self._add(written):
                        return False
                case [_, *_]:
                    return False
        return self._size <= MAX_MISSED and len(self.packets) <= MAX_MISSED_PACKETS

    def _add(self, written: list[Any]) -> bool:
        """Add packets; return False where one cannot be read."""
        packets = tuple(map(_read, written))
        self.packets.append(tuple(packet for packet in packets if packet is not None))
        self._size += sum(map(len, self.packets[-1]))
        return None not in packets

    def _undo(self, room: str, socket_sids: list[str], entered: bool) -> None:
        if self._socket_sid in socket_sids:
            (self._rooms.discard if entered else self._rooms.add)(room)

    def _is_for(self, rooms: list[str] | None, skipped: list[str], excepted: list[str]) -> bool:
        if self._socket_sid in skipped or not self._rooms.isdisjoint(excepted):
            return False
        return rooms is None or not self._rooms.isdisjoint(rooms)


def _is_move(entry: list[Any]) -> bool:
    """Return whether an entry says that sockets entered or left a room."""
    return len(entry) > 3 and isinstance(entry[3], bool)  # namespace, room, sockets, whether they entered


def mark(namespace: str, room: str) -> str:
    """Return what a row is marked with that has something for a room, or ("") for a namespace."""
    name = f"{namespace}\n{room}"
    return name if len(name) <= MARK else blake2s(name.encode("utf-8", "replace"), digest_size=16).hexdigest()


def moves_of(socket_sid: str) -> str:
    """Return what a row is marked with in which a socket enters or leaves rooms."""
    return f"\r{socket_sid}"


def write_packet(packet: str | bytes) -> Any:
    """Return what stands for a part of a packet."""
    return packet if isinstance(packet, str) else [base64.b64encode(packet).decode()]


def _read(written: Any) -> str | bytes | None:
    match written:
        case str():
            return written
        case [str(encoded), *_]:
            return base64.b64decode(encoded)
    return None
