"""Clients connect and drop, one after the other: the server's memory does not grow, nobody is left behind, the log stays short.

Six hundred of them; with `E2E_FAULT_SECONDS` above 60, as in `nox -s soak`, ten thousand.
"""

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import aiohttp
from clients.polling import Site
from conftest import EngineWorker
from waiting import until

CONNECTS = 10_000 if float(os.environ.get("E2E_FAULT_SECONDS", "20")) > 60 else 600
BATCHES = 20
LANES = 20
#: Megabytes that the server may take more at the end than after the first quarter: less than 4 kB for each of ten thousand.
GROWTH_MB = 40


def resident_mb(group: int) -> float:
    """Add up the resident memory of the workerd processes of a process group, in megabytes, as Linux tells it."""
    return sum(_resident_kb(group)) / 1_024


def _resident_kb(group: int) -> Iterator[int]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                name, _, rest = (process / "stat").read_text().rpartition(") ")
                status = (process / "status").read_text()
            except OSError:
                continue
            if int(rest.split()[2]) == group and "workerd" in name:
                yield int(status.partition("VmRSS:")[2].split()[0])


async def _come_and_go(http: aiohttp.ClientSession, url: str, number: int) -> str:
    """Connect and leave, in the way that is this number's turn; returns which one it was."""
    if number % 5 == 4:
        client = await Site(http, url, "/fast/").open()
        if number % 2:
            await client.send("1")
            return "a poll and a close packet"
        return "a poll that is not repeated"
    async with http.ws_connect(f"{url}/fast/?EIO=4&transport=websocket") as ws:
        match number % 5:
            case 0:
                assert ws._response.connection is not None
                ws._response.connection.close()
                return "a dropped connection"
            case 1:
                await ws.receive()
                await ws.send_str("1")
                return "a close packet"
            case 2:
                await ws.receive()
                await ws.send_str("4well")
                assert (await ws.receive()).data in ("4well", "2")
    return "a closed WebSocket"


async def _churn(worker: EngineWorker, numbers: Iterator[int], ways: Counter[str]) -> None:
    """Let clients come and go until the numbers are used up."""
    async with aiohttp.ClientSession() as http:
        for number in numbers:
            ways[await _come_and_go(http, worker.url, number)] += 1


async def test_ten_thousand_come_and_go_and_leave_nothing(own_engine_worker: EngineWorker) -> None:
    group, ways, memory = own_engine_worker.server.group_id, Counter[str](), list[float]()
    log_before = len(_said(own_engine_worker))
    began = time.monotonic()
    for batch in range(BATCHES):
        numbers = iter(range(batch * CONNECTS // BATCHES, (batch + 1) * CONNECTS // BATCHES))
        await asyncio.gather(*(_churn(own_engine_worker, numbers, ways) for _ in range(LANES)))
        memory.append(resident_mb(group))
    took_s = time.monotonic() - began

    async def nobody_is_left() -> bool:
        found = await own_engine_worker.probe("FAST/e0")
        return bool(found["sockets"] == found["rows"] == 0)

    await until(nobody_is_left, "all that left are forgotten")
    events = Counter(await own_engine_worker.seen("FAST/e0"))
    said = _said(own_engine_worker)[log_before:]
    print(  # noqa: T201
        f"{CONNECTS} in {took_s:.0f} s; resident MB {[round(one) for one in memory]}; {dict(events)}; {dict(ways)}; log {said}"
    )
    assert ways.total() == CONNECTS
    assert len(ways) == 5
    assert events["connect"] == sum(count for what, count in events.items() if what.startswith("disconnect"))
    assert events["connect"] > 0.95 * CONNECTS
    assert statistics.median(memory[-5:]) < statistics.median(memory[5:10]) + GROWTH_MB
    assert len(said) < 20


def _said(worker: EngineWorker) -> list[str]:
    """What the Worker says; wrangler's own line for each request is not ours."""
    return [line for line in worker.server.log_text().splitlines() if line.strip() and "[wrangler:info]" not in line]
