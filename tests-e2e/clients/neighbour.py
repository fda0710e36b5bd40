"""A client that asks every few milliseconds, beside another one, and how long it waits for its answers."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

from waiting import silence

from clients.raw import RawSocket

__all__ = ["Asking", "Question", "asking"]

#: Makes a question of a number, with the answer to it.
Question: TypeAlias = Callable[[int], tuple[str | bytes, str | bytes]]

PACE_S = 0.003
#: A question may cost no more than this before the test fails.
PATIENCE_S = 30.0
#: Questions before an attack, and after it: what an attack leaves behind may hold others up as well.
BEFORE, AFTER = 3, 3


class Asking:
    """How long a client has waited for each of its answers."""

    def __init__(self) -> None:
        self.waits_ms: list[float] = []
        self.over = False

    @property
    def longest_ms(self) -> float:
        """The longest wait."""
        return max(self.waits_ms)

    def forget(self) -> None:
        """Count from here on."""
        self.waits_ms.clear()


@asynccontextmanager
async def asking(client: RawSocket, question: Question) -> AsyncIterator[Asking]:
    """Have a client ask meanwhile, and some times after; fails when its connection ends or an answer does not come."""
    found = Asking()
    work = asyncio.create_task(_ask(client, question, found))
    try:
        await _wait_for(found, BEFORE, work)
        found.forget()
        yield found
        await _wait_for(found, len(found.waits_ms) + AFTER, work)
    finally:
        found.over = True
        await work


async def _wait_for(found: Asking, count: int, work: "asyncio.Task[None]") -> None:
    while len(found.waits_ms) < count and not work.done():
        await silence(PACE_S)


async def _ask(client: RawSocket, question: Question, found: Asking) -> None:
    number = 0
    while not found.over:
        number += 1
        frame, answer = question(number)
        began = time.perf_counter()
        await client.send(frame)
        while (received := await client.receive(PATIENCE_S)) != answer:
            assert received in ("2", "3", "6"), received
            if received == "2":
                await client.send("3")
        found.waits_ms.append(1_000 * (time.perf_counter() - began))
        await silence(PACE_S)
