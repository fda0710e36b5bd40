import asyncio
import time
from collections.abc import Iterator

import pytest

from shared_wire.testing.loop import EPOCH_MS, EagerTask, VirtualLoop


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop()
    yield made
    made.close()


def test_waiting_takes_virtual_time_alone(loop: VirtualLoop) -> None:
    began = time.perf_counter()
    loop.complete(asyncio.sleep(86_400))
    assert loop.time() == 86_400
    assert time.perf_counter() - began < 5


def test_time_passes_timer_by_timer(loop: VirtualLoop) -> None:
    seen: list[tuple[str, float]] = []
    loop.call_later(2, lambda: seen.append(("second", loop.time())))
    loop.call_later(1, lambda: seen.append(("first", loop.time())))
    loop.call_later(9, lambda: seen.append(("never", loop.time())))
    loop.advance(5)
    assert seen == [("first", 1), ("second", 2)]
    assert loop.time() == 5


def test_settling_lets_no_time_pass(loop: VirtualLoop) -> None:
    seen: list[int] = []

    def again(left: int) -> None:
        seen.append(left)
        if left:
            loop.call_soon(again, left - 1)

    loop.call_soon(again, 3)
    loop.call_later(0.1, again, 0)
    loop.settle()
    assert (seen, loop.time()) == ([3, 2, 1, 0], 0)


def test_the_clock_of_the_system_says_virtual_time_within(loop: VirtualLoop) -> None:
    async def look() -> tuple[float, int]:
        await asyncio.sleep(60)
        return time.time(), time.time_ns()

    before = time.time()
    assert loop.complete(look()) == (EPOCH_MS / 1000 + 60, (EPOCH_MS + 60_000) * 1_000_000)
    assert before <= time.time() < before + 60, "it is put back"


def test_waiting_for_what_never_comes_is_an_error(loop: VirtualLoop) -> None:
    async def wait() -> None:
        await loop.create_future()

    with pytest.raises(RuntimeError, match="never comes"):
        loop.complete(wait())


def test_a_task_may_begin_at_once_within_another(loop: VirtualLoop) -> None:
    seen: list[str] = []

    async def inner() -> None:
        seen.append("inner begins")
        await asyncio.sleep(1)
        seen.append("inner ends")

    async def outer() -> None:
        task = EagerTask(inner(), loop=loop, eager_start=True)
        seen.append("outer goes on")
        assert asyncio.current_task() is not task
        await task

    loop.complete(outer())
    assert seen == ["inner begins", "outer goes on", "inner ends"]
