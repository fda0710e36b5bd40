"""Clients connect and drop, one after the other: the server's memory does not grow, nobody is left behind, the log stays short.

Six hundred of them; with `E2E_FAULT_SECONDS` above 60, as in `nox -s soak`, ten thousand.

It is counted twice. Inside, Python's objects: one that is left of each client would be seen. Without, the resident memory of both
processes of workerd that `wrangler dev` runs. Both grow, by what the runtime keeps for each connection: one of them is wrangler's
proxy, through which the same connections go, and which runs no line of ours. Ours must not grow more than that one.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from clients.polling import Site
from conftest import EngineWorker
from waiting import until

pytestmark = pytest.mark.alone

CONNECTS = 10_000 if float(os.environ.get("E2E_FAULT_SECONDS", "20")) > 60 else 600
BATCHES = 10
LANES = 20
FAST = "FAST/e0"
#: Objects that Python may have more at the end than after the third batch, and MB that our process may grow more than the proxy.
MORE_OBJECTS = 100 + CONNECTS // 20
MORE_MB = 40


def resident_mb(group: int) -> dict[str, float]:
    """Return the resident memory of each workerd process of a process group, in megabytes, as Linux does."""
    return {process: kb / 1_024 for process, kb in _resident_kb(group)}


def _resident_kb(group: int) -> Iterator[tuple[str, int]]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                name, _, rest = (process / "stat").read_text().rpartition(") ")
                status = (process / "status").read_text()
            except OSError:
                continue
            if int(rest.split()[2]) == group and "workerd" in name:
                yield process.name, int(status.partition("VmRSS:")[2].split()[0])


async def _come_and_go(http: aiohttp.ClientSession, url: str, number: int) -> str:
    """Connect and leave, in the way that is this number's turn; returns which one it was."""
    if number % 5 == 4:
        client = await Site(http, url, "/fast/").open()
        if number % 2:
            # On a machine that stalls for more than a second, the session has timed out before.
            return "a poll and a close packet" if (await client.post("1")).status == 200 else "a close packet too late"
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


async def test_many_come_and_go_and_leave_nothing(own_engine_worker: EngineWorker) -> None:
    async def nobody_is_left() -> bool:
        found = await own_engine_worker.probe(FAST)
        return bool(found["sockets"] == found["rows"] == 0)

    group, ways, began = own_engine_worker.server.group_id, Counter[str](), time.monotonic()
    memory, objects = [resident_mb(group)], [await own_engine_worker.ask("objects", FAST)]
    log_before = len(own_engine_worker.log)
    for batch in range(BATCHES):
        numbers = iter(range(batch * CONNECTS // BATCHES, (batch + 1) * CONNECTS // BATCHES))
        await asyncio.gather(*(_churn(own_engine_worker, numbers, ways) for _ in range(LANES)))
        await until(nobody_is_left, "all that left are forgotten")
        memory.append(resident_mb(group))
        objects.append(await own_engine_worker.ask("objects", FAST))
    events = Counter(await own_engine_worker.seen(FAST))
    ours, proxy = sorted(
        memory[0], key=memory[0].__getitem__, reverse=True
    )  # Python makes the process large from the start
    series = [[round(one[process]) for one in memory] for process in (ours, proxy)]
    took_s = time.monotonic() - began
    print(f"{CONNECTS} in {took_s:.0f} s; MB {series}; objects {objects}; {dict(events)}; {dict(ways)}")  # noqa: T201
    assert ways.total() == CONNECTS
    assert len(ways.keys() - {"a close packet too late"}) == 5
    assert ways["a close packet too late"] < CONNECTS / 200
    assert events["connect"] == sum(count for what, count in events.items() if what.startswith("disconnect"))
    assert events["connect"] > 0.95 * CONNECTS
    assert objects[-1] < objects[3] + MORE_OBJECTS
    assert memory[-1][ours] - memory[3][ours] < memory[-1][proxy] - memory[3][proxy] + MORE_MB
    assert len(own_engine_worker.log) - log_before < 20
