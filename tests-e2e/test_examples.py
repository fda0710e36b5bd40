"""The examples of socketio-do, each as it would be deployed, with stock clients."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from clients.node import node_client
from clients.python import Client, client
from conftest import PACKAGES, prepare_worker
from waiting import silence

from local_runtime import DevServer, WorkerdServer

EXAMPLES = PACKAGES / "socketio-do" / "examples"
KEY = "the editor's"


@contextmanager
def serve(name: str, state: Path | None = None, **overrides: Any) -> Iterator[DevServer]:
    with DevServer(prepare_worker(EXAMPLES / name, **overrides), state=state) as server:
        yield server


@pytest.fixture(scope="module")
def rooms() -> Iterator[str]:
    with WorkerdServer(prepare_worker(EXAMPLES / "rooms")) as server:
        yield server.url


async def heard(one: Client) -> Any:
    """Return the next event that is no tick."""
    while True:
        event, args = await asyncio.wait_for(one.events.get(), 15)
        if event != "tick":
            return [event, *args]


async def test_rooms_echoes_broadcasts_and_tells_rooms(rooms: str) -> None:
    async with client(rooms) as ann, client(rooms) as bob:
        await ann.emit("echo", {"deep": [b"\x00", "ü"]})
        assert await heard(ann) == ["heard", {"deep": [b"\x00", "ü"]}]
        assert await ann.call("join", "tea") == [ann.get_sid(), "tea"]
        assert await bob.call("join", "tea") == [bob.get_sid(), "tea"]
        await bob.emit("tell", ("tea", "to the room"))
        assert await heard(ann) == await heard(bob) == ["heard", "to the room"]
        assert await bob.call("leave", "tea") == [bob.get_sid()]
        await bob.emit("tell", ("tea", "from outside"))
        await bob.emit("broadcast", "to all")
        assert await heard(ann) == ["heard", "from outside"]
        assert await heard(ann) == await heard(bob) == ["heard", "to all"]


async def test_rooms_closes_a_room_and_sends_a_client_away(rooms: str) -> None:
    async with client(rooms) as ann, node_client(rooms, reconnection=False) as bob:
        await bob.next("connect")
        for one in (ann, bob):
            await one.call("join", "tea")
        await ann.emit("close", "tea")
        assert await heard(ann) == ["heard", "tea is closing"]
        assert (await bob.next("event", event="heard"))["args"] == ["tea is closing"]
        await ann.emit("tell", ("tea", "anybody?"))
        await bob.emit("bye")
        assert (await bob.next("disconnect"))["reason"] == "io server disconnect"
        event, gone = await heard(ann)
        assert (event, gone["reason"]) == ("gone", "server disconnect")


async def test_the_clock_ticks_for_clients_that_say_nothing(rooms: str) -> None:
    async with client(rooms) as ann:
        ticks = [(await ann.next("tick"))[0]["at"] for _ in range(2)]
        assert ticks[0] < ticks[1]


async def test_chat_wants_a_nick_and_tells_the_room() -> None:
    with serve("chat") as server:
        async with client(server.url, nick="Ada") as ada, node_client(server.url, auth={"nick": "Bo"}) as bob:
            await bob.next("connect")
            await ada.emit("join", "lobby")
            await bob.emit("join", "lobby")
            assert await bob.call("say", {"room": "lobby", "text": "hi"}) == ["ok"]
            assert await ada.next("said") == ({"from": "Bo", "text": "hi"},)
        with pytest.raises(Exception, match="namespaces failed to connect"):
            await Client().connect(server.url)


async def test_latency_sends_the_time_back() -> None:
    with serve("latency") as server:
        async with client(server.url) as ann, node_client(server.url) as bob:
            assert await ann.call("measure", 12.5) == 12.5
            assert await ann.next("measured") == (12.5,)
            await bob.next("connect")
            assert await bob.call("measure", 7) == [7]
            assert (await bob.next("event"))["args"] == [7]


async def test_fiddle_greets_answers_and_refuses() -> None:
    with serve("fiddle") as server:
        async with client(server.url) as ann, node_client(server.url, auth={"any": 1}) as bob:
            assert await ann.next("hello") == (1, "two", {"three": "127.0.0.1"})
            assert await ann.call("whatever", (b"\x00", 2)) == ("whatever", b"\x00", 2)
            assert (await bob.next("event"))["args"] == [1, "two", {"three": "127.0.0.1"}]
        refused: list[Any] = []
        eve = Client()
        eve.on("connect_error", refused.append)
        with pytest.raises(Exception, match="namespaces failed to connect"):
            await eve.connect(server.url, auth={"refuse": "me"})
        assert refused == [{"message": "as you wish", "data": {"you said": {"refuse": "me"}}}]


async def ring(url: str) -> None:
    """Have the cron run now."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/cdn-cgi/handler/scheduled") as response:
        assert response.status == 200, await response.text()


async def test_news_uses_variables_kv_storage_and_a_cron(tmp_path: Path) -> None:
    with serve("news", tmp_path, vars={"EDITOR_KEY": KEY}) as server:
        async with client(server.url) as ann, client(server.url) as editor:
            await ring(server.url)
            assert await ann.call("read") == {"paper": "The Dormouse", "headline": None, "reads": 1}
            assert await ann.call("write", ("a key", "Lies")) == "this is not the editor's key"
            assert await editor.call("write", (KEY, "Sleep is cheap")) == "printed"
            assert await editor.call("read") == {"paper": "The Dormouse", "headline": "Sleep is cheap", "reads": 2}
            assert ann.events.empty()
            await silence(11)
            await ring(server.url)
            assert await ann.next("headline") == await editor.next("headline") == ("Sleep is cheap",)
        server.stop()
        server.start()
        async with client(server.url) as ann:
            assert await ann.call("read") == {"paper": "The Dormouse", "headline": "Sleep is cheap", "reads": 3}
