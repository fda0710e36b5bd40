"""The alarm of an engine alone, in the model of the runtime."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_wire.testing import World

ECHO = Path(__file__).parents[2] / "examples" / "echo"
OPEN_POLLING, OPEN_SOCKET = ("/engine.io/?EIO=4&transport=" + transport for transport in ("polling", "websocket"))


@pytest.fixture
def world() -> Iterator[World]:
    with World.load(ECHO) as world:
        yield world


@pytest.mark.parametrize("first", [OPEN_POLLING, OPEN_SOCKET])
def test_all_clients_are_pinged_together_whatever_carries_them_and_whoever_is_due_first(
    world: World, first: str
) -> None:
    second = OPEN_SOCKET if first is OPEN_POLLING else OPEN_POLLING
    sockets = []
    for path in (first, second, first, second):
        if path is OPEN_SOCKET:
            sockets.append(world.connect(path))
        else:
            assert world.fetch(path).status == 200
        world.advance(1)
    for socket in sockets:
        socket.take()
    before = world.cost.alarms
    world.advance(24)
    assert [socket.take() for socket in sockets] == [["2"], ["2"]]
    assert world.cost.alarms == before + 1
