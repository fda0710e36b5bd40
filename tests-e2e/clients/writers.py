"""Stock clients of both kinds that write, ask to be asked, publish, and come back by themselves."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import socketio
from waiting import silence

from local_runtime import node_command, node_env

__all__ = ["Found", "Group", "NodeWriters", "PythonWriter", "node_writers", "python_writers"]

SCRIPT = Path(__file__).with_name("writers.mjs")
#: After it a client takes an acknowledgement for lost.
TIMEOUT_S = 3.0
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Group:
    """Clients of one application."""

    name: str
    url: str
    path: str
    count: int
    transports: tuple[str, ...] = ("websocket",)


@dataclass
class Found:
    """What a client knows."""

    name: str
    group: str
    #: What was acknowledged: its name, its number and the entry's number.
    written: list[tuple[str, int, int]] = field(default_factory=list)
    #: The entries of the questions it was promised.
    asked: list[int] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    unanswered: int = 0
    refused: list[str] = field(default_factory=list)
    #: Its connects, and the numbers that it got.
    history: list[dict[str, Any]] = field(default_factory=list)


class NodeWriters:
    """Sockets of npm's client in one process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def states(self) -> list[dict[str, Any]]:
        """Return whether each is connected, and how many of its writes were acknowledged."""
        states: list[dict[str, Any]] = await self._ask("states")
        return states

    async def stop(self) -> None:
        """Have them begin nothing new; returns when nothing is under way."""
        await self._ask("stop")

    async def found(self) -> list[Found]:
        """Return what they know."""
        return [Found(**one) for one in await self._ask("found")]

    async def _ask(self, what: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(what.encode() + b"\n")
        return json.loads(await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S))


@asynccontextmanager
async def node_writers(groups: Sequence[Group]) -> AsyncIterator[NodeWriters]:
    """Start them all; they talk until they are stopped."""
    setup = {"groups": [vars(group) for group in groups], "timeout": TIMEOUT_S * 1_000}
    process = await asyncio.create_subprocess_exec(
        *node_command(SCRIPT, json.dumps(setup)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=node_env(),
        limit=256 * 1024 * 1024,
    )
    try:
        yield NodeWriters(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), PATIENCE_S)


class PythonWriter:
    """One of python-socketio's clients."""

    def __init__(self, group: Group, number: int) -> None:
        self.found = Found(f"python {number}", group.name)
        self._group = group
        self._over = asyncio.Event()
        self._client = socketio.AsyncClient(reconnection_delay=0.05, reconnection_delay_max=0.3)
        self._client.on("connect", self._note_connect)
        self._client.on("number", self._note_number)
        self._client.on("question", self._answer)
        self._acts = (self._write, lambda _: self._ask(), lambda _: self._publish())

    @property
    def connected(self) -> bool:
        """Whether it is in its namespace."""
        return bool(self._client.connected and self._client.namespaces)

    def stop(self) -> None:
        """Begin nothing new."""
        self._over.set()

    async def run(self) -> None:
        """Connect and talk until stopped; stay connected."""
        where = {"socketio_path": self._group.path, "transports": list(self._group.transports)}
        await self._client.connect(self._group.url, retry=True, **where)
        number = 0
        while not self._over.is_set():
            number += 1
            try:
                await self._acts[number % len(self._acts)](number)
            except socketio.exceptions.SocketIOError:
                self.found.unanswered += 1
            await silence(random.random() / 5)

    async def leave(self) -> None:
        """End its connection for good."""
        await self._client.shutdown()

    async def _write(self, number: int) -> None:
        entry = await self._call("write", (self.found.name, number))
        self.found.written.append((self.found.name, number, entry))

    async def _ask(self) -> None:
        self.found.asked.append(await self._call("ask", 30))

    async def _publish(self) -> None:
        self.found.published.append(await self._call("publish", None))

    async def _call(self, event: str, arguments: Any) -> Any:
        return await self._client.call(event, arguments, timeout=TIMEOUT_S)

    def _note_connect(self) -> None:
        self.found.history.append({"connect": self._client.get_sid(), "recovered": False})

    def _note_number(self, number: int) -> None:
        self.found.history.append({"event": "number", "args": [number]})

    def _answer(self, entry: int) -> list[Any]:
        return ["yes", entry]


@asynccontextmanager
async def python_writers(groups: Sequence[Group]) -> AsyncIterator[list[PythonWriter]]:
    """Start them all; they talk until they are stopped."""
    writers = [PythonWriter(group, number) for group in groups for number in range(group.count)]
    talking = [asyncio.create_task(writer.run()) for writer in writers]
    try:
        yield writers
    finally:
        for writer in writers:
            writer.stop()
        with suppress(socketio.exceptions.SocketIOError):
            await asyncio.wait_for(asyncio.gather(*talking), PATIENCE_S)
        for writer in writers:
            await writer.leave()
