"""python-socketio's client manager over the durable tables. Nothing here yields to an event loop."""

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import socketio

from socketio_do.acks import Acks
from socketio_do.membership import Membership, Room
from socketio_do.upstream import ENCODED_TYPES, encode_packet

__all__ = ["DurableManager"]


class DurableManager(socketio.AsyncManager):
    """Translates upstream's manager calls; the rules are `Membership`'s and `Acks`'."""

    server: Any

    def __init__(self, membership: Membership, acks: Acks) -> None:
        """Take the tables."""
        super().__init__()
        self._membership = membership
        self._acks = acks

    def get_namespaces(self) -> Iterable[str]:
        """List the namespaces the application has handlers for."""
        return [*dict.fromkeys((*self.server.handlers, *self.server.namespace_handlers))]

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """Give (socket sid, engine sid) of everybody in a room, in any of a list of rooms, or (None) in the namespace."""
        yield from self._membership.participants(namespace, _rooms(room)).items()

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """Make a pending socket; none when the session has one in this namespace already."""
        socket_sid: str = self.server.eio.generate_id()
        return socket_sid if self._membership.begin(socket_sid, eio_sid, namespace) else None

    async def connect(self, sid: str, namespace: str) -> str:
        """Make a pending socket a connected one."""
        self._membership.connect(sid)
        return sid

    def is_connected(self, sid: str | None, namespace: str) -> bool:
        """Tell whether a socket is connected, and neither pending nor leaving."""
        socket = self._membership.socket(sid) if sid else None
        return socket is not None and socket.namespace == namespace and not socket.pending and not socket.leaving

    async def can_disconnect(self, sid: str, namespace: str) -> bool:
        """Tell whether there is a socket to disconnect."""
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
        self._membership.disconnect(sid)

    def sid_from_eio_sid(self, eio_sid: str, namespace: str) -> str | None:
        """Find a session's socket in a namespace."""
        return self._membership.socket_in(eio_sid, namespace)

    def eio_sid_from_sid(self, sid: str, namespace: str) -> str | None:
        """Find a socket's session."""
        socket = self._membership.socket(sid)
        return socket.engine_sid if socket is not None and socket.namespace == namespace else None

    async def enter_room(self, sid: str, namespace: str, room: Room, eio_sid: str | None = None) -> None:
        """Put a socket into a room."""
        self._membership.enter(self._of_namespace(sid, namespace), room)

    async def leave_room(self, sid: str, namespace: str, room: Room) -> None:
        """Take a socket out of a room."""
        if self.eio_sid_from_sid(sid, namespace) is not None:
            self._membership.leave(sid, room)

    async def close_room(self, room: Room, namespace: str) -> None:
        """Take everybody out of a room."""
        self._membership.close(namespace, room)

    def get_rooms(self, sid: str, namespace: str) -> list[Room]:
        """List a socket's rooms, its own first."""
        return [] if self.eio_sid_from_sid(sid, namespace) is None else self._membership.rooms_of(sid)

    async def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Callable[..., Any] | None = None,
        to: Any = None,
        **kwargs: Any,
    ) -> None:
        """Send an event: encoded once, one operation for each engine actor. With a callback, each recipient has its own ack id."""
        skipped = set(skip_sid if isinstance(skip_sid, list | tuple | set) else [skip_sid])
        members = self._membership.participants(namespace, _rooms(to or room))
        recipients = {sid: engine_sid for sid, engine_sid in members.items() if sid not in skipped}
        arguments = _arguments(event, data)
        if callback is None:
            self._send(namespace, arguments, recipients.values())
            return
        for sid, engine_sid in recipients.items():
            self._send(namespace, arguments, (engine_sid,), self._acks.add(sid, callback))

    def expects(self, sid: str, id: int) -> bool:
        """Tell whether somebody waits for this acknowledgement."""
        return self._acks.waits(sid, id)

    async def trigger_callback(self, sid: str | None, id: int, data: list[Any]) -> None:
        """Call back whoever waits for this acknowledgement; one that nobody waits for is ignored."""
        callback = self._acks.take(sid, id) if sid else None
        if callback is not None and inspect.isawaitable(result := callback(*data)):
            await result

    def _send(
        self, namespace: str, arguments: list[Any], engine_sids: Iterable[str], ack_id: int | None = None
    ) -> None:
        pkt = self.server.packet_class(ENCODED_TYPES["EVENT"], namespace=namespace, data=arguments, id=ack_id)
        self.server.eio.broadcast(engine_sids, encode_packet(pkt))

    def _of_namespace(self, sid: str, namespace: str) -> str:
        if self.eio_sid_from_sid(sid, namespace) is None:
            raise ValueError("sid is not connected to requested namespace")
        return sid


def _rooms(room: Any) -> tuple[Room, ...]:
    return tuple(room) if isinstance(room, list | tuple | set) else (room,)


def _arguments(event: str, data: Any) -> list[Any]:
    """Make an event's arguments: a tuple is several, None is none."""
    if data is None:
        return [event]
    return [event, *data] if isinstance(data, tuple) else [event, data]
