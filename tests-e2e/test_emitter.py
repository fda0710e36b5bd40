"""What the Worker's entrypoint does with an `Emitter`, seen by the clients of the plain application."""

import json
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from clients.node import decode, encode, node_client
from clients.python import client
from clients.raw import connect as connect_raw
from conftest import Worker
from yarl import URL


async def visit(worker: Worker, method: str, **arguments: Any) -> tuple[int, str]:
    """Have the entrypoint call a method; returns the status and the text of its response."""
    url = URL(f"{worker.url}/emitter/{method}?{quote(json.dumps(encode(arguments)))}", encoded=True)
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def ask(worker: Worker, method: str, **arguments: Any) -> Any:
    status, text = await visit(worker, method, **arguments)
    assert status == 200, text
    return decode(json.loads(text))


async def test_it_emits_into_rooms_and_nobody_else_hears(worker: Worker) -> None:
    async with client(worker.url) as ann, client(worker.url) as bob, client(worker.url) as eve:
        for one, room in ((ann, "red"), (bob, "red"), (bob, "green"), (eve, "green")):
            await one.call("enter", room)
        await ask(worker, "emit", event="said", data={"deep": [b"\x00\xff", "ü"]}, room="red")
        await ask(worker, "emit", event="said", data="once", room=["red", "green"], skip_sid=eve.get_sid())
        await ask(worker, "emit", event="said", data="eve", room="green", except_rooms="red")
        await ask(worker, "emit", event="said", data={"$tuple": ["two", b"arguments"]}, room=ann.get_sid())
        await ask(worker, "emit", event="said")
        assert await ann.next("said") == ({"deep": [b"\x00\xff", "ü"]},)
        assert await ann.next("said") == ("once",)
        assert await ann.next("said") == ("two", b"arguments")
        assert await ann.next("said") == ()
        assert await bob.next("said") == ({"deep": [b"\x00\xff", "ü"]},)
        assert await bob.next("said") == ("once",)
        assert await bob.next("said") == ()
        assert await eve.next("said") == ("eve",)
        assert await eve.next("said") == ()


async def test_it_emits_binary_into_a_namespace(worker: Worker) -> None:
    async with client(worker.url, "/rooms") as ann, node_client(worker.url, "/rooms") as bob, client(worker.url) as eve:
        await bob.next("connect")
        await ask(worker, "emit", event="shouted", data=b"\x89PNG", namespace="/rooms")
        await ask(worker, "emit", event="shouted", data=[b"1", 2], namespace="/rooms", room="everybody")
        assert await ann.next("shouted") == (b"\x89PNG",)
        assert await ann.next("shouted") == ([b"1", 2],)
        assert (await bob.next("event"))["args"] == [b"\x89PNG"]
        assert (await bob.next("event"))["args"] == [[b"1", 2]]
        assert eve.events.empty()


async def test_it_collects_acknowledgements_and_names_the_silent(worker: Worker) -> None:
    async with client(worker.url) as ann, node_client(worker.url) as bob, connect_raw(worker.url) as silent:
        sid = {"bob": (await bob.next("connect"))["id"], "silent": (await silent.join())["sid"]}
        await ann.call("enter", "jury")
        await bob.call("enter", "jury")
        found = await ask(worker, "emit_with_ack", event="question", data={"q": b"?"}, room="jury", timeout=10)
        answers = {ann.get_sid(): [{"q": b"?"}, "answered"], sid["bob"]: {"q": b"?"}}
        assert found == {"answers": answers, "missing": []}
        both = [ann.get_sid(), sid["silent"]]
        found = await ask(worker, "emit_with_ack", event="question", data="again", room=both, timeout=0.5)
        assert found == {"answers": {ann.get_sid(): ["again", "answered"]}, "missing": [sid["silent"]]}
        assert await ask(worker, "emit_with_ack", event="question", room="nobody") == {"answers": {}, "missing": []}


async def test_it_calls_a_client_and_an_answer_that_does_not_come_is_an_error(worker: Worker) -> None:
    async with client(worker.url) as ann, connect_raw(worker.url) as silent:
        sid = (await silent.join())["sid"]
        assert await ask(worker, "call", event="question", data=b"q", to=ann.get_sid()) == [b"q", "answered"]
        odd = {"_placeholder": 1, "list": [{"_placeholder": {"dict": {}}}]}
        assert await ask(worker, "call", event="question", data=odd, to=ann.get_sid()) == [odd, "answered"]
        for where in (sid, "nobody"):
            status, text = await visit(worker, "call", event="question", to=where, timeout=0.5)
            assert (status, "TimeoutError" in text) == (500, True), text


async def test_it_counts_and_lists_rooms(worker: Worker) -> None:
    async with client(worker.url) as ann, client(worker.url) as bob, client(worker.url, "/rooms") as eve:
        for one, room in ((ann, "count"), (bob, "count"), (bob, "other")):
            await one.call("enter", room)
        assert await ask(worker, "room_size", room="count") == 2
        assert await ask(worker, "room_size", room=["count", "other", "none"]) == 2
        assert await ask(worker, "room_size", room="count", namespace="/rooms") == 0
        assert await ask(worker, "rooms", sid=bob.get_sid()) == [bob.get_sid(), "count", "other"]
        sid = eve.get_sid("/rooms")
        assert await ask(worker, "rooms", sid=sid, namespace="/rooms") == [sid, "everybody"]
        assert await ask(worker, "rooms", sid=sid) == []


async def test_it_disconnects_one_client_a_room_and_a_namespace(worker: Worker) -> None:
    async with (
        client(worker.url) as witness,
        node_client(worker.url, auth={"user": "ann"}, reconnection=False) as ann,
        client(worker.url) as bob,
        client(worker.url, "/rooms") as eve,
    ):
        await bob.call("enter", "banned")
        await ask(worker, "disconnect", sid=(await ann.next("connect"))["id"])
        assert (await ann.next("disconnect"))["reason"] == "io server disconnect"
        assert await witness.next("left") == ({"user": "ann", "reason": "server disconnect", "rooms": []},)
        await ask(worker, "disconnect_sockets", room="banned")
        await bob.wait_gone()
        await ask(worker, "disconnect_sockets", namespace="/rooms")
        await eve.wait_gone()
        assert await ask(worker, "room_size", namespace="/rooms") == 0
        assert await witness.call("echo", "well") == "well"


@pytest.mark.parametrize(
    ("method", "arguments", "message"),
    [
        ("command", {"text": '{"do":"save_session","with":{}}'}, "cannot 'save_session'"),
        ("command", {"text": '{"do":"emit","with":{"event":"x","callback":"y"}}'}, "takes no callback"),
        ("command", {"text": '{"do":"emit","with":{"event":{"_placeholder":0}}}'}, "no value of an Emitter"),
        ("command", {"text": "no JSON"}, "no value of an Emitter"),
        ("emit", {"event": "x", "callback": "y"}, "takes no callback"),
    ],
)
async def test_what_is_no_command_of_its_is_an_error(
    worker: Worker, method: str, arguments: dict[str, Any], message: str
) -> None:
    status, text = await visit(worker, method, **arguments)
    assert status == 500
    assert "CommandError" in text
    assert message in text


@pytest.mark.parametrize("verb", ["evict", "kill"])
async def test_it_wakes_an_actor_that_was_taken_down(worker: Worker, verb: str) -> None:
    async with client(worker.url) as ann, client(worker.url, "/rooms") as bob:
        await ann.call("enter", "red")
        take_down = getattr(worker, verb)
        before = await worker.probe("socket")
        await take_down("socket")
        await ask(worker, "emit", event="said", data=b"morning", room="red")
        assert await ann.next("said") == (b"morning",)
        await take_down("socket")
        assert await ask(worker, "call", event="question", data=1, to=ann.get_sid()) == [1, "answered"]
        await take_down("socket")
        assert await ask(worker, "rooms", sid=ann.get_sid()) == [ann.get_sid(), "red"]
        await take_down("socket")
        assert await ask(worker, "room_size", room="everybody", namespace="/rooms") == 1
        await take_down("socket")
        await ask(worker, "disconnect_sockets", namespace="/rooms")
        await bob.wait_gone()
        after = await worker.probe("socket")
        assert before["life"] != after["life"]
        assert [after[what] - before[what] for what in ("connects", "sockets", "disconnects")] == [0, -1, 0]
