"""Both test Workers under `wrangler dev`, with its proxy in front. The other tests have plain workerd, which starts faster."""

import pytest
from clients.cut_lines import histories_of_cut_lines
from clients.engine_node import engine_client
from clients.node import node_client
from clients.python import client
from clients.streams import check_stream, told
from conftest import EngineWorker, Worker


@pytest.mark.parametrize("transports", [["polling"], ["websocket"], ["polling", "websocket"]])
async def test_stock_node_clients_exchange_events_acks_and_rooms(
    wrangler_worker: Worker, transports: list[str]
) -> None:
    async with (
        node_client(wrangler_worker.url, transports=transports) as ann,
        node_client(wrangler_worker.url, transports=transports) as bob,
    ):
        for one in (ann, bob):
            await one.next("connect")
            assert await one.call("enter", "blue") == [["blue"]]
        assert await ann.call("echo", b"\x00\xff", {"a": 1}) == [b"\x00\xff", {"a": 1}]
        assert await bob.call("say", "blue", "hello") == ["ok"]
        assert (await ann.next("event"))["args"] == ["hello"]
        assert await ann.call("ask", "well?") == ["well?"]


async def test_stock_python_clients_exchange_events_and_acks(wrangler_worker: Worker) -> None:
    async with client(wrangler_worker.url) as ann, client(wrangler_worker.url) as bob:
        assert await ann.call("enter", "red") == ["red"]
        assert await bob.call("say", ("red", "hello")) == "ok"
        assert await ann.next("said") == ("hello",)


async def test_an_engine_alone_serves_stock_clients(wrangler_engine_worker: EngineWorker) -> None:
    async with engine_client(wrangler_engine_worker.url, "/engine.io/") as one:
        await one.next("open")
        await one.send("well")
        assert await one.message() == "well"


async def test_sockets_outlive_sleep(wrangler_worker: Worker) -> None:
    async with node_client(wrangler_worker.url, auth={"user": "ann"}) as ann, node_client(wrangler_worker.url) as bob:
        for one in (ann, bob):
            await one.next("connect")
        await ann.call("enter", "green")
        lives = [(await wrangler_worker.probe(actor))["life"] for actor in ("engine", "socket")]
        for actor in ("engine", "socket"):
            await wrangler_worker.evict(actor)
        assert await bob.call("say", "green", "good morning") == ["ok"]
        assert (await ann.next("event"))["args"] == ["good morning"]
        assert (await ann.call("whoami"))[0]["session"] == {"user": "ann"}
        assert all([(await wrangler_worker.probe(actor))["life"] not in lives for actor in ("engine", "socket")])


async def test_whoever_is_cut_off_comes_back_and_gets_what_it_missed(wrangler_worker: Worker) -> None:
    for how, history in (await histories_of_cut_lines(wrangler_worker, 1)).items():
        check_stream(history)
        assert len(told(history)) >= 2, how
        assert all(told(history)[1:]), how
