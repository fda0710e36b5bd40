"""An engine actor that cannot be reached hears later which connections to close, whatever becomes of the socket actor meanwhile."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared_wire.testing import LOST, Actor, Fate, Faults
from socketio_do.testing import Client, World


def configure(sio: Any) -> None:
    @sio.event
    async def announce(sid: str) -> None:
        async def later() -> None:
            await asyncio.sleep(2)
            await sio.emit("news", "something")

        sio.start_background_task(later)


class _Cut(Faults):
    """Nobody reaches an engine actor by RPC."""

    is_on = False
    calls = 0

    def call(self, target: Actor, method: str) -> Fate:
        if not (self.is_on and target.binding == "ENGINE"):
            return super().call(target, method)
        self.calls += 1
        return LOST


@pytest.fixture
def cut() -> _Cut:
    return _Cut()


@pytest.fixture
def world(cut: _Cut) -> Iterator[World]:
    with World.of(configure, is_split=True) as made:
        made.faults = cut
        yield made


@pytest.fixture
def listener(world: World, cut: _Cut) -> Client:
    """A client that only listens, and that what was said to everybody has not reached."""
    made, speaker = world.client(), world.client()
    world.advance(60)
    speaker.emit("announce")
    world.settle()
    cut.is_on = True
    world.advance(60)
    assert made.received("news") == []
    return made


def socket_actor(world: World) -> Actor:
    found: list[Actor] = [one for one in world.actors if one.binding != "ENGINE"]
    return found[0]


def nothing(_world: World) -> None:
    """Let it sleep."""


@pytest.mark.parametrize("happens", [nothing, lambda world: world.reset(socket_actor(world).binding)])
def test_a_client_that_missed_something_is_told(
    world: World, cut: _Cut, listener: Client, happens: Callable[[World], None]
) -> None:
    assert listener.disconnected is None
    happens(world)
    cut.is_on = False
    world.advance(120)
    assert listener.disconnected == "transport close"
    assert listener.received("news") == []


def test_the_socket_actor_sleeps_though_it_never_reaches_it(world: World, cut: _Cut, listener: Client) -> None:
    world.advance(3 * 3_600)
    before = cut.calls
    awake = 0
    for _ in range(3_600):
        world.advance(1)
        awake += socket_actor(world).life is not None
    assert awake < 60
    assert 1 <= cut.calls - before <= 12


def test_who_has_heard_is_asked_no_more(world: World, cut: _Cut, listener: Client) -> None:
    cut.is_on = False
    world.advance(120)
    actor = socket_actor(world)
    world.advance(300)
    assert actor.storage.alarm_ms is None, "it has rung once more, and found nothing"
    assert actor.storage.kv.list({"prefix": "socketio_do:unheard:"}) == []
