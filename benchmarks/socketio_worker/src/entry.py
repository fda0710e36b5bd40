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
RECOVERY = {"connection_state_recovery": True}

#: Who serves clients in which placement.
PLACEMENTS = {
    "one": ("CHAT", ENGINE),
    "two": ("ENGINE", ENGINE),
    "rpc": ("RPC_ENGINE", RPC),
    "one, recovering": ("RECOVERING_CHAT", ENGINE),
    "two, recovering": ("RECOVERING_ENGINE", ENGINE),
}


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


class RecoveringChat(Chat):
    """Both in one, with recovery."""

    options = RECOVERY


class RecoveringEngine(EngineActor):
    """Holds the sockets of those that are recovered."""

    config = ENGINE
    peer_binding = "RECOVERING_SOCKET"


class RecoveringSocket(Application):
    """Runs the application for it."""

    options = RECOVERY
    peer_binding = "RECOVERING_ENGINE"


class Default(WorkerEntrypoint):
    """The Worker."""

    async def fetch(self, request: Any) -> Any:
        """Serve clients."""
        binding, config = PLACEMENTS[self.env.PLACEMENT]
        return await route(request, getattr(self.env, binding), config)
