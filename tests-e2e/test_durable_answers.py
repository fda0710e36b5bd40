"""Answers that are expected by the name of their handler: they come, or do not, in whatever life of the actor.

Whoever has entered the room of an order is told what becomes of it, so that nobody wakes the actor by asking.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from clients.node import NodeClient, node_client
from clients.python import Client, client
from conftest import Worker

PATH = "/features/"
LONG_S = 600


@asynccontextmanager
async def payer(worker: Worker) -> AsyncIterator[tuple[NodeClient, str]]:
    """Connect a client that answers when it is told to; with its sid."""
    async with node_client(worker.url, holds=["pay"], path=PATH) as made:
        yield made, (await made.next("connect"))["id"]


@asynccontextmanager
async def shop(worker: Worker, order: str) -> AsyncIterator[Client]:
    """Connect a client that is told what becomes of an order."""
    async with client(worker.url, path=PATH) as made:
        await made.call("enter", order)
        yield made


async def life(worker: Worker) -> str:
    return str((await worker.counters("features-socket"))["life"])


@pytest.mark.parametrize("verb", ["evict", "kill"])
async def test_the_client_answers_a_later_life_of_the_actor(worker: Worker, verb: str) -> None:
    order = f"answered after {verb}"
    async with shop(worker, order) as seller, payer(worker) as (ann, sid):
        context = {"order": order, "more": [1, None, "ü"]}
        await seller.call("expect", (sid, context, LONG_S))
        assert (await ann.next("event"))["args"] == [5]
        before = await life(worker)
        await getattr(worker, verb)("features-socket")
        await ann.answer({"cash": b"\x00\xff"}, "thanks")
        assert await seller.next("paid") == (context, sid, {"cash": b"\x00\xff"}, "thanks")
        assert await life(worker) != before
        assert await seller.call("noted", order) == [[sid, "paid"]]


async def test_the_client_answers_at_once(worker: Worker) -> None:
    order = "answered at once"
    async with shop(worker, order) as seller, node_client(worker.url, path=PATH) as ann:
        sid = (await ann.next("connect"))["id"]
        await seller.call("expect", (sid, {"order": order}, LONG_S))
        assert await seller.next("paid") == ({"order": order}, sid, 5)


@pytest.mark.parametrize("verb", ["evict", "kill"])
async def test_the_deadline_passes_while_the_actor_is_down_and_a_late_answer_is_nobodys(
    worker: Worker, verb: str
) -> None:
    order, later = f"too late after {verb}", f"in time after {verb}"
    async with shop(worker, order) as seller, payer(worker) as (ann, sid), payer(worker) as (bob, bobs_sid):
        await seller.call("enter", later)
        await seller.call("expect", (bobs_sid, {"order": later}, LONG_S))
        await seller.call("expect", (sid, {"order": order}, 1.5))
        assert (await ann.next("event"))["args"] == [5]
        assert (await bob.next("event"))["args"] == [5]
        before = await life(worker)
        await getattr(worker, verb)("features-socket")
        assert await seller.next("not paid") == ({"order": order}, sid, "timeout")
        after = await worker.counters("features-socket")
        assert (after["life"] != before, after["alarms"]) == (True, 1)
        await ann.answer("late")
        await bob.answer("in time")
        assert await seller.next("paid") == ({"order": later}, bobs_sid, "in time")
        assert await ann.call("noted", order) == [[[sid, "timeout"]]]
        assert seller.events.empty()


@pytest.mark.parametrize("verb", ["evict", "kill"])
async def test_the_client_goes_when_the_actor_has_been_down(worker: Worker, verb: str) -> None:
    order = f"gone after {verb}"
    async with shop(worker, order) as seller:
        async with payer(worker) as (ann, sid):
            await seller.call("expect", (sid, {"order": order}, LONG_S))
            await ann.next("event")
            await getattr(worker, verb)("features-socket")
        assert await seller.next("not paid") == ({"order": order}, sid, "disconnect")
        assert await seller.call("noted", order) == [[sid, "disconnect"]]


async def test_of_many_who_are_asked_each_counts_for_itself(worker: Worker) -> None:
    order: Any = "of many"
    async with (
        shop(worker, order) as seller,
        payer(worker) as (ann, anns_sid),
        payer(worker) as (_, bobs_sid),
        payer(worker) as (_, eves_sid),
    ):
        everybody = [anns_sid, bobs_sid, eves_sid]
        await seller.call("expect", (everybody, {"order": order}, 2))
        await ann.next("event")
        await worker.evict("features-socket")
        await ann.answer()
        assert await seller.next("paid") == ({"order": order}, anns_sid)
        silent = [await seller.next("not paid") for _ in range(2)]
        assert sorted(silent, key=str) == sorted((({"order": order}, sid, "timeout") for sid in everybody[1:]), key=str)
