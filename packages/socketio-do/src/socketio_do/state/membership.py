"""Who is connected, to what, in which rooms: tables in memory over the rows of `storage`.

The tables are caches, filled per session, per socket and per room at first use. A key that is absent was not loaded; that something
does not exist is never cached. After sleep all of them are empty, and nothing is read but what an event touches. Handshakes and
session data, which may be large, are kept for the sockets that were last heard of only.

A socket whose connect handler has not accepted it yet is *pending*: it is in the tables, but not in storage, so a reset forgets it
as if it had never come. Broadcasts do not reach it, except those that its own connect handler sends (`judged_sid`).
"""

import json
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from functools import partial
from typing import Final, TypeAlias

from shared_wire.names import TRANSPORT
from socketio_do.errors import LimitError
from socketio_do.limits import MAX_ROOMS
from socketio_do.state.entries import Entries
from socketio_do.state.environs import Environs
from socketio_do.state.found import Found, Session, Socket
from socketio_do.state.recovery_log import RecoveryLog
from socketio_do.state.rooms import (
    CROWDED_ROOMS,
    LONG_NAME,
    Room,
    RoomChanges,
    is_too_long,
    may_hold,
    name_moves,
    room_key,
    short_key,
    some_keys,
)
from socketio_do.state.session_data import SessionData
from socketio_do.state.tables import Member, Storage

__all__ = ["SID_BYTES", "Membership", "judged_sid"]

#: Random bytes of a socket sid; base64url makes `SID_LENGTH` characters of them.
SID_BYTES: Final = 15
SID_LENGTH: Final = 20

#: The pending socket whose connect handler, or middleware, is running.
judged_sid: Final[ContextVar[str | None]] = ContextVar("judged_sid", default=None)

#: Members of a room or namespace: socket sid -> engine sid.
Members: TypeAlias = dict[str, str]


class Membership:
    """The tables. All methods are plain calls: reading and writing rows never waits.

    ``session``, ``socket`` and ``actor`` return the session, the socket, or the engine actor of the session, of a sid; or none.
    """

    def __init__(self, storage: Storage) -> None:
        """Initialise with the rows to mirror."""
        self.storage = storage
        self.room_changes = RoomChanges(self._connected)
        #: Set by a server with recovery: the log has to know who was in which room when.
        self.log: RecoveryLog | None = None
        self._namespaces: set[str] | None = None
        self._sessions = Found(self._read_session)
        self._sockets = Found(self._read_socket)
        self._actors = Found[str | None](self._read_actor)
        self.session, self.socket, self.actor = self._sessions.find, self._sockets.find, self._actors.find
        self._data = SessionData(storage)
        #: Returns a socket's session data, a fresh copy; keeps it (`SessionData.write`). Both raise `KeyError` for an unknown one.
        self.data, self.save_data = self._data.read, self._data.write
        #: The pending sockets.
        self.pending = self._data.pending
        self._environs = Environs(storage)
        #: Returns a session's handshake, a fresh copy, or none.
        self.environ = self._environs.read
        self._members: dict[str, Members] = {}
        self._rooms: dict[tuple[str, str], Members] = {}
        self._rooms_of: dict[str, set[str]] = {}
        self.entries = Entries(storage.put_off, storage.insert_rooms, self._rooms_of, self._rooms, self.pending)

    def open_session(self, engine_sid: str, actor: str, environ: dict[str, str]) -> bool:
        """Add a session that was announced by ``actor``; return whether it is new."""
        if engine_sid in self._sessions:
            return False
        if not self._environs.insert(engine_sid, actor, environ):
            return False
        self._sessions[engine_sid] = Session(actor)
        self._actors[engine_sid] = actor
        return True

    def upgrade_session(self, engine_sid: str) -> None:
        """Note that a session that polled has a WebSocket now."""
        self._environs.update(engine_sid, {TRANSPORT: "websocket"})

    def has_session(self, engine_sid: str) -> bool:
        """Return whether a session was announced and has not ended."""
        return self.session(engine_sid) is not None

    def sockets_of(self, engine_sid: str) -> dict[str, str]:
        """Return a session's sockets by namespace."""
        session = self.session(engine_sid)
        return {} if session is None else dict(session.sockets)

    def socket_in(self, engine_sid: str, namespace: str) -> str | None:
        """Find a session's socket in one namespace."""
        session = self.session(engine_sid)
        return None if session is None else session.sockets.get(namespace)

    def connected(self, engine_sid: str, namespace: str) -> str | None:
        """Find a session's socket in one namespace, if it is connected: neither pending nor leaving."""
        session = self.session(engine_sid)
        socket_sid = None if session is None else session.sockets.get(namespace)
        socket = None if socket_sid is None else self.socket(socket_sid)
        return None if socket is None or socket.pending or socket.leaving else socket_sid

    def sessions_of(self, actor: str, after: str = "", until: str = "") -> list[str]:
        """List an actor's sessions with a sid in ``(after, until]``."""
        return self.storage.sessions_of(actor, after, until)

    def close_session(self, engine_sid: str) -> None:
        """Forget a session that has no sockets any more."""
        self.storage.delete_session(engine_sid)
        self._sessions.pop(engine_sid, None)
        self._actors.pop(engine_sid, None)
        self._environs.drop(engine_sid)

    def begin(self, socket_sid: str, engine_sid: str, namespace: str) -> bool:
        """Add a pending socket; tells whether it could be: one per session and namespace."""
        session = self.session(engine_sid)
        if session is None or namespace in session.sockets:
            return False
        session.sockets[namespace] = socket_sid
        if self._namespaces is not None:
            self._namespaces.add(namespace)
        self._sockets[socket_sid] = Socket(socket_sid, engine_sid, namespace, session.actor, pending=True)
        self._data.begin(socket_sid)
        self._rooms_of[socket_sid] = set()
        if namespace in self._members:
            self._members[namespace][socket_sid] = engine_sid
        return True

    def connect(self, socket_sid: str) -> None:
        """Make a pending socket a connected one; from here on it survives."""
        socket = self._sockets[socket_sid]
        rooms = self._rooms_of[socket_sid]
        socket.pending = False
        data = self._data.connect(socket_sid)
        if rooms:
            self.room_changes.note_entering(name_moves([(socket, key) for key in sorted(rooms)]))
        where = (socket.engine_sid, socket.namespace, socket.actor)
        self.storage.insert_socket(socket_sid, *where, data, rooms, socket.ticket)

    def is_parked(self, engine_sid: str) -> bool:
        """Return whether a session's connection is gone, and its sockets may be recovered."""
        session = self.session(engine_sid)
        return session is not None and not session.actor

    def park(self, engine_sid: str) -> None:
        """Have nothing sent to a session any more; its sockets stay where they are."""
        session = self._sessions[engine_sid]
        session.actor = ""
        self._actors.pop(engine_sid, None)

    def move(self, socket_sid: str, engine_sid: str, ticket: str) -> None:
        """Give a connected socket to another session, which has none in its namespace."""
        socket, session = self._sockets[socket_sid], self._sessions[engine_sid]
        self.storage.move_socket(socket_sid, engine_sid, session.actor, ticket)
        if (before := self.session(socket.engine_sid)) is not None:
            before.sockets.pop(socket.namespace, None)
        socket.engine_sid, socket.actor, socket.ticket = engine_sid, session.actor, ticket
        session.sockets[socket.namespace] = socket_sid
        rooms = (self._rooms.get((socket.namespace, key)) for key in self.room_keys(socket_sid))
        for members in (self._members.get(socket.namespace), *rooms):
            if members is not None:
                members[socket_sid] = engine_sid

    def is_crowded(self, socket_sid: str) -> bool:
        """Return whether a socket is in so many rooms that to forget it takes a while."""
        return self.socket(socket_sid) is not None and len(self.room_keys(socket_sid)) > CROWDED_ROOMS

    def disconnect(self, socket_sid: str) -> None:
        """Forget a socket, its data and its rooms."""
        socket = self.socket(socket_sid)
        if socket is None:
            return
        keys = sorted(self.room_keys(socket_sid))
        self.room_changes.note_leaving(name_moves([(socket, key) for key in keys]))
        if not socket.pending:
            self.room_changes.write(partial(self.storage.delete_socket, has_rooms=bool(keys)), socket_sid)
        for key in keys:
            self._forget_member(socket.namespace, key, socket_sid)
        session = self.session(socket.engine_sid)
        if session is not None:
            session.sockets.pop(socket.namespace, None)
        self._members.get(socket.namespace, {}).pop(socket_sid, None)
        self._rooms_of.pop(socket_sid, None)
        self._data.drop(socket_sid)
        self._sockets.pop(socket_sid, None)

    def enter(self, socket_sid: str, room: Room) -> None:
        """Put a socket into a room.

        Raises `ValueError` for one that is not connected and for another socket's own room, `LimitError` for one room too many, for
        a name that is too long, and for too many names with the same hash.
        """
        socket = self.socket(socket_sid)
        if socket is None:
            raise ValueError("sid is not connected to requested namespace")
        if room == socket_sid:
            return
        key, mine = self._key(socket.namespace, room, "cannot enter a sid room"), self.room_keys(socket_sid)
        if key in mine:
            return
        if not may_hold(mine, (key,)):
            is_full = len(mine) >= MAX_ROOMS
            raise LimitError(
                f"in {MAX_ROOMS:,} rooms already" if is_full else "in too many rooms whose names have the same hash"
            )
        if self.room_changes.is_watched(socket.namespace):
            self.room_changes.note_entering(name_moves([(socket, key)]))
            self._write(self.storage.insert_rooms, [(socket, key)])
        elif not socket.pending:
            self.entries.add(socket, key)
        mine.add(key)
        self._remember_member(socket, key)
        if self.log is not None:
            self.log.note_moves([(socket, key)], entered=True)

    def join(self, socket_sids: Iterable[str], rooms: Iterable[Room]) -> int:
        """Put sockets of one namespace into rooms; return how many have no room for that, and entered none.

        Raises `ValueError` for a socket's own room and `LimitError` for a name that is too long, before anybody has entered.
        """
        sockets = self._found(socket_sids)
        names = list(rooms)
        keys = some_keys(names)
        if sockets and any(self._own_room(sockets[0].namespace, room) for room in names):
            raise ValueError("cannot enter a sid room")
        mine = {socket.socket_sid: self.room_keys(socket.socket_sid) for socket in sockets}
        free = [socket for socket in sockets if may_hold(mine[socket.socket_sid], keys.keys())]
        entered = [(socket, key) for socket in free for key in keys if key not in mine[socket.socket_sid]]
        self.room_changes.note_entering(name_moves(entered))
        self._write(self.storage.insert_rooms, entered)
        for socket, key in entered:
            mine[socket.socket_sid].add(key)
            self._remember_member(socket, key)
        if self.log is not None:
            self.log.note_moves(entered, entered=True)
        return len(sockets) - len(free)

    def leave(self, socket_sid: str, room: Room) -> None:
        """Remove a socket from a room it may be in."""
        self.part([socket_sid], [room])

    def part(self, socket_sids: Iterable[str], rooms: Iterable[Room]) -> None:
        """Remove sockets of one namespace from rooms they may be in; nobody leaves its own."""
        keys = [key for room in rooms if (key := short_key(room)) is not None]
        sockets = self._found(socket_sids)
        left = [(socket, key) for socket in sockets for key in keys if key in self.room_keys(socket.socket_sid)]
        self.room_changes.note_leaving(name_moves(left))
        self._write(self.storage.delete_memberships, left)
        for socket, key in left:
            self._rooms_of[socket.socket_sid].discard(key)
            self._forget_member(socket.namespace, key, socket.socket_sid)
        if self.log is not None:
            self.log.note_moves(left, entered=False)

    def close(self, namespace: str, room: Room) -> None:
        """Remove everybody from a room; raises `ValueError` for a socket's own room."""
        if self._own_room(namespace, room) is not None:
            raise ValueError("cannot close a sid room")
        if is_too_long(room):
            return
        key = room_key(room)
        members = [*self._room(namespace, key)]
        told = self._found(members) if self.room_changes.is_watched(namespace) else []
        self.room_changes.note_leaving(name_moves([(socket, key) for socket in told]))
        self.room_changes.write(self.storage.delete_rooms, namespace, key)
        for socket_sid in members:
            self._rooms_of.get(socket_sid, set()).discard(key)
        self._rooms.pop((namespace, key), None)
        if self.log is not None:
            self.log.note_moved(namespace, key, members, entered=False)

    def namespaces(self) -> set[str]:
        """Return the namespaces that have sockets; some may have lost their last one in this life."""
        if self._namespaces is None:
            known = (socket.namespace for socket in self._sockets.values())
            self._namespaces = {*self.storage.namespaces(), *known}
        return self._namespaces

    def rooms_of(self, socket_sid: str) -> list[Room]:
        """List a socket's rooms, its own first."""
        if self.socket(socket_sid) is None:
            return []
        return [socket_sid, *(json.loads(key) for key in sorted(self.room_keys(socket_sid)))]

    def participants(self, namespace: str, rooms: Iterable[Room]) -> Members:
        """Return the members of all these rooms, each once. None is the whole namespace, a socket's sid the socket's own room."""
        found: Members = {}
        for room in rooms:
            if room is None:
                found.update(self._namespace(namespace))
                continue
            own = self.socket(room) if isinstance(room, str) and len(room) == SID_LENGTH else None
            if own is not None and own.namespace == namespace:
                found[own.socket_sid] = own.engine_sid
            elif (key := short_key(room)) is not None:
                found.update(self._rooms.get((namespace, key)) or self._room(namespace, key))
        return found

    def _own_room(self, namespace: str, room: Room) -> Socket | None:
        """Find the socket whose sid a room's name is. Only a name of a sid's length is looked up."""
        if not isinstance(room, str) or len(room) != SID_LENGTH:
            return None
        socket = self.socket(room)
        return socket if socket is not None and socket.namespace == namespace else None

    def _read_session(self, engine_sid: str) -> Session | None:
        actor = self.storage.actor(engine_sid)
        return None if actor is None else Session(actor, self.storage.sockets_of(engine_sid))

    def _read_actor(self, engine_sid: str) -> str | None:
        session = self.session(engine_sid)
        return None if session is None else session.actor or None

    def _read_socket(self, socket_sid: str) -> Socket | None:
        row = self.storage.socket(socket_sid)
        if row is None:
            return None
        engine_sid, namespace, actor, data, ticket = row
        self._data.note(socket_sid, data)
        if not ticket:  # of one that may be parked, its session says that
            self._actors[engine_sid] = actor
        return Socket(socket_sid, engine_sid, namespace, actor, ticket=ticket)

    def _namespace(self, namespace: str) -> Members:
        if namespace not in self._members:
            members = self._load(self.storage.members(namespace))
            pending = (socket for sid in self.pending if (socket := self._sockets[sid]).namespace == namespace)
            members.update({socket.socket_sid: socket.engine_sid for socket in pending})
            self._members[namespace] = members
        return self._members[namespace]

    def _room(self, namespace: str, key: str) -> Members:
        """Return a room's members. Only rooms that have some are kept: names are without number, and clients may choose them."""
        members = self._rooms.get((namespace, key))
        if members is None:
            members = self._load(self.storage.room_members(namespace, key))
            if members:
                self._rooms[namespace, key] = members
        return members

    def _load(self, rows: list[Member]) -> Members:
        self._actors.update({engine_sid: actor or None for _, engine_sid, actor in rows})
        return {socket_sid: engine_sid for socket_sid, engine_sid, _ in rows}

    def room_keys(self, socket_sid: str) -> set[str]:
        """Return the names of a socket's rooms, as storage keeps them; not to be changed."""
        if socket_sid not in self._rooms_of:
            socket = self._sockets[socket_sid]
            self._rooms_of[socket_sid] = {*self.storage.rooms_of(socket_sid, socket.namespace)}
        return self._rooms_of[socket_sid]

    def _found(self, socket_sids: Iterable[str]) -> list[Socket]:
        return [socket for socket_sid in socket_sids if (socket := self.socket(socket_sid)) is not None]

    def _key(self, namespace: str, room: Room, refusal: str) -> str:
        """Return a room's name as storage keeps it; raise `ValueError` for a socket's own, `LimitError` for a long one."""
        if (key := short_key(room)) is None:
            raise LimitError(LONG_NAME)
        if isinstance(room, str) and len(room) == SID_LENGTH and self._own_room(namespace, room):
            raise ValueError(refusal)
        return key

    def _write(self, write: Callable[..., None], memberships: list[tuple[Socket, str]]) -> None:
        """Write changed memberships; where one of several statements fails, what rooms the sockets are in is read again."""
        try:
            self.room_changes.write_moves(write, memberships)
        except Exception:
            self.entries.read_again(memberships)
            raise

    def _remember_member(self, socket: Socket, key: str) -> None:
        if socket.pending or (socket.namespace, key) in self._rooms:
            # A room with a pending member is loaded whole: storage does not know that member.
            members = self._rooms.setdefault((socket.namespace, key), self._room(socket.namespace, key))
            members[socket.socket_sid] = socket.engine_sid

    def _connected(self, namespace: str, key: str) -> set[str]:
        """Return a room's members that are not pending; one that is not loaded is not."""
        members = self._room(namespace, key)
        return {sid for sid in members if not (sid in self._sockets and self._sockets[sid].pending)}

    def _forget_member(self, namespace: str, key: str, socket_sid: str) -> None:
        members = self._rooms.get((namespace, key), {})
        members.pop(socket_sid, None)
        if not members:
            self._rooms.pop((namespace, key), None)
