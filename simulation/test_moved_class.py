"""A class whose application moves by a deploy: from its own object to another, or back. Sockets stay, and nobody is forgotten."""

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from echo_entries import BINDINGS, SWEPT_S, alone, chosen, split

from socketio_do.testing import World


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
