"""Lives that the runtime begins with the id alone, as where a cluster's process takes an object over for its alarm."""

from collections.abc import Iterator

import pytest
from echo_entries import BINDINGS, SWEPT_S, alone, split

from socketio_do.testing import World


@pytest.fixture(params=[alone, split], ids=lambda entry: entry.__name__)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    with World(request.param(), BINDINGS) as made:
        yield made


def test_the_alarm_of_an_object_without_a_name_sweeps_and_clients_come_back(world: World) -> None:
    ann = world.client()
    assert ann.call("echo", 1) == 1
    for actor in world.actors:
        actor.is_nameless = True
        actor.reset()
    world.advance(SWEPT_S)
    bob = world.client()
    assert bob.call("echo", 2) == 2
    assert all(actor.life is not None for actor in world.actors)
