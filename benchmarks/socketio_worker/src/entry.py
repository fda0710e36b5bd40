"""The two actors, running the application that the stock server runs too."""

from typing import Any

import socketio_application
from workers import WorkerEntrypoint

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from socketio_do.durable import SocketActor

#: As the stock server is set up: no ping comes within a run, and no client is too fast.
ENGINE = EngineConfig(
    path="/socket.io/",
    ping_interval_ms=600_000,
    ping_timeout_ms=700_000,
    max_messages_per_s=None,
    max_bytes_per_s=None,
)


class Engine(EngineActor):
    """Holds the sockets."""

    config = ENGINE
    peer_binding = "SOCKET"


class Socket(SocketActor):
    """Runs the application."""

    peer_binding = "ENGINE"

    def configure(self, sio: Any) -> None:
        """Register the handlers."""
        socketio_application.register(sio)


class Default(WorkerEntrypoint):
    """The Worker."""

    async def fetch(self, request: Any) -> Any:
        """Be the engine."""
        return await route(request, self.env.ENGINE, ENGINE)
