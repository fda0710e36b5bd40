"""The application that the stock server runs too, in one object or two: ``PLACEMENT`` says which."""

from dataclasses import replace
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
RPC = replace(ENGINE, stream=False)


class Application(SocketActor):
    """The application."""

    def configure(self, sio: Any) -> None:
        """Register the handlers."""
        socketio_application.register(sio)


class Chat(Application, EngineActor):
    """Both in one."""

    config = ENGINE


class Engine(EngineActor):
    """Holds the sockets."""

    config = ENGINE
    peer_binding = "SOCKET"


class Socket(Application):
    """Runs the application."""

    peer_binding = "ENGINE"


class RpcEngine(EngineActor):
    """Holds the sockets, and opens no stream."""

    config = RPC
    peer_binding = "RPC_SOCKET"


class RpcSocket(Application):
    """Runs the application for it."""

    peer_binding = "RPC_ENGINE"


class Default(WorkerEntrypoint):
    """The Worker."""

    async def fetch(self, request: Any) -> Any:
        """Serve clients."""
        if self.env.PLACEMENT == "rpc":
            return await route(request, self.env.RPC_ENGINE, RPC)
        return await route(request, self.env.CHAT if self.env.PLACEMENT == "one" else self.env.ENGINE, ENGINE)
