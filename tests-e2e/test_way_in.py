"""The runtime calls handlers as functions of JavaScript, unless a class says that its own may block."""

import asyncio

from clients.raw import connect
from conftest import EngineWorker

FROM_WITHIN = "RuntimeError: Cannot stack switch because the Python entrypoint was a synchronous function."


async def test_a_handler_cannot_block_on_a_promise_and_what_waits_can(engine_worker: EngineWorker) -> None:
    async with connect(engine_worker.url, "/engine.io/") as client:
        await client.send("4block:20")
        assert await client.receive_message() == "begins"
        assert str(await client.receive_message()).startswith(FROM_WITHIN)
        await client.send("4wait:20")
        assert await client.receive_message() == "waited"


async def test_a_class_can_have_handlers_that_block_while_others_are_served(engine_worker: EngineWorker) -> None:
    async with connect(engine_worker.url, "/strict/") as client, connect(engine_worker.url, "/strict/") as other:
        await client.send("4block:1000")
        assert await client.receive_message() == "begins"
        outcome = asyncio.ensure_future(client.receive_message())
        await other.send("4meanwhile")
        assert await other.receive_message() == "meanwhile"
        assert not outcome.done()
        assert await outcome == "blocked"


async def test_a_handler_is_reached_by_every_way_to_call_it(engine_worker: EngineWorker) -> None:
    called = await engine_worker.ask("ways", "ENGINE/e0")
    assert called == ["plainly", "callRelaxed", "callPromising", "call", "callWithOptions", "bind", "apply"]
