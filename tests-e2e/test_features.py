"""What there is besides python-socketio: parents of namespaces, middleware, many sockets at once, options of emit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import socketio
from clients.node import node_client
from clients.python import Client, client
from clients.raw import connect as connect_raw
from conftest import Worker
from waiting import until

PATH = "/features/"
ACTOR = "features-socket"
INVALID = '{"message":"Invalid namespace"}'


@asynccontextmanager
async def member(worker: Worker, namespace: str = "/", **auth: Any) -> AsyncIterator[Client]:
    """Connect a client to the application of the features."""
    async with client(worker.url, namespace, path=PATH, **auth) as made:
        yield made


async def is_refused(worker: Worker, namespace: str) -> bool:
    async with connect_raw(worker.url, PATH) as raw:
        await raw.send(f"40{namespace},")
        return await raw.receive_message() == f"4{namespace},{INVALID}"


async def test_a_pattern_lets_namespaces_in_and_emits_to_all_of_them(worker: Worker) -> None:
    async with (
        member(worker) as teacher,
        member(worker, "/lesson-1") as ann,
        node_client(worker.url, "/lesson-1", path=PATH) as bob,
        member(worker, "/lesson-2") as eve,
    ):
        await bob.next("connect")
        for _ in range(2):
            assert await ann.call("say", "hi", namespace="/lesson-1") == "/lesson-1"
            assert (await bob.next("event", event="said"))["args"] == ["hi"]
            await teacher.call("announce", ("lessons", "holidays"))
            assert (await bob.next("event", event="news"))["args"] == ["holidays"]
            assert await ann.next("news") == await eve.next("news") == ("holidays",)
            assert await is_refused(worker, "/lesson-x")
            assert await is_refused(worker, "/lesson-1/2")
            await worker.kill(ACTOR)
        assert ann.events.empty()
        assert teacher.events.empty()


async def test_a_predicate_is_asked_once_and_its_yes_survives_a_reset(worker: Worker) -> None:
    async with member(worker) as root, member(worker, "/club-go", role="founder") as ann:
        assert await is_refused(worker, "/club-chess")
        for take_down in (worker.evict, worker.kill):
            await take_down(ACTOR)
            async with member(worker, "/club-go") as bob, member(worker, "/lesson-9") as eve:
                assert await bob.call("say", "hello", namespace="/club-go") == "/club-go"
                assert await ann.next("said") == ("hello",)
                await root.call("announce", ("clubs", "dinner"))
                assert await ann.next("news") == await bob.next("news") == ("dinner",)
                assert eve.events.empty()
        asked = await root.call("noted", "asked")
        assert asked.count(["/club-go"]) == 1
        assert ["/lesson-9"] not in asked
        assert await is_refused(worker, "/club-chess")
        assert (await root.call("noted", "asked")).count(["/club-chess"]) == 2


async def test_a_namespace_nobody_serves_is_invalid_before_and_after_a_reset(worker: Worker) -> None:
    async with node_client(worker.url, "/nowhere", path=PATH) as lost:
        assert (await lost.next("connect_error"))["message"] == "Invalid namespace"
    await worker.kill(ACTOR)
    assert await is_refused(worker, "/nowhere")


async def test_middleware_refuses_with_data_and_the_next_is_not_asked(worker: Worker) -> None:
    async with node_client(worker.url, "/strict", path=PATH) as nobody:
        error = await nobody.next("connect_error")
        assert (error["message"], error["data"]) == ("who are you?", {"code": 401})
    eve = Client("/strict")
    errors: list[Any] = []
    eve.on("connect_error", errors.append, namespace="/strict")
    with pytest.raises(socketio.exceptions.ConnectionError):
        await eve.connect(worker.url, namespaces="/strict", socketio_path=PATH, auth={"name": "eve"})
    assert errors == [{"message": "Connection rejected by server"}]
    async with member(worker) as root:
        assert ["connect", "eve"] not in await root.call("noted", "strict")


async def test_packets_are_seen_dropped_and_answered_and_who_leaves_still_has_rooms(worker: Worker) -> None:
    async with member(worker) as root:
        async with member(worker, "/strict", name="ann") as ann:
            await ann.call("move_in", "desk", namespace="/strict")
            await worker.kill(ACTOR)
            await ann.emit("dropped", 1, namespace="/strict")
            refusal = await ann.call("forbidden", 2, namespace="/strict")
            assert refusal == ({"error": "not allowed"}, "forbidden")
            assert await ann.call("passed", b"3", namespace="/strict") == ["passed", b"3"]

        async def seen() -> list[Any]:
            found: list[Any] = await root.call("noted", "strict")
            return found if ["disconnect", "ann"] in found else []

        found = await until(seen, "the disconnect handler has run")
        # python-engineio may close before its Socket.IO packet is out.
        assert found[-2][1] in ("client disconnect", "transport close")
        assert [*found[:-2], [found[-2][0], found[-2][2]], found[-1]] == [
            ["connect", "ann"],
            ["move_in", "desk"],
            ["dropped", 1],
            ["forbidden", 2],
            ["passed", 1],
            ["disconnecting", ["desk"]],
            ["disconnect", "ann"],
        ]


async def test_a_broadcast_collects_answers_and_names_the_silent(worker: Worker) -> None:
    async with (
        member(worker) as asker,
        member(worker) as ann,
        node_client(worker.url, path=PATH) as bob,
        connect_raw(worker.url, PATH) as silent,
    ):
        ann.on("ready?", lambda word: (f"ann: {word}", b"and more"))
        anns_sid, bobs_sid, silent_sid = ann.get_sid(), (await bob.next("connect"))["id"], (await silent.join())["sid"]
        for one in (ann, bob):
            await one.call("enter", "game")
        answers = {anns_sid: ["ann: go", b"and more"], bobs_sid: "go"}
        found = await asker.call("ask_all", ("game", 10))
        assert found == {"answers": answers, "missing": []}
        await worker.kill(ACTOR)
        await silent.send('42["enter","game"]')

        async def is_full() -> bool:
            return bool(await asker.call("size", "game") == 3)

        await until(is_full, "three are in the room")
        found = await asker.call("ask_all", ("game", 0.7))
        assert found == {"answers": answers, "missing": [silent_sid]}


async def test_a_client_that_goes_ends_the_wait_for_its_answer(worker: Worker) -> None:
    async with member(worker) as asker, connect_raw(worker.url, PATH) as silent:
        sid = (await silent.join())["sid"]
        asking = asyncio.create_task(asker.call("ask_all", (sid, 60)))
        assert await silent.receive_message() is not None
        await silent.send("41")
        assert await asyncio.wait_for(asking, 10) == {"answers": {}, "missing": [sid]}


async def test_many_sockets_are_looked_at_and_moved_before_and_after_a_reset(worker: Worker) -> None:
    async with member(worker) as admin, member(worker) as ann, member(worker) as bob:

        async def do(what: str, **arguments: Any) -> Any:
            return await admin.call("administer", (what, arguments))

        sids = [ann.get_sid(), bob.get_sid()]
        await ann.call("remember", {"nick": "ann"})
        await do("sockets_join", room=sids, to_join=["blue", "green"])
        for _ in range(2):
            assert await do("room_size", room="blue") == 2
            assert await do("room_size", room=["blue", "green"], except_rooms=sids[0]) == 1
            described = await admin.call("describe", "blue")
            sessions: list[Any] = [{"nick": "ann"}, {}]
            assert sorted(described) == sorted(
                [sid, ["blue", "green"], session, "GET"] for sid, session in zip(sids, sessions, strict=True)
            )
            await worker.kill(ACTOR)
        await do("sockets_leave", room="green", to_leave="blue", except_rooms=sids[0])
        assert await do("room_size", room="blue") == 1
        await worker.evict(ACTOR)
        await do("disconnect_sockets", room="blue")
        await ann.wait_gone()
        assert await do("room_size", room="blue") == 0
        assert await do("room_size", room="green") == 1
        await do("disconnect_sockets", room="green", close=True)
        await bob.wait_gone()
        noted = await admin.call("noted", "room blue")
        joins = sorted([["join", sid] for sid in sids])
        assert (noted[0], sorted(noted[1:3])) == (["create"], joins)
        assert noted[3:] == [["leave", sids[1]], ["leave", sids[0]], ["delete"]]


@pytest.mark.two_objects
async def test_a_volatile_event_behind_another_packet_is_dropped_and_counted(worker: Worker) -> None:
    async with member(worker) as ann:
        await ann.call("volatile", "alone")
        before = await worker.counters(ACTOR)
        await ann.call("burst")
        after = await worker.counters(ACTOR)
        assert [(await ann.next("said"))[0] for _ in range(3)] == ["alone", "first", "last"]
        assert after["life"] == before["life"]
        assert after["volatile_dropped"] - before.get("volatile_dropped", 0) == 1
        await ann.call("volatile", "alone again")
        assert await ann.next("said") == ("alone again",)


async def test_with_async_handlers_an_event_does_not_wait_for_the_one_before(worker: Worker) -> None:
    async with client(worker.url, path="/beside/") as ann:
        held = asyncio.create_task(ann.call("hold", "it"))
        asking = await ann.call("ask", "while it is held")
        assert asking == ["while it is held", "answered"]
        assert not held.done()
        await until(lambda: ann.call("release", "it"), "the first is held")
        assert await held == "released"
