"""Clients of the test Worker behind lines that are cut in each way there is, while numbers are published."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from conftest import Worker
from waiting import silence, until

from clients.line import CUTS, Line
from clients.raw import connect
from clients.recovering import Recovering, recovering
from clients.streams import ask, numbers, told

__all__ = ["histories_of_cut_lines"]

PATH = "/lines/"
INTERVAL_S = 0.1
#: How long they are connected between two cuts.
TALK_S = 0.5
#: A client that polls has a connection for each request, and at times none: how often it is cut, so that one is lost that it needs.
POLLS = 6


async def histories_of_cut_lines(
    worker: Worker, rounds: int, transport: str = "websocket"
) -> dict[str, list[dict[str, Any]]]:
    """Cut so often, all at once, and wait until everybody is back and has the last number; returns what each client saw."""
    async with AsyncExitStack() as stack:
        lines = [await stack.enter_async_context(Line(worker.url).laid()) for _ in CUTS]
        urls = [line.url for line in lines]
        started = recovering(urls, len(lines), path=PATH, transports=[transport])
        clients = await stack.enter_async_context(started)
        async with publishing(worker):
            for number in range(1, rounds + 1):
                await silence(TALK_S)
                await cut(lines, times=1 if transport == "websocket" else POLLS)
                await are_back(clients, number, len(lines) if transport == "websocket" else 3)
        async with connect(worker.url, PATH, "transport=websocket&EIO=4") as publisher:
            await publisher.join()
            last = int((await ask(publisher, "publish"))[0])
        return dict(zip(CUTS, await all_have(clients, last), strict=True))


async def cut(lines: Sequence[Line], times: int) -> None:
    """Cut each line in its way, so many times in short order."""
    for _ in range(times):
        for how, line in zip(CUTS, lines, strict=True):
            line.cut(how)
        await silence(INTERVAL_S / 2)


@asynccontextmanager
async def publishing(worker: Worker) -> AsyncIterator[None]:
    """Publish numbers meanwhile, over a line that is not cut."""

    async def publish() -> None:
        async with connect(worker.url, PATH, "transport=websocket&EIO=4") as publisher:
            await publisher.join()
            while True:
                await ask(publisher, "publish")
                await silence(INTERVAL_S)

    task = asyncio.create_task(publish())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def are_back(clients: Recovering, times: int, least: int) -> None:
    """Wait until so many have connected so often again: a client that polls may lose what it needed no more."""

    async def holds() -> bool:
        return sum(len(told(history)) >= 1 + times for history in await clients.histories()) >= least

    await until(holds, "they are back", patience_s=30)
    await clients.all_connected()


async def all_have(clients: Recovering, last: int) -> list[list[dict[str, Any]]]:
    """Wait until each has this number; returns what they saw."""

    async def holds() -> list[list[dict[str, Any]]] | None:
        histories = await clients.histories()
        return histories if all((numbers(history) or [0])[-1] == last for history in histories) else None

    found: list[list[dict[str, Any]]] = await until(holds, f"all have {last}", patience_s=30)
    return found
