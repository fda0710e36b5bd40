"""A handshake that is on its way when its object is reset, on real workerd."""

import asyncio

import aiohttp
from clients.raw import connect
from conftest import EngineWorker
from waiting import until

ENGINE = "ENGINE/e0"
POLLING = "/engine.io/?EIO=4&transport=polling&held"


async def test_a_handshake_whose_object_is_reset_is_answered_503_and_the_next_one_is_served(
    engine_worker: EngineWorker,
) -> None:
    seen = len(await engine_worker.seen(ENGINE))
    async with aiohttp.ClientSession() as session:
        asking = asyncio.create_task(session.get(engine_worker.url + POLLING))

        async def is_held() -> bool:
            return (await engine_worker.seen(ENGINE))[seen:] == ["connect"]

        await until(is_held, "the handshake is in its object")
        await engine_worker.ask("kill", ENGINE)
        async with asyncio.timeout(10), await asking as answer:
            assert (answer.status, await answer.text()) == (503, "Service unavailable")
            assert answer.headers["retry-after"] == "1"
    async with connect(engine_worker.url, "/engine.io/") as client:
        await client.send("4served")
        assert await client.receive() == "4served"
