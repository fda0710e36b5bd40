"""A class whose application moves by a deploy: from its own object to another, or back. Sockets stay, and nobody is forgotten."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from engine_do import EngineConfig
from shared_wire.testing.modules import install
from socketio_do.testing import World

install()

from engine_do.durable import EngineActor, route  # noqa: E402 - they import what the line before puts in place
from shared_wire.testing.modules import WorkerEntrypoint  # noqa: E402
from socketio_do.durable import SocketActor  # noqa: E402

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


@pytest.fixture
def begun() -> Iterator[Callable[[ModuleType], World]]:
    worlds: list[World] = []

    def begin(entry: ModuleType) -> World:
        worlds.append(World(entry, BINDINGS))
        return worlds[-1]

    yield begin
    for world in worlds:
        world.close()


def move(world: World, entry: ModuleType) -> None:
    """Have all objects adopt other code while they sleep, as a deploy does: sockets and storage stay."""
    world.sleep()
    world._entry = entry


@pytest.mark.parametrize(
    ("before", "after"),
    [(alone, split), (alone, chosen), (split, alone), (chosen, alone)],
    ids=["one-two", "one-chosen", "two-one", "chosen-one"],
)
def test_a_quiet_client_is_closed_by_the_next_sweep_and_is_served_when_it_returns(
    begun: Callable[[ModuleType], World], before: Callable[[], ModuleType], after: Callable[[], ModuleType]
) -> None:
    world = begun(before())
    client = world.client()
    move(world, after())
    world.advance(2 * SWEPT_S)
    assert client.disconnected == "transport close", "the application that is there now does not know it"
    back = world.client()
    assert back.call("echo", "x") == "x"
    world.advance(4 * SWEPT_S)
    assert back.disconnected is None
    assert back.call("echo", "y") == "y"


@pytest.mark.parametrize(("before", "after"), [(alone, split), (split, alone)], ids=["one-two-one", "two-one-two"])
def test_there_and_back_again(
    begun: Callable[[ModuleType], World], before: Callable[[], ModuleType], after: Callable[[], ModuleType]
) -> None:
    """What was stored by the first release is still there, and out of date."""
    world = begun(before())
    world.client()
    world.advance(2 * SWEPT_S)
    move(world, after())
    world.client()
    world.advance(2 * SWEPT_S)
    move(world, before())
    client = world.client()
    world.advance(4 * SWEPT_S)
    assert client.disconnected is None
    assert client.call("echo", "x") == "x"


@pytest.mark.parametrize(("before", "after"), [(chosen, split), (split, chosen)], ids=["chosen-two", "two-chosen"])
def test_a_quiet_client_stays_where_it_is_known_and_leaves_when_another_object_hears_of_it(
    begun: Callable[[ModuleType], World], before: Callable[[], ModuleType], after: Callable[[], ModuleType]
) -> None:
    world = begun(before())
    client = world.client()
    move(world, after())
    world.advance(2 * SWEPT_S)
    assert client.disconnected is None
    client.emit("echo", "x")
    assert client.disconnected == "transport close"
    back = world.client()
    world.advance(4 * SWEPT_S)
    assert back.call("echo", "x") == "x"
