"""A WebSocket from one object to another. `tests-e2e/scenarios.py` holds what comes over it against workerd."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from model_project import write_project

from shared_wire.testing import Actor, Fate, Faults, World
from shared_wire.testing.values import LifeOver


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


def test_a_listener_that_was_removed_hears_nothing(world: World) -> None:
    near = world.actor("COUNTER", "near")
    world.run(near.call("an RPC", "say", "heard"))
    world.run(near.call("an RPC", "hear_no_more"))
    world.run(near.call("an RPC", "say", "not heard"))
    assert world.run(near.call("an RPC", "heard")) == "['hello 1 heard']"


def test_a_listener_that_removes_itself_does_not_hear_what_has_come_by_then(world: World) -> None:
    near = world.actor("COUNTER", "near")
    world.run(near.call("an RPC", "hear_no_more"))
    world.run(near.call("an RPC", "hear_once"))
    world.run(near.call("an RPC", "say_twice", "this"))
    assert world.run(near.call("an RPC", "heard")) == "['once: hello 1 this']"


def test_what_a_listener_raises_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    near = world.actor("COUNTER", "near")
    world.run(near.call("an RPC", "hear_badly"))
    world.run(near.call("an RPC", "say", "this"))
    [record] = caplog.records
    assert "a message event raised" in record.getMessage()


def test_an_event_that_meets_the_end_of_its_life_is_told_to_nobody(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    near, far = world.actor("COUNTER", "near"), world.actor("COUNTER", "far")
    world.run(near.call("an RPC", "hear_slowly"))
    world.run(near.call("an RPC", "say", "this"))
    world.advance(0.1)
    near.reset()
    world.settle()
    assert far.life is not None
    assert not caplog.records


class LateAnswers(Faults):
    """The answer to a request comes after a second."""

    def call(self, target: Actor, method: str) -> Fate:
        """Return what becomes of a call."""
        return Fate(told_s=1) if method == "fetch" else super().call(target, method)


def test_one_that_its_opener_does_not_live_to_see_is_closed(world: World) -> None:
    near, other = world.actor("COUNTER", "near"), world.actor("COUNTER", "other")
    world.faults = LateAnswers()
    opening = near.call("an RPC", "open_stream", "other")
    task = world.loop.create_task(opening)
    world.advance(0.5)
    assert len(other.sockets) == 1
    near.reset()
    world.settle()
    assert other.sockets == {}
    assert isinstance(task.exception(), LifeOver)
