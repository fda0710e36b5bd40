"""A fault of ours stays small, and what a neighbouring release left on an open socket is read: an engine alone, on real workerd."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import pytest
from clients.polling import poll
from clients.raw import RawSocket, connect, handshake
from conftest import EngineWorker
from waiting import until

ENGINE, FAST, STRICT = "ENGINE/e0", "FAST/e0", "STRICT/e0"


async def is_well(client: RawSocket) -> None:
    await client.send("4well?")
    assert await client.receive_message() == "well?"


async def test_a_socket_whose_attachment_cannot_be_written_is_closed_and_no_other(
    own_engine_worker: EngineWorker,
) -> None:
    """Its close packet would have its record changed. Those before and behind it in one sweep, and in one broadcast, get theirs."""
    worker = own_engine_worker
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(connect(worker.url, "/fast/")) for _ in range(5)]
        broken = clients[2]
        await worker.ask("fault", FAST, f"attachment,{broken.open['sid']}")
        assert (await broken.wait_closed()).code == 1011
        assert await worker.ended(FAST, broken.open["sid"]) == ["transport error"]
        others = [client for client in clients if client is not broken]
        for client in others:
            await is_well(client)
        await others[0].send("4all:to everybody")
        for client in others:
            assert await client.receive_message() == "to everybody"
        assert len(worker.log_lines("is closed: a step of it failed")) == 1


async def test_a_session_that_cannot_be_stored_is_closed_and_the_others_of_that_flush_are_stored(
    own_engine_worker: EngineWorker,
) -> None:
    worker = own_engine_worker
    async with poll(worker.url) as one, poll(worker.url) as broken, poll(worker.url) as other:
        await worker.ask("fault", ENGINE, f"row,{broken.sid}")
        async with connect(worker.url, "/engine.io/") as sender:
            await sender.send("4all:kept for all")
            await until(lambda: worker.ended(ENGINE, broken.sid), "the broken one has ended")
        assert await worker.seen(ENGINE, broken.sid) == ["connect", "disconnect: transport error"]
        assert await worker.ask("kill", ENGINE) is None
        for client in (one, other):
            assert await client.receive() == ["4kept for all"], "it was in its row"


async def test_a_sweep_that_fails_is_made_again(own_engine_worker: EngineWorker) -> None:
    worker = own_engine_worker
    async with connect(worker.url, "/fast/") as client:
        await worker.ask("fault", FAST, "sweep")

        async def has_failed() -> bool:
            return bool(worker.log_lines("= a sweep failed"))

        await until(has_failed, "a sweep has failed")
        pings = 0
        while pings < 5:
            if await client.receive() == "2":  # else it is the runtime's noop, after a pong
                pings += 1
                await client.send("3")


async def test_a_sweep_lists_the_sockets_once_and_reads_each_record_once(own_engine_worker: EngineWorker) -> None:
    worker = own_engine_worker
    async with AsyncExitStack() as stack:
        for _ in range(20):
            opened = [stack.enter_async_context(connect(worker.url, "/crowd/")) for _ in range(20)]
            await asyncio.gather(*opened)
        counts = await worker.ask("sweep", "CROWD/e0")
        assert counts == {"listed": 1, "read": 400}


async def test_handshakes_under_way_count_towards_the_limit_of_an_address(engine_worker: EngineWorker) -> None:
    target = "/strict/?EIO=4&transport=polling&held"
    headers = {"CF-Connecting-IP": "203.0.113.7"}
    asked = [asyncio.create_task(_ask(engine_worker.url + target, headers)) for _ in range(12)]

    async def all_others_are_answered() -> bool:
        return sum(one.done() for one in asked) == 10

    await until(all_others_are_answered, "ten are refused while two are judged")
    assert await engine_worker.ask("let_in", "STRICT/e0")
    assert sorted(await asyncio.gather(*asked)) == [200] * 2 + [403] * 10


async def _ask(url: str, headers: dict[str, str]) -> int:
    async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as response:
        return response.status


async def test_what_a_session_may_send_is_forgotten_with_it(engine_worker: EngineWorker) -> None:
    before = await engine_worker.ask("allowances", ENGINE)
    for _ in range(5):
        async with connect(engine_worker.url, "/engine.io/") as client:
            await is_well(client)

    async def is_forgotten() -> bool:
        return bool(await engine_worker.ask("allowances", ENGINE) <= before)

    await until(is_forgotten, "no allowance is left")


@pytest.mark.parametrize("release", ["appended", "shortened"])
async def test_records_of_neighbouring_releases_are_read_on_open_sockets(
    own_engine_worker: EngineWorker, release: str
) -> None:
    worker = own_engine_worker
    async with connect(worker.url, "/engine.io/") as one, connect(worker.url, "/engine.io/") as two:
        await is_well(one)
        for _ in range(2):
            await worker.ask("fault", ENGINE, release)
            await worker.ask("evict", ENGINE)
            await is_well(one)
            await two.send("4all:both of us")
            assert await one.receive_message() == await two.receive_message() == "both of us"
        await one.send("1")
        assert await worker.ended(ENGINE, one.open["sid"]) == ["client disconnect"]


async def test_a_record_that_cannot_be_read_closes_its_socket_so_that_the_client_reconnects(
    own_engine_worker: EngineWorker,
) -> None:
    worker = own_engine_worker
    async with connect(worker.url, "/engine.io/") as one:
        await worker.ask("fault", ENGINE, "damaged")
        await worker.ask("evict", ENGINE)
        await one.send("4anybody there?")
        assert (await one.wait_closed()).code == 1011

        async def is_logged() -> bool:
            return bool(worker.log_lines("record cannot be read"))

        await until(is_logged, "the record's fault is logged")
        assert len(worker.log_lines("record cannot be read")) == 1
    assert (await handshake(worker.url, "/engine.io/?EIO=4&transport=websocket"))[0] == 101
