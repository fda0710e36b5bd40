"""The one alarm of an engine alone, in the model of the runtime."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_wire.testing import World

ECHO = Path(__file__).parents[2] / "examples" / "echo"
OPEN = "/engine.io/?EIO=4&transport=websocket"
INTERVAL_S = 25


@pytest.fixture
def world() -> Iterator[World]:
    with World.load(ECHO) as world:
        yield world


def test_it_rings_for_the_first_that_is_due_whoever_came_later(world: World) -> None:
    first = world.connect(OPEN)
    world.advance(INTERVAL_S - 5)
    world.connect(OPEN)
    first.take()
    world.advance(6)
    assert first.take() == ["2"]


def test_a_sweep_that_fails_is_made_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    client = world.connect(OPEN)
    world.advance(INTERVAL_S - 5)
    engine = world.actor("ECHO", "e0").wake().instance
    works = engine._application.swept

    def fails(_: object) -> bool:
        engine._application.swept = works
        raise RuntimeError("on purpose")

    engine._application.swept = fails
    world.advance(6)
    assert "= a sweep failed" in caplog.text
    client.take()
    world.advance(INTERVAL_S + 1)
    assert client.take() == ["2"]
