"""Stock clients against an engine alone: npm's engine.io-client of revision 4 and 3, and python-engineio."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import engineio
import pytest
from clients.engine_node import EngineClient, engine_client
from conftest import EngineWorker
from waiting import until

TRANSPORTS = (["polling", "websocket"], ["polling"], ["websocket"])
MIXED: list[str | bytes] = ["text", b"\x00\x1e\xff\x04", "ünïcödé €😀", "", b"", b"b4", "x" * 50_000, b"y" * 50_000]

#: Node's client sends a close packet only where there is no socket to close.
CLOSED_BY_NODE = {"polling": "client disconnect", "websocket": "transport close"}


def _names(transports: list[str]) -> str:
    return "+".join(transports)


async def _opened(client: EngineClient, transports: list[str]) -> str:
    """Wait until the client has opened, and moved if it wants to; returns its sid."""
    opened = await client.next("open")
    assert opened["transport"] == transports[0]
    if len(transports) == 2:
        assert (await client.next("upgrade"))["transport"] == "websocket"
    sid: str = opened["id"]
    return sid


def _where(revision: int) -> str:
    return "OLD/v3-0" if revision == 3 else "OLD/e0"


@pytest.mark.parametrize("revision", [4, 3])
@pytest.mark.parametrize("transports", TRANSPORTS, ids=_names)
async def test_node_text_and_binary_come_back_in_order(
    engine_worker: EngineWorker, revision: int, transports: list[str]
) -> None:
    async with engine_client(engine_worker.url, "/old/", revision, transports=transports) as client:
        for data in MIXED:
            await client.send(data)
        sid = await _opened(client, transports)
        for data in MIXED:
            await client.send(data)
        assert [await client.message() for _ in range(2 * len(MIXED))] == MIXED + MIXED
        await client.send("transport:")
        assert await client.message() == transports[-1]
        await client.close()
        assert (await client.next("close"))["reason"] == "forced close"
    assert await engine_worker.ended(_where(revision), sid) == [CLOSED_BY_NODE[transports[-1]]]


@pytest.mark.parametrize("revision", [4, 3])
@pytest.mark.parametrize("transports", TRANSPORTS, ids=_names)
async def test_node_stays_over_many_heartbeats_and_is_closed_by_the_server(
    engine_worker: EngineWorker, revision: int, transports: list[str]
) -> None:
    async with engine_client(engine_worker.url, "/old/", revision, transports=transports) as client:
        sid = await _opened(client, transports)
        for _ in range(8):
            await client.next("heartbeat")
        assert not client.happened("close")
        assert await engine_worker.seen(_where(revision), sid) == ["connect"]
        await client.send("leave:farewell")
        assert await client.message() == "farewell"
        assert (await client.next("close"))["reason"] == "transport close"
    assert await engine_worker.ended(_where(revision), sid) == ["server disconnect"]


async def test_node_of_revision_3_that_takes_no_binary(engine_worker: EngineWorker) -> None:
    for transports in TRANSPORTS:
        options: dict[str, Any] = {"transports": transports, "forceBase64": True}
        async with engine_client(engine_worker.url, "/old/", 3, **options) as client:
            await _opened(client, transports)
            for data in MIXED:
                await client.send(data)
            assert [await client.message() for _ in MIXED] == MIXED


@pytest.mark.parametrize("revision", [4, 3])
async def test_node_that_is_killed_is_found(engine_worker: EngineWorker, revision: int) -> None:
    sids = []
    for transports in (["polling"], ["websocket"]):
        async with engine_client(engine_worker.url, "/old/", revision, transports=transports) as client:
            sids.append(await _opened(client, transports))
            client.kill()
    reasons = [await engine_worker.ended(_where(revision), sid) for sid in sids]
    assert reasons[0] == ["ping timeout"]
    assert reasons[1] in (["transport close"], ["transport error"])


class PythonClient(engineio.AsyncClient):
    """Keeps what came."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.messages: list[str | bytes] = []
        self.reasons: list[str] = []
        self.on("message", self.messages.append)
        self.on("disconnect", self.reasons.append)

    async def received(self, count: int) -> list[str | bytes]:
        """Wait for so many messages and take them."""

        async def enough() -> bool:
            return len(self.messages) >= count

        await until(enough, f"{count} messages come")
        taken, self.messages[:] = self.messages[:count], self.messages[count:]
        return taken


@asynccontextmanager
async def python_client(url: str, path: str, transports: list[str] | None) -> AsyncIterator[PythonClient]:
    client = PythonClient()
    await client.connect(url, engineio_path=path, transports=transports)
    try:
        yield client
    finally:
        await client.disconnect()


@pytest.mark.parametrize("transports", [None, ["polling"], ["websocket"]], ids=str)
async def test_python_text_and_binary_come_back_in_order(
    engine_worker: EngineWorker, transports: list[str] | None
) -> None:
    last = (transports or ["websocket"])[-1]
    async with python_client(engine_worker.url, "engine.io", transports) as client:
        assert client.transport() == last
        for data in MIXED:
            await client.send(data)
        assert await client.received(len(MIXED)) == MIXED
        await client.send("transport:")
        assert await client.received(1) == [last]
        sid = str(client.sid)
    # On a WebSocket the client closes without waiting for its close packet to leave.
    allowed = ("client disconnect",) if last == "polling" else ("client disconnect", "transport close")
    (reason,) = await engine_worker.ended("ENGINE/e0", sid)
    assert reason in allowed


@pytest.mark.parametrize("transports", [None, ["polling"], ["websocket"]], ids=str)
async def test_python_stays_over_many_heartbeats_and_is_closed_by_the_server(
    engine_worker: EngineWorker, transports: list[str] | None
) -> None:
    async with python_client(engine_worker.url, "fast", transports) as client:
        for number in range(8):
            await asyncio.wait_for(client.send(str(number)), 5)
            assert await client.received(1) == [str(number)]
            await client.sleep(0.3)
        sid = str(client.sid)
        await client.send("leave:farewell")
        assert await client.received(1) == ["farewell"]

        async def left() -> bool:
            return client.state == "disconnected"

        await until(left, "the client has heard of the close")
    assert client.reasons == ["server disconnect" if transports == ["polling"] else "transport error"]
    assert await engine_worker.ended("FAST/e0", sid) == ["server disconnect"]


async def test_python_hears_of_a_refusal(engine_worker: EngineWorker) -> None:
    async with aiohttp.ClientSession() as http:
        client = PythonClient(http_session=http)
        # Over polling the client closes its HTTP session before it reads why it was refused, which may or may not work.
        with pytest.raises(engineio.exceptions.ConnectionError):
            await client.connect(f"{engine_worker.url}/?refuse", engineio_path="engine.io", transports=["websocket"])
