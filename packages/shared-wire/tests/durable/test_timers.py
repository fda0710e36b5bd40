"""Timers, in the model of the runtime."""

from collections.abc import Iterator

import pytest

from shared_wire.testing.loop import VirtualLoop
from shared_wire.testing.modules import install

install()

from shared_wire.durable.timers import Timer, now_ms  # noqa: E402 - it imports what the line before puts in place


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop()
    yield made
    made.close()


async def set_timer(seconds: float, rung: list[int]) -> Timer:
    return Timer(seconds, lambda: rung.append(now_ms()))


def test_a_timer_rings_once_and_in_time(loop: VirtualLoop) -> None:
    rung: list[int] = []
    timer = loop.complete(set_timer(2, rung))
    began = loop.clock_ms()
    loop.advance(1.9)
    assert not timer.is_over
    loop.advance(10)
    assert timer.is_over
    assert rung == [began + 2_000]
    timer.cancel()


def test_a_timer_that_is_cancelled_never_rings(loop: VirtualLoop) -> None:
    rung: list[int] = []
    timer = loop.complete(set_timer(2, rung))
    with loop.as_running():
        timer.cancel()
    loop.advance(10)
    assert rung == []
    assert timer.is_over
