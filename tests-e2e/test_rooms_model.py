"""A hundred members in fifty rooms, in soak two hundred, while lives of all actors end around them: each delivery is right.

`rooms_model` says what is tolerated. It takes 20 s; `nox -s soak` runs it for two minutes. `E2E_SEED` repeats the members' choices.
"""

import asyncio
import json
import os
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from clients.members import Member, Society
from conftest import Worker
from rooms_model import Connection, Entry, Verdict, judge
from waiting import silence, until

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


async def read_journal(worker: Worker) -> list[Entry]:
    """Read all of the server's journal."""
    found: list[Entry] = []
    async with aiohttp.ClientSession() as http:
        while True:
            after = found[-1].number if found else 0
            async with http.get(f"{worker.url}/journal/{after}") as response:
                rows = json.loads(await response.text())
            if not rows:
                return found
            found += map(Entry.read, rows)


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
        found = judge(await read_journal(own_worker), society.connections, ended.aborted)
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


def _record() -> tuple[list[Entry], Connection, Connection]:
    """What two members do and see when all goes well: one enters a room, each tells something, over two lives."""
    to_room, to_all, to_others = ({"rooms": rooms, "skip": skip, "without": None} for rooms, skip in TOLD)
    rows = [
        [1, "first life", "a", "connect", "m0"],
        [2, "first life", "b", "connect", "m1"],
        [3, "first life", "a", "enter", 1, {"room": "r"}],
        [4, "first life", "b", "tell", 1, to_room],
        [5, "first life", "b", "tell", 2, to_all],
        [6, "second life", "a", "tell", 2, to_others],
    ]
    a = Connection("a", "e0", 2, [(1, 3, ["r"]), (2, 6, ["r"])], [4, 5])
    b = Connection("b", "e0", 2, [(1, 4, []), (2, 5, [])], [5, 6])
    return [*map(Entry.read, rows)], a, b


TOLD = ((["r"], False), (None, False), (None, True))


def _judge(aborted: bool = False, **changes: Any) -> Verdict:
    journal, a, b = _record()
    a = replace(a, **{key[2:]: value for key, value in changes.items() if key.startswith("a_")})
    b = replace(b, **{key[2:]: value for key, value in changes.items() if key.startswith("b_")})
    return judge(journal, [a, b], {"first life"} if aborted else set())


def test_the_judge_finds_nothing_where_all_is_right() -> None:
    found = _judge()
    assert found.faults == []
    assert (found.counts["deliveries"], found.counts["answers"], found.counts["lost in aborts"]) == (4, 4, 0)


def test_the_judge_tolerates_what_an_abort_loses_for_everybody_alike() -> None:
    found = _judge(aborted=True, a_told=[4], b_told=[6])
    assert found.faults == []
    assert found.counts["lost in aborts"] == 2


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"a_told": [5]}, "a: entry 4 is missing"),
        ({"a_told": [4]}, "a: entry 5 is missing"),
        ({"a_told": [4, 4, 5]}, "a: told 4"),
        ({"a_told": [5, 4]}, "a: told 4"),
        ({"b_told": [4, 5, 6]}, "b: told 4"),
        ({"a_told": [4, 5, 6]}, "a: told 6"),
        ({"a_answers": [(1, 3, []), (2, 6, ["r"])]}, "a: answer (1, 3, [])"),
        ({"a_sent": 3}, "a: 2 of 3 answered"),
        ({"a_sent": 1}, "a: of 1 messages were handled [1, 2]"),
        ({"a_closed": 1006}, "a: 0 disconnects"),
        ({"a_closed": 1011}, "a: closed with 1011"),
        ({"aborted": True, "a_told": [5]}, "('e0', 'first life'): some miss 4, and others have 5"),
        ({"aborted": True, "a_told": [4]}, "('e0', 'first life'): some miss 5, and others have 5"),
    ],
)
def test_the_judge_finds(changes: dict[str, Any], fault: str) -> None:
    faults = _judge(**changes).faults
    assert any(one.startswith(fault) for one in faults), faults
