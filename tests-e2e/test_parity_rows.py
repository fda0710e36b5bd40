"""Each row of the parity table, seen by stock clients; `parity.toml` says which test shows which row.

What the server has, a class-based namespace has too, and does the same with it.
"""

import asyncio
import uuid
from typing import Any

import pytest
import socketio
from clients.asking import PATH, do, node, python
from clients.node import node_client
from clients.python import Client, client
from conftest import Worker
from waiting import until

WITHIN = pytest.mark.parametrize("within", ["/", "/class"])


async def said(listener: Client, event: str = "said") -> Any:
    """Return the next event's only argument."""
    (data,) = await listener.next(event)
    return data


@WITHIN
async def test_rooms_are_entered_listed_left_and_closed(worker: Worker, within: str) -> None:
    async with python(worker, within) as ann, python(worker, within) as bob, node(worker, within) as (eve, eves_sid):
        anns_sid, bobs_sid = ann.get_sid(within), bob.get_sid(within)
        for sid, room in ((anns_sid, "blue"), (bobs_sid, "blue"), (bobs_sid, 7), (eves_sid, "7")):
            assert await do(ann, "enter_room", within, sid=sid, room=room) is None
        assert await do(ann, "rooms", within, sid=bobs_sid) == [bobs_sid, "blue", 7]
        await do(ann, "emit", within, event="said", data="to blue", room="blue", skip_sid=anns_sid)
        await do(ann, "emit", within, event="said", data="to 7", room=7)
        await do(ann, "emit", within, event="said", data="to the text 7", room="7")
        assert [await said(bob) for _ in range(2)] == ["to blue", "to 7"]
        assert (await eve.next("event"))["args"] == ["to the text 7"]
        await do(ann, "leave_room", within, sid=bobs_sid, room="blue")
        await do(ann, "close_room", within, room=7)
        assert await do(ann, "rooms", within, sid=bobs_sid) == [bobs_sid]
        await do(ann, "emit", within, event="said", data="nobody", room=7)
        await do(ann, "emit", within, event="said", data="ann alone", room="blue")
        await do(ann, "emit", within, event="said", data="everybody")
        assert [await said(ann) for _ in range(2)] == ["ann alone", "everybody"]
        assert await said(bob) == "everybody"
        assert (await eve.next("event"))["args"] == ["everybody"]


@WITHIN
async def test_emit_and_send_reach_whom_they_name_with_what_they_carry(worker: Worker, within: str) -> None:
    async with python(worker, within) as ann, python(worker, within) as bob:
        sid = bob.get_sid(within)
        data: list[Any] = [None, [1, {"deep": b"\x00\xff"}], b"", "ünïcödé 🎈"]
        for one in data:
            assert await do(ann, "emit", within, event="said", data=one, to=sid) is None
        await do(ann, "send", within, data={"a": b"message"}, to=sid)
        await do(ann, "send", within, data="for all but bob", skip_sid=sid)
        assert await bob.next("said") == ()
        assert [await said(bob) for _ in data[1:]] == data[1:]
        assert await said(bob, "message") == {"a": b"message"}
        assert await said(ann, "message") == "for all but bob"
        assert bob.events.empty()


async def test_emit_leaves_out_rooms_and_compresses_nothing(worker: Worker) -> None:
    async with python(worker) as ann, python(worker) as bob:
        await do(ann, "enter_room", sid=bob.get_sid(), room="muted")
        await do(ann, "emit", event="said", data="not to bob", except_rooms=["muted", "empty"], compress=True)
        await do(ann, "emit", event="said", data="to both", except_rooms="empty", compress=False)
        assert [await said(ann) for _ in range(2)] == ["not to bob", "to both"]
        assert await said(bob) == "to both"


async def test_what_is_sent_is_seen_once_with_all_who_get_it(worker: Worker) -> None:
    event = uuid.uuid4().hex
    async with python(worker) as root, python(worker, "/plain") as ann, node(worker, "/plain") as (bob, bobs_sid):
        await do(root, "emit", event=event, data=["x"], namespace="/plain")
        assert await said(ann, event) == ["x"]
        assert (await bob.next("event"))["args"] == [["x"]]
        sids = sorted([str(ann.get_sid("/plain")), bobs_sid])
        assert await root.call("noted", f"sent {event}") == [[sids, ["x"]]]


async def test_an_empty_child_is_forgotten_where_that_was_asked_for(worker: Worker) -> None:
    name = f"/child-{uuid.uuid4().hex}"
    async with python(worker) as root:
        for times in (1, 2):
            async with python(worker, name) as ann, python(worker, name) as bob:
                assert await ann.call("hello", namespace=name) == await bob.call("hello", namespace=name)
                assert (await root.call("noted", "asked")).count([name]) == times

            async def is_empty() -> bool:
                return bool(await do(root, "room_size", namespace=name) == 0)

            await until(is_empty, "both have gone")


@WITHIN
async def test_call_waits_for_the_answer_of_one_client_and_not_for_one_that_is_gone(
    worker: Worker, within: str
) -> None:
    async with python(worker, within) as ann, node(worker, within, holds=["silent"]) as (bob, bobs_sid):
        question = {"event": "question", "data": {"q": b"?"}, "timeout": 10}
        assert await do(ann, "call", within, to=ann.get_sid(within), **question) == [{"q": b"?"}, "answered"]
        assert await do(ann, "call", within, to=bobs_sid, **question) == {"q": b"?"}
        late = await do(ann, "call", within, event="silent", to=bobs_sid, timeout=0.3)
        assert late == {"raised": "TimeoutError"}
        asking = asyncio.create_task(do(ann, "call", within, event="silent", to=bobs_sid, timeout=60))
        for _ in range(2):
            await bob.next("event", event="silent")
        await bob.leave()
        assert await asyncio.wait_for(asking, 10) == {"raised": "TimeoutError"}


@WITHIN
async def test_a_disconnected_client_is_told_and_gone(worker: Worker, within: str) -> None:
    async with python(worker, within) as ann, node(worker, within, reconnection=False) as (bob, bobs_sid):
        await do(ann, "enter_room", within, sid=bobs_sid, room="blue")
        await do(ann, "disconnect", within, sid=bobs_sid)
        assert (await bob.next("disconnect"))["reason"] == "io server disconnect"
        assert await do(ann, "rooms", within, sid=bobs_sid) == []
        assert await do(ann, "get_session", within, sid=bobs_sid) == {"raised": "KeyError"}
        assert await do(ann, "disconnect", within, sid=bobs_sid) is None


@pytest.mark.parametrize("topic", ["quiet", "raises"])
async def test_the_disconnect_handler_runs_once_and_the_client_is_gone_also_when_it_raises(
    worker: Worker, topic: str
) -> None:
    topic += uuid.uuid4().hex
    async with python(worker) as ann, python(worker, topic=topic) as bob:
        sid = bob.get_sid()
        await do(ann, "enter_room", sid=sid, room="blue")
        await do(ann, "disconnect", sid=sid)
        await bob.wait_gone()
        assert await do(ann, "get_session", sid=sid) == {"raised": "KeyError"}
    async with python(worker) as ann:
        assert await ann.call("noted", topic) == [["connect"], ["disconnect", "server disconnect", ["blue"]]]


@WITHIN
async def test_session_data_is_json_and_what_is_read_is_a_copy(worker: Worker, within: str) -> None:
    async with python(worker, within) as ann, python(worker, within) as bob:
        sid = ann.get_sid(within)
        assert await do(bob, "get_session", within, sid=sid) == {}
        data: dict[str, Any] = {"deep": [1, None, {"ü": True}]}
        assert await do(bob, "save_session", within, sid=sid, session=data) is None
        for _ in range(2):
            await ann.call("count", namespace=within)
        assert await do(bob, "get_session", within, sid=sid) == {**data, "count": 2}
        refused = await do(bob, "save_session", within, sid=sid, session={"bytes": b"no JSON"})
        assert refused == {"raised": "SessionDataError"}
        other = "/" if within == "/class" else "/class"
        assert await do(bob, "get_session", within, sid=sid, namespace=other) == {"raised": "KeyError"}
        assert await do(bob, "get_session", within, sid=sid) == {**data, "count": 2}
        assert await do(bob, "get_session", within, sid=bob.get_sid(within)) == {}


async def test_the_handshake_is_there_in_copies_for_the_namespace_of_its_socket(worker: Worker) -> None:
    async with (
        node(worker, extraHeaders={"X-Mine": "ü ok"}, query={"room": "a b"}) as (ann, sid),
        python(worker) as bob,
    ):
        await ann.call("scribble")
        environ = await do(bob, "get_environ", sid=sid)
        assert (environ["PATH_INFO"], environ["REQUEST_METHOD"]) == (PATH, "GET")
        assert "room=a%20b" in environ["QUERY_STRING"]
        assert environ["HTTP_X_MINE"].endswith("ok")
        assert "SCRIBBLE" not in environ
        assert await do(bob, "get_environ", sid=sid, namespace="/class") is None
        assert await do(bob, "get_session", sid=sid) == {}


@pytest.mark.parametrize(
    ("namespace", "event", "answered"),
    [
        ("/", "plainly", ["a function", 1, b"2"]),
        ("/", "by any name", ["a coroutine function", 1, b"2"]),
        ("/", "anything", ["any event", "anything", 1, b"2"]),
        ("/", "*", ["any event", "*", 1, b"2"]),
        ("/plain", "hello", ["any namespace", "/plain", 1, b"2"]),
        ("/own", "on_anything", ["own", "on_anything", 1, b"2"]),
    ],
)
async def test_the_nearest_handler_answers(worker: Worker, namespace: str, event: str, answered: list[Any]) -> None:
    async with python(worker, namespace) as ann, node(worker, namespace) as (bob, _):
        assert await ann.call(event, (1, b"2"), namespace=namespace) == answered
        assert await bob.call(event, 1, b"2") == [answered]


@pytest.mark.parametrize("event", ["connect", "disconnect", "disconnecting"])
async def test_a_client_cannot_raise_the_servers_own_events(worker: Worker, event: str) -> None:
    topic = uuid.uuid4().hex
    async with python(worker, topic=topic) as ann, python(worker) as bob:
        await ann.emit(event)
        await ann.wait_gone()
        assert await bob.call("noted", topic) == [["connect"], ["disconnect", "transport error", []]]


async def test_what_is_served_is_what_was_registered_or_named(worker: Worker) -> None:
    async with python(worker, "/plain") as ann:
        assert await ann.call("hello", namespace="/plain") == ["any namespace", "/plain"]
    async with node_client(worker.url, "/nowhere", path=PATH) as lost:
        assert (await lost.next("connect_error"))["message"] == "Invalid namespace"


async def test_the_server_tells_what_it_is(worker: Worker) -> None:
    async with python(worker) as ann, python(worker, "/class") as bob:
        assert await ann.call("describe") == {
            "async_mode": "durable",
            "eio": ["durable", False],
            "environ": "GET",
            "handlers": True,
            "manager": True,
            "manager_initialized": True,
            "namespace_handlers": ["/class", "/own"],
            "namespaces": ["/plain"],
            "not_handled": True,
            "packet_class": '2["x"]',
            "reason": "client disconnect",
            "reserved_events": ["connect", "disconnect"],
        }
        described = await bob.call("describe", namespace="/class")
        assert described == {"namespace": "/class", "is_asyncio_based": True, "is_mine": True}
        assert await do(ann, "is_asyncio_based") is True
        assert await do(ann, "transport", sid=ann.get_sid()) == "websocket"


async def test_work_goes_on_in_the_background_and_nothing_has_to_be_stopped(worker: Worker) -> None:
    async with python(worker) as ann:
        assert await ann.call("later", b"after the answer") == "begun"
        assert await said(ann, "later") == b"after the answer"
        assert await do(ann, "sleep", seconds=0.01) is None
        assert await do(ann, "shutdown") is None
        assert await ann.call("plainly") == ["a function"]


@pytest.mark.parametrize(
    ("what", "arguments"), [("attach", {"app": None}), ("handle_request", {}), ("instrument", {"auth": False})]
)
async def test_what_cannot_work_is_refused(worker: Worker, what: str, arguments: dict[str, Any]) -> None:
    async with python(worker) as ann:
        assert await do(ann, what, **arguments) == {"raised": "ConfigError"}


async def test_a_callback_gets_what_the_client_answers(worker: Worker) -> None:
    topic = uuid.uuid4().hex
    async with python(worker) as ann, node(worker) as (_, bobs_sid):
        await ann.call("ask", (bobs_sid, topic))

        async def answered() -> Any:
            return await ann.call("noted", topic)

        assert await until(answered, "the callback was called") == [[topic]]


async def test_with_always_connect_a_client_is_in_before_its_handler_refuses(worker: Worker) -> None:
    async with node_client(worker.url, path="/beside/", auth={"refuse": 1}, reconnection=False) as ann:
        await ann.next("connect")
        assert (await ann.next("disconnect"))["reason"] == "io server disconnect"
    refused = Client()
    with pytest.raises(socketio.exceptions.ConnectionError):
        await refused.connect(worker.url, auth={"refuse": 1}, socketio_path="/socket.io/")


async def test_the_logger_that_was_given_is_used(worker: Worker) -> None:
    async with client(worker.url, path="/beside/") as ann:
        room = uuid.uuid4().hex
        await ann.call("enter", room)

        async def logged() -> list[str]:
            return worker.log_lines(f"is entering room {room}")

        assert len(await until(logged, "the log has python-socketio's line")) == 1
    async with client(worker.url) as ann:
        await ann.call("enter", room := uuid.uuid4().hex)
        assert await ann.call("echo", "behind it") == "behind it"
        assert worker.log_lines(room) == []
