"""Who opens a connection and joins no namespace is closed in time, and costs nothing after.

Here the time is 1.5 s, and pings come every 0.3 s.
"""

import asyncio
import time

import pytest
from clients.polling import PollingSession, poll
from clients.raw import Closed, RawSocket, connect
from conftest import Worker
from waiting import silence, until

CONNECT_TIMEOUT_S = 1.5


async def _until_closed(client: RawSocket) -> tuple[int | None, float]:
    """Answer pings until the server closes; returns its code, and after how many seconds it closed."""
    began = time.monotonic()
    with pytest.raises(Closed) as closed:
        await client.receive_message()
    return closed.value.code, time.monotonic() - began


async def _until_refused(client: PollingSession) -> tuple[tuple[int, int], float]:
    """Poll, and answer pings, until a GET is refused; returns with what, and after how many seconds."""
    began = time.monotonic()
    while (answer := await client.get()).status == 200:
        assert set(answer.frames) <= {"2", "6"}
        await client.post("3")
    return answer.error, time.monotonic() - began


async def _stay(client: RawSocket) -> None:
    """Answer pings, and ask something now and then."""
    for number in range(12):
        await client.send(f'42{number}["echo","well"]')
        assert await client.receive_message() == f'3{number}["well"]'
        frame = await client.receive()
        assert frame in ("2", "6")
        if frame == "2":
            await client.send("3")


async def test_who_joins_nothing_is_closed_in_time_and_who_joined_stays(own_worker: Worker) -> None:
    async with (
        connect(own_worker.url, "/fast/") as joined,
        connect(own_worker.url, "/fast/") as refused,
        connect(own_worker.url, "/fast/") as silent,
        poll(own_worker.url, "/fast/") as polling,
    ):
        await joined.join()
        staying = asyncio.create_task(_stay(joined))
        await refused.send('40{"refuse":"x"}')
        assert str(await refused.receive_message()).startswith("4")
        found = await asyncio.gather(_until_closed(silent), _until_closed(refused), _until_refused(polling))
        assert [how for how, _ in found] == [1000, 1000, (400, 1)]
        for _, after_s in found:
            assert CONNECT_TIMEOUT_S / 2 < after_s < 2 * CONNECT_TIMEOUT_S  # a busy client begins to measure late
        await staying
        await joined.send('42["echo","and still here"]')
        assert (await own_worker.probe("fast-engine"))["sockets"] == 1
        assert (await own_worker.counters("fast-engine"))[
            "closed: server disconnect"
        ] == 1  # of those announced: the refused one


async def test_who_joins_nothing_costs_nothing_after(own_worker: Worker) -> None:
    async with connect(own_worker.url, "/fast/") as silent, poll(own_worker.url, "/fast/") as polling:
        await asyncio.gather(_until_closed(silent), _until_refused(polling))

    async def is_gone() -> bool:
        return bool((await own_worker.probe("fast-engine"))["sockets"] == 0)

    await until(is_gone, "its socket is gone")
    before = await own_worker.counters("fast-engine")
    await silence(2)
    assert await own_worker.counters("fast-engine") == before  # no alarm, no frame, no call, no row
    assert "rpcs" not in before
    found = await own_worker.probe("fast-socket")
    assert [found[what] for what in ("sessions", "sockets", "connects")] == [0, 0, 0]
