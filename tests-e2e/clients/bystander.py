"""A client that was there before an attack, and must not notice it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conftest import EngineWorker, Worker
from waiting import silence

from clients.raw import RawSocket, connect

__all__ = ["few_lines", "undisturbed"]

#: Marks of lines that are not the server's: wrangler's for each request, and the runtime's, often late, for frames that are none.
NOT_OURS = ("[wrangler:info]", "kj/compat/http.c++")
SETTLED_S = 0.1


@asynccontextmanager
async def undisturbed(
    worker: Worker | EngineWorker, path: str, revision: int = 4, *, lines: int = 1
) -> AsyncIterator[None]:
    """Require that a client is served before and after, on one connection, and that the log grows by few lines.

    The client is a session of actor 0 of ``path``, as an attacker is.
    """
    async with connect(worker.url, path, f"EIO={revision}&transport=websocket") as client:
        if isinstance(worker, Worker):
            await client.join()
        async with _heartbeats(client, revision):
            await _is_served(client, worker)
            async with few_lines(worker, lines):
                yield
                await _is_served(client, worker)


@asynccontextmanager
async def few_lines(worker: Worker | EngineWorker, lines: int) -> AsyncIterator[None]:
    """Require that the log grows by at most so many lines."""
    before = len(await _settled_log(worker))
    yield
    said = (await _settled_log(worker))[before:]
    assert len(said) <= lines, said


async def _is_served(client: RawSocket, worker: Worker | EngineWorker) -> None:
    asked, answer = ('421["echo","well"]', '431["well"]') if isinstance(worker, Worker) else ("4well", "4well")
    await client.send(asked)
    while (received := await client.receive()) != answer:
        assert received in ("2", "3", "6"), received
        if received == "2":
            await client.send("3")


@asynccontextmanager
async def _heartbeats(client: RawSocket, revision: int) -> AsyncIterator[None]:
    """Send the pings that a client of revision 3 owes."""
    over = revision != 3

    async def beat() -> None:
        while not over:
            await client.send("2")
            await silence(0.2)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        over = True
        await beating


async def _settled_log(worker: Worker | EngineWorker) -> list[str]:
    """Return the lines of the log when none has come for a moment: they pass through several processes."""
    said = _said(worker)
    while True:
        await silence(SETTLED_S)
        if len(more := _said(worker)) == len(said):
            return more
        said = more


def _said(worker: Worker | EngineWorker) -> list[str]:
    return [
        line
        for line in worker.server.log_text().splitlines()
        if line.strip() and not any(map(line.__contains__, NOT_OURS))
    ]
