"""What stands before the handlers: who may connect, which events pass, and who looks on."""

from collections.abc import Callable
from typing import Any, Final, overload

from socketio_do.errors import ConfigError, EventRefusedError
from socketio_do.server.base import ServerBase
from socketio_do.state.namespaces import NamespaceName
from socketio_do.state.rooms import ROOM_EVENTS, RoomEvent
from socketio_do.upstream.dispatch import Handler, call_handler
from socketio_do.upstream.signatures import H

__all__ = ["Middleware"]

#: What middleware answers to refuse.
_REFUSED: Final = False


class Middleware(ServerBase):
    """The part of `DurableServer` that registers and runs hooks.

    All of them take ``namespace`` as `on` does: a name, ``"/"`` unless given; ``"*"`` for all; or a parent. The functions for all
    and for a parent are told the namespace first. They last as long as handlers do: `configure` registers them in each life.
    """

    @overload
    def use(self, handler: H, namespace: NamespaceName | None = None) -> H: ...
    @overload
    def use(self, handler: None = None, namespace: NamespaceName | None = None) -> Callable[[H], H]: ...
    def use(self, handler: Handler | None = None, namespace: NamespaceName | None = None) -> Any:
        """Register middleware that every client passes before `connect`, or decorate it.

        It is called with ``sid``, ``environ`` and ``auth``, which may be left out, in the order of registration. A
        `socketio.exceptions.ConnectionRefusedError` refuses: the client gets `connect_error` with its message and data, and neither
        the next nor the `connect` handler is called. ``False`` refuses, too. Not run again after sleep.
        """
        return self._register("use", handler, namespace)

    @overload
    def use_packet(self, handler: H, namespace: NamespaceName | None = None) -> H: ...
    @overload
    def use_packet(self, handler: None = None, namespace: NamespaceName | None = None) -> Callable[[H], H]: ...
    def use_packet(self, handler: Handler | None = None, namespace: NamespaceName | None = None) -> Any:
        """Register middleware that every event of a client passes before its handler, or decorate it.

        It is called with the event's name, ``sid`` and the event's arguments. ``False`` drops the event. `EventRefusedError`
        refuses it: a client that asked for an acknowledgement gets the error's arguments. Any other exception is a fault, and
        refuses as well.
        """
        return self._register("use_packet", handler, namespace)

    @overload
    def on_wake(self, handler: H) -> H: ...
    @overload
    def on_wake(self, handler: None = None) -> Callable[[H], H]: ...
    def on_wake(self, handler: Handler | None = None) -> Any:
        """Register what each life of the object does once, in the background, or decorate it: a loop, a connection to elsewhere.

        It takes no arguments, and begins when the life does, which is with its first event. The object is awake until it is done.
        """
        return self._register("wake", handler, None)

    def receive_life(self) -> None:
        """Begin what each life does; called once in each, when the handlers are registered."""
        for handler, _ in self._hooks.of("wake", [("/", ())]):
            self.start_background_task(self._do_on_wake, handler)

    async def _do_on_wake(self, handler: Handler) -> None:
        try:
            await call_handler(handler, "wake", ())
        except Exception as error:
            await self._report(error, "wake", "/")

    @overload
    def on_any(self, handler: H, namespace: NamespaceName | None = None) -> H: ...
    @overload
    def on_any(self, handler: None = None, namespace: NamespaceName | None = None) -> Callable[[H], H]: ...
    def on_any(self, handler: Handler | None = None, namespace: NamespaceName | None = None) -> Any:
        """Register a function that sees every event of a client, before middleware does, or decorate it.

        It is called with the event's name, ``sid`` and the event's arguments; what it raises is logged.
        """
        return self._register("any", handler, namespace)

    @overload
    def on_any_outgoing(self, handler: H, namespace: NamespaceName | None = None) -> H: ...
    @overload
    def on_any_outgoing(self, handler: None = None, namespace: NamespaceName | None = None) -> Callable[[H], H]: ...
    def on_any_outgoing(self, handler: Handler | None = None, namespace: NamespaceName | None = None) -> Any:
        """Register a function that sees every event sent to clients, once whatever their number, or decorate it.

        It is called with the event's name, the tuple of the sids it goes to, and the event's arguments; acknowledgements are not
        events. What it raises is logged.
        """
        return self._register("any_outgoing", handler, namespace)

    @overload
    def on_error(self, handler: H, namespace: NamespaceName | None = None) -> H: ...
    @overload
    def on_error(self, handler: None = None, namespace: NamespaceName | None = None) -> Callable[[H], H]: ...
    def on_error(self, handler: Handler | None = None, namespace: NamespaceName | None = None) -> Any:
        """Register a function that is told what handlers raise, after it was logged, or decorate it.

        It is called with the exception, the event's name, ``sid`` (none where no socket is concerned) and the namespace; for all
        namespaces unless one is given.
        """
        return self._register("error", handler, namespace or "*")

    @overload
    def on_room(self, event: RoomEvent, handler: H, namespace: NamespaceName | None = None) -> H: ...
    @overload
    def on_room(
        self, event: RoomEvent, handler: None = None, namespace: NamespaceName | None = None
    ) -> Callable[[H], H]: ...
    def on_room(self, event: RoomEvent, handler: Handler | None = None, namespace: NamespaceName | None = None) -> Any:
        """Register a function that is told what happens to rooms, or decorate it.

        ``event`` is "create" (the first socket comes), "join", "leave" or "delete" (the last one has gone). It is called with the
        room, for "join" and "leave" also with the ``sid``, before the call that caused it returns. A socket's own room does not
        count, and a socket that is still connecting counts when it has connected. What is not told before a reset is not told after
        it.
        """
        if event not in ROOM_EVENTS:
            raise ConfigError(f"a room has no event {event!r}: it is one of {', '.join(ROOM_EVENTS)}")
        return self._register(event, handler, namespace)

    async def _pass_connect(self, sid: str, environ: Any, auth: Any, namespace: str) -> bool:
        """Return whether no middleware keeps a client out; raises what middleware raises."""
        for handler, prefix in self._hooks.of("use", self._namespaces.owners(namespace)):
            if await call_handler(handler, "connect", (*prefix, sid, environ, auth)) is _REFUSED:
                return False
        return True

    async def _pass_event(
        self, event: str, sid: str, args: list[Any], engine_sid: str, namespace: str, number: int | None
    ) -> bool:
        """Return whether no middleware stops an event; answers for one that refuses it."""
        await self._tell("any", namespace, event, sid, *args)
        try:
            for handler, prefix in self._hooks.of("use_packet", self._namespaces.owners(namespace)):
                if await call_handler(handler, "", (*prefix, event, sid, *args)) is _REFUSED:
                    return False
        except EventRefusedError as refused:
            if number is not None:
                await self._answer(engine_sid, "ACK", namespace, list(refused.answer), number)
            return False
        return True
