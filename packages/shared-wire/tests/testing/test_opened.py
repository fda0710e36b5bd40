"""A WebSocket from one object to another. `tests-e2e/scenarios.py` holds what comes over it against workerd."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from model_project import write_project

from shared_wire.testing import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World.load(write_project(tmp_path)) as made:
        made.run(made.actor("COUNTER", "near").call("an RPC", "open_stream", "far"))
        yield made


def test_it_keeps_its_opener_awake_until_it_is_closed_and_nobody_else(world: World) -> None:
    near, far = world.actor("COUNTER", "near"), world.actor("COUNTER", "far")
    world.advance(60)
    assert near.life is not None
    assert near.life.keeps_awake() == ["a WebSocket that it has opened"]
    assert far.life is None
    world.run(near.call("an RPC", "say", "hello"))
    assert world.run(near.call("an RPC", "heard")) == "['hello 1 hello']", "the other woke, over the same socket"
    world.run(near.call("an RPC", "close_stream"))
    world.sleep()


def test_it_ends_with_the_life_of_its_opener(world: World) -> None:
    near, far = world.actor("COUNTER", "near"), world.actor("COUNTER", "far")
    assert len(far.sockets) == 1
    near.evict()
    world.settle()
    assert len(far.sockets) == 0
