"""The composition of an application that is no project: needs an engine, and the model's modules in place."""

from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from shared_wire.testing.modules import WorkerEntrypoint
from socketio_do.durable import SocketActor

__all__ = ["compose", "compose_split"]

#: What applies where a test gives no configuration.
_USUAL = EngineConfig(path="/socket.io/")


def compose(configure: Callable[[Any], None], config: Any, options: Mapping[str, Any]) -> ModuleType:
    """Write what a project's ``entry.py`` has whose sockets and application are in one object."""
    engine_config = config or _USUAL

    class Chat(SocketActor, EngineActor):
        config = engine_config

        def configure(self, sio: Any) -> None:
            configure(sio)

    Chat.options = options
    return _module(Chat=Chat, Default=_entrypoint("CHAT", engine_config))


def compose_split(configure: Callable[[Any], None], config: Any, options: Mapping[str, Any]) -> ModuleType:
    """Write what a project's ``entry.py`` has whose sockets and application are in two."""
    engine_config = config or _USUAL

    class Engine(EngineActor):
        config = engine_config
        peer_binding = "SOCKET"

    class Socket(SocketActor):
        peer_binding = "ENGINE"

        def configure(self, sio: Any) -> None:
            configure(sio)

    Socket.options = options
    return _module(Engine=Engine, Socket=Socket, Default=_entrypoint("ENGINE", engine_config))


def _entrypoint(binding: str, config: EngineConfig) -> type[Any]:
    class Default(WorkerEntrypoint):
        async def fetch(self, request: Any) -> Any:
            version = self.env.CF_VERSION_METADATA.id
            return await route(request, getattr(self.env, binding), config, version=version)

    return Default


def _module(**classes: type[Any]) -> ModuleType:
    module = ModuleType("composition")
    vars(module).update(classes)
    return module
