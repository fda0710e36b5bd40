"""Two builds of the packages in one Worker: the tree, and the tree with the next number of every format.

An object runs the other build from its next life on and keeps its sockets, as at a deploy or a rollback that meets it asleep.
Clients talk and sleep meanwhile; engine and application change over one before the other, forward and back.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import other_builds
import pytest
from clients.exchange import Exchange, Tally
from clients.polling import PollingSession, poll
from clients.python import Client, client
from clients.raw import connect
from clients.recovering import Recovering, recovering
from clients.talking import Talking, talking
from conftest import ALL, CONSTRAINTS, Served
from waiting import silence, until

from local_runtime import Project, WorkerdServer, prepare

FOLDER = Path(__file__).parent / "builds_worker"
SECONDS = float(os.environ.get("E2E_FAULT_SECONDS", "1"))
#: How often all changes are made.
ROUNDS = 1 if SECONDS < 60 else 8
ENGINE, SOCKET, CHAT, ALONE = "ENGINE/e0", "SOCKET/main", "CHAT/e0", "ALONE/e0"
#: Who takes which build on, one after the other: each is first once, forward and back.
BETWEEN_OBJECTS = (
    *((ENGINE, "next"), (SOCKET, "next"), (ENGINE, "tree"), (SOCKET, "tree")),
    *((SOCKET, "next"), (ENGINE, "next"), (SOCKET, "tree"), (ENGINE, "tree")),
)
BY_RPC = tuple((f"RPC_{where}", build) for where, build in BETWEEN_OBJECTS)
IN_ONE = ((CHAT, "next"), (CHAT, "tree"), (CHAT, "next"), (CHAT, "tree"))


@dataclass(frozen=True)
class Builds(Served):
    """The Worker with both builds."""

    async def adopt(self, where: str, build: str) -> None:
        """Put an object to sleep, which runs another build when it wakes; one that has opened a stream stays awake a while."""

        async def slept() -> bool:
            await self.visit("adopt", where, build)
            return bool((await self.probe(where))["build"] == build)

        await until(slept, f"{where} runs {build}")

    async def probe(self, where: str) -> dict[str, Any]:
        """Ask an object which build it runs, and what it has counted; wakes it."""
        found: dict[str, Any] = json.loads(await self.visit("probe", where))
        return found

    async def route(self, build: str) -> None:
        """Have the entrypoint run another build."""
        assert await self.visit("route", build) == build

    async def visit(self, *names: str) -> str:
        """Ask the Worker."""
        async with aiohttp.ClientSession() as http, http.get("/".join((self.url, *names))) as answer:
            return await answer.text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerdServer]:
    folder = tmp_path_factory.mktemp("next")
    files = {f"src/{name}": file for name, file in other_builds.write_build(folder).items()}
    files["src/builds_actors_next.py"] = folder / "builds_actors_next.py"
    actors = (FOLDER / "src" / "builds_actors.py").read_text(encoding="utf-8")
    files["src/builds_actors_next.py"].write_text(other_builds.rename(actors), encoding="utf-8")
    project = Project(folder=FOLDER, packages=ALL, constraints=CONSTRAINTS, files=files)
    with WorkerdServer(prepare(project), state=tmp_path_factory.mktemp("builds")) as server:
        yield server


@pytest.fixture
def builds(server: WorkerdServer) -> Builds:
    return Builds(server, log_from=len(server.log_text()))


@dataclass
class Everybody:
    """Clients of all kinds. All but the last two are in the room "blue"."""

    raw: Talking
    #: It only listens.
    sleeper: Talking
    #: In a namespace that a predicate has let in.
    aside: Talking
    python: Client
    #: npm's, with recovery: one stays, one goes and comes back.
    node: Recovering
    published: int = 0
    asked: int = 0
    said: list[int] = field(default_factory=lambda: [0, 0, 0])

    @property
    def listeners(self) -> tuple[Talking, Talking]:
        return self.raw, self.sleeper

    async def publish(self, times: int = 1) -> None:
        """Have the next numbers sent to the room."""
        self.published += times
        assert await self.raw.call("publish", "blue", times) == [self.published]

    async def talk(self) -> None:
        """Say something each, and be answered."""
        await self.raw.talk(3)
        self.said = [number + 1 for number in self.said]
        for index in range(2):
            number = self.said[index]
            assert await self.node.call(index, "up", number) == [number]
        number = self.said[2]
        assert await self.python.call("up", (number, 0, b"\x00\xff")) == [number, b"\x00\xff"]
        assert await self.aside.call("side", "hello") == [["/side-1", "hello"]]
        await self.publish()

    async def who(self) -> list[Any]:
        """Say who everybody is: sids, rooms, session data."""
        found = [(await one.call("whoami"))[0] for one in self.listeners]
        found += [await self.node.call(index, "whoami") for index in range(2)]
        python = await self.python.call("whoami")
        return [*found, python["sid"], python["rooms"]]

    async def ask(self, timeout_s: float) -> int:
        """Have the raw client be asked something durably; it does not answer yet."""
        self.asked += 1
        await self.raw.call("ask", self.asked, timeout_s)
        assert self.raw.questions[-1][1] == [self.asked]
        return self.asked

    async def told(self, number: int) -> Any:
        """Wait until it is known what became of a question."""

        async def found() -> Any:
            return await self.raw.call("told", number)

        return await until(found, f"question {number} is settled")

    async def check(self) -> None:
        """Everything came once and in order, and nobody was closed who slept or stayed."""

        async def arrived() -> bool:
            return all(one.heard("number")[-1:] == [self.published] for one in self.listeners)

        async def arrived_at_node() -> bool:
            return all(numbers[-1:] == [self.published] for numbers in map(numbers_of, await self.node.histories()))

        await until(arrived, "all numbers have come")
        await until(arrived_at_node, "all numbers have come to npm's clients")
        for one in (*self.listeners, self.aside):
            assert one.closed is None
        for one in self.listeners:
            assert one.heard("number") == [*range(1, self.published + 1)]
        downs = self.raw.heard("down")
        assert downs == [*range(1, len(downs) + 1)]
        histories = await self.node.histories()
        assert [step for step in histories[1] if step.get("event") == "whispered"] == []
        for history in histories:
            assert numbers_of(history) == [*range(1, self.published + 1)]
            assert [step["recovered"] for step in history if "connect" in step][1:].count(False) == 0
        events = [self.python.events.get_nowait() for _ in range(self.python.events.qsize())]
        numbers = [args[0] for event, args in events if event == "number"]
        assert numbers == [*range(1, self.published + 1)]
        for event in events:
            self.python.events.put_nowait(event)
        assert not self.python.gone.is_set()


def numbers_of(history: list[dict[str, Any]]) -> list[int]:
    """Return the numbers that one of npm's clients got."""
    return [step["args"][0] for step in history if step.get("event") == "number"]


@asynccontextmanager
async def everybody(url: str, path: str) -> AsyncIterator[Everybody]:
    """Connect clients of all kinds."""
    async with (
        talking(url, path, auth={"name": "raw"}) as raw,
        talking(url, path, auth={"name": "sleeper"}) as sleeper,
        talking(url, path, "/side-1") as aside,
        client(url, path=path, name="python") as python,
        recovering(url, 2, path=path) as node,
    ):
        found = Everybody(raw, sleeper, aside, python, node)
        for one in found.listeners:
            await one.call("enter", "blue")
        await python.call("enter", "blue")
        for index in range(2):
            await node.call(index, "enter", "blue")
        yield found


async def change(builds: Builds, them: Everybody, where: str, build: str, number: int) -> None:
    """Have one object change its build while one client is away, and with questions that are not answered yet."""
    await them.talk()
    for index in range(2):
        if index and number % 2:
            await them.raw.call("whisper", "green")  # before the one that goes has entered
        await them.node.call(index, "enter" if number % 2 else "leave", "green")
    await them.node.stay_away(1)
    await them.node.cut("close", 1)
    await them.publish(2)
    late = await them.ask(600)
    silent = await them.ask(0.5) if number % 2 else None
    pings = them.sleeper.pings
    await builds.adopt(where, build)
    await them.publish(2)
    await them.raw.call("enter" if number % 2 else "leave", "green")
    await them.raw.answer(f"in the build {build}")
    assert await them.told(late) == [f"in the build {build}"]
    if silent is not None:
        assert await them.told(silent) == ["timeout"]
        them.raw.questions.clear()
    await them.node.come_back(1)
    await them.node.all_connected()
    await until(lambda: _async(them.sleeper.pings > pings), "the alarm rings in the other build")
    await them.talk()
    await them.check()


async def _async(value: bool) -> bool:
    return value


@pytest.mark.parametrize(("path", "changes"), [("/two/", BETWEEN_OBJECTS), ("/one/", IN_ONE)], ids=["two", "one"])
async def test_everybody_stays_and_nothing_is_lost(builds: Builds, path: str, changes: Any) -> None:
    server = SOCKET if path == "/two/" else CHAT
    before = await builds.probe(server)
    async with AsyncExitStack() as stack:
        them = await stack.enter_async_context(everybody(builds.url, path))
        polling = await stack.enter_async_context(polls(builds, path)) if path == "/two/" else None
        known = await them.who()
        for number, (where, build) in enumerate(changes * ROUNDS):
            await builds.route(("tree", "next")[number % 3 == 1])
            await change(builds, them, where, build, number)
            for who in (0, 2, 3):
                known[who]["rooms"] = ["blue", "green"] if number % 2 else ["blue"]
            assert await them.who() == known
            if polling is not None:
                await polling.talk()
        after = await builds.probe(server)
    come = 5 + (path == "/two/")
    assert after["connects"] - before["connects"] == come
    assert after["disconnects"] == before["disconnects"]
    assert after["recovered"] - before["recovered"] == len(changes) * ROUNDS
    assert after["gaps"] == 0
    for trouble in ("closed", "lost", "another configuration"):
        assert builds.log_lines(trouble) == []


class Polls:
    """A client that polls, at an engine actor that no deploy meets asleep: it keeps its object awake."""

    def __init__(self, session: PollingSession) -> None:
        self._session = session
        self._sent = 0

    async def join(self) -> None:
        """Connect to the namespace."""
        await self._session.send("40")
        [packet] = await self._session.receive()
        assert str(packet).startswith('40{"sid"')

    async def talk(self) -> None:
        """Say something and be answered, over polling."""
        self._sent += 1
        await self._session.send(f'42{self._sent}["up",{self._sent}]')
        found = await self._session.receive(2)
        assert str(found[0]).startswith(f'42["down",{self._sent}')
        assert found[1] == f"43{self._sent}[[{self._sent}]]"


@asynccontextmanager
async def polls(builds: Builds, path: str) -> AsyncIterator[Polls]:
    async with poll(builds.url, path, "transport=polling&EIO=4&engine=1") as session:
        made = Polls(session)
        await made.join()
        yield made


async def test_an_engine_alone_keeps_its_sessions_on_either_transport(builds: Builds) -> None:
    async with connect(builds.url, "/alone/") as socket, poll(builds.url, "/alone/") as polling:
        for number, build in enumerate(("next", "tree") * 2 * ROUNDS, 1):
            await builds.route(("tree", "next")[number % 3 == 1])
            await socket.send(f"4{2 * number - 1}")
            await polling.send(f"4{2 * number - 1}")
            assert await socket.receive_message() == f"{2 * number - 1}"
            await builds.adopt(ALONE, build)
            await socket.send(f"4{2 * number}")
            await polling.send(f"4{2 * number}")
            assert await socket.receive_message() == f"{2 * number}"
            assert await polling.receive(2) == [f"4{2 * number - 1}", f"4{2 * number}"]
        found = await builds.probe(ALONE)
    assert [found[what] for what in ("connects", "disconnects", "gaps")] == [2, 0, 0]
    assert builds.log_lines("another configuration") == []


async def test_over_a_stream_that_the_other_build_has_opened(builds: Builds) -> None:
    async with talking(builds.url, "/two/") as busy:
        for build in ("next", "tree") * 2 * ROUNDS:
            await builds.adopt(ENGINE, build)
            for other in ("next", "tree"):
                for _ in range(30):
                    await busy.talk()
                await builds.adopt(SOCKET, other)
                await busy.talk(5)
        assert busy.closed is None
        assert busy.heard("down") == [*range(1, len(busy.heard("down")) + 1)]
    assert (await builds.probe(SOCKET))["gaps"] == 0
    assert builds.log_lines("lost") == []


@pytest.mark.parametrize(("path", "changes"), [("/rpc/", BY_RPC), ("/one/", IN_ONE)], ids=["two", "one"])
async def test_whoever_talks_meanwhile_sees_no_gap(builds: Builds, path: str, changes: Any) -> None:
    tally, stopping = Tally(), asyncio.Event()
    clients = [Exchange(builds.url, tally, seed, stopping, path, "transport=websocket&EIO=4") for seed in range(8)]
    tasks = [asyncio.create_task(one.run()) for one in clients]
    await until(lambda: _async(tally.answered >= 8), "all talk")
    loop = asyncio.get_running_loop()
    over = loop.time() + SECONDS
    while loop.time() < over:
        for where, build in changes:
            await builds.visit("adopt", where, build)
            await silence(0.2)
    stopping.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 60)
    assert tally.faults == []
    assert tally.closed == 0
    assert tally.answered > 50
    assert (await builds.probe(CHAT if path == "/one/" else f"RPC_{SOCKET}"))["gaps"] == 0
