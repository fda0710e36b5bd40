"""The application's promises, seen by python-socketio's own client."""

import asyncio
from typing import Any

import pytest
import socketio
from clients.python import Client, client
from clients.raw import connect as connect_raw
from conftest import Worker
from waiting import until


async def test_connect_has_auth_and_the_handshake(worker: Worker) -> None:
    async with client(worker.url, user="ann") as ann:
        who = await ann.call("whoami")
        assert who["session"] == {"user": "ann"}
        assert who["sid"] == ann.get_sid()
        assert "transport=polling" in who["query"]
        assert who["agent"].startswith("Python/")


async def test_a_refused_connect_reaches_the_client_with_its_data(worker: Worker) -> None:
    refused = Client()
    errors: list[Any] = []
    refused.on("connect_error", errors.append)
    with pytest.raises(socketio.exceptions.ConnectionError):
        await refused.connect(worker.url, auth={"refuse": {"why": [1, 2]}})
    assert errors == [{"message": "not you", "data": {"why": [1, 2]}}]


async def test_an_unknown_namespace_is_refused_as_node_does(worker: Worker) -> None:
    async with connect_raw(worker.url) as raw:
        await raw.send("40/nowhere,")
        assert await raw.receive_message() == '4/nowhere,{"message":"Invalid namespace"}'
        assert (await raw.join())["sid"]


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ((), None),
        (("text",), "text"),
        ((1, [2, {"x": None}]), (1, [2, {"x": None}])),
        ((b"\x00\xff",), b"\x00\xff"),
        (({"deep": [b"one", {"two": b"2"}]}, b"three"), ({"deep": [b"one", {"two": b"2"}]}, b"three")),
        (("ünïcödé 🎈",), "ünïcödé 🎈"),
    ],
)
async def test_what_a_handler_returns_is_the_acknowledgement(
    worker: Worker, sent: tuple[Any, ...], answered: Any
) -> None:
    async with client(worker.url) as ann:
        assert await ann.call("echo", sent) == answered


async def test_rooms_reach_their_members_once_and_nobody_else(worker: Worker) -> None:
    async with client(worker.url) as ann, client(worker.url) as bob, client(worker.url) as eve:
        assert await ann.call("enter", "blue") == ["blue"]
        assert await bob.call("enter", "blue") == ["blue"]
        assert await bob.call("enter", "green") == ["blue", "green"]
        assert await ann.call("say", ("blue", {"n": 1})) == "ok"
        assert await bob.next("said") == ({"n": 1},)
        await eve.call("say", (["blue", "green"], b"binary"))
        assert await ann.next("said") == (b"binary",)
        assert await bob.next("said") == (b"binary",)
        assert await bob.call("leave", "blue") == ["green"]
        await eve.call("say", ("blue", "only ann"))
        assert await ann.next("said") == ("only ann",)
        await eve.call("close", "blue")
        await eve.call("say", ("blue", "nobody"))
        await eve.call("say", (None, "everybody"))
        assert await ann.next("said") == ("everybody",)
        assert await bob.next("said") == ("everybody",)
        assert bob.events.empty()
        assert eve.events.empty()


async def test_one_client_is_reached_by_its_sid(worker: Worker) -> None:
    async with client(worker.url) as ann, client(worker.url) as bob:
        await ann.call("say", (bob.get_sid(), "for you"))
        assert await bob.next("said") == ("for you",)
        assert ann.events.empty()


async def test_session_data_is_kept_and_belongs_to_one_client(worker: Worker) -> None:
    async with client(worker.url, user="ann") as ann, client(worker.url, user="bob") as bob:
        await ann.call("remember", ("colour", ["blue", 7]))
        assert (await ann.call("whoami"))["session"] == {"user": "ann", "colour": ["blue", 7]}
        assert (await bob.call("whoami"))["session"] == {"user": "bob"}


async def test_a_handler_may_ask_its_own_client_and_wait(worker: Worker) -> None:
    async with client(worker.url) as ann:
        assert await ann.call("ask", {"q": 1}) == [{"q": 1}, "answered"]


async def test_events_of_one_client_are_handled_in_order_and_others_do_not_wait(worker: Worker) -> None:
    async with client(worker.url) as ann, client(worker.url) as bob:
        waiting = asyncio.create_task(ann.call("wait", 1.0))
        after = asyncio.create_task(ann.call("echo", "after"))
        assert await bob.call("echo", "bob") == "bob"
        assert not waiting.done()
        assert await after == "after"
        assert waiting.done()
        assert await waiting == "waited"


async def test_a_class_based_namespace(worker: Worker) -> None:
    async with client(worker.url, "/rooms") as ann, client(worker.url, "/rooms") as bob:
        assert await ann.call("shout", "hi", namespace="/rooms") == "heard"
        assert await bob.next("shouted") == ("hi",)
        assert ann.events.empty()


async def test_disconnect_reaches_the_application_with_reason_rooms_and_session(worker: Worker) -> None:
    async with client(worker.url) as ann:
        async with client(worker.url, user="bob") as bob:
            await bob.call("enter", "blue")
        (left,) = await ann.next("left")
        assert left == {"user": "bob", "reason": "transport close", "rooms": ["blue"]}


async def test_a_kicked_client_is_disconnected_and_its_rows_are_gone(own_worker: Worker) -> None:
    async with client(own_worker.url) as ann, client(own_worker.url, user="bob") as bob:
        await ann.call("kick", bob.get_sid())
        await bob.wait_gone()
        (left,) = await ann.next("left")
        assert left["reason"] == "server disconnect"

    async def is_empty() -> bool:
        found = await own_worker.probe("socket")
        return [found[table] for table in ("sessions", "sockets", "rooms")] == [0, 0, 0] and found["disconnects"] == 2

    await until(is_empty, "rows of closed sessions are deleted, each client disconnected once")
