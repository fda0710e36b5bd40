"""What any server in Python on a Durable Object costs at the least: it accepts, and sends back what it gets."""

from typing import Any

import js
from pyodide.ffi import to_js
from workers import DurableObject, WorkerEntrypoint


class Floor(DurableObject):
    """Sends back."""

    def fetch(self, request: Any) -> Any:
        """Accept a WebSocket, and play an open packet."""
        del request
        client, server = js.WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server)
        server.send('0{"sid":"floor"}')
        options = js.Object.fromEntries(to_js([["status", 101], ["webSocket", client]]))
        return js.Response.new(None, options)

    def webSocketMessage(self, ws: Any, message: str) -> None:  # noqa: N802 - the runtime's name
        """Send a frame back."""
        ws.send(message)

    def webSocketClose(self, ws: Any, code: int, reason: str, was_clean: bool) -> None:  # noqa: N802, ARG002
        """Answer a close."""
        ws.close(1000)


class Default(WorkerEntrypoint):
    """The Worker."""

    async def fetch(self, request: Any) -> Any:
        """Hand WebSockets on."""
        if request.headers.get("upgrade") is None:
            return js.Response.new("floor")
        namespace = getattr(self.env.FLOOR, "_binding", self.env.FLOOR)
        return await namespace.getByName("floor").fetch(getattr(request, "js_object", request))
