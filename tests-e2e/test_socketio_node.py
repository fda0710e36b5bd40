"""npm's stock socket.io-client under Node."""

from typing import Any

import pytest
from clients.node import node_client
from conftest import Worker


@pytest.mark.parametrize("transports", [["polling", "websocket"], ["polling"], ["websocket"]], ids="+".join)
async def test_it_connects_and_talks(worker: Worker, transports: list[str]) -> None:
    options: dict[str, Any] = {"transports": transports, "auth": {"user": "ann"}}
    async with node_client(worker.url, **options) as ann, node_client(worker.url) as bob:
        # An upgrade may be quicker than the answer to the CONNECT.
        assert (await ann.next("connect"))["transport"] in transports
        await bob.next("connect")
        assert await ann.call("echo", 1, {"deep": [b"bytes", "ü"]}) == [1, {"deep": [b"bytes", "ü"]}]
        assert await ann.call("enter", "blue") == [["blue"]]
        assert await bob.call("say", "blue", {"file": b"\x89PNG"}) == ["ok"]
        assert (await ann.next("event"))["args"] == [{"file": b"\x89PNG"}]
        assert await ann.call("ask", "q") == ["q"]
        assert (await ann.call("whoami"))[0]["session"] == {"user": "ann"}


async def test_a_refusal_arrives_as_connect_error_with_data(worker: Worker) -> None:
    async with node_client(worker.url, auth={"refuse": [1]}) as refused:
        error = await refused.next("connect_error")
        assert (error["message"], error["data"]) == ("not you", [1])


async def test_an_unknown_namespace(worker: Worker) -> None:
    async with node_client(worker.url, "/nowhere") as lost:
        assert (await lost.next("connect_error"))["message"] == "Invalid namespace"


async def test_a_server_disconnect(worker: Worker) -> None:
    async with node_client(worker.url) as ann, node_client(worker.url) as bob:
        await ann.next("connect")
        sid = (await bob.next("connect"))["id"]
        await ann.call("kick", sid)
        assert (await bob.next("disconnect"))["reason"] == "io server disconnect"


async def test_it_comes_back_after_the_engine_was_reset(own_worker: Worker) -> None:
    options: dict[str, Any] = {"transports": ["websocket"], "reconnectionDelay": 50, "reconnectionDelayMax": 200}
    async with node_client(own_worker.url, **options) as ann:
        first = (await ann.next("connect"))["id"]
        await own_worker.kill("engine")
        assert (await ann.next("disconnect"))["reason"] == "transport close"
        assert (await ann.next("connect"))["id"] != first
        assert await ann.call("echo", "back") == ["back"]
