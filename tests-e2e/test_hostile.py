"""A hostile client costs itself only: the others go on, and the log stays short.

`E2E_FAULT_SECONDS=120` makes ten thousand connects of the few hundred.
"""

import asyncio
import os
import re
import select
import socket
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import pytest
from clients.polling import encode, poll, site
from clients.raw import Closed, RawSocket, connect
from conftest import EngineWorker
from waiting import silence, until

pytestmark = pytest.mark.alone

CONNECTS = 10_000 if float(os.environ.get("E2E_FAULT_SECONDS", "20")) > 60 else 300
ENGINE = "ENGINE/e0"
#: An upgrade, and a close frame with its code, as they are on the wire.
UPGRADE = (
    b"GET %s?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
CLOSE_FRAME = re.compile(rb"\x88\x02(\x03.)", re.DOTALL)


@asynccontextmanager
async def few_log_lines(worker: EngineWorker, limit: int) -> AsyncIterator[None]:
    """Bound what the Worker says of what happens meanwhile; wrangler's own line for each request is not ours."""
    before = len(worker.log)
    yield
    said = worker.log[before:]
    assert len(said) <= limit, said[-10:]


async def round_trips_ms(client: RawSocket, seconds: float) -> list[float]:
    """Measure a polite client's echo, one every few milliseconds."""
    found = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        await client.send("4polite")
        while (frame := await client.receive()) != "4polite":
            if frame == "2":
                await client.send("3")
        found.append(1_000 * (time.perf_counter() - began))
        await silence(0.02)
    return found


async def still_serves(worker: EngineWorker) -> None:
    """A newcomer is served as ever, over both transports."""
    async with connect(worker.url, "/engine.io/") as one, poll(worker.url) as two:
        await one.send("4well")
        assert await one.receive() == "4well"
        await two.send("4well")
        assert await two.receive() == ["4well"]
        await two.send("1")


async def test_clients_that_connect_and_drop_leave_nothing(engine_worker: EngineWorker) -> None:
    before = (await engine_worker.probe(ENGINE))["rows"]
    lanes = asyncio.Semaphore(20)
    url = f"{engine_worker.url}/engine.io/?EIO=4&transport=websocket"

    async def drop(http: aiohttp.ClientSession, number: int) -> None:
        async with lanes, http.ws_connect(url) as ws:
            if number % 2 == 0:
                assert ws._response.connection is not None
                ws._response.connection.close()

    async with few_log_lines(engine_worker, 20), aiohttp.ClientSession() as http:
        await asyncio.gather(*(drop(http, number) for number in range(CONNECTS)))

        async def is_empty() -> bool:
            return bool((await engine_worker.probe(ENGINE))["rows"] <= before)

        await until(is_empty, "all that dropped are forgotten")
    await still_serves(engine_worker)


def _flood_raw(host: str, port: int) -> int:
    """Send frames as fast as the machine can, ten times what is allowed; returns the close code. For a thread of its own."""
    frame = b"\x81\x86\x00\x00\x00\x004flood"
    with socket.create_connection((host, port)) as client:
        client.sendall(UPGRADE % b"/crowd/")
        client.setblocking(False)
        received, sending = b"", frame * 20_000
        while not (closed := CLOSE_FRAME.search(received)):
            readable, writable, _ = select.select([client], [client] if sending else [], [], 30)
            assert readable or writable, "not closed within 30 s"
            if readable:
                received = received[-3:] + client.recv(65_536)
            if writable:
                sending = sending[client.send(sending[:65_536]) :]
        return int.from_bytes(closed[1])


async def _flood_socket(worker: EngineWorker) -> int:
    host, port = worker.url.removeprefix("http://").split(":")
    return await asyncio.to_thread(_flood_raw, host, int(port))


async def _flood_posts(worker: EngineWorker) -> int:
    """Post as much as possible until refused; returns the status."""
    async with poll(worker.url, "/crowd/") as client:
        while (answer := await client.post(*["4x"] * 500)).status == 200:
            await client.receive(500)
        return answer.status


@pytest.mark.parametrize(("flood", "slack_ms"), [(_flood_socket, 5), (_flood_posts, 50)])
async def test_a_flood_is_closed_and_another_client_stays_and_is_served_meanwhile(
    engine_worker: EngineWorker, flood: Callable[[EngineWorker], Awaitable[int]], slack_ms: float
) -> None:
    """The runtime delivers a socket's frames until none is left; the engine makes it look for others' in between.

    A payload of a POST is taken in one go, so there others wait for one of 500 messages at a time.
    """
    async with connect(engine_worker.url, "/crowd/") as polite, few_log_lines(engine_worker, 20):
        quiet = await round_trips_ms(polite, 2)
        before = (await engine_worker.ask("counters", "CROWD/e0"))["frames"]
        flooding = asyncio.ensure_future(flood(engine_worker))
        loud = []
        while not flooding.done():
            loud += await round_trips_ms(polite, 0.2)
        assert flooding.result() in (1011, 400)
        frames = (await engine_worker.ask("counters", "CROWD/e0"))["frames"] - before
        normal, meanwhile = statistics.median(quiet), statistics.median(loud)
        print(  # noqa: T201
            f"{flood.__name__}: median round trip {normal:.1f} ms, in the flood {meanwhile:.1f}; longest {max(quiet):.0f} and "
            f"{max(loud):.0f}; {len(loud)} round trips beside {frames} frames"
        )
        # Left alone, the runtime serves nobody else until the flood is over: some ten round trips in 20,000 frames.
        assert len(loud) >= 15
        assert meanwhile < 2 * normal + slack_ms
    await still_serves(engine_worker)


async def test_names_that_mean_something_to_javascript_mean_nothing_here(engine_worker: EngineWorker) -> None:
    names = ["__proto__", "constructor", "toString", "hasOwnProperty", "__class__", "__init__"]
    async with site(engine_worker.url) as where, few_log_lines(engine_worker, 40):
        for name in names:
            for query in (f"transport={name}", f"transport=polling&sid={name}", f"transport=websocket&sid={name}"):
                assert (await where.ask(query=f"EIO=4&{query}")).status == 400
            client = await where.open(f"{name}=1&{name}[{name}]=2", headers={name.strip("_"): name})
            await client.send(f"4{name}", f"4{name}:{name}", f"4keep:{name}", "4kept:")
            expected = [f"4{name}", f"4{name}:{name}", f'4{{"kept": "{name}"}}']
            assert await client.receive(3) == expected
            await client.send("1")


async def test_clients_that_stay_half_open_are_swept(engine_worker: EngineWorker) -> None:
    async with few_log_lines(engine_worker, 20), AsyncExitStack() as left:
        host, port = engine_worker.url.removeprefix("http://").split(":")
        sids = []
        for _ in range(5):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(UPGRADE % b"/fast/")
            await reader.readuntil(b"\r\n\r\n")
            opening = (await reader.readuntil(b"}")).decode(errors="replace")
            sids.append(opening.split('"sid":"')[1].split('"')[0])
            writer.write_eof()
            left.callback(writer.close)
        for sid in sids:
            (reason,) = await engine_worker.ended("FAST/e0", sid)
            assert reason in ("ping timeout", "transport close", "transport error")


async def test_posts_that_never_end_hold_up_their_own_session_only(engine_worker: EngineWorker) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield encode("4never")
        for _ in range(100):
            await silence(0.1)
            yield b"x"

    async with few_log_lines(engine_worker, 20), poll(engine_worker.url, "/fast/") as slow:
        posting = asyncio.create_task(slow.post(data=trickle()))
        async with connect(engine_worker.url, "/fast/") as other:
            await other.send("4well")
            while await other.receive() != "4well":
                pass
        assert await engine_worker.ended("FAST/e0", slow.sid) == ["ping timeout"]
        posting.cancel()
        with suppress(asyncio.CancelledError, aiohttp.ClientError):
            await posting


async def test_frames_as_large_as_they_come_close_their_sender(engine_worker: EngineWorker) -> None:
    async with connect(engine_worker.url, "/engine.io/") as bystander, few_log_lines(engine_worker, 20):
        for frame in ("4" + "x" * 1_000_000, b"x" * 1_000_001):
            async with connect(engine_worker.url, "/engine.io/", max_msg_size=0) as client:
                await client.send(frame)
                assert (await client.wait_closed()).code == 1009
                assert await engine_worker.ended(ENGINE, client.open["sid"]) == ["transport error"]
        async with connect(engine_worker.url, "/engine.io/", max_msg_size=0) as client:
            # The runtime's own limit is 32 MiB; it closes before we see anything.
            with suppress(Closed, ConnectionError):
                await client.send(b"x" * (33 * 1024 * 1024))
            await client.wait_closed(30)
        await bystander.send("4still here")
        assert await bystander.receive() == "4still here"
