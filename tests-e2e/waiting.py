"""Waiting for a condition, with a bound."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["silence", "until"]


async def until(holds: Callable[[], Awaitable[Any]], what: str, patience_s: float = 20.0) -> Any:
    """Ask until the answer is true; returns it. Fails with ``what`` and the last answer when it does not become true."""
    give_up = time.monotonic() + patience_s
    while not (answer := await holds()):
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {patience_s} s: {what}; last answer {answer!r}")
        await _pause(0.05)
    return answer


async def silence(seconds: float) -> None:
    """Say nothing for so long: the subject of the tests of hibernation is time without events."""
    await _pause(seconds)


async def _pause(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    timer = loop.call_later(seconds, over.set_result, None)
    try:
        await over
    finally:
        timer.cancel()
