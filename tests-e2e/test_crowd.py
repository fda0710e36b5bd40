"""An object with two thousand sockets: one alarm pings and sweeps them all, and other events come in between."""

import asyncio
import statistics
import time
from collections import Counter

import aiohttp
import pytest
from clients.raw import connect
from conftest import EngineWorker
from waiting import silence, until

pytestmark = pytest.mark.alone

CROWD = "CROWD/e0"
SOCKETS = 2_000


async def _stay(http: aiohttp.ClientSession, url: str, lanes: asyncio.Semaphore, seen: Counter[str]) -> None:
    """Answer pings until the end."""
    async with lanes:
        ws = await http.ws_connect(url)
        assert (await ws.receive()).data[0] == "0"
    seen["open"] += 1
    pings = 0
    async for message in ws:
        if message.data == "2":
            pings += 1
            seen[f"pinged {pings} times"] += 1
            await ws.send_str("3")
    seen["closed"] += 1


async def test_two_thousand_sockets_are_pinged_by_one_alarm_while_others_are_answered(
    engine_worker: EngineWorker,
) -> None:
    seen, lanes = Counter[str](), asyncio.Semaphore(50)
    url = f"{engine_worker.url}/crowd/?EIO=4&transport=websocket"
    connector = aiohttp.TCPConnector(limit=0)
    async with connect(engine_worker.url, "/crowd/") as other, aiohttp.ClientSession(connector=connector) as http:
        staying = [asyncio.create_task(_stay(http, url, lanes, seen)) for _ in range(SOCKETS)]

        async def reached(what: str) -> bool:
            return seen[what] == SOCKETS or bool(seen["closed"])

        await until(lambda: reached("open"), "all are open", patience_s=60)
        before = await engine_worker.ask("counters", CROWD)
        after_open = Counter(seen)
        round_trips = []
        began = time.monotonic()
        while not (await reached("pinged 3 times")) and time.monotonic() - began < 40:
            at = time.perf_counter()
            await other.send("4well")
            assert await other.receive_message() == "well"
            round_trips.append(1_000 * (time.perf_counter() - at))
            await silence(0.02)
        after = await engine_worker.ask("counters", CROWD)
        assert seen["closed"] == 0
        assert seen["pinged 3 times"] == SOCKETS, (after_open, seen)
        assert (await engine_worker.probe(CROWD))["sockets"] >= SOCKETS
        # Three rounds of pings, and an alarm or two for deadlines between.
        assert after["alarms"] - before.get("alarms", 0) <= 8
        # Pongs wake nobody: the frames that came are the other client's.
        assert after["frames"] - before.get("frames", 0) <= len(round_trips) + 5
        print(  # noqa: T201
            f"{len(round_trips)} round trips: median {statistics.median(round_trips):.1f} ms, "
            f"longest {max(round_trips):.0f} ms; {after['alarms'] - before.get('alarms', 0)} alarms"
        )
        assert max(round_trips) < 3_000
        for one in staying:
            one.cancel()
        await asyncio.gather(*staying, return_exceptions=True)
