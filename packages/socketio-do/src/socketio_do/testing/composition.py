"""The composition of an application that is no project: needs an engine, and the model's modules in place."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from shared_wire.testing.modules import WorkerEntrypoint
from socketio_do.durable import SocketActor

__all__ = ["compose"]


def compose(configure: Callable[[Any], None], config: Any, options: Mapping[str, Any]) -> ModuleType:
    """Write what a project's ``entry.py`` has: both actors and the Worker in front of them."""
    engine_config = EngineConfig(path="/socket.io/") if config is None else config

    class Engine(EngineActor):
        config = engine_config
        peer_binding = "SOCKET"

    class Socket(SocketActor):
        peer_binding = "ENGINE"

        def configure(self, sio: Any) -> None:
            configure(sio)

    Socket.options = options

    class Default(WorkerEntrypoint):
        async def fetch(self, request: Any) -> Any:
            return await route(request, self.env.ENGINE, engine_config)

    module = ModuleType("composition")
    vars(module).update(Engine=Engine, Socket=Socket, Default=Default)
    return module
