"""Connection state recovery with npm's stock socket.io-client: who it was, and all it missed, in order, once; or it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from clients.python import client as python_client
from clients.raw import connect
from clients.recovering import Cut, Recovering, recovering
from clients.streams import ask, check_stream, numbers, told
from conftest import Worker
from waiting import until

CUTS: tuple[Cut, ...] = ("close", "destroy", "abandon")


class Publisher:
    """Somebody else, who has numbers published; a client without recovery, which comes back when its connection ends."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._asked = 0

    async def publish(self, room: Any = None, times: int = 1, options: Any = None) -> int:
        """Have numbers published; returns the last one."""
        return int((await self.call("publish", room, times, options))[0])

    async def call(self, *args: Any) -> list[Any]:
        """Emit over a connection of its own, and return the acknowledgement."""
        async with connect(
            self._url, "/recovery/", "transport=websocket&EIO=4"
        ) as client:  # as python-socketio's clients write it
            await client.join()
            return await ask(client, *args)


@asynccontextmanager
async def one(worker: Worker, **options: Any) -> AsyncIterator[tuple[Recovering, Publisher]]:
    async with recovering(worker.url, **options) as clients:
        yield clients, Publisher(worker.url)


async def settled(clients: Recovering, number: int, *which: int) -> list[list[dict[str, Any]]]:
    """Wait until clients have got a number; returns all histories."""
    chosen = which or range(clients.count)

    async def arrived() -> list[list[dict[str, Any]]] | None:
        histories = await clients.histories()
        return histories if all((numbers(histories[index]) or [0])[-1] >= number for index in chosen) else None

    found: list[list[dict[str, Any]]] = await until(arrived, f"{number} arrives", patience_s=30)
    return found


@pytest.mark.parametrize("how", CUTS)
async def test_it_comes_back_as_who_it_was_and_gets_what_it_missed(own_worker: Worker, how: Cut) -> None:
    async with one(own_worker) as (clients, publisher):
        before = (await clients.states())[0]
        assert await clients.call(0, "enter", "blue") == ["blue"]
        await publisher.publish("blue", 3)
        await settled(clients, 3)
        await clients.stay_away(0)
        await clients.cut(how, 0)
        await publisher.publish("blue", 4)
        await publisher.call("send", "direct", ["x"], {"to": before["id"]})
        await publisher.call("send", "direct", ["not this"], {"to": "blue", "skip_sid": before["id"]})
        await publisher.call("send", "direct", ["nor this"], {"to": "blue", "volatile": True})
        await clients.come_back(0)
        await clients.all_connected()
        await publisher.publish("blue", 1)
        history = (await settled(clients, 8))[0]
        check_stream(history)
        assert numbers(history) == [1, 2, 3, 4, 5, 6, 7, 8]
        assert [step["args"] for step in history if step.get("event") == "direct"] == [["x"]]
        assert told(history) == [False, True]
        assert (await clients.states())[0]["id"] == before["id"]
        found = await clients.call(0, "whoami")
        assert found == {"sid": before["id"], "rooms": ["blue"], "recovered": True, "name": 0}
    probe = await own_worker.probe("recovery-socket")
    assert probe["recovered"] == 1


@pytest.mark.parametrize("transports", [["polling"], ["polling", "websocket"]], ids="+".join)
async def test_over_polling_and_through_an_upgrade(worker: Worker, transports: list[str]) -> None:
    async with one(worker, transports=transports) as (clients, publisher):
        room = f"{transports}"
        await clients.call(0, "enter", room)
        first = await publisher.publish(room, 2)
        await settled(clients, first)
        await clients.stay_away(0)
        await clients.cut("close", 0)
        last = await publisher.publish(room, 3)
        await clients.come_back(0)
        await clients.all_connected()
        history = (await settled(clients, last))[0]
        check_stream(history)
        assert told(history) == [False, True]


@pytest.mark.parametrize("end", ["socket", "engines", "both", "sleep"])
async def test_it_survives_the_end_of_lives_while_it_is_away(own_worker: Worker, end: str) -> None:
    async with one(own_worker) as (clients, publisher):
        await clients.call(0, "enter", "blue")
        await publisher.publish("blue", 2)
        await settled(clients, 2)
        await clients.stay_away(0)
        if end in ("sleep", "socket"):
            await clients.cut("destroy", 0)
        await publisher.publish("blue", 2)
        if end == "sleep":
            for actor in ("recovery-engine-0", "recovery-engine-1", "recovery-socket"):
                await own_worker.probe(actor)  # only what is awake can be put to sleep
                await own_worker.evict(actor)
        if end in ("engines", "both"):
            for actor in ("recovery-engine-0", "recovery-engine-1"):
                await own_worker.kill(actor)
        if end in ("socket", "both") and own_worker.is_split:
            await own_worker.kill("recovery-socket")
        await publisher.publish("blue", 2)
        await clients.come_back(0)
        await clients.all_connected()
        await publisher.publish("blue", 1)
        history = (await settled(clients, 7))[0]
        assert numbers(history) == [1, 2, 3, 4, 5, 6, 7]
        assert told(history) == [False, True]


async def test_a_packet_on_its_way_to_another_client_reaches_it_when_the_socket_actor_is_aborted(
    two_objects: Worker,
) -> None:
    """What the rules of the link do not give: the publisher's event is done, and what it sent is on its way elsewhere."""
    async with one(two_objects, count=6) as (clients, publisher):
        for which in range(6):
            await clients.call(which, "enter", "on the way")
        last = 0
        for _ in range(8):
            last = await publisher.publish("on the way", 5)
            await two_objects.kill("recovery-socket")
        await clients.all_connected()
        last = await publisher.publish("on the way", 1)
        for history in await settled(clients, last):
            check_stream(history)
            assert numbers(history) == list(range(1, last + 1))
            assert all(told(history)[1:])


FORGERIES: dict[str, dict[str, Any]] = {
    "a pid of nobody": {"_pid": "~" + "x" * 39},
    "a pid of another form": {"_pid": "hello"},
    "an offset of nobody": {"_lastOffset": "0.0.000000000000"},
    "an offset of another form": {"_lastOffset": "hello"},
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_what_is_forged_makes_an_ordinary_client(worker: Worker, forgery: str) -> None:
    async with one(worker) as (clients, publisher):
        await publisher.publish(None, 1)
        await settled(clients, 1)  # its offset would replace the one that is forged
        before = (await clients.states())[0]["id"]
        await clients.stay_away(0)
        await clients.cut("destroy", 0)
        await clients.forge(0, **FORGERIES[forgery])
        await clients.come_back(0)
        await clients.all_connected()
        assert (await clients.states())[0]["id"] != before
        assert told((await clients.histories())[0]) == [False, False]


async def test_of_two_clients_with_one_pid_one_wins(worker: Worker) -> None:
    async with one(worker, count=2) as (clients, publisher):
        await publisher.publish(None, 1)
        await settled(clients, 1)
        state = (await clients.states())[0]
        await clients.stay_away(0, 1)
        await clients.cut("destroy", 0, 1)
        await clients.forge(1, _pid=state["pid"], _lastOffset=state["offset"])
        await clients.come_back(1)
        await until(lambda: _is_connected(clients, 1), "the second comes back")
        await clients.come_back(0)
        await until(lambda: _is_connected(clients, 0), "the first comes back")
        states = await clients.states()
        assert states[0]["id"] == state["id"]
        assert told((await clients.histories())[0])[-1]


async def _is_connected(clients: Recovering, which: int) -> bool:
    return bool((await clients.states())[which]["connected"])


TEXTS = {
    "text": ("said", ["text"], {}),
    "text, volatile": ("said", ["text"], {"volatile": True}),
    "text and bytes": ("said", [{"$": "x"}, "text"], {}),
    "no argument": ("said", [], {}),
}


@pytest.mark.parametrize("kind", TEXTS)
async def test_no_argument_is_taken_for_an_offset(worker: Worker, kind: str) -> None:
    event, arguments, options = TEXTS[kind]
    async with one(worker) as (clients, publisher):
        me = (await clients.states())[0]["id"]
        await publisher.call("send", "before", [1], {"to": me})
        await publisher.call("send", event, arguments, {"to": me, **options})
        await until(lambda: _got(clients, event), "it arrives")
        await clients.stay_away(0)
        await clients.cut("destroy", 0)
        await publisher.call("send", "missed", [2], {"to": me})
        await clients.come_back(0)
        await clients.all_connected()
        await until(lambda: _got(clients, "missed"), "what was missed arrives")
        history = (await clients.histories())[0]
        assert [step["event"] for step in history if "event" in step] == ["before", event, "missed"]
        assert [step["args"] for step in history if step.get("event") == event] == [arguments]
        assert told(history) == [False, True]


async def _got(clients: Recovering, event: str) -> bool:
    return any(step.get("event") == event for step in (await clients.histories())[0])


async def test_a_question_that_was_missed_is_answered_and_one_that_was_not_is_not_asked_again(worker: Worker) -> None:
    async with one(worker) as (clients, publisher):
        me = (await clients.states())[0]["id"]
        await clients.hold(0)
        await publisher.call("ask", me, "heard")
        await until(lambda: _got(clients, "question"), "the question arrives")
        await clients.stay_away(0)
        await clients.cut("destroy", 0)
        await publisher.call("ask", me, "missed")
        await clients.hold(0, held=False)
        await clients.come_back(0)
        await clients.all_connected()

        async def answered() -> bool:
            return bool((await publisher.call("answer"))[0] == "missed")

        await until(answered, "the missed question is answered")
        history = (await clients.histories())[0]
        assert [step["args"] for step in history if step.get("event") == "question"] == [["heard"], ["missed"]]


async def test_pythons_clients_see_no_further_argument(worker: Worker) -> None:
    async with python_client(worker.url, path="/recovery/") as ann:
        await ann.call("send", ("said", ["text"], {"to": ann.get_sid()}))
        assert await ann.next("said") == ("text",)


@pytest.mark.parametrize("how", CUTS)
async def test_many_are_cut_at_once_while_numbers_are_published(own_worker: Worker, how: Cut) -> None:
    async with one(own_worker, count=30) as (clients, publisher):
        for _ in range(4):
            publishing = asyncio.create_task(publisher.publish(None, 20))
            await clients.cut(how)
            await publishing
            await clients.all_connected()
        last = await publisher.publish(None, 1)
        for history in await settled(clients, last):
            check_stream(history)
            assert all(told(history)[1:])
    probe = await own_worker.probe("recovery-socket")
    assert probe["connects"] - probe["disconnects"] <= 30 + 2
