"""What a reset takes from a client that polls, and what not. An abort ends a life like a crash, an eviction like sleep."""

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from clients.engine_node import engine_client
from clients.polling import PollingSession, poll
from clients.raw import connect
from clients.switching import Found, Switching
from conftest import EngineWorker
from waiting import silence, until

#: An object of its own, so that no other test's sessions are in the way.
ENGINE = "ENGINE/e1"
#: For so long the last test goes on; two minutes in `nox -s soak`.
SECONDS = float(os.environ.get("E2E_FAULT_SECONDS", "20"))


async def test_a_held_get_goes_on_at_the_next_life(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, query="actor=1") as client:
        for _ in range(3):
            held = client.hold()
            await silence(0.3)
            life = (await engine_worker.probe(ENGINE))["life"]
            await engine_worker.ask("kill", ENGINE)
            assert (await engine_worker.probe(ENGINE))["life"] != life
            await silence(0.3)
            assert not held.done()
            number = await engine_worker.ask("say", ENGINE, client.sid)
            assert (await held).frames == [f"4said:{number}"]
        assert await engine_worker.seen(ENGINE, client.sid) == ["connect"]


async def _follow(client: PollingSession, found: list[str]) -> None:
    while True:
        found += [str(one) for one in await client.receive()]


async def test_what_an_answer_that_was_lost_held_comes_again_once(engine_worker: EngineWorker) -> None:
    before = (await engine_worker.probe(ENGINE))["said"]
    async with poll(engine_worker.url, query="actor=1") as client:
        found: list[str] = []
        following = asyncio.create_task(_follow(client, found))
        for turns in [*range(12), 20, 40]:
            await silence(0.05)
            # The life ends so many turns of its loop after it sent: before, while and after the answer leaves.
            await engine_worker.ask("say", ENGINE, f"{client.sid},{turns}")
            await engine_worker.ask("say", ENGINE, client.sid)
        said = (await engine_worker.probe(ENGINE))["said"]

        async def arrived() -> bool:
            return len(found) >= said - before or following.done()

        await until(arrived, "all that was said arrives")
        assert found == [f"4said:{number}" for number in range(before + 1, said + 1)]
        assert said - before >= 14
        following.cancel()


@pytest.mark.parametrize("end", ["kill", "evict"])
async def test_packets_that_nobody_fetched_yet_are_kept(engine_worker: EngineWorker, end: str) -> None:
    async with poll(engine_worker.url, query="actor=1") as client:
        await client.send("4keep:this", "4many:20", b"\x00\xff")
        await engine_worker.ask(end, ENGINE)
        assert (await client.get()).frames == [f"4{number}" for number in range(16)]
        await engine_worker.ask(end, ENGINE)
        assert (await client.get()).frames == ["416", "417", "418", "419", b"\x00\xff"]
        await engine_worker.ask(end, ENGINE)
        await client.send("4kept:")
        assert (await client.get()).frames == ['4{"kept": "this"}']
        assert await engine_worker.seen(ENGINE, client.sid) == ["connect"]


async def test_a_post_in_whose_middle_the_life_ends_ends_the_session(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, query="actor=1") as client:
        held = client.hold()
        await silence(0.3)
        assert (await client.post("4note:before", "4die:", "4note:after")).status in (400, 500)
        assert (await held).error == (400, 1)
        assert await engine_worker.ended(ENGINE, client.sid) == ["transport error"]
        assert (await client.get()).error == (400, 1)


async def _slow_body() -> AsyncIterator[bytes]:
    yield b"4note:"
    await silence(1)
    yield b"late"


async def test_a_post_whose_body_still_came_ends_the_session(engine_worker: EngineWorker) -> None:
    async with poll(engine_worker.url, query="actor=1") as client:
        posting = asyncio.create_task(client.post(data=_slow_body()))
        await silence(0.3)
        await engine_worker.ask("kill", ENGINE)
        assert (await posting).status in (400, 500)
        assert await engine_worker.ended(ENGINE, client.sid) == ["transport error"]
        assert "message: late" not in await engine_worker.seen(ENGINE, client.sid)


@pytest.mark.parametrize("probed", [False, True])
async def test_a_life_that_ends_during_an_upgrade_leaves_the_client_polling(
    engine_worker: EngineWorker, probed: bool
) -> None:
    async with poll(engine_worker.url, query="actor=1") as client:
        async with client.probe() as ws:
            held = client.hold()
            await silence(0.3)
            if probed:
                await ws.send("2probe")
                assert await ws.receive() == "3probe"
                assert (await held).frames == ["6"]
            await engine_worker.ask("kill", ENGINE)
            await ws.wait_closed()
        if not probed:
            await engine_worker.ask("say", ENGINE, client.sid)
            assert str((await held).frames[0]).startswith("4said:")
        await client.send("4still polling")
        assert (await client.get()).frames == ["4still polling"]
        async with client.probe() as ws:
            await ws.send("2probe")
            assert await ws.receive() == "3probe"
            await ws.send("5")
            await ws.send("4moved")
            assert await ws.receive() == "4moved"


async def test_an_upgrade_that_an_eviction_forgot_does_not_leave_the_client_waiting(
    engine_worker: EngineWorker,
) -> None:
    async with poll(engine_worker.url, query="actor=1") as client, client.probe() as ws:
        await ws.send("2probe")
        assert await ws.receive() == "3probe"
        await engine_worker.ask("evict", ENGINE)
        await ws.send("5")
        await ws.wait_closed()
        await client.send("4still polling")
        assert await client.receive() == ["4still polling"]


async def test_websocket_sessions_that_an_abort_took_are_told_once_by_the_alarm(engine_worker: EngineWorker) -> None:
    async with (
        poll(engine_worker.url, "/fast/") as polling,
        connect(engine_worker.url, "/fast/") as one,
        connect(engine_worker.url, "/fast/") as two,
    ):
        await two.send("4keep:this")
        await engine_worker.ask("kill", "FAST/e0")
        for client in (one, two):
            assert (await client.wait_closed()).code == 1006
            assert await engine_worker.ended("FAST/e0", client.open["sid"]) == ["transport error"]
        assert set((await polling.get()).frames) == {"2"}
        assert await engine_worker.seen("FAST/e0", polling.sid) == ["connect"]
        await polling.send("1")


async def test_a_session_that_moved_and_was_then_taken_is_told_once(engine_worker: EngineWorker) -> None:
    async with engine_client(engine_worker.url, "/fast/") as client:
        sid = (await client.next("open"))["id"]
        await client.next("upgrade")
        await client.send("keep:this")
        await client.send("kept:")
        assert await client.message() == '{"kept": "this"}'
        await engine_worker.ask("kill", "FAST/e0")
        assert (await client.next("close"))["reason"] == "transport close"
        assert await engine_worker.ended("FAST/e0", sid) == ["transport error"]


async def test_node_over_polling_only_notices_no_reset(engine_worker: EngineWorker) -> None:
    options: dict[str, Any] = {"transports": ["polling"], "query": {"actor": "1"}}
    async with engine_client(engine_worker.url, "/engine.io/", **options) as client:
        sid = (await client.next("open"))["id"]
        for number in range(6):
            await engine_worker.ask("kill", ENGINE)
            await client.send(f"{number}")
            assert await client.message() == f"{number}"
        assert await engine_worker.seen(ENGINE, sid) == ["connect"]


async def test_aborts_in_polls_posts_and_upgrades_leave_no_gap_and_no_needless_end(
    own_engine_worker: EngineWorker,
) -> None:
    """A GET that is cut goes on unnoticed; a POST that is cut ends its session; an upgrade that is cut leaves it polling."""
    found, stopping, kills = Found(), asyncio.Event(), int(SECONDS / 0.4)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        clients = [Switching(http, own_engine_worker.url, f"client {n}", found, stopping) for n in range(10)]
        talking = [asyncio.create_task(client.run()) for client in clients]
        for _ in range(kills):
            await silence(0.4)
            await own_engine_worker.ask("kill", ENGINE)
        stopping.set()
        await asyncio.wait_for(asyncio.gather(*talking), 60)
    print(kills, "aborts;", dict(found.counts))  # noqa: T201
    assert found.faults == []
    seen = await own_engine_worker.seen(ENGINE)
    assert not [what for what in seen if what.startswith("gap")]
    for what in ("POSTs cut", "upgrades cut", "WebSockets cut"):
        assert found.counts[what] >= kills / 20, what
    for what in ("answers over polling", "answers after an upgrade"):
        assert found.counts[what] > kills / 2, what
