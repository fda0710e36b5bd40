"""The process is killed under load, as with `kill -9`, and started again with the same storage, again and again.

Stock clients of both kinds write with acknowledgements meanwhile, in both placements, without recovery and with it. It is played
once, and each test looks at what came of it. `nox -s soak` has 15 kills.
"""

import asyncio
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from clients.raw import connect
from clients.streams import ask, check_stream, numbers, told
from clients.writers import Found, Group, NodeWriters, PythonWriter, node_writers, python_writers
from conftest import ALL, HERE, Worker, prepare_worker
from waiting import silence, until

from local_runtime import WorkerdServer

SECONDS = float(os.environ.get("E2E_FAULT_SECONDS", "5"))
#: How long clients talk between two ends.
TALK_S = 1.0
KILLS = 2 if SECONDS < 60 else int(SECONDS / 10)
#: Clients of each kind on each side: JavaScript's over WebSocket and over polling, Python's.
NODE, POLLING, PYTHON = (5, 2, 2) if SECONDS < 60 else (7, 3, 3)
#: What becomes of a question is known when its deadline has passed, or its client was found dead.
ENDED_S = 40.0
APPLICATIONS = ("ledger", "lines")


@dataclass
class Side:
    """One application in one placement, and what its clients and its journal say."""

    worker: Worker
    application: str
    found: list[Found] = field(default_factory=list)
    journal: list[list[Any]] = field(default_factory=list)
    probe: dict[str, Any] = field(default_factory=dict)
    #: The entries of questions to clients that were gone when the deadline passed, since the process was, too.
    due: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.application}, {'two objects' if self.worker.is_split else 'one object'}"

    def group(self, count: int, *transports: str) -> Group:
        """Name so many clients of it."""
        return Group(self.name, self.worker.url, f"/{self.application}/", count, transports)

    def ends(self) -> Counter[int]:
        """Count how often each question ended."""
        return Counter(row[4] for row in self.journal if row[3] in ("answered", "unanswered"))


@dataclass
class Played:
    """What came of it."""

    sides: list[Side]
    log: list[str]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """Have the clients talk while the process is killed again and again."""
    with WorkerdServer(prepare_worker(HERE / "worker", ALL), state=tmp_path_factory.mktemp("restarts")) as server:
        yield asyncio.run(play(server))


async def play(server: WorkerdServer) -> Played:
    workers = [Worker(server, is_split=is_split) for is_split in (True, False)]
    sides = [Side(worker, application) for worker in workers for application in APPLICATIONS]
    nodes = [*(side.group(NODE, "websocket") for side in sides), *(side.group(POLLING, "polling") for side in sides)]
    pythons = [side.group(PYTHON, "websocket") for side in sides]
    async with node_writers(nodes) as node, python_writers(pythons) as python:
        await all_talk(node, python)
        for _ in range(KILLS):
            await silence(TALK_S)
            async with asked_and_gone(sides):
                await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.start)
            await all_talk(node, python)
        await node.stop()
        for writer in python:
            writer.stop()
        found = await all_have_the_last_number(sides, node, python)
        for side in sides:
            side.found = [one for one in found if one.group == side.name]
            await settle(side)
    return Played(sides, Worker(server).log)


async def all_talk(node: NodeWriters, python: Sequence[PythonWriter]) -> None:
    """Wait until all are connected and have each written something more."""

    async def written() -> list[int]:
        return [one["written"] for one in await node.states()] + [len(one.found.written) for one in python]

    before = await written()

    async def holds() -> bool:
        connected = [one["connected"] for one in await node.states()] + [one.connected for one in python]
        more = zip(before, await written(), strict=True)
        return all(connected) and all(now > then for then, now in more)

    await until(holds, "everybody is back and talks", patience_s=60)


@asynccontextmanager
async def asked_and_gone(sides: Sequence[Side]) -> AsyncIterator[None]:
    """Have somebody asked on each side who does not answer and does not come back."""
    async with AsyncExitStack() as stack:
        for side in sides:
            # A query as python-socketio's clients write it: such a client has no recovery.
            where = (side.worker.url, f"/{side.application}/", "transport=websocket&EIO=4")
            client = await stack.enter_async_context(connect(*where))
            await client.join()
            side.due.append(int((await ask(client, "ask", 0.5))[0]))
        yield


async def all_have_the_last_number(
    sides: Sequence[Side], node: NodeWriters, python: Sequence[PythonWriter]
) -> list[Found]:
    """Publish once more on each side, and wait until all its clients have it; returns what they know."""
    last = {}
    for side in sides:
        async with connect(side.worker.url, f"/{side.application}/", "transport=websocket&EIO=4") as client:
            await client.join()
            last[side.name] = int((await ask(client, "publish"))[0])

    async def holds() -> list[Found] | None:
        found = [*await node.found(), *(writer.found for writer in python)]
        have = [(numbers(one.history) or [0])[-1] == last[one.group] for one in found]
        return found if all(have) else None

    found: list[Found] = await until(holds, "all have the last number", patience_s=30)
    return found


async def settle(side: Side) -> None:
    """Wait until whoever is gone is forgotten and every question has ended; reads the journal."""
    actor = f"{side.application}-socket"

    async def only_who_is_there() -> bool:
        side.probe = await side.worker.probe(actor)
        return bool(side.probe["sessions"] == side.probe["sockets"] == len(side.found))

    await until(only_who_is_there, f"{side.name} knows only who is there", patience_s=30)

    async def have_ended() -> bool:
        side.journal = await side.worker.journal(side.application)
        return {row[0] for row in side.journal if row[3] == "ask"} == side.ends().keys()

    await until(have_ended, f"all questions of {side.name} have ended", ENDED_S)


@pytest.fixture(params=range(2 * len(APPLICATIONS)), ids=lambda number: f"{APPLICATIONS[number % 2]} {number // 2}")
def side(played: Played, request: pytest.FixtureRequest) -> Side:
    """Return one application in one placement after the other."""
    found: Side = played.sides[request.param]
    return found


def test_everybody_comes_back_after_each_kill_and_is_not_refused(side: Side) -> None:
    for one in side.found:
        assert len(told(one.history)) >= 1 + KILLS, one.name
        assert one.refused == [], one.name


def test_no_write_that_was_acknowledged_is_lost_and_none_was_done_twice(side: Side) -> None:
    written = {row[0]: tuple(row[4:]) for row in side.journal if row[3] == "write"}
    acknowledged = [tuple(one) for found in side.found for one in found.written]
    assert len(acknowledged) > len(side.found) * KILLS
    assert [one for one in acknowledged if written.get(one[2]) != one[:2]] == []
    assert [one for one, times in Counter(written.values()).items() if times > 1] == []
    # The numbers that were published are the application's, too.
    published = [number for found in side.found for number in found.published]
    assert [number for number, times in Counter(published).items() if times > 1] == []


def test_a_question_that_was_promised_ends_once_whatever_becomes_of_its_client(side: Side) -> None:
    ends = side.ends()
    promised = [entry for found in side.found for entry in found.asked]
    assert len(promised) > len(side.found)
    assert {entry: ends[entry] for entry in promised if ends[entry] != 1} == {}
    assert {entry: times for entry, times in ends.items() if times != 1} == {}
    answered = [row for row in side.journal if row[3] == "answered"]
    assert [row for row in answered if row[5] != ["yes", row[4]]] == []


def test_a_deadline_that_passed_while_the_process_was_down_is_served_after_it(side: Side) -> None:
    ends = {row[4]: row[5] for row in side.journal if row[3] == "unanswered"}
    assert {ends.get(entry) for entry in side.due} <= {"timeout", "disconnect"}
    assert len(side.due) == KILLS


def test_who_did_not_come_back_is_found_and_told_of_once(side: Side) -> None:
    assert side.probe["connects"] - side.probe["disconnects"] == len(side.found)


def test_what_was_sent_meanwhile_is_recovered_or_the_client_is_told(side: Side) -> None:
    for one in side.found:
        check_stream(one.history)
        recovers = side.application == "lines" and one.name.startswith("node")
        assert set(told(one.history)[1:]) == {recovers}, one.name


#: What the log may say of a kill, and of pings as short as these.
EXPECTED = re.compile(
    r"= session \S+ is gone from e0|= link to e0: \d+ sessions lost|.*actor-sqlite\.c\+\+:\d+: warning: NOSENTRY SQLite alarm .*"
    r"|.*EngineConfigWarning: ping_timeout_ms=.*|  [A-Z]+ = EngineConfig\(.*"
)


def test_the_log_has_nothing_else_to_say(played: Played) -> None:
    assert [line for line in played.log if not EXPECTED.fullmatch(line)] == []
