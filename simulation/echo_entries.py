"""Entries of Workers that answer what they are sent, in one object and in two."""

from types import ModuleType
from typing import Any

from engine_do import EngineConfig
from shared_wire.testing.modules import install

install()

from engine_do.durable import EngineActor, route  # noqa: E402 - they import what the line before puts in place
from shared_wire.testing.modules import WorkerEntrypoint  # noqa: E402
from socketio_do.durable import SocketActor  # noqa: E402

__all__ = ["BINDINGS", "SWEPT_S", "alone", "chosen", "split"]

#: More than an interval between two pings, after which the alarm has looked at all sessions.
SWEPT_S = 30.0
BINDINGS = {"CHAT": "Chat", "SOCKET": "Socket"}
PLAIN = EngineConfig(path="/socket.io/")


def choose(_state: str, _message: str | bytes) -> tuple[str, str]:
    """Have everybody served by an object that is not called `main`."""
    return "", "other"


def register(sio: Any) -> None:
    """Register the handlers."""

    @sio.event
    async def echo(sid: str, data: Any) -> Any:
        return data


def compose(config: EngineConfig, *, is_split: bool) -> ModuleType:
    """Write an ``entry.py`` whose class `Chat` holds the sockets, and runs the application, too, or has `Socket` run it."""

    class Application(SocketActor):
        def configure(self, sio: Any) -> None:
            register(sio)

    bases: tuple[type[Any], ...] = (EngineActor,) if is_split else (Application, EngineActor)
    chat = type("Chat", bases, {"config": config} | ({"peer_binding": "SOCKET"} if is_split else {}))
    socket = type("Socket", (Application,), {"peer_binding": "CHAT"})

    class Default(WorkerEntrypoint):
        async def fetch(self, request: Any) -> Any:
            return await route(request, self.env.CHAT, config)

    module = ModuleType("composition")
    vars(module).update(Chat=chat, Socket=socket, Default=Default)
    return module


def alone() -> ModuleType:
    """Write the entry of one object."""
    return compose(PLAIN, is_split=False)


def split() -> ModuleType:
    """Write the entry of two objects."""
    return compose(PLAIN, is_split=True)


def chosen() -> ModuleType:
    """Write the entry of two objects, of which a function chooses the second."""
    return compose(EngineConfig(path="/socket.io/", choose_peer=choose), is_split=True)
