"""The one alarm of an engine alone, in the model of the runtime."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared_wire.testing import Actor, Faults, World
from shared_wire.testing.loop import EPOCH_MS

ECHO = Path(__file__).parents[2] / "examples" / "echo"
OPEN = "/engine.io/?EIO=4&transport=websocket"
INTERVAL_S = 25


class Early(Faults):
    """Alarms ring while the clock stands a moment before their time."""

    def alarm_s(self, owner: Actor) -> float:
        del owner
        return -0.001


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


def test_an_alarm_that_fires_while_it_is_asked_for_is_not_taken_for_one_that_is_set(world: World) -> None:
    world.connect(OPEN)
    alarm = world.actor("ECHO", "e0").wake().instance._alarm
    storage, asked = alarm._storage, []

    class Slow:
        setAlarm = storage.setAlarm  # noqa: N815 - JavaScript's name

        async def getAlarm(self) -> float:  # noqa: N802 - JavaScript's name
            asked.append(alarm.at_ms)
            alarm._sweeping = True  # a sweep goes on, so the one that fires sets no other
            await alarm.ring(EPOCH_MS)
            alarm._sweeping = False
            return EPOCH_MS - 1

    alarm._storage, alarm.at_ms = Slow(), None
    world.run(alarm.arm(EPOCH_MS + 5_000))
    assert asked == [None]
    assert world.actor("ECHO", "e0").storage.alarm_ms == EPOCH_MS + 5_000


def test_an_alarm_that_fires_during_a_sweep_is_set_again(world: World) -> None:
    world.connect(OPEN)
    actor = world.actor("ECHO", "e0").wake().instance
    alarm, sweep = actor._alarm, actor._alarm._sweep

    async def slow(now: int) -> Any:
        next_ms = await sweep(now)
        await alarm.arm(now + 1)
        await alarm.ring(now + 1)
        assert alarm.at_ms is None
        return next_ms

    alarm._sweep = slow
    world.run(alarm.ring(EPOCH_MS))
    assert world.actor("ECHO", "e0").storage.alarm_ms is not None
    assert alarm.at_ms is not None


def test_an_alarm_that_fires_a_moment_early_counts_as_due(world: World) -> None:
    client = world.connect(OPEN)
    actor = world.actor("ECHO", "e0")
    alarm = actor.wake().instance._alarm
    client.take()
    due_ms = alarm.at_ms
    world.run(alarm.ring(due_ms - 1))
    assert client.take() == ["2"]
    assert actor.storage.alarm_ms > due_ms


@pytest.mark.parametrize("is_known", [True, False])
def test_the_next_alarm_is_never_set_for_the_time_of_the_one_that_fires(world: World, is_known: bool) -> None:
    """The runtime stores it, and does not fire it."""
    world.connect(OPEN)
    actor = world.actor("ECHO", "e0")
    alarm = actor.wake().instance._alarm
    due_ms = alarm.at_ms
    alarm.at_ms = due_ms if is_known else None
    alarm._tell = lambda: alarm.arm_application(due_ms)
    world.run(alarm.ring(due_ms - 1))
    assert due_ms < actor.storage.alarm_ms < due_ms + 100


def test_where_every_alarm_fires_a_moment_early_everybody_is_pinged(world: World) -> None:
    world.faults = Early()
    client = world.connect(OPEN)
    client.take()
    world.advance(1)
    for _ in range(4):
        world.advance(INTERVAL_S)
        assert client.take().count("2") == 1
        client.send("3")
