"""Clients of other kinds: Python's synchronous ones, and npm's socket.io-client 3 with the transports it has by default."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest
from clients.blocking import PATIENCE_S, EngineThread, SocketThread, engine_thread, socket_thread
from clients.node import node_client
from conftest import EngineWorker, Worker

TRANSPORTS = pytest.mark.parametrize("transports", [["polling", "websocket"], ["polling"], ["websocket"]], ids="+".join)
MIXED: list[str | bytes] = ["text", b"\x00\x1e\xff\x04", "ünïcödé €😀", "", b"", b"b4", "x" * 50_000, b"y" * 50_000]

#: Python's synchronous clients leave sockets that the server closed to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@pytest.fixture(autouse=True)
def nothing_left_for_other_tests() -> Iterator[None]:
    """Collect what is left of the clients before the warnings count again."""
    yield
    gc.collect()


def _exchange(client: EngineThread, transport: str) -> str:
    """Talk in both directions over the transport it ends up with; returns the sid."""
    for data in MIXED:
        client.send(data)
    assert client.take(len(MIXED)) == MIXED
    client.send("transport:")
    assert client.take(1) == [transport]
    client.send("many:40")
    assert client.take(40) == [str(number) for number in range(40)]
    return str(client.sid)


@TRANSPORTS
async def test_the_synchronous_engine_client_talks_and_leaves(
    engine_worker: EngineWorker, transports: list[str]
) -> None:
    def talk() -> str:
        with engine_thread(engine_worker.url, "/old/", transports) as client:
            return _exchange(client, transports[-1])

    sid = await asyncio.to_thread(talk)
    (reason,) = await engine_worker.ended("OLD/e0", sid)
    # It closes its WebSocket while another thread sends the close packet.
    assert reason == "client disconnect" or (reason, transports[-1]) == ("transport close", "websocket")


@TRANSPORTS
async def test_the_synchronous_engine_client_stays_over_heartbeats_and_is_closed_by_the_server(
    engine_worker: EngineWorker, transports: list[str]
) -> None:
    def talk() -> str:
        with engine_thread(engine_worker.url, "/old/", transports) as client:
            client.send("stream:400")  # some two seconds, and six pings
            assert client.take(400)[-1] == "stream:400"
            sid = str(client.sid)
            client.send("leave:farewell")
            assert client.take(1) == ["farewell"]
            assert client.reasons.get(timeout=PATIENCE_S) in ("transport error", "server disconnect")
            return sid

    sid = await asyncio.to_thread(talk)
    assert await engine_worker.ended("OLD/e0", sid) == ["server disconnect"]


def _talk(ann: SocketThread, bob: SocketThread) -> None:
    # No attachments on the way down: this client handles each frame in a thread of its own, so that they overtake one another.
    data = {"deep": ["one", {"two": 2}, "ü"]}
    assert ann.call("echo", data) == data
    assert ann.call("ask", "q") == ["q", "answered"]
    assert ann.call("enter", "blue") == ["blue"]
    assert bob.call("say", ("blue", data)) == "ok"
    assert ann.next("said") == (data,)
    assert ann.call("leave", "blue") == []
    assert bob.call("say", ("blue", "nobody")) == "ok"
    assert bob.call("say", (None, "everybody")) == "ok"
    assert ann.next("said") == ("everybody",)


@TRANSPORTS
async def test_the_synchronous_socket_client_talks_and_comes_back(own_worker: Worker, transports: list[str]) -> None:
    """Its blocking calls run in a thread, beside those of the test."""

    def meet() -> None:
        with (
            socket_thread(own_worker.url, transports, user="ann") as ann,
            socket_thread(own_worker.url, transports) as bob,
        ):
            _talk(ann, bob)
            before = ann.get_sid(), bob.get_sid()
            asyncio.run_coroutine_threadsafe(own_worker.kill("engine"), loop).result(PATIENCE_S)
            for client, sid in zip((ann, bob), before, strict=True):
                assert client.next("disconnect") == ("transport error",)
                client.next("connect")
                assert client.get_sid() != sid
            _talk(ann, bob)
            assert ann.call("whoami")["session"] == {"user": "ann"}

    loop = asyncio.get_running_loop()
    await asyncio.to_thread(meet)


@pytest.mark.parametrize("transports", [None, ["websocket"], ["polling"]], ids=str)
async def test_npm_client_3_talks_and_comes_back(own_worker: Worker, transports: list[str] | None) -> None:
    options: dict[str, Any] = {"reconnectionDelay": 50, "reconnectionDelayMax": 200}
    if transports:
        options["transports"] = transports
    async with (
        node_client(own_worker.url, package="socket.io-client-3", auth={"user": "ann"}, **options) as ann,
        node_client(own_worker.url, package="socket.io-client-3", **options) as bob,
    ):
        first = await ann.next("connect")
        assert first["transport"] == (transports or ["polling"])[0]
        await bob.next("connect")
        for _ in range(2):
            data = {"deep": [b"one", {"two": b"\x00\xff"}, "ü"]}
            assert await ann.call("echo", 1, data) == [1, data]
            assert await ann.call("ask", "q") == ["q"]
            assert await ann.call("enter", "blue") == [["blue"]]
            assert await bob.call("say", "blue", data) == ["ok"]
            assert (await ann.next("event", event="said"))["args"] == [data]
            assert await ann.call("leave", "blue") == [[]]
            assert await bob.call("say", "blue", "nobody") == ["ok"]
            assert await bob.call("say", None, "everybody") == ["ok"]
            assert (await ann.next("event", event="said"))["args"] == ["everybody"]
            assert (await ann.call("whoami"))[0]["session"] == {"user": "ann"}
            await own_worker.kill("engine")
            assert (await ann.next("disconnect"))["reason"] in ("transport close", "transport error")
            assert (await ann.next("connect"))["id"] != first["id"]
            await bob.next("connect")
