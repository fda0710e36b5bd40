"""The stream between an engine actor and a socket actor on the real runtime: what it costs, when it is closed, who sleeps."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from clients.raw import RawSocket, connect
from conftest import Worker
from waiting import silence, until

pytestmark = pytest.mark.parametrize("worker", ["two objects"], indirect=True)

#: More than the seconds after which a stream over which nothing is said is closed; and those after which an object sleeps.
QUIET_S = 2.0
ASLEEP_S = 13.0
#: A reset is known within this: 0.1 s, and what a busy machine needs.
KNOWN_S = 0.3


async def ask(client: RawSocket, event: str, *args: object) -> None:
    await client.send("421" + json.dumps([event, *args]))
    assert str(await client.receive_message()).startswith("31")


async def look(worker: Worker) -> dict[str, dict[str, Any]]:
    return {actor: await worker.counters(actor) for actor in ("engine", "socket")}


def spent(before: dict[str, Any], after: dict[str, Any], what: str) -> int:
    """Count what an actor has spent in one life."""
    assert before["life"] == after["life"]
    return int(after.get(what, 0)) - int(before.get(what, 0))


async def open_stream(worker: Worker, client: RawSocket) -> None:
    """Ask so often that a stream is opened; what is asked next goes over it."""

    async def is_open() -> bool:
        await ask(client, "echo", "x")
        return bool((await worker.counters("engine")).get("streams_opened"))

    for _ in range(20):
        await ask(client, "echo", "x")
    await until(is_open, "a stream is opened")


@asynccontextmanager
async def joined(worker: Worker, count: int = 1) -> AsyncIterator[list[RawSocket]]:
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connect(worker.url)) for _ in range(count)]
        for client in clients:
            await client.join()
        yield clients


async def test_events_over_an_open_stream_are_no_rpc(own_worker: Worker) -> None:
    async with joined(own_worker) as [client]:
        await open_stream(own_worker, client)
        before = await look(own_worker)
        for _ in range(20):
            await ask(client, "echo", "x")
        after = await look(own_worker)
        assert [spent(before[one], after[one], "rpcs") for one in ("engine", "socket")] == [0, 0]
        assert [spent(before[one], after[one], "stream_messages") for one in ("engine", "socket")] == [20, 20]
        assert after["engine"]["streams_opened"] == 1


async def test_large_frames_and_what_comes_later_go_over_it(own_worker: Worker) -> None:
    async with joined(own_worker) as [client]:
        await open_stream(own_worker, client)
        before = await look(own_worker)
        await ask(client, "echo", "x" * 90_000)
        await ask(client, "wait", 0.2)
        after = await look(own_worker)
        assert spent(before["socket"], after["socket"], "rpcs") == 0
        assert spent(before["socket"], after["socket"], "stream_messages") == 3, (
            "two events, and the answer to our call"
        )


async def test_a_stream_is_closed_when_it_is_quiet_and_the_next_event_is_one_rpc(own_worker: Worker) -> None:
    async with joined(own_worker) as [client]:
        await open_stream(own_worker, client)
        await silence(QUIET_S)
        before = await look(own_worker)
        await ask(client, "echo", "x")
        after = await look(own_worker)
        assert spent(before["engine"], after["engine"], "rpcs") == 1
        assert spent(before["socket"], after["socket"], "stream_messages") == 0


async def test_both_objects_sleep_after_a_stream(own_worker: Worker) -> None:
    async with joined(own_worker) as [client]:
        await open_stream(own_worker, client)
        before = await look(own_worker)
        await silence(ASLEEP_S)
        await ask(client, "echo", "x")
        after = await look(own_worker)
        assert all(before[one]["life"] != after[one]["life"] for one in ("engine", "socket"))


async def test_the_socket_actor_sleeps_and_wakes_over_the_same_stream(own_worker: Worker) -> None:
    async with joined(own_worker) as [client]:
        await open_stream(own_worker, client)
        before = await look(own_worker)
        await own_worker.evict("socket")
        await ask(client, "wait", 0.1)
        after = await look(own_worker)
        assert before["socket"]["life"] != after["socket"]["life"]
        assert spent(before["engine"], after["engine"], "rpcs") == 0
        assert (after["socket"].get("rpcs", 0), after["socket"].get("rpcs_taken", 0)) == (0, 0)
        assert after["engine"]["streams_opened"] == 1


async def test_a_reset_of_the_socket_actor_is_known_at_once(own_worker: Worker) -> None:
    async with joined(own_worker, 2) as [waiting, quiet]:
        await open_stream(own_worker, quiet)
        await waiting.send('421["wait",60]')
        await ask(quiet, "echo", "x")
        closed = asyncio.create_task(waiting.wait_closed())
        began = time.monotonic()
        await own_worker.kill("socket")
        assert (await closed).code == 1011
        took_s = time.monotonic() - began
        print(f"a reset was known after {took_s * 1000:.0f} ms")  # noqa: T201
        assert took_s < KNOWN_S
        await ask(quiet, "echo", "still here")


async def test_a_client_cannot_open_a_stream(own_worker: Worker) -> None:
    headers = {"x-shared-wire-stream": "1", "x-shared-wire-sender": "e0"}
    async with joined(own_worker) as [client], connect(own_worker.url, headers=headers) as other:
        await other.join()
        await ask(other, "echo", "x")
        await ask(client, "echo", "x")
        assert "stream_messages" not in await own_worker.counters("socket")
