"""Work that goes on beside the events of an object, in the model of the runtime."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from model_project import write_project

from shared_wire.testing import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World.load(write_project(tmp_path)) as made:
        yield made


def test_work_that_waits_for_another_event_keeps_its_object_awake(world: World) -> None:
    counter = world.actor("COUNTER", "one")
    world.run(counter.call("an RPC", "begin_work"))
    life = counter.life
    world.advance(60)
    assert counter.life is life
    assert world.run(counter.call("an RPC", "end_work")) == "done"
    world.sleep()
