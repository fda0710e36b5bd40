"""What the README says survives, and what it says does not: across a reset of the socket actor, and across sleep.

Sleep is that of both actors: their objects are evicted as they are after ten quiet seconds, and their sockets stay.
`test_hibernation.py` waits for the ten seconds.
"""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from clients.asking import PATH, do, node, python
from clients.node import node_client
from clients.raw import connect
from conftest import Worker
from waiting import until

End = Callable[[], Awaitable[None]]

#: Clients whose connection ends must not be on their way from one transport to the other: each has a reason of its own.
WEBSOCKET = ["websocket"]
BACK: dict[str, Any] = {"transports": WEBSOCKET, "reconnectionDelay": 50, "reconnectionDelayMax": 200}


@pytest.fixture(params=["reset", "sleep"])
async def end(worker: Worker, request: pytest.FixtureRequest) -> AsyncIterator[End]:
    """End the current life; every end was the end of another one."""
    if request.param == "reset" and not worker.is_split:
        pytest.skip("in one object a reset closes all connections")
    lives = []

    async def end() -> None:
        lives.append((await worker.probe("parity-socket"))["life"])
        if request.param == "reset":
            await worker.kill("parity-socket")
        else:
            await worker.evict("parity-socket")
            await worker.evict("parity-engine")

    yield end
    lives.append((await worker.probe("parity-socket"))["life"])
    assert len({*lives}) == len(lives) > 1


@pytest.fixture
def topic() -> str:
    """Return a name that no other test has notes under."""
    return uuid.uuid4().hex


async def test_who_is_connected_stays_so_and_is_not_announced_again(worker: Worker, end: End, topic: str) -> None:
    async with python(worker) as bob:
        async with connect(worker.url, PATH) as raw, node(worker, auth={"topic": topic}) as (ann, sid):
            for namespace in ("", "/class", "/plain"):
                await raw.join(namespace)
            await end()
            await raw.send('42/plain,1["hello"]')
            assert await raw.receive_message() == '3/plain,1[["any namespace","/plain"]]'
            await end()
            for namespace in ("/", "/class"):
                await do(bob, "emit", event="said", data=1, namespace=namespace)
            assert await raw.receive_message() == '2["said",1]'
            assert await raw.receive_message() == '2/class,["said",1]'
            assert (await ann.next("event"))["args"] == [1]
            assert await bob.next("said") == (1,)
            assert await ann.call("plainly", 2) == [["a function", 2]]
            await end()
            await raw.send("41/class,")
            await raw.send('421["plainly"]')
            assert await raw.receive_message() == '31[["a function"]]'
            await end()
            await do(bob, "emit", event="said", data=2, namespace="/class")
            await raw.send('422["plainly"]')
            assert await raw.receive_message() == '32[["a function"]]'
            await end()

        async def is_gone() -> bool:
            return bool(await do(bob, "get_session", sid=sid) == {"raised": "KeyError"})

        await until(is_gone, "the client that left while the actor was away is gone")
        noted = await bob.call("noted", topic)
        assert noted == [["connect"], ["disconnect", noted[1][1], []]]
        assert noted[1][1] in ("client disconnect", "transport close")


async def test_rooms_keep_who_is_in_them_and_only_those(worker: Worker, end: End) -> None:
    async with python(worker) as ann, node(worker) as (bob, sid), python(worker) as eve:
        for member, room in ((ann.get_sid(), "blue"), (sid, "blue"), (sid, 7), (sid, "7")):
            await do(ann, "enter_room", sid=member, room=room)
        await end()
        await do(eve, "emit", event="said", data="blue", room="blue", skip_sid=ann.get_sid())
        await end()
        await do(eve, "emit", event="said", data="each once", room=["blue", 7])
        assert await ann.next("said") == ("each once",)
        assert [(await bob.next("event"))["args"] for _ in range(2)] == [["blue"], ["each once"]]
        await end()
        await do(eve, "leave_room", sid=sid, room="blue")
        await end()
        await do(eve, "close_room", room=7)
        await end()
        assert await do(eve, "rooms", sid=sid) == [sid, "7"]
        await do(eve, "enter_room", sid=sid, room="green")
        await end()
        for room in ("blue", 7, "7", "green"):
            await do(eve, "emit", event="said", data=room, room=room)
        assert await ann.next("said") == ("blue",)
        assert [(await bob.next("event"))["args"] for _ in range(2)] == [["7"], ["green"]]
        assert ann.events.empty()
        assert eve.events.empty()


async def test_session_data_is_that_of_the_last_change(worker: Worker, end: End) -> None:
    async with python(worker) as ann, python(worker, "/class") as bob:
        data: dict[str, Any] = {"deep": [1.5, None, {"ü": True}]}
        for client, within in ((ann, "/"), (bob, "/class")):
            sid = client.get_sid(within)
            await do(client, "save_session", within, sid=sid, session={**data, "within": within})
            await end()
            await client.call("count", namespace=within)
            await end()
            await client.call("count", namespace=within)
            await end()
            assert await do(client, "get_session", within, sid=sid) == {**data, "within": within, "count": 2}
        assert (await do(ann, "get_session", sid=ann.get_sid()))["within"] == "/"


async def test_the_handshake_is_as_it_was_and_what_was_written_into_a_copy_is_lost(worker: Worker, end: End) -> None:
    options: dict[str, Any] = {
        "transports": ["websocket"],  # an upgrade changes what `environ` says of the transport
        "extraHeaders": {"X-Mine": "kept"},
        "query": {"room": "a b"},
    }
    async with node(worker, **options) as (ann, sid), python(worker) as bob:
        before = await do(bob, "get_environ", sid=sid)
        assert (before["HTTP_X_MINE"], "room=a%20b" in before["QUERY_STRING"]) == ("kept", True)
        await ann.call("scribble")
        await end()
        assert await do(bob, "get_environ", sid=sid) == before
        assert await do(bob, "get_session", sid=sid) == {}


async def test_what_python_holds_is_lost(worker: Worker, end: End) -> None:
    async with python(worker) as ann:
        await ann.call("memorize", ("colour", "blue"))
        assert await ann.call("recall", "colour") == "blue"
        await end()
        assert await ann.call("recall", "colour") is None


async def test_a_callback_that_is_a_function_is_reported_as_lost_and_the_next_one_is_called(
    worker: Worker, end: End, topic: str
) -> None:
    async with python(worker) as ann, node(worker, holds=["pay"]) as (bob, sid):
        for _ in range(2):
            await ann.call("ask", (sid, topic))
            await bob.next("event", event="pay")
        await end()
        for answer in ("late", "late again"):
            await bob.answer(answer)

        async def reported() -> list[str]:
            return worker.log_lines(f"socket {sid} answers an earlier life: its callback is lost")

        assert len(await until(reported, "the log tells of the loss")) == 1
        await ann.call("ask", (sid, topic))
        await bob.next("event", event="pay")
        await bob.answer("in time")

        async def answered() -> Any:
            return await ann.call("noted", topic)

        assert await until(answered, "the new callback was called") == [["in time"]]


async def test_a_handler_that_a_reset_ends_costs_its_own_client_the_connection(worker: Worker, topic: str) -> None:
    async with node(worker, auth={"topic": topic}, **BACK) as (ann, sid), node(worker) as (bob, bobs_sid):
        await ann.emit("hold", topic + " work")

        async def begun() -> Any:
            return (await bob.call("noted", topic + " work"))[0]

        await until(begun, "the handler waits")
        await worker.kill("parity-socket")
        assert await bob.call("finish", topic + " work") == [False]
        assert (await ann.next("disconnect"))["reason"] == "transport close"
        assert (await ann.next("connect"))["id"] != sid
        assert await bob.call("noted", topic) == [[["connect"], ["disconnect", "transport error", []], ["connect"]]]
        assert await bob.call("noted", topic + " work") == [[["begun"]]]
        assert await bob.call("do", "rooms", {"sid": bobs_sid}) == [[bobs_sid]]


@pytest.mark.parametrize("reset", [False, True])
async def test_a_background_task_ends_with_its_life(worker: Worker, topic: str, reset: bool) -> None:
    async with python(worker) as ann:
        await ann.call("background", topic)
        if reset:
            await worker.kill("parity-socket")
        assert await ann.call("finish", topic) is not reset
        assert await ann.call("noted", topic) == [["begun"], *([["finished"]] if not reset else [])]


async def test_what_was_not_told_of_rooms_before_a_reset_is_not_told_after_it(worker: Worker, topic: str) -> None:
    room = f"slow {topic}"
    async with (
        python(worker) as ann,
        python(worker) as bob,
        node(worker, transports=WEBSOCKET, reconnection=False) as (eve, _),
    ):
        sids = sorted([ann.get_sid(), bob.get_sid()])
        await eve.emit("do", "sockets_join", {"room": sids, "to_join": room})

        async def told() -> Any:
            return await ann.call("noted", room)

        (first,) = await until(told, "the first of the two is told, and waits")
        await worker.kill("parity-socket")
        assert await ann.call("noted", room) == [first]
        assert (await eve.next("disconnect"))["reason"] == "transport close"
        for sid in sids:
            assert await do(ann, "rooms", sid=sid) == [sid, room]
        await do(ann, "leave_room", sid=sids[0], room=room)
        assert await ann.call("noted", room) == [first, ["leave", sids[0]]]


async def test_a_client_whose_connect_handler_had_not_answered_comes_again(worker: Worker, topic: str) -> None:
    async with (
        python(worker) as ann,
        node_client(worker.url, path=PATH, auth={"topic": topic, "waits": True}, **BACK) as bob,
    ):

        async def begun() -> Any:
            return await ann.call("noted", topic)

        assert await until(begun, "the connect handler waits") == [["connect"]]
        await worker.kill("parity-socket")
        assert await ann.call("noted", topic) == [["connect"]]
        await bob.next("connect")
        assert await ann.call("noted", topic) == [["connect"], ["connect"]]

        async def are_two() -> bool:
            found = await worker.probe("parity-socket")
            return [found["sessions"], found["sockets"]] == [2, 2]

        await until(are_two, "nothing is left of the session that had not connected")
