"""What the parts of `DurableServer` share: its tables, and how it calls the application's functions."""

import inspect
import logging
from types import CoroutineType
from typing import Any, Final

from socketio_do.protocol.encoding import ACKS, ENCODED_TYPES, Kind, encode, encode_packet
from socketio_do.runtime import Runtime
from socketio_do.server.hooks import HookKind, Hooks
from socketio_do.state.membership import Membership
from socketio_do.state.namespaces import NamespaceName, Namespaces
from socketio_do.state.rooms import ROOM_EVENTS
from socketio_do.upstream.dispatch import Handler, call_handler, call_trigger_event, namespace_method
from socketio_do.upstream.signatures import SignedServer

__all__ = ["MAX_LOGGED", "ServerBase"]

_logger = logging.getLogger("socketio_do")

#: What is not called with all arguments, or names no handler.
NOT_PLAIN: Final = frozenset(["connect", "disconnect", "disconnecting", "*"])

#: Characters of an event's name, which a client chooses, that are logged.
MAX_LOGGED: Final = 100


class ServerBase(SignedServer):
    """An `AsyncServer` over tables; `DurableServer` makes them."""

    _runtime: Runtime
    _membership: Membership
    _namespaces: Namespaces
    _hooks: Hooks
    #: Whether `_send_packet` is not overridden: then packets may go past it.
    _sends_itself: bool

    async def get_session(self, sid: str, namespace: NamespaceName | None = None) -> Any:
        """Read the session data of a socket: a copy; raises `KeyError` for one that is not connected."""
        return self._membership.data(self._in(sid, namespace))

    async def save_session(self, sid: str, session: Any, namespace: NamespaceName | None = None) -> None:
        """Keep the session data of a socket, durably.

        ``session`` must be what JSON can hold; otherwise `SessionDataError` is raised. Raises `KeyError` for a socket that is not
        connected.
        """
        self._membership.save_data(self._in(sid, namespace), session)

    def get_environ(self, sid: str, namespace: NamespaceName | None = None) -> dict[str, str] | None:
        """Read the handshake of a socket's session."""
        engine_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        return None if engine_sid is None else self._membership.environ(engine_sid)

    def _in(self, sid: str, namespace: NamespaceName | None) -> str:
        if self.manager.eio_sid_from_sid(sid, namespace or "/") is None:
            raise KeyError(sid)
        return sid

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        packets = encode_packet(pkt)
        if pkt.packet_type not in ACKS or await self._may_acknowledge(eio_sid, pkt.namespace or "/"):
            self.eio.broadcast((eio_sid,), packets)

    async def _may_acknowledge(self, engine_sid: str, namespace: str) -> bool:
        """Wait for room; return whether the socket is still connected: nothing of it follows its DISCONNECT."""
        while self.eio.full and (full := self.eio.full_for((engine_sid,))):
            await self.eio.drain(full)
        return self._membership.connected(engine_sid, namespace) is not None

    async def _answer(self, engine_sid: str, kind: Kind, namespace: str, data: Any, number: int | None = None) -> None:
        """Send a packet to one socket; an acknowledgement only as long as the socket is connected."""
        if not self._sends_itself:
            pkt: Any = self.packet_class(ENCODED_TYPES[kind], data=data, namespace=namespace, id=number)
            await self._send_packet(engine_sid, pkt)
            return
        packets = encode(self.packet_class, kind, data, namespace, number)
        if kind != "ACK" or await self._may_acknowledge(engine_sid, namespace):
            self.eio.broadcast((engine_sid,), packets)

    async def _handle_event_internal(
        self, server: Any, sid: str, eio_sid: str, data: list[Any], namespace: str, id: int | None
    ) -> None:
        """Run the handler of an event, and acknowledge with what it returns: as upstream does, but for how the packet is made."""
        answer = await server._trigger_event(data[0], namespace, sid, *data[1:])
        if id is None or answer is self.not_handled:
            return
        values = list(answer) if isinstance(answer, tuple) else [] if answer is None else [answer]
        await server._answer(eio_sid, "ACK", namespace, values, id)

    async def _trigger_event(self, event: str, namespace: str, *args: Any) -> Any:
        """Call the handler of an event, as upstream finds it, once."""
        handlers = self.handlers.get(namespace)
        if handlers is not None and event in handlers and event not in NOT_PLAIN:
            result = handlers[event](*args)
            is_coroutine = type(result) is CoroutineType or inspect.isawaitable(result)
            return await result if is_coroutine else result
        return await self._trigger_other(event, namespace, args)

    async def _trigger_other(self, event: str, namespace: str, args: tuple[Any, ...]) -> Any:
        """Call the handler of what is no plain event, or whose handler is not registered for just its name and namespace."""
        found = self._namespaces.handler(event, namespace)
        if found:
            return await call_handler(found[0], event, (*found[1], *args))
        found = self._namespaces.handler_class(namespace) if self.namespace_handlers else None
        if not found:
            return self.not_handled
        owner, prefix = found
        method = namespace_method(owner, event)
        if method is None and event == "disconnecting":
            return self.not_handled
        if method is None:
            return await call_trigger_event(owner, event, prefix, args)
        return await call_handler(method, event, (*prefix, *args))

    def _register(self, kind: HookKind, handler: Handler | None, namespace: NamespaceName | None) -> Any:
        """Register a hook, or give the decorator that does."""

        def register(function: Handler) -> Handler:
            self._hooks.add(kind, namespace or "/", function)
            return function

        return register if handler is None else register(handler)

    async def _tell(self, kind: HookKind, namespace: str, *args: Any) -> None:
        """Call the hooks of a kind; what one raises is reported, and no other's affair."""
        if not self._hooks.has(kind):
            return
        for handler, prefix in self._hooks.of(kind, self._namespaces.owners(namespace)):
            try:
                await self._runtime.lanes.bounded(call_handler(handler, kind, (*prefix, *args)))
            except Exception as error:
                await self._report(error, kind, namespace)

    async def _tell_of_rooms(self) -> None:
        """Call the hooks for all that has happened to rooms until now.

        `DurableManager` calls this. Upstream's server drops what its manager returns for `enter_room`, `leave_room`, `close_room`:
        if the tables returned the events, telling them here would take an override of each method, and more code.
        """
        for change in self._membership.room_changes.take():
            args = () if change.socket_sid is None else (change.socket_sid,)
            await self._tell(change.event, change.namespace, change.room, *args)

    def _watches_rooms(self, namespace: str) -> bool:
        """Return whether anybody wants to know what happens to a namespace's rooms."""
        if not any(map(self._hooks.has, ROOM_EVENTS)):
            return False
        owners = self._namespaces.owners(namespace)
        return any(True for event in ROOM_EVENTS for _ in self._hooks.of(event, owners))

    async def _report(
        self, error: Exception, event: str, namespace: str, *, sid: str | None = None, engine_sid: str | None = None
    ) -> None:
        """Log what an application's function raised, once, and tell the application if it asked for that."""
        where = f"session {engine_sid}, socket {sid}, {namespace}" if engine_sid else namespace
        _logger.error("= handler of %r raised, %s", event[:MAX_LOGGED], where, exc_info=error)
        for handler, _ in self._hooks.of("error", self._namespaces.owners(namespace)):
            try:
                await self._runtime.lanes.bounded(call_handler(handler, "error", (error, event, sid, namespace)))
            except Exception:
                _logger.exception("= error handler raised, %s", namespace)
