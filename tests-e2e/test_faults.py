"""Clients exchange numbered messages while lives end around them: who stays connected sees no gap, no duplicate, no reorder.

Each takes 12 s; `nox -s soak` runs them for two minutes.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from clients.exchange import Exchange, Tally
from clients.raw import connect
from conftest import Worker
from waiting import silence, until

pytestmark = pytest.mark.two_objects

CLIENTS = 20
SECONDS = float(os.environ.get("E2E_FAULT_SECONDS", "12"))


@asynccontextmanager
async def exchanging(worker: Worker, path: str = "/socket.io/") -> AsyncIterator[Tally]:
    """Let the clients talk; afterwards all of them have stopped."""
    tally, stopping = Tally(), asyncio.Event()
    clients = [asyncio.create_task(Exchange(worker.url, tally, seed, stopping, path).run()) for seed in range(CLIENTS)]
    await until(lambda: _async(tally.answered >= CLIENTS), "all clients talk")
    try:
        yield tally
    finally:
        stopping.set()
        await asyncio.wait_for(asyncio.gather(*clients), 60)


async def _async(value: bool) -> bool:
    return value


async def repeat(action: Callable[[], Awaitable[None]], every_s: float, share: float = 1.0) -> int:
    """Do something every few seconds for the length of the test, or a share of it; returns how often."""
    times = int(SECONDS * share / every_s)
    for _ in range(times):
        await silence(every_s)
        await action()
    return times


async def no_session_is_left(worker: Worker, actor: str = "socket") -> None:
    """The socket actor knows nobody any more, and its log of gaps is empty."""

    async def is_empty() -> bool:
        found = await worker.probe(actor)
        return [found[table] for table in ("sessions", "sockets", "rooms")] == [0, 0, 0]

    await until(is_empty, "all sessions have ended", patience_s=60)
    found = await worker.probe(actor)
    assert found["gaps"] == 0
    assert found["connects"] == found["disconnects"]


async def test_the_socket_actor_is_aborted_again_and_again(own_worker: Worker) -> None:
    async with exchanging(own_worker) as tally:
        times = await repeat(lambda: own_worker.kill("socket"), 2)
    assert tally.faults == []
    assert tally.closed_without_work == 0
    assert tally.closed < times * CLIENTS / 2
    assert tally.answered > times * CLIENTS
    await no_session_is_left(own_worker)


async def test_the_engine_actor_is_evicted_again_and_again(own_worker: Worker) -> None:
    """Where all calls are RPCs: an object that has opened a stream is not evicted."""
    async with exchanging(own_worker, "/wide/") as tally:
        times = await repeat(lambda: own_worker.evict("wide-engine-0"), 2)
    assert tally.faults == []
    assert tally.closed_without_work == 0
    assert tally.answered > times * CLIENTS
    await no_session_is_left(own_worker, "wide-socket")


async def test_the_engine_actor_is_aborted_and_everything_restarted(restarted_worker: Worker) -> None:
    async with exchanging(restarted_worker) as tally:
        await repeat(lambda: restarted_worker.kill("engine"), 4, share=0.5)
        before = tally.sessions
        await asyncio.to_thread(restarted_worker.server.kill)
        await asyncio.to_thread(restarted_worker.server.start)
        await until(lambda: _async(tally.sessions >= before + CLIENTS), "all clients are back", patience_s=60)
        await repeat(lambda: restarted_worker.kill("engine"), 4, share=0.5)
    assert tally.faults == []
    await no_session_is_left(restarted_worker)


async def test_idle_clients_stay_through_any_of_both(own_worker: Worker) -> None:
    async with connect(own_worker.url) as one, connect(own_worker.url) as two:
        for client in (one, two):
            await client.join()
        for number in range(1, 6):
            await own_worker.kill("socket")
            await own_worker.evict("engine")
            for client in (one, two):
                await client.send(f'42["up",{number},0]')
                assert await client.receive_message() == f'2["down",{number}]'
    await no_session_is_left(own_worker)


async def test_handlers_that_outlive_their_engine_actor_are_waited_for_in_peace(own_worker: Worker) -> None:
    """While they run, both actors' lists of sessions differ; that is said once a sweep, not without end."""
    async with AsyncExitStack() as stack:
        for _ in range(5):
            client = await stack.enter_async_context(connect(own_worker.url, "/fast/"))
            await client.join()
            await client.send('42["wait",3]')
        await own_worker.kill("fast-engine")

        async def are_gone() -> bool:
            found = await own_worker.probe("fast-socket")
            return [found[what] for what in ("sessions", "connects", "disconnects")] == [0, 5, 5]

        await until(are_gone, "all sessions have ended", patience_s=30)
        assert len(own_worker.log_lines("is gone from")) == 5
        assert (await own_worker.counters("fast-engine"))["rpcs"] < 40
