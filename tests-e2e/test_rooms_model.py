"""A hundred members in fifty rooms, in soak two hundred, while lives of all actors end around them: each delivery is right.

`room_history` says what is tolerated; the simulation has the same on the model. `nox -s soak` runs it for two minutes. `E2E_SEED`
repeats the members' choices.
"""

import asyncio
import os
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from clients.members import Member, Society
from conftest import Worker
from room_history import Entry, judge
from waiting import silence, until

pytestmark = pytest.mark.two_objects

ROOMS = [f"room {number}" for number in range(50)]
SECONDS = float(os.environ.get("E2E_FAULT_SECONDS", "20"))
MEMBERS = 200 if SECONDS > 60 else 100
SEED = os.environ.get("E2E_SEED") or secrets.token_hex(4)
#: Each is done once before any is done again.
ENDS = [
    *[("kill", "rooms-socket")] * 4,
    ("evict", "rooms-socket"),
    ("evict", "rooms-engine-0"),
    ("evict", "rooms-engine-1"),
    ("kill", "rooms-engine-0"),
]
PAUSE_S = 1.5
#: After it an eviction counts as unanswered; one of some seventy was so for minutes. The members must not notice.
EVICTION_S = 15


@asynccontextmanager
async def meeting(worker: Worker) -> AsyncIterator[Society]:
    """Let the members act meanwhile; afterwards all have gone."""
    society = Society(worker.url, ROOMS)
    members = [asyncio.create_task(Member(society, f"m{n}", f"{SEED} {n}").run()) for n in range(MEMBERS)]
    try:
        await until(lambda: _async(len(society.present) >= 0.95 * MEMBERS), "nearly all are there", 60)
        yield society
    finally:
        for over in (society.resting, society.looking, society.leaving):
            over.set()
        await asyncio.wait_for(asyncio.gather(*members), 60)


async def _async(value: object) -> object:
    return value


@dataclass
class Ended:
    """What was done to the actors' lives."""

    #: The lives of the socket actor that were aborted.
    aborted: set[str] = field(default_factory=set)
    done: list[tuple[str, str]] = field(default_factory=list)
    unanswered: int = 0


async def end_lives(worker: Worker, society: Society) -> Ended:
    """End lives for the length of the test."""
    chance, ended = random.Random(SEED), Ended()
    for number in range(int(SECONDS / PAUSE_S)):
        if number % len(ENDS) == 0:
            order = chance.sample(ENDS, len(ENDS))
        end, actor = order[number % len(ENDS)]
        await silence(PAUSE_S)
        if (end, actor) == ("kill", "rooms-socket"):
            ended.aborted.add((await worker.probe(actor))["life"])
        if end == "kill":
            await worker.kill(actor)
        elif not await is_evicted(worker, society, actor):
            ended.unanswered += 1
        ended.done.append((end, actor))
    return ended


async def is_evicted(worker: Worker, society: Society, actor: str) -> bool:
    """End a life as sleep does; the runtime waits until nothing is in progress. Tells whether it says that it has done so."""
    try:
        with society.calm():
            async with asyncio.timeout(EVICTION_S):
                await worker.evict(actor)
    except TimeoutError:
        return False
    return True


async def come_to_rest(society: Society) -> None:
    """Wait until everybody has stopped, then let all look around: what was told before that has come before its answer."""
    society.resting.set()
    await until(lambda: _async(len(society.rested) == MEMBERS), "all have stopped", 60)
    society.looking.set()
    await until(lambda: _async({one.sid for one in society.present} <= society.looked), "all have looked", 60)


async def only_the_present_are_left(worker: Worker, society: Society) -> None:
    """The server knows those that are connected, and nobody else."""

    async def holds() -> bool:
        found = await worker.probe("rooms-socket")
        return bool(found["sessions"] == found["sockets"] == len(society.present))

    await until(holds, "sessions that ended are forgotten", 60)


async def test_every_delivery_is_what_the_model_says(own_worker: Worker) -> None:
    print(f"E2E_SEED={SEED}")  # noqa: T201
    async with meeting(own_worker) as society:
        ended = await end_lives(own_worker, society)
        await come_to_rest(society)
        await only_the_present_are_left(own_worker, society)
        found = judge(map(Entry.read, await own_worker.journal("rooms")), society.connections, ended.aborted)
        present = len(society.present)
    counts, done = found.counts, Counter(ended.done)
    print(dict(counts), dict(done), f"{ended.unanswered=} {society.turned_away=} {society.hung=}")  # noqa: T201
    assert found.faults + society.faults == [], SEED
    # So much must have happened, or nothing is shown.
    assert done.keys() == {*ENDS}
    assert ended.unanswered <= max(1, len(ended.done) / 20)
    assert present >= MEMBERS - 2
    assert counts["connect"] > 1.2 * MEMBERS
    for what, per_member in (
        ("enter", 0.1),
        ("leave", 0.04),
        ("tell", 0.07),
        ("deliveries", 0.9),
        ("rooms seen after an abort", 0.12),
    ):
        assert counts[what] > per_member * MEMBERS * SECONDS, what
    assert counts["aborted lives"] > len(ended.aborted) / 2
    assert counts["connections that outlived an abort"] > MEMBERS
    # And this is what aborts may cost: the members with work, those of an engine actor, and a few of the last packets.
    assert 0 < counts["closed: 1011"] < len(ended.aborted) * MEMBERS / 4
    assert counts["closed: 1006"] <= done["kill", "rooms-engine-0"] * MEMBERS
    assert counts["lost in aborts"] < counts["deliveries"] / 20
