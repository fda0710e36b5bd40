"""The name of an object in lives that the runtime begins with its id alone, in the model of the runtime."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from model_project import write_project

from shared_wire.testing import Actor, Faults, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World.load(write_project(tmp_path)) as made:
        yield made


def name(world: World, counters: Counter[str]) -> str | None:
    """Ask the life that an event would meet."""
    from shared_wire.durable import name_of_object

    return name_of_object(world.actor("COUNTER", "one").wake().instance.ctx, counters)


def test_it_is_stored_by_the_first_life_that_has_one_and_by_no_other(world: World) -> None:
    counters = Counter[str]()
    assert name(world, counters) == name(world, counters) == "one"
    world.actor("COUNTER", "one").reset()
    assert name(world, counters) == "one"
    assert counters == {"rows_written": 1}


def test_a_life_without_one_has_that_of_an_earlier_life(world: World) -> None:
    assert name(world, Counter()) == "one"
    actor = world.actor("COUNTER", "one")
    actor.reset()
    actor.is_nameless = True
    assert actor.wake().instance.ctx.id.name is None
    assert name(world, Counter()) == "one"


def test_an_object_that_was_never_reached_by_name_has_none(world: World) -> None:
    world.actor("COUNTER", "one").is_nameless = True
    assert name(world, Counter()) is None


class _FullDisk(Faults):
    def write(self, owner: Actor, what: str) -> str | None:
        return "database or disk is full"


def test_a_life_that_cannot_store_its_name_begins(world: World) -> None:
    world.faults = _FullDisk()
    counters = Counter[str]()
    assert name(world, counters) == "one"
    assert counters == {}
