"""python-socketio's client manager over the durable tables. Nothing here yields to an event loop."""

import functools
import inspect
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

import socketio

from socketio_do.protocol.encoding import encode
from socketio_do.protocol.offsets import mark_recoverable
from socketio_do.state.acks import Acks, Callback
from socketio_do.state.found import Socket
from socketio_do.state.membership import Membership, judged_sid
from socketio_do.state.namespaces import NamespaceName, Namespaces
from socketio_do.state.recovery_log import Addressed
from socketio_do.state.rooms import Room, short_key
from socketio_do.upstream.logged_events import Event, send_logged

__all__ = ["DurableManager", "Rooms", "rooms_in"]

_logger = logging.getLogger("socketio_do")

#: What names several rooms or sockets.
_SEVERAL: Final = (list, tuple, set)


#: Makes what takes the answer of a socket, and what is told that none can come any more; or nothing.
Expect: TypeAlias = Callable[[str], tuple[Callback, Callable[[], None] | None] | None]


class DurableManager(socketio.AsyncManager):
    """Translates upstream's manager calls; the rules are `Membership`'s and `Acks`'."""

    server: Any

    def __init__(self, membership: Membership, namespaces: Namespaces, acks: Acks) -> None:
        """Initialise with the tables."""
        super().__init__()
        self.rooms: Mapping[str, dict[Room, dict[str, str]]] = Rooms(membership)  # type: ignore[assignment]  # it is read only
        self._membership = membership
        self._namespaces = namespaces
        self._acks = acks
        #: The sockets whose answers to an earlier life were logged.
        self._told: set[str] = set()

    def get_namespaces(self) -> Iterable[str]:
        """List the namespaces that have sockets."""
        return [*iter(self.rooms)]

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """Yield (socket sid, engine sid) of everybody in a room, in any of a list of rooms, or (None) in the namespace."""
        yield from self._membership.participants(namespace, rooms_in(room)).items()

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """Make a pending socket; none when the session has one in this namespace already."""
        socket_sid: str = self.server.eio.generate_id()
        if self._membership.log is not None and self.server._may_be_recovered(eio_sid, namespace):
            socket_sid = mark_recoverable(socket_sid)
        return socket_sid if self._membership.begin(socket_sid, eio_sid, namespace) else None

    async def connect(self, sid: str, namespace: str) -> str:
        """Make a pending socket a connected one."""
        self._membership.connect(sid)
        self._namespaces.keep(namespace)
        if self._membership.room_changes.untold:
            await self.server._tell_of_rooms()
        return sid

    def is_connected(self, sid: str | None, namespace: NamespaceName) -> bool:
        """Return whether a socket is connected, and neither pending nor leaving."""
        socket = self._socket(sid, namespace)
        return socket is not None and not socket.pending and not socket.leaving

    def is_pre_connected(self, sid: str, namespace: NamespaceName) -> bool:
        """Return whether a socket waits for its connect handler."""
        socket = self._socket(sid, namespace)
        return socket is not None and socket.pending

    async def can_disconnect(self, sid: str, namespace: str) -> bool:
        """Return whether there is a socket to disconnect."""
        return self.is_connected(sid, namespace)

    def pre_disconnect(self, sid: str, namespace: str) -> str | None:
        """Mark a socket as leaving; returns its session."""
        socket = self._membership.socket(sid)
        if socket is None:
            return None
        socket.leaving = True
        return socket.engine_sid

    async def disconnect(self, sid: str, namespace: str, **kwargs: Any) -> None:
        """Forget a socket, its rooms, its data and its callbacks."""
        self._acks.drop(sid)
        self._told.discard(sid)
        self._membership.disconnect(sid)
        self._namespaces.release(namespace, lambda: not self._membership.participants(namespace, (None,)))
        try:
            self.server._drop_expected(sid)
        finally:
            await self.server._tell_of_rooms()

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        """Find a session's socket in a namespace."""
        return self._membership.socket_in(eio_sid, namespace)

    def eio_sid_from_sid(self, sid: str, namespace: NamespaceName) -> str | None:
        """Find a socket's session."""
        socket = self._socket(sid, namespace)
        return None if socket is None else socket.engine_sid

    async def enter_room(self, sid: str, namespace: NamespaceName, room: Room, eio_sid: str | None = None) -> None:
        """Put a socket into a room."""
        if self._socket(sid, namespace) is None:
            raise ValueError("sid is not connected to requested namespace")
        self._membership.enter(sid, room)
        if self._membership.room_changes.untold:
            await self.server._tell_of_rooms()

    async def leave_room(self, sid: str, namespace: NamespaceName, room: Room) -> None:
        """Remove a socket from a room."""
        if self._socket(sid, namespace) is not None:
            self._membership.leave(sid, room)
            if self._membership.room_changes.untold:
                await self.server._tell_of_rooms()

    async def close_room(self, room: Room, namespace: NamespaceName) -> None:
        """Remove everybody from a room."""
        for name in self.names(namespace):
            self._membership.close(name, room)
        await self.server._tell_of_rooms()

    def get_rooms(self, sid: str, namespace: NamespaceName) -> list[Room]:
        """List a socket's rooms, its own first."""
        return [] if self.eio_sid_from_sid(sid, namespace) is None else self._membership.rooms_of(sid)

    def names(self, namespace: NamespaceName) -> list[str]:
        """List the namespaces that are meant: the one named, or the children of a parent that have sockets."""
        if isinstance(namespace, str):
            return [namespace]
        return [name for name in sorted(self._membership.namespaces()) if self._namespaces.is_in(name, namespace)]

    def select(self, namespace: str, room: Any, skip_sid: Any = None, except_rooms: Any = None) -> dict[str, str]:
        """Return socket sid -> engine sid of everybody in any of some rooms, each once, without those to be left out."""
        members = self._membership.participants(namespace, room if isinstance(room, _SEVERAL) else (room,))
        if skip_sid is None and except_rooms is None:
            return members
        skipped = set(skip_sid if isinstance(skip_sid, _SEVERAL) else [skip_sid])
        if except_rooms is not None:
            skipped |= self._membership.participants(namespace, rooms_in(except_rooms)).keys()
        return {sid: engine_sid for sid, engine_sid in members.items() if sid not in skipped}

    async def emit(
        self,
        event: str,
        data: Any,
        namespace: NamespaceName,
        room: Any = None,
        skip_sid: Any = None,
        callback: Callback | None = None,
        to: Any = None,
        *,
        except_rooms: Any = None,
        volatile: bool = False,
        **kwargs: Any,
    ) -> None:
        """Send an event: encoded once, one operation for each engine actor, with a callback too."""
        expect = None if callback is None else functools.partial(_expect, callback)
        await self.ask(event, data, namespace, expect, to or room, skip_sid, except_rooms, volatile)

    async def ask(
        self,
        event: str,
        data: Any,
        namespace: NamespaceName,
        expect: Expect | None,
        room: Any = None,
        skip_sid: Any = None,
        except_rooms: Any = None,
        volatile: bool = False,
    ) -> dict[str, int]:
        """Send an event; returns socket sid -> ack id of those whose answer is expected. Pending sockets hear no broadcast.

        ``expect`` makes what takes a socket's answer, and what is told that none can come any more; or nothing, for an answer that
        somebody else will take.
        """
        asked: dict[str, int] = {}
        server, eio = self.server, self.server.eio
        for name in (namespace,) if isinstance(namespace, str) else self.names(namespace):
            recipients = self._hearing(self.select(name, room, skip_sid, except_rooms), room)
            while eio.full and (full := eio.full_for(recipients.values())):
                await eio.drain(full)
                recipients = self._hearing(self.select(name, room, skip_sid, except_rooms), room)
            if volatile:
                recipients = eio.ready(recipients)
            arguments = [event] if data is None else [event, *data] if isinstance(data, tuple) else [event, data]
            if server._hooks.has("any_outgoing"):
                await server._tell("any_outgoing", name, event, tuple(recipients), *arguments[1:])
                recipients = self._still_there(recipients)
            number = None if expect is None else self._acks.make_id()
            packets = encode(server.packet_class, "EVENT", arguments, name, number)
            if (log := self._membership.log) is None:
                eio.broadcast(recipients.values(), packets)
            else:
                to = _addressed(name, room, skip_sid, except_rooms)
                sent = Event(packets, arguments, number, server.packet_class)
                send_logged(log, eio.broadcast, recipients, to, sent, volatile=volatile)
            if expect is not None and number is not None:
                self._expect_all(recipients, number, expect)
                asked.update(dict.fromkeys(recipients, number))
        return asked

    def _still_there(self, recipients: dict[str, str]) -> dict[str, str]:
        """Find the sessions of sockets again: whoever came back meanwhile has another one, and whoever left has none."""
        found = (self._membership.socket(sid) for sid in recipients)
        return {socket.socket_sid: socket.engine_sid for socket in found if socket is not None}

    def _expect_all(self, recipients: Iterable[str], number: int, expect: Expect) -> None:
        for sid in recipients:
            if (takers := expect(sid)) is not None:
                self._acks.add(sid, number, *takers)

    def forget(self, asked: dict[str, int]) -> None:
        """Expect these answers no longer."""
        for sid, number in asked.items():
            self._acks.take(sid, number)

    def expects(self, sid: str, id: int) -> bool:
        """Return whether a function waits for this acknowledgement."""
        return self._acks.waits(sid, id)

    def note_stray(self, sid: str, id: int) -> None:
        """Log an acknowledgement that is for an earlier life of the object, once for each socket: its callback is lost."""
        if not self._acks.is_of_this_life(id) and sid not in self._told:
            self._told.add(sid)
            _logger.warning("= socket %s answers an earlier life: its callback is lost", sid)

    async def trigger_callback(self, sid: str | None, id: int, data: list[Any]) -> None:
        """Call back whoever waits for this acknowledgement; one that nobody waits for is ignored."""
        callback = self._acks.take(sid, id) if sid else None
        if callback is not None and inspect.isawaitable(result := callback(*data)):
            await result

    def _hearing(self, members: dict[str, str], room: Any) -> dict[str, str]:
        """Leave out the pending sockets, but one that is addressed by its own sid, and one whose own connect handler sends."""
        pending = self._membership.pending
        if not pending:
            return members
        heard = {judged_sid.get(), *(one for one in rooms_in(room) if one in pending)}
        return {sid: engine_sid for sid, engine_sid in members.items() if sid in heard or sid not in pending}

    def _socket(self, sid: str | None, namespace: NamespaceName) -> Socket | None:
        """Find a socket in the namespace named, or in a child of the parent named."""
        socket = self._membership.socket(sid) if sid else None
        if socket is None or socket.namespace == namespace or self._namespaces.is_in(socket.namespace, namespace):
            return socket
        return None


class Rooms(Mapping[str, dict[Room, dict[str, str]]]):
    """What `AsyncManager.rooms` is upstream: namespace -> room -> socket sid -> engine sid; the room None is everybody's.

    Copies, read from the rows of every socket of the namespace; `DurableServer.room_size` and `fetch_sockets` read less.
    """

    def __init__(self, membership: Membership) -> None:
        """Initialise with the tables."""
        self._membership = membership

    def __getitem__(self, namespace: str) -> dict[Room, dict[str, str]]:
        """Return the rooms of a namespace that has sockets."""
        everybody = self._membership.participants(namespace, (None,))
        if not everybody:
            raise KeyError(namespace)
        rooms: dict[Room, dict[str, str]] = {None: everybody}
        for sid, engine_sid in everybody.items():
            for room in self._membership.rooms_of(sid):
                rooms.setdefault(room, {})[sid] = engine_sid
        return rooms

    def __contains__(self, namespace: object) -> bool:
        """Return whether a namespace has sockets."""
        return isinstance(namespace, str) and bool(self._membership.participants(namespace, (None,)))

    def __iter__(self) -> Iterator[str]:
        """List the namespaces that have sockets."""
        names = sorted(self._membership.namespaces())
        return (name for name in names if self._membership.participants(name, (None,)))

    def __len__(self) -> int:
        """Count the namespaces that have sockets."""
        return sum(1 for _ in self)


def _addressed(namespace: str, room: Any, skip_sid: Any, except_rooms: Any) -> Addressed:
    """Name whom an event is for, as the log keeps it."""
    rooms = rooms_in(room)
    skipped = [] if skip_sid is None else [*(skip_sid if isinstance(skip_sid, _SEVERAL) else [skip_sid])]
    excepted = [] if except_rooms is None else _keys(rooms_in(except_rooms))
    return Addressed(namespace, None if None in rooms else _keys(rooms), skipped, excepted)


def _keys(rooms: Iterable[Room]) -> list[str]:
    return [key for room in rooms if (key := short_key(room)) is not None]


def _expect(callback: Callback, sid: str) -> tuple[Callback, None]:
    """Make what takes the answer of any socket, whoever it is."""
    del sid
    return callback, None


def rooms_in(room: Any) -> tuple[Room, ...]:
    """List the rooms a parameter names: one, several, or (None) the whole namespace."""
    return tuple(room) if isinstance(room, _SEVERAL) else (room,)
