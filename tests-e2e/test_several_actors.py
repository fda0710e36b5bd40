"""One engine actor in front of several socket actors: clients with namespaces on more than one of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import socketio
from clients.node import node_client
from clients.raw import RawSocket, connect
from conftest import Worker
from waiting import silence, until

pytestmark = pytest.mark.two_objects

PATH = "/several/"
ADMIN = {"token": "admin"}
ACTORS = {"/": "several-main", "/admin": "several-admin"}
PATIENCE_S = 15
#: workerd takes an object down after 10 s without an event; the last one of the sleeper is the report of the next alarm.
ASLEEP_S = 14.5
HEADER = '451-/admin,7["echo",{"_placeholder":true,"num":0}]'


class Both(socketio.AsyncClient):
    """A client with a namespace on each of two actors, that keeps what it receives there."""

    def __init__(self) -> None:
        super().__init__(reconnection=False)
        self.events: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.on("*", self._keep, namespace="*")
        self.on("disconnect", lambda _namespace, _reason: self.gone.set(), namespace="*")

    async def ask(self, namespace: str, event: str, *data: Any) -> Any:
        """Emit, and wait for the acknowledgement."""
        return await self.call(event, data, namespace=namespace, timeout=PATIENCE_S)

    async def next(self) -> tuple[Any, ...]:
        """Return the next event: its name, its namespace, its arguments."""
        return await asyncio.wait_for(self.events.get(), PATIENCE_S)

    async def _keep(self, *event: Any) -> None:
        await self.events.put(event)


@asynccontextmanager
async def both(worker: Worker, *transports: str) -> AsyncIterator[Both]:
    """Connect a client to both actors, with its default transports unless some are named."""
    made = Both()
    await made.connect(
        worker.url,
        namespaces=list(ACTORS),
        socketio_path=PATH,
        auth=ADMIN,
        headers={"Cookie": "secret=1", "X-Test": "kept"},
        transports=list(transports) or None,
    )
    try:
        yield made
    finally:
        await made.disconnect()


async def joined(raw: RawSocket) -> RawSocket:
    """Put a raw client into both namespaces."""
    await raw.join(auth=ADMIN)
    await raw.join("/admin", ADMIN)
    return raw


async def nobody_is_left(worker: Worker) -> None:
    async def is_empty() -> bool:
        found = [await worker.probe(actor) for actor in ACTORS.values()]
        return all(one["sessions"] == one["sockets"] == 0 and one["connects"] == one["disconnects"] for one in found)

    await until(is_empty, "both actors have forgotten everybody", 40)


@pytest.mark.parametrize("transports", [(), ("polling",), ("websocket",)], ids=["default", "polling", "websocket"])
async def test_each_namespace_is_served_by_its_actor_and_knows_the_handshake(
    worker: Worker, transports: tuple[str, ...]
) -> None:
    async with both(worker, *transports) as ann:
        data = {"n": [b"\x00\xff", {"deep": b""}], "text": "é"}
        for _ in range(2):
            for namespace, actor in (("/", "main"), ("/admin", "admin")):
                found = await ann.ask(namespace, "where")
                assert (found["actor"], found["namespace"]) == (actor, namespace)
                assert (found["cookie"], found["x"]) == (None, "kept")
                assert await ann.ask(namespace, "echo", data, b"last") == (data, b"last")


async def test_both_actors_are_told_of_the_upgrade(worker: Worker) -> None:
    async with both(worker, "polling") as poller:
        assert [(await poller.ask(one, "where"))["transport"] for one in ACTORS] == ["polling", "polling"]
    async with both(worker) as ann:

        async def upgraded() -> bool:
            return [(await ann.ask(one, "where"))["transport"] for one in ACTORS] == ["websocket", "websocket"]

        await until(upgraded, "both actors know of the WebSocket")
        for actor in ACTORS.values():
            await worker.kill(actor)
        assert await upgraded(), "it is written down"


async def test_a_refusal_of_one_actor_leaves_the_other_namespace(worker: Worker) -> None:
    async with (
        node_client(worker.url, "/admin", path=PATH, auth={"token": "wrong"}) as bob,
        both(worker) as ann,
    ):
        assert (await bob.next("connect_error"))["message"] == "administrators only"
        await ann.ask("/", "enter", "blue")
        await ann.ask("/admin", "enter", "blue")
        async with both(worker) as eve:
            await eve.emit("say", ("blue", "in the main one"))
            assert await ann.next() == ("said", "/", "in the main one")
            await eve.emit("say", ("blue", b"in the other"), namespace="/admin")
            assert await ann.next() == ("said", "/admin", b"in the other")
            await eve.disconnect()
        assert await ann.ask("/admin", "echo", 1) == 1


async def test_both_sleep_with_the_engine_and_wake_with_a_message_for_each(own_worker: Worker) -> None:
    everybody = ("several-engine", *ACTORS.values())
    async with both(own_worker) as ann:
        await ann.ask("/admin", "enter", "blue")
        lives = {actor: (await own_worker.probe(actor))["life"] for actor in everybody}
        for actor in everybody:
            await own_worker.evict(actor)
        for namespace in ACTORS:
            assert await ann.ask(namespace, "echo", b"awake") == b"awake"
        now = {actor: await own_worker.probe(actor) for actor in everybody}
        assert all(now[actor]["life"] != lives[actor] for actor in everybody)
        assert [now[actor]["connects"] for actor in ACTORS.values()] == [1, 1], "waking announces nothing"
    await nobody_is_left(own_worker)


async def test_the_time_of_sleep_between_a_binary_packet_and_its_attachment(own_worker: Worker) -> None:
    """The actor that waits stays awake, and the engine actor with it; the other one sleeps."""
    async with connect(own_worker.url, PATH) as raw:
        await joined(raw)
        asleep = (await own_worker.probe("several-main"))["life"]
        await raw.send(HEADER)
        await silence(ASLEEP_S)
        await raw.send(b"\x01\x02")
        await raw.send('421["echo",2]')
        answers = [await raw.receive_message() for _ in range(3)]
        assert answers[answers.index(b"\x01\x02") - 1] == '61-/admin,7[{"_placeholder":true,"num":0}]'
        assert "31[2]" in answers
        assert (await own_worker.probe("several-main"))["life"] != asleep


async def test_an_abort_between_a_binary_packet_and_its_attachment_closes_that_session_only(own_worker: Worker) -> None:
    async with connect(own_worker.url, PATH) as raw, connect(own_worker.url, PATH) as other:
        await joined(raw)
        await joined(other)
        await raw.send(HEADER)
        await raw.send('421["echo",2]')  # no attachment: refused at once, by the actor that waits
        assert (await raw.wait_closed()).code == 1011
        await other.send(HEADER)
        await other.send('42["echo",1]')  # behind it
        await own_worker.kill("several-admin")
        await other.send(b"\x01\x02")
        assert (await other.wait_closed()).code == 1011
    await nobody_is_left(own_worker)


async def test_when_one_actor_fails_the_sessions_that_use_it_are_closed_and_no_others(own_worker: Worker) -> None:
    async with (
        both(own_worker) as waiting,
        both(own_worker) as quiet,
        node_client(own_worker.url, "/", path=PATH) as elsewhere,
    ):
        await elsewhere.next("connect")
        await waiting.emit("wait", 60, namespace="/admin")
        await waiting.ask("/", "echo", "behind it")
        await own_worker.kill("several-admin")
        await waiting.emit("echo", "contact", namespace="/admin")
        await asyncio.wait_for(waiting.gone.wait(), PATIENCE_S)
        for namespace in ACTORS:
            assert await quiet.ask(namespace, "echo", "still here") == "still here"
        assert await elsewhere.call("echo", "untouched") == ["untouched"]
        assert not quiet.gone.is_set()
    await nobody_is_left(own_worker)


async def test_both_actors_find_out_when_the_engine_actor_was_reset(own_worker: Worker) -> None:
    async with both(own_worker) as ann, both(own_worker) as bob:
        await own_worker.kill("several-engine")
        for gone in (ann.gone, bob.gone):
            await asyncio.wait_for(gone.wait(), PATIENCE_S)
        assert (await own_worker.probe("several-admin"))["connects"] == 2
    await nobody_is_left(own_worker)


async def test_a_client_has_so_many_actors_and_no_more(worker: Worker) -> None:
    async with connect(worker.url, PATH) as raw:
        for number in range(8):
            await raw.join(f"/part-{number}")
        await raw.send('42/part-0,1["where"]')
        assert '"actor":"part-0"' in str(await raw.receive_message())
        await raw.send("40/part-8,")
        assert (await raw.wait_closed()).code == 1011
