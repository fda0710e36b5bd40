"""Stock clients of several kinds are used together for long, while they sleep, are cut off, and actors are evicted and aborted.

`clients.regulars` says what each must see. It takes some 20 s; `nox -s soak` runs it for two minutes.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from clients.regulars import Company, Regular, node_regular, python_regular
from conftest import Worker
from waiting import silence, until

pytestmark = pytest.mark.two_objects

SECONDS = float(os.environ.get("E2E_FAULT_SECONDS", "20"))
WEBSOCKET, POLLING = ["websocket"], ["polling"]
MSGPACK = {"path": "/msgpack/", "parser": "socket.io-msgpack-parser"}
#: Rounds of talk in a phase, and the pause between two of a client.
ROUNDS, PAUSE_S = 6, 0.05
IDLE_S = 0.5
PATIENCE_S = 40.0
#: After it an eviction counts as unanswered: the runtime waits until nothing is in progress.
EVICTION_S = 15
EVICTED = ("engine", "socket", "msgpack-engine", "msgpack-socket", "wide-socket")
#: What the log says before the traceback of the handler that asks a client.
UNANSWERED = "handler of 'ask' raised"


@dataclass
class Party:
    """All clients, of three servers, which hear nothing of each other.

    Those that poll have one of their own: while a GET is held, the runtime does not evict its actor.
    """

    worker: Worker
    json: Company = field(default_factory=Company)
    msgpack: Company = field(default_factory=Company)
    polling: Company = field(default_factory=Company)
    regulars: list[Regular] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    #: Actors whose eviction was not answered, and those that had fallen asleep while it was waited for.
    unanswered: list[str] = field(default_factory=list)
    asleep: list[str] = field(default_factory=list)

    @property
    def companies(self) -> list[Company]:
        """The clients of each server."""
        return [self.json, self.msgpack, self.polling]

    async def all_are_in(self) -> None:
        """Wait until every client is connected and in its rooms."""

        async def nobody_is_missing() -> bool:
            return all(one.is_in for one in self.regulars)

        await until(nobody_is_missing, f"all are in; {self.faults}", PATIENCE_S)

    @property
    def faults(self) -> list[str]:
        """What was wrong so far."""
        return [fault for company in self.companies for fault in company.faults]

    def begin(self, what: str, *aborted: Company) -> None:
        """Begin a phase; of what is said in it some may be lost where an actor is aborted."""
        self.done[what] += 1
        for company in self.companies:
            company.phase += 1
            if company in aborted:
                company.aborted.add(company.phase)

    async def talk(self) -> None:
        """Let all talk at once; afterwards all are in, and have heard what was acknowledged."""
        since = {id(company): company.tick() for company in self.companies}
        await asyncio.gather(*map(talk, self.regulars))
        await self.all_are_in()

        async def all_have_heard() -> bool:
            return not self._missing(since)

        patient = [one for one in self.regulars if one.company.phase not in one.company.aborted]
        if patient:
            await until(all_have_heard, "all have heard what was said", PATIENCE_S)

    def _missing(self, since: dict[int, int]) -> list[str]:
        return [
            what
            for one in self.regulars
            if one.company.phase not in one.company.aborted
            for what in one.missing(since[id(one.company)])
        ]


async def talk(regular: Regular) -> None:
    """Let a client talk for some rounds."""
    for number in range(ROUNDS):
        await regular.talk(number)
        await silence(PAUSE_S)


@asynccontextmanager
async def party(worker: Worker) -> AsyncIterator[Party]:
    """Let all clients come, and leave at the end."""
    found, url = Party(worker), worker.url
    async with AsyncExitStack() as stack:
        for regular in (
            node_regular(found.json, "npm", url),
            node_regular(found.json, "npm websocket", url, transports=WEBSOCKET),
            python_regular(found.json, "python", url),
            python_regular(found.json, "python websocket", url, transports=WEBSOCKET),
            node_regular(found.polling, "npm polling", url, transports=POLLING, path="/wide/"),
            python_regular(found.polling, "python polling", url, transports=POLLING, socketio_path="/wide/"),
            node_regular(found.msgpack, "npm msgpack", url, **MSGPACK),
            node_regular(found.msgpack, "npm msgpack websocket", url, transports=WEBSOCKET, **MSGPACK),
        ):
            found.regulars.append(await stack.enter_async_context(regular))
        await found.all_are_in()
        yield found


async def use(party: Party) -> None:
    """Go through all phases: calm, asleep, cut off, aborted."""
    party.begin("calm")
    await party.talk()
    await sleep(party)
    for actor, company in (("socket", party.json), ("engine", party.json), ("msgpack-socket", party.msgpack)):
        await cut(party, party.regulars[party.done["cut"] % len(party.regulars)])
        await abort(party, actor, company)
    await sleep(party)
    for actor, company in (("wide-socket", party.polling), ("msgpack-engine", party.msgpack)):
        await abort(party, actor, company)
    await abort(party, f"wide-engine-{party.done['calm'] % 2}", party.polling)


async def sleep(party: Party) -> None:
    """Say nothing for a while and have all actors evicted: every connection stays."""
    party.begin("asleep")
    before = [one.connects for one in party.regulars]
    await silence(IDLE_S)
    for actor in EVICTED:
        try:
            async with asyncio.timeout(EVICTION_S):
                await party.worker.evict(actor)
        except TimeoutError:
            party.unanswered.append(actor)
        except AssertionError as error:
            if "not currently running" not in str(error):
                raise
            party.asleep.append(actor)
    await party.talk()
    assert [one.connects for one in party.regulars] == before


async def cut(party: Party, one: Regular) -> None:
    """Cut a client off in the middle of its talk: it comes back, and the others notice nothing."""
    party.begin("cut")
    before = {regular.name: regular.connects for regular in party.regulars}
    talking = asyncio.create_task(party.talk())
    await silence(2 * PAUSE_S)

    async def is_off() -> bool:
        """Cut again when there was nothing to cut: a client that polls has no connection between two requests."""
        one.line.cut()
        return one.here is None or one.connects > before[one.name]

    await until(is_off, f"{one.name} is cut off")
    await talking
    await until(lambda: _async(one.is_in and one.connects > before[one.name]), f"{one.name} is back")
    assert all(regular.connects == before[regular.name] for regular in party.regulars if regular is not one)


async def _async(value: object) -> object:
    return value


async def abort(party: Party, actor: str, company: Company) -> None:
    """Abort an actor in the middle of the talk; who is closed comes back, and the other server's clients notice nothing."""
    party.begin(f"{actor} aborted", company)
    others = [one for one in party.regulars if one.company is not company]
    before = [one.connects for one in others]
    talking = asyncio.create_task(party.talk())
    await silence(2 * PAUSE_S)
    await party.worker.kill(actor)
    await talking
    assert [one.connects for one in others] == before


async def test_stock_clients_are_used_together_for_long(own_worker: Worker) -> None:
    over = time.monotonic() + SECONDS
    async with party(own_worker) as all_together:
        while not all_together.done or time.monotonic() < over:
            await use(all_together)
            assert all_together.faults == []
    answered, lost = (sum(getattr(one, name) for one in all_together.companies) for name in ("answered", "lost"))
    connects = {one.name: one.connects for one in all_together.regulars}
    unanswered, asleep = all_together.unanswered, all_together.asleep
    print(dict(all_together.done), f"{answered=} {lost=} {connects=} {unanswered=} {asleep=}")  # noqa: T201
    assert errors(own_worker) == []
    questions = len(own_worker.log_lines(UNANSWERED))
    assert questions == len(own_worker.log_lines("socketio.exceptions.TimeoutError")) <= lost
    assert answered > 20 * lost
    assert len(unanswered) <= max(1, all_together.done["asleep"] * len(EVICTED) / 20)
    assert len(asleep) <= len(EVICTED) * len(unanswered)


def errors(worker: Worker) -> list[str]:
    """Find what the Worker's log says of errors, except that a question was not answered: its client was cut off meanwhile."""
    found = [(before, line) for before, line in pairwise(["", *worker.log]) if "ERROR" in line or "Traceback" in line]
    return [line for before, line in found if UNANSWERED not in before]
