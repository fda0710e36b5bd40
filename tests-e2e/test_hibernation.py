"""What survives sleep, resets and restarts, and what wakes nobody."""

import asyncio
from typing import Any

from clients.node import node_client
from clients.raw import Closed, RawSocket, connect
from conftest import Worker
from waiting import silence, until

#: workerd takes an object down after 10 s without an event.
ASLEEP_S = 11.5


async def test_both_objects_sleep_and_nothing_is_lost(own_worker: Worker) -> None:
    async with (
        node_client(own_worker.url, auth={"user": "ann"}) as ann,
        node_client(own_worker.url) as bob,
        connect(own_worker.url) as raw,
    ):
        for one in (ann, bob):
            await one.next("connect")
        await raw.join(auth={"user": "raw"})
        await ann.call("enter", "blue")
        await ann.call("remember", "n", 1)
        assert await ann.call("ask", "before sleep") == ["before sleep"]
        await ann.next("event", event="question")
        before = {actor: await own_worker.probe(actor) for actor in ("engine", "socket")}
        await silence(ASLEEP_S)
        assert await bob.call("say", "blue", "good morning") == ["ok"]
        assert (await ann.next("event"))["args"] == ["good morning"]
        who = (await ann.call("whoami"))[0]
        assert (who["session"], who["rooms"]) == ({"user": "ann", "n": 1}, ["blue"])
        assert "EIO=4" in who["query"]
        await raw.send('421["echo","still here"]')
        assert await raw.receive_message() == '31["still here"]'
        after = {actor: await own_worker.probe(actor) for actor in ("engine", "socket")}
    for actor in ("engine", "socket"):
        assert before[actor]["life"] != after[actor]["life"], f"{actor} did not sleep"
    assert after["socket"]["connects"] == before["socket"]["connects"] == 3
    assert after["socket"]["disconnects"] == 0


async def test_an_object_with_a_suspended_handler_does_not_sleep(own_worker: Worker) -> None:
    async with node_client(own_worker.url) as ann:
        await ann.next("connect")
        assert await ann.call("wait", 12) == ["waited"]


async def test_a_handler_on_a_bare_future_is_not_taken_down_in_the_middle(own_worker: Worker) -> None:
    async with connect(own_worker.url) as waiter, connect(own_worker.url) as other:
        await waiter.join()
        await other.join()
        await waiter.send('421["hold","it"]')
        await silence(15)
        await other.send('422["release","it"]')
        assert await other.receive_message() == "32[true]"
        assert await waiter.receive_message() == '31["released"]'


async def test_pongs_wake_nobody(worker: Worker) -> None:
    async with (
        connect(worker.url, "/fast/") as one,
        connect(worker.url, "/fast/") as two,
        connect(worker.url, "/fast/") as three,
    ):
        clients = (one, two, three)
        for client in clients:
            await client.join()
        before = await worker.probe("fast-engine")
        for _ in range(3):
            for client in clients:
                assert await client.receive() == "2"
                await client.send("3")
                assert await client.receive() == "6"
        after = await worker.probe("fast-engine")
    assert after["life"] == before["life"]
    assert after["frames"] == before["frames"]
    assert 3 <= after["alarms"] - before["alarms"] <= 5


async def test_a_client_that_does_not_answer_pings_is_closed(worker: Worker) -> None:
    async with connect(worker.url, "/fast/") as witness, connect(worker.url, "/fast/") as dead:
        await witness.join()
        await dead.join(auth={"user": "dead"})
        closed, message = await asyncio.gather(dead.wait_closed(), witness.receive_message())
        assert closed.code == 1000
        assert message == '2["left",{"user":"dead","reason":"ping timeout","rooms":[]}]'


async def test_a_client_that_joins_nothing_is_closed(worker: Worker) -> None:
    async with connect(worker.url, "/fast/") as idle, connect(worker.url, "/fast/") as joined:
        await joined.join()
        while True:
            frame = await joined.receive()
            assert frame in ("2", "6")
            await joined.send("3")
            await idle.send("3")
            if (await _closed(idle)) == 1000:
                break
        await joined.send('421["echo",1]')
        assert await joined.receive_message() == "31[1]"


async def _closed(client: RawSocket) -> int | None:
    """Return what there is, until the next ping or the close."""
    try:
        while await client.receive() != "2":
            pass
    except Closed as closed:
        return closed.code
    return None


async def test_a_reset_socket_actor_keeps_its_clients(own_worker: Worker) -> None:
    async with node_client(own_worker.url, auth={"user": "ann"}) as ann:
        await ann.next("connect")
        await ann.call("enter", "blue")
        life = (await own_worker.probe("socket"))["life"]
        await own_worker.kill("socket")
        who = (await ann.call("whoami"))[0]
        assert (who["session"], who["rooms"]) == ({"user": "ann"}, ["blue"])
        after = await own_worker.probe("socket")
        assert after["life"] != life
        assert (after["connects"], after["disconnects"]) == (1, 0)


async def test_after_a_restart_clients_come_back_and_no_ghost_remains(restarted_worker: Worker) -> None:
    async with (
        node_client(restarted_worker.url, auth={"user": "ann"}, reconnectionDelay=100, reconnectionDelayMax=300) as ann,
        connect(restarted_worker.url) as leaver,
    ):
        await ann.next("connect")
        await leaver.join()
        await ann.call("enter", "blue")
        restarted_worker.server.stop()
        await ann.next("disconnect")
        restarted_worker.server.start()
        await ann.next("connect")
        assert (await ann.call("whoami"))[0]["rooms"] == []

        async def is_swept() -> bool:
            found: dict[str, Any] = await restarted_worker.probe("socket")
            return [found[table] for table in ("sessions", "sockets", "rooms")] == [1, 1, 0]

        await until(is_swept, "only the client that came back is known", patience_s=60)
        found = await restarted_worker.probe("socket")
        assert (found["connects"], found["disconnects"]) == (3, 2)
        assert (await restarted_worker.probe("engine"))["sockets"] == 1
        assert await ann.call("echo", "well") == ["well"]


async def test_ghosts_are_found_when_nobody_comes_back(own_worker: Worker) -> None:
    async with connect(own_worker.url, "/fast/") as client:
        await client.join()
        await own_worker.kill("fast-engine")
        await client.wait_closed()

    async def is_empty() -> bool:
        found = await own_worker.probe("fast-socket")
        return bool(found["sessions"] == 0 and found["disconnects"] == 1)

    await until(is_empty, "the session whose engine was reset is ended by the surviving alarm")
