"""Who is connected, to what, in which rooms: tables in memory over the rows of `storage`.

The tables are caches, filled per session, per socket and per room at first use. A key that is absent was not loaded; that something
does not exist is never cached. After sleep all of them are empty, and nothing is read but what an event touches.

A socket whose connect handler has not accepted it yet is *pending*: it is in the tables, but not in storage, so a reset forgets it
as if it had never come.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from socketio_do.errors import SessionDataError
from socketio_do.storage import Storage

__all__ = ["SID_BYTES", "Membership", "Room", "Socket"]

#: Random bytes of a socket sid; base64url makes `SID_LENGTH` characters of them.
SID_BYTES: Final = 15
SID_LENGTH: Final = 20

#: What an application names rooms with.
Room: TypeAlias = str | int | float | bool | None

#: Members of a room or namespace: socket sid -> engine sid.
Members: TypeAlias = dict[str, str]


@dataclass(slots=True)
class Socket:
    """A session's presence in one namespace."""

    socket_sid: str
    engine_sid: str
    namespace: str
    actor: str
    #: Session data, as JSON text.
    data: str = "{}"
    pending: bool = False
    #: It is going; its disconnect handler still finds it.
    leaving: bool = False


@dataclass(slots=True)
class _Session:
    actor: str
    environ: dict[str, str]
    sockets: dict[str, str] = field(default_factory=dict)


class Membership:
    """The tables. All methods are plain calls: reading and writing rows never waits."""

    def __init__(self, storage: Storage) -> None:
        """Take the rows to mirror."""
        self._storage = storage
        self._sessions: dict[str, _Session] = {}
        self._sockets: dict[str, Socket] = {}
        self._actors: dict[str, str] = {}
        self._members: dict[str, Members] = {}
        self._rooms: dict[tuple[str, str], Members] = {}
        self._rooms_of: dict[str, set[str]] = {}

    def open_session(self, engine_sid: str, actor: str, environ: dict[str, str]) -> None:
        """Take a session that was announced by ``actor``."""
        if self._session(engine_sid) is None:
            self._storage.insert_session(engine_sid, actor, environ)
            self._sessions[engine_sid] = _Session(actor, environ)

    def has_session(self, engine_sid: str) -> bool:
        """Tell whether a session was announced and has not ended."""
        return self._session(engine_sid) is not None

    def environ(self, engine_sid: str) -> dict[str, str] | None:
        """Give a session's handshake."""
        session = self._session(engine_sid)
        return None if session is None else dict(session.environ)

    def actor(self, engine_sid: str) -> str | None:
        """Tell which engine actor holds a session."""
        if engine_sid in self._actors:
            return self._actors[engine_sid]
        session = self._session(engine_sid)
        return None if session is None else session.actor

    def sockets_of(self, engine_sid: str) -> dict[str, str]:
        """Give a session's sockets by namespace."""
        session = self._session(engine_sid)
        return {} if session is None else dict(session.sockets)

    def socket_in(self, engine_sid: str, namespace: str) -> str | None:
        """Find a session's socket in one namespace."""
        session = self._session(engine_sid)
        return None if session is None else session.sockets.get(namespace)

    def sessions_of(self, actor: str, after: str = "", until: str = "") -> list[str]:
        """List an actor's sessions with a sid in ``(after, until]``."""
        return self._storage.sessions_of(actor, after, until)

    def close_session(self, engine_sid: str) -> None:
        """Forget a session that has no sockets any more."""
        self._storage.delete_session(engine_sid)
        self._sessions.pop(engine_sid, None)
        self._actors.pop(engine_sid, None)

    def begin(self, socket_sid: str, engine_sid: str, namespace: str) -> bool:
        """Add a pending socket; tells whether it could be: one per session and namespace."""
        session = self._session(engine_sid)
        if session is None or namespace in session.sockets:
            return False
        session.sockets[namespace] = socket_sid
        self._sockets[socket_sid] = Socket(socket_sid, engine_sid, namespace, session.actor, pending=True)
        self._rooms_of[socket_sid] = set()
        if namespace in self._members:
            self._members[namespace][socket_sid] = engine_sid
        return True

    def connect(self, socket_sid: str) -> None:
        """Make a pending socket a connected one; from here on it survives."""
        socket = self._sockets[socket_sid]
        socket.pending = False
        rooms = self._rooms_of[socket_sid]
        self._storage.insert_socket(socket_sid, socket.engine_sid, socket.namespace, socket.actor, socket.data, rooms)

    def disconnect(self, socket_sid: str) -> None:
        """Forget a socket, its data and its rooms."""
        socket = self.socket(socket_sid)
        if socket is None:
            return
        for room in self._room_keys(socket_sid):
            self._forget_member(socket.namespace, room, socket_sid)
        if not socket.pending:
            self._storage.delete_socket(socket_sid)
        session = self._session(socket.engine_sid)
        if session is not None:
            session.sockets.pop(socket.namespace, None)
        self._members.get(socket.namespace, {}).pop(socket_sid, None)
        self._rooms_of.pop(socket_sid, None)
        self._sockets.pop(socket_sid, None)

    def socket(self, socket_sid: str) -> Socket | None:
        """Find a socket."""
        if socket_sid not in self._sockets:
            row = self._storage.socket(socket_sid)
            if row is None:
                return None
            engine_sid, namespace, actor, data = row
            self._sockets[socket_sid] = Socket(socket_sid, engine_sid, namespace, actor, data)
            self._actors[engine_sid] = actor
        return self._sockets[socket_sid]

    def data(self, socket_sid: str) -> Any:
        """Read a socket's session data, a fresh copy; raises `KeyError` for a socket that is not connected."""
        socket = self.socket(socket_sid)
        if socket is None:
            raise KeyError(socket_sid)
        return json.loads(socket.data)

    def save_data(self, socket_sid: str, data: Any) -> None:
        """Keep a socket's session data.

        Raises `KeyError` for a socket that is not connected, and `SessionDataError` for data that JSON cannot hold.
        """
        socket = self.socket(socket_sid)
        if socket is None:
            raise KeyError(socket_sid)
        try:
            text = json.dumps(data, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            raise SessionDataError(
                f"session data survives sleep as JSON: store text, numbers, lists and dicts ({error})"
            ) from None
        if text != socket.data:
            socket.data = text
            if not socket.pending:
                self._storage.update_data(socket_sid, text)

    def enter(self, socket_sid: str, room: Room) -> None:
        """Put a socket into a room; raises `ValueError` for one that is not connected, and for another socket's own room."""
        socket = self.socket(socket_sid)
        if socket is None:
            raise ValueError("sid is not connected to requested namespace")
        if (own := self._own_room(socket.namespace, room)) is not None:
            if own is not socket:
                raise ValueError("cannot enter a sid room")
            return
        key = _key(room)
        rooms = self._room_keys(socket_sid)
        if key in rooms:
            return
        rooms.add(key)
        if not socket.pending:
            self._storage.insert_room(socket.namespace, key, socket_sid)
        if socket.pending or (socket.namespace, key) in self._rooms:
            # A room with a pending member is loaded whole: storage does not know that member.
            members = self._rooms.setdefault((socket.namespace, key), self._room(socket.namespace, key))
            members[socket_sid] = socket.engine_sid

    def leave(self, socket_sid: str, room: Room) -> None:
        """Take a socket out of a room it may be in."""
        socket = self.socket(socket_sid)
        key = _key(room)
        if socket is None or key not in self._room_keys(socket_sid):
            return
        self._rooms_of[socket_sid].discard(key)
        self._forget_member(socket.namespace, key, socket_sid)
        if not socket.pending:
            self._storage.delete_room(socket.namespace, key, socket_sid)

    def close(self, namespace: str, room: Room) -> None:
        """Take everybody out of a room; raises `ValueError` for a socket's own room."""
        if self._own_room(namespace, room) is not None:
            raise ValueError("cannot close a sid room")
        key = _key(room)
        for socket_sid in self._room(namespace, key):
            self._rooms_of.get(socket_sid, set()).discard(key)
        self._rooms.pop((namespace, key), None)
        self._storage.delete_rooms(namespace, key)

    def rooms_of(self, socket_sid: str) -> list[Room]:
        """List a socket's rooms, its own first."""
        if self.socket(socket_sid) is None:
            return []
        return [socket_sid, *(json.loads(key) for key in sorted(self._room_keys(socket_sid)))]

    def participants(self, namespace: str, rooms: Iterable[Room]) -> Members:
        """Give the members of all these rooms, each once. None is the whole namespace, a socket's sid the socket's own room."""
        found: Members = {}
        for room in rooms:
            if room is None:
                found.update(self._namespace(namespace))
                continue
            if (own := self._own_room(namespace, room)) is not None:
                found[own.socket_sid] = own.engine_sid
            else:
                found.update(self._room(namespace, _key(room)))
        return found

    def _own_room(self, namespace: str, room: Room) -> Socket | None:
        """Find the socket whose sid a room's name is. Only a name of a sid's length is looked up."""
        if not isinstance(room, str) or len(room) != SID_LENGTH:
            return None
        socket = self.socket(room)
        return socket if socket is not None and socket.namespace == namespace else None

    def _session(self, engine_sid: str) -> _Session | None:
        if engine_sid not in self._sessions:
            row = self._storage.session(engine_sid)
            if row is None:
                return None
            self._sessions[engine_sid] = _Session(*row, self._storage.sockets_of(engine_sid))
        return self._sessions[engine_sid]

    def _namespace(self, namespace: str) -> Members:
        if namespace not in self._members:
            members = self._load(self._storage.members(namespace))
            pending = (socket for socket in self._sockets.values() if socket.pending and socket.namespace == namespace)
            members.update({socket.socket_sid: socket.engine_sid for socket in pending})
            self._members[namespace] = members
        return self._members[namespace]

    def _room(self, namespace: str, key: str) -> Members:
        """Give a room's members. Only rooms that have some are kept: names are without number, and clients may choose them."""
        members = self._rooms.get((namespace, key))
        if members is None:
            members = self._load(self._storage.room_members(namespace, key))
            if members:
                self._rooms[namespace, key] = members
        return members

    def _load(self, rows: list[tuple[str, str, str]]) -> Members:
        self._actors.update({engine_sid: actor for _, engine_sid, actor in rows})
        return {socket_sid: engine_sid for socket_sid, engine_sid, _ in rows}

    def _room_keys(self, socket_sid: str) -> set[str]:
        if socket_sid not in self._rooms_of:
            self._rooms_of[socket_sid] = set(self._storage.rooms_of(socket_sid))
        return self._rooms_of[socket_sid]

    def _forget_member(self, namespace: str, key: str, socket_sid: str) -> None:
        members = self._rooms.get((namespace, key))
        if members is not None:
            members.pop(socket_sid, None)
            if not members:
                del self._rooms[namespace, key]


def _key(room: Room) -> str:
    """Write a room's name as storage keeps it, so that 1 and "1" stay two rooms."""
    if not isinstance(room, str | int | float | bool):
        raise SessionDataError(
            f"a room is named by text or a number, so that it can be stored; got {type(room).__name__}"
        )
    return json.dumps(room)
