"""Socket.IO clients that poll, in front of an application in another object."""

import asyncio
from typing import Any

from clients.node import node_client
from conftest import Worker
from waiting import until

POLLING: dict[str, Any] = {"transports": ["polling"], "reconnectionDelay": 50, "reconnectionDelayMax": 200}


async def upgraded(worker: Worker) -> bool:
    return bool((await worker.probe("engine"))["sockets"] == 1)


async def test_a_reset_of_the_engine_actor_ends_a_session_that_polls_and_its_client_comes_back(
    own_worker: Worker,
) -> None:
    async with node_client(own_worker.url, path="/fast/", **POLLING) as ann:
        first = (await ann.next("connect"))["id"]
        await ann.call("echo", "there")
        await own_worker.kill("fast-engine")
        assert (await ann.next("disconnect"))["reason"] == "transport error"
        assert (await ann.next("connect"))["id"] != first
        assert await ann.call("echo", "back") == ["back"]

        async def is_told() -> bool:
            return bool((await own_worker.probe("fast-socket"))["sockets"] == 1)

        await until(is_told, "the application was told of the end")


async def test_a_reset_of_the_socket_actor_leaves_a_quiet_session_that_polls(own_worker: Worker) -> None:
    async with node_client(own_worker.url, **POLLING) as ann:
        sid = (await ann.next("connect"))["id"]
        assert await ann.call("enter", "blue") == [["blue"]]
        await own_worker.kill("socket")
        assert (await ann.call("whoami"))[0]["sid"] == sid
        assert await ann.call("say", "blue", "still here") == ["ok"]


async def test_a_session_sleeps_after_its_upgrade(own_worker: Worker) -> None:
    async with node_client(own_worker.url) as ann:
        sid = (await ann.next("connect"))["id"]
        await until(lambda: upgraded(own_worker), "the client has its WebSocket")
        await ann.call("echo", "over the WebSocket")
        lives = {actor: (await own_worker.probe(actor))["life"] for actor in ("engine", "socket")}
        for actor in lives:
            await own_worker.evict(actor)
        assert (await ann.call("whoami"))[0]["sid"] == sid
        now = {actor: (await own_worker.probe(actor))["life"] for actor in lives}
        assert all(now[actor] != lives[actor] for actor in lives)


async def test_messages_of_many_polling_clients_arrive_once_each_in_order(worker: Worker) -> None:
    async def talk(number: int) -> None:
        async with node_client(worker.url, **POLLING) as client:
            await client.next("connect")
            for turn in range(20):
                assert await client.call("echo", number, turn) == [number, turn]

    await asyncio.gather(*(talk(number) for number in range(4)))
