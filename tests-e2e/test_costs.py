"""What things cost in the units users pay for, read from the actors' counters."""

import asyncio
import json
import os
from contextlib import AsyncExitStack
from typing import Any

import pytest
from clients.polling import poll
from clients.raw import RawSocket, connect
from conftest import Worker
from waiting import silence, until

pytestmark = pytest.mark.two_objects

#: 10 of them are a minute.
IDLE_LOOKS = int(os.environ.get("E2E_IDLE_LOOKS", "1"))
#: Clients by 25: enough for both engine actors, and in soak a thousand.
GROUPS = 40 if IDLE_LOOKS > 1 else 8

ENGINES = ("wide-engine-0", "wide-engine-1")
ACTORS = (*ENGINES, "wide-socket")


async def spent(worker: Worker, before: dict[str, dict[str, Any]], what: str) -> int:
    """Count what all actors together have spent since; every actor must still live the same life."""
    total = 0
    for actor, counters in before.items():
        now = await worker.counters(actor)
        assert now["life"] == counters["life"], actor
        total += now.get(what, 0) - counters.get(what, 0)
    return total


async def look(worker: Worker) -> dict[str, dict[str, Any]]:
    return {actor: await worker.counters(actor) for actor in ACTORS}


async def is_reported(worker: Worker) -> bool:
    return any([(await worker.counters(engine)).get("alarms") for engine in ENGINES])


async def ask(client: RawSocket, event: str, *args: object) -> None:
    await client.send("421" + json.dumps([event, *args]))
    assert str(await client.receive_message()).startswith("31")


async def test_a_session_connects_with_one_rpc(own_worker: Worker) -> None:
    before = await look(own_worker)
    async with connect(own_worker.url, "/wide/") as client:
        await client.join()
        assert await spent(own_worker, before, "rpcs") == 1


async def test_the_way_from_polling_to_a_websocket_costs_one_rpc_and_one_row(own_worker: Worker) -> None:
    async with poll(own_worker.url, "/wide/") as client:
        await client.send("40")
        await client.receive()
        before = await look(own_worker)
        async with client.probe() as ws:
            await ws.send("2probe")
            assert await ws.receive() == "3probe"
            await ws.send("5")
            await ws.send('421["echo","over the WebSocket"]')
            assert await ws.receive_message() == '31["over the WebSocket"]'
            assert await spent(own_worker, before, "rpcs") == 2, "one for the upgrade, one for the event"
            assert await spent(own_worker, before, "rows_written") == 1


async def test_an_event_with_an_immediate_answer_is_one_rpc_awake_and_after_sleep(own_worker: Worker) -> None:
    async with connect(own_worker.url, "/wide/") as client:
        await client.join()
        before = await look(own_worker)
        for _ in range(10):
            await ask(client, "echo", "x")
        assert await spent(own_worker, before, "rpcs") == 10
        for actor in ACTORS:
            await own_worker.evict(actor)
        await ask(client, "echo", "first after sleep")
        after = await look(own_worker)
        assert {counters["life"] for counters in before.values()}.isdisjoint(c["life"] for c in after.values())
        assert sum(counters.get("rpcs", 0) for counters in after.values()) == 1


async def test_an_idle_minute_costs_nothing(own_worker: Worker) -> None:
    """A tenth of it in CI. It is looked at every 6 s, so that nobody sleeps and counters go on counting.

    A minute is longer than the deadline to join, whose alarm finds the first session unreported: once after a quiet time, one RPC.
    """
    async with connect(own_worker.url, "/wide/") as client:
        await client.join()
        if IDLE_LOOKS > 1:
            await until(lambda: is_reported(own_worker), "the session has been reported", patience_s=60)
        before = await look(own_worker)
        for _ in range(IDLE_LOOKS):
            await silence(6)
            await look(own_worker)
        for what in ("rpcs", "frames", "alarms", "rows_written", "rows_read"):
            assert await spent(own_worker, before, what) == 0, what


async def test_a_broadcast_to_many_clients_on_two_engine_actors_is_two_messages(own_worker: Worker) -> None:
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(GROUPS):
            opened = [stack.enter_async_context(connect(own_worker.url, "/wide/")) for _ in range(25)]
            clients += await asyncio.gather(*opened)
        await asyncio.gather(*(client.join() for client in clients))
        found = [await own_worker.probe(engine) for engine in ENGINES]
        assert sum(one["sockets"] for one in found) == 25 * GROUPS
        assert min(one["sockets"] for one in found) > 25
        before = await look(own_worker)
        sender, *others = clients
        await sender.send('42["say",null,"everybody"]')
        assert {await client.receive_message() for client in others} == {'2["said","everybody"]'}
        assert await spent(own_worker, before, "operations_received") - 1 == 2
        assert await spent(own_worker, before, "rpcs") == 2


async def test_waking_with_many_sessions_reads_only_what_the_event_touches(own_worker: Worker) -> None:
    async with AsyncExitStack() as stack:
        clients = []
        for _ in range(GROUPS):
            opened = [stack.enter_async_context(connect(own_worker.url, "/wide/")) for _ in range(25)]
            clients += await asyncio.gather(*opened)
        await asyncio.gather(*(client.join() for client in clients))
        assert (await own_worker.probe("wide-socket"))["sessions"] == 25 * GROUPS
        await own_worker.evict("wide-socket")
        await ask(clients[0], "echo", "x")
        woken = await own_worker.counters("wide-socket")
        assert woken.get("rpcs", 0) == 0
        assert woken["rows_read"] <= 5
        assert woken.get("rows_written", 0) == 0


async def rows_of_each_event(worker: Worker) -> dict[str, tuple[int, int]]:
    """Count the rows that each kind of event reads and writes in a life of the socket actor that begins with it."""
    found = {}
    async with connect(worker.url, "/wide/") as client, connect(worker.url, "/wide/") as other:

        async def measure(what: str, *frames: str, answer: str) -> None:
            await worker.evict("wide-socket")
            before = await worker.counters("wide-socket")
            for frame in frames:
                await client.send(frame)
            assert str(await client.receive_message()).startswith(answer)
            after = await worker.counters("wide-socket")
            assert after["life"] == before["life"], what
            found[what] = tuple(after.get(one, 0) - before.get(one, 0) for one in ("rows_read", "rows_written"))

        await other.join()
        await measure("connect", "40", answer="0")
        await measure("echo", '421["echo","x"]', answer="31")
        await measure("enter a room", '421["enter","lobby"]', answer="31")
        await measure("to a room", '421["say","lobby","x"]', answer="31")
        await measure("to everybody", '421["say",null,"x"]', answer="31")
        await measure("connect to a namespace", "40/more,", answer="0/more,")
        await client.send("41/more,")
        await measure("after a namespace", '421["echo","x"]', answer="31")
    return found


async def test_what_an_event_reads_and_writes_does_not_grow_with_ten_thousand_others(own_worker: Worker) -> None:
    alone = await rows_of_each_event(own_worker)
    await own_worker.crowd("wide-socket")
    assert (await own_worker.probe("wide-socket"))["sessions"] >= 10_000
    among_others = await rows_of_each_event(own_worker)
    assert among_others.keys() == alone.keys()
    for what, (read, written) in among_others.items():
        # A search in an index may look at the entry behind those it wants, if there is one; an event makes two at most.
        assert abs(read - alone[what][0]) <= 2, what
        assert written == alone[what][1], what
    assert max(read for read, _ in alone.values()) <= 20, alone


#: The order in which JavaScript's clients write it, and that of clients that are not recovered.
RECOVERED, NOT_RECOVERED = "EIO=4&transport=websocket", "transport=websocket&EIO=4"


class Rows:
    """Counts the rows that a socket actor writes."""

    def __init__(self, worker: Worker, actor: str) -> None:
        self._worker, self._actor = worker, actor
        self._last = 0
        self.found: dict[str, int] = {}

    async def note(self, what: str) -> None:
        """Note how many there were since the last time."""
        now = (await self._worker.counters(self._actor)).get("rows_written", 0)
        self.found[what] = now - self._last
        self._last = now


async def do(client: RawSocket, event: str, *args: object) -> None:
    """Emit and wait for the acknowledgement; what else comes is not looked at."""
    await client.send("421" + json.dumps([event, *args]))
    while not str(await client.receive_message()).startswith("31"):
        pass


#: What sends to all once, and 20 times, without recovery and with it.
USUAL = (("say", None, "x"), ("flood", 20, 1))
NUMBERED = (("publish",), ("publish", None, 20))


async def rows_of_a_life(worker: Worker, server: str, query: str) -> dict[str, int]:
    """Count what each event of a client writes that connects, is sent something, breaks and comes back."""
    rows, actor = Rows(worker, f"{server}-socket"), f"{server}-socket"
    once, often = NUMBERED if server == "recovery" else USUAL

    async def is_gone() -> bool:
        probe = await worker.probe(actor)
        return bool(probe.get("parked") == 1 or probe["sessions"] == 1)

    async with connect(worker.url, f"/{server}/", NOT_RECOVERED) as other:
        await other.join()
        await rows.note("before")
        async with connect(worker.url, f"/{server}/", query) as client:
            joined = await client.join()
            await rows.note("connect")
            await do(client, "enter", "lobby")
            await rows.note("join")
            await do(other, "whoami")
            await rows.note("event that sends nothing but an acknowledgement")
            await do(other, *once)
            await rows.note("event that sends once")
            await do(other, *often)
            await rows.note("event that sends 20 times")
            if is_recovered := "pid" in joined:
                for _ in range(21):
                    last = json.loads(str(await client.receive_message())[1:])
        await until(is_gone, "the break was noticed")
        await rows.note("break")
        async with connect(worker.url, f"/{server}/", query) as client:
            claim = {"pid": joined["pid"], "offset": last[-1]} if is_recovered else None
            assert ((await client.join(auth=claim))["sid"] == joined["sid"]) == is_recovered
            await rows.note("return")
    return {what: count for what, count in rows.found.items() if what != "before"}


async def test_recovery_writes_a_row_for_each_event_that_sends_and_without_it_there_is_none(own_worker: Worker) -> None:
    usual = {
        "connect": 5,
        "join": 2,
        "event that sends nothing but an acknowledgement": 0,
        "event that sends once": 0,
        "event that sends 20 times": 0,
        "break": 3,
        "return": 5,
    }
    assert await rows_of_a_life(own_worker, "wide", RECOVERED) == usual
    assert await rows_of_a_life(own_worker, "recovery", NOT_RECOVERED) == usual
    # In two objects the break sets the alarm of the one that parks it; in one the alarm is set already.
    breaks = 3 if own_worker.is_split else 2
    more = {"join": 3, "event that sends once": 1, "event that sends 20 times": 1, "break": breaks, "return": 7}
    assert await rows_of_a_life(own_worker, "recovery", RECOVERED) == usual | more


async def test_a_log_that_is_written_later_has_fewer_rows(own_worker: Worker) -> None:
    """Besides the first two and those of 50 packets there is one a second, and one at the end: how long it takes is in it."""
    rows = Rows(own_worker, "deferred-socket")
    async with connect(own_worker.url, "/deferred/", RECOVERED) as client:
        await client.join()
        await silence(2.5)
        await rows.note("before")
        for _ in range(2):
            await do(client, "publish")
            await silence(2)
            await rows.note("event every two seconds")
            assert rows.found["event every two seconds"] == 1
        for _ in range(152):
            await do(client, "publish")
        await silence(3)
        await rows.note("152 at once")
        for _ in range(30):
            await do(client, "publish")
            await silence(0.1)
        await silence(3)
        await rows.note("30, ten a second")
    assert 6 <= rows.found["152 at once"] <= 12, rows.found
    assert 4 <= rows.found["30, ten a second"] <= 10, rows.found
