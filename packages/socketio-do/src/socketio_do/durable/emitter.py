"""Emitting from the entrypoint, a cron or a queue consumer of the same Worker, without the application."""

from typing import Any

from pyodide.ffi import to_js

from shared_wire.durable import raw
from shared_wire.names import DEFAULT_PEER
from socketio_do.cluster.commands import read_value, write_command
from socketio_do.errors import ConfigError
from socketio_do.server.emission import Answers

__all__ = ["Emitter"]


class Emitter:
    """Speaks to a socket actor from outside: ``Emitter(self.env.SOCKET)``. Cheap to make; make one for each event.

    Each method is one RPC, which wakes the actor if it sleeps. Errors of the actor are raised here as `JsException`; arguments that
    cannot be sent, as `CommandError`.
    """

    def __init__(self, namespace: Any, name: str = DEFAULT_PEER) -> None:
        """Initialise with the binding of the socket actors' class, and the name of the actor among them."""
        namespace = namespace if namespace is None else raw(namespace)
        if not hasattr(namespace, "getByName"):
            raise ConfigError("Emitter() needs the socket actor's Durable Object binding: Emitter(self.env.SOCKET)")
        self._stub = namespace.getByName(name)

    async def emit(self, event: str, data: Any = None, **where: Any) -> None:
        """Send an event: to ``room`` (or a list of rooms, or a sid), ``namespace``; not to ``skip_sid``, not to ``except_rooms``.

        Returns when the events are on their way.
        """
        await self._ask("emit", event=event, data=data, **where)

    async def emit_with_ack(self, event: str, data: Any = None, **where: Any) -> Answers:
        """Send an event and collect acknowledgements for ``timeout`` seconds; gives what `DurableServer.emit_with_ack` gives."""
        collected = await self._ask("emit_with_ack", event=event, data=data, **where)
        return Answers(collected["answers"], tuple(collected["missing"]))

    async def call(self, event: str, data: Any = None, **where: Any) -> Any:
        """Send an event to one client, ``to`` its sid, and wait for its acknowledgement, ``timeout`` seconds at most."""
        return await self._ask("call", event=event, data=data, **where)

    async def disconnect(self, sid: str, namespace: str = "/") -> None:
        """Disconnect a client from a namespace."""
        await self._ask("disconnect", sid=sid, namespace=namespace)

    async def disconnect_sockets(self, room: Any = None, namespace: str = "/") -> None:
        """Disconnect everybody in a room, or in the namespace."""
        await self._ask("disconnect_sockets", room=room, namespace=namespace)

    async def room_size(self, room: Any = None, namespace: str = "/") -> int:
        """Count who is in a room, or in the namespace."""
        return int(await self._ask("room_size", room=room, namespace=namespace))

    async def rooms(self, sid: str, namespace: str = "/") -> list[Any]:
        """List a client's rooms, its own first."""
        return list(await self._ask("rooms", sid=sid, namespace=namespace))

    async def _ask(self, name: str, **arguments: Any) -> Any:
        text, attachments = write_command(name, arguments)
        answer = await self._stub.command(text, to_js(attachments))
        return read_value(answer[0], [bytes(one.to_bytes()) for one in answer[1]])
