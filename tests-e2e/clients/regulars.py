"""Stock clients that stay for long: they talk, come back by themselves when a connection ends, and check what comes as it comes."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import socketio

from clients.line import Line
from clients.node import NodeClient, decode, encode, node_client

__all__ = ["Company", "Connection", "Regular", "node_regular", "python_regular"]

PATIENCE_S = 30.0
RECONNECTION: dict[str, Any] = {"reconnectionDelay": 50, "reconnectionDelayMax": 500}
BYTES = bytes(range(256))
#: A room of the namespace "/", and a namespace that is a room.
HALL, ROOMS = "hall", "/rooms"


@dataclass
class Connection:
    """One connection of a client: what it said in each room, and how far it has heard each of the others there."""

    sid: str
    #: When it began and when it had entered each room, by a clock that counts such events.
    began: int
    entered: dict[str, int] = field(default_factory=dict)
    #: By room: the phase in which each numbered message was said, and the last number whose acknowledgement came.
    said: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    acknowledged: Counter[str] = field(default_factory=Counter)
    heard: dict[tuple[str, str], int] = field(default_factory=dict)


@dataclass
class Company:
    """What the clients of one server share."""

    faults: list[str] = field(default_factory=list)
    connections: dict[str, Connection] = field(default_factory=dict)
    #: The phase there is, and those in which an actor was aborted: then the last of what it emitted may be lost.
    phase: int = 0
    aborted: set[int] = field(default_factory=set)
    answered: int = 0
    lost: int = 0
    clock: int = 0

    def tick(self) -> int:
        """Count an event."""
        self.clock += 1
        return self.clock


class Regular:
    """A client, whatever drives it: ``send`` emits an event that is to be acknowledged under a number; false when it cannot."""

    def __init__(self, company: Company, name: str, line: Line, rooms: tuple[str, ...] = (HALL,)) -> None:
        self.company, self.name, self.line, self.rooms = company, name, line, rooms
        self.send: Callable[..., Awaitable[bool]]
        #: What `ask` is answered with.
        self.answer: Callable[[Any], Any] = lambda question: question
        self.here: Connection | None = None
        self.connects = 0
        self._number = 0
        self._calls: dict[int, tuple[Any, asyncio.Future[bool]]] = {}
        #: Calls whose connection ended: the client may have kept them back, to send them on the next.
        self._may_come: dict[int, Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_in(self) -> bool:
        """Whether it is connected and in its rooms."""
        return self.here is not None and self.here.entered.keys() == {*self.rooms}

    async def call(self, event: str, *args: Any, answer: list[Any]) -> bool:
        """Emit an event and wait for its answer, which must be this; returns whether the connection lasted so long."""
        self._number += 1
        number, done = self._number, asyncio.get_running_loop().create_future()
        self._calls[number] = (answer, done)
        if not await self.send(number, event, *args):
            self._calls.pop(number, None)
            return False
        try:
            async with asyncio.timeout(PATIENCE_S):
                return bool(await done)
        except TimeoutError:
            self.fault(f"{event} was neither answered nor was the connection closed")
            return False

    async def talk(self, number: int) -> None:
        """Say something to everybody in each room, and have answers of each kind."""
        if not self.is_in:
            return
        for room in self.rooms:
            await self._say(room)
        what = {"of": [BYTES, self.name, number, "ünïcödé"]}
        await self.call("echo", what, number, answer=[what, number])
        question = f"{self.name} {number}"
        await self.call("ask", question, answer=[self.answer(question)])

    async def _say(self, room: str) -> None:
        if (here := self.here) is None:
            return
        here.said[room].append(self.company.phase)
        number = len(here.said[room])
        what = {"from": here.sid, "room": room, "n": number, "b": BYTES}
        said = (
            self.call("shout", what, answer=["heard"]) if room == ROOMS else self.call("say", room, what, answer=["ok"])
        )
        if await said:
            here.acknowledged[room] = number

    def connected(self, sid: str) -> None:
        """Begin a connection, and enter the hall."""
        self.connects += 1
        self.here = self.company.connections[sid] = Connection(sid, self.company.tick())
        task = asyncio.create_task(self._enter(self.here))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _enter(self, here: Connection) -> None:
        if await self.call("enter", HALL, answer=[[HALL]]):
            here.entered[HALL] = self.company.tick()

    def connected_to_rooms(self) -> None:
        """Begin to hear what is told in the other namespace: its handler lets everybody in."""
        if self.here is not None:
            self.here.entered[ROOMS] = self.company.tick()

    def disconnected(self, reason: str) -> None:
        """End the connection: what has no answer yet will have none, unless the client had kept it back."""
        if reason == "io server disconnect":
            self.fault("it was disconnected by the application")
        self.here = None
        for number, (answer, done) in self._calls.items():
            self.company.lost += 1
            self._may_come[number] = answer
            if not done.done():
                done.set_result(False)
        self._calls.clear()

    def acknowledged(self, number: int, args: list[Any]) -> None:
        """Check an answer: each is that of its own event, and comes once."""
        answer, done = self._calls.pop(number, (None, None))
        if done is None:
            answer = self._may_come.pop(number, "no second answer")
        elif not done.done():
            self.company.answered += 1
            done.set_result(True)
        if args != answer:
            self.fault(f"answer {args!r} in place of {answer!r}")

    def told(self, event: str, args: list[Any]) -> None:
        """Check an event. What others say comes in turn, and none is left out but around an abort."""
        if event in ("question", "left"):
            return
        if event not in ("said", "shouted") or args[0].get("b") != BYTES:
            self.fault(f"{event} {args!r} was not expected")
        elif self.here is None:
            self.fault(f"{event} came without a connection")
        else:
            self._hear(self.here, self.company.connections[args[0]["from"]], args[0]["room"], args[0]["n"])

    def _hear(self, here: Connection, sender: Connection, room: str, number: int) -> None:
        before = here.heard.get((sender.sid, room))
        if before is None:
            was_there = here.entered.get(room, sender.began) < sender.began
            before = 0 if was_there else number - 1
        here.heard[sender.sid, room] = number
        left_out = sender.said[room][before : number - 1]
        if number <= before or not self.company.aborted.issuperset(left_out):
            self.fault(f"{number} of {sender.sid} came after {before}; left out is what was said in phases {left_out}")

    def missing(self, since: int) -> list[str]:
        """Name what was acknowledged in this phase and has not come here, when this client was in the room before it."""
        if (here := self.here) is None:
            return []
        return [
            f"{self.name}: {last} of {one.sid} in {room}, has {here.heard.get((one.sid, room), 0)}"
            for one in self.company.connections.values()
            for room, last in one.acknowledged.items()
            if one is not here
            and one.said[room][last - 1] == self.company.phase
            and here.entered.get(room, since) < since
            and here.heard.get((one.sid, room), 0) < last
        ]

    def fault(self, what: str) -> None:
        """Keep what is wrong."""
        self.company.faults.append(f"phase {self.company.phase}, {self.name}: {what}")


class _Node(NodeClient):
    """npm's client, whose lines are taken as they come."""

    async def send(self, number: int, event: str, *args: Any) -> bool:
        """Emit an event; while there is no connection the client keeps it back."""
        await self._tell({"do": "call", "number": number, "event": event, "args": encode(list(args))})
        return True

    async def listen(self, regular: Regular) -> None:
        """Hand on what happens."""
        assert self._process.stdout is not None
        while raw := await self._process.stdout.readline():
            match decode(json.loads(raw)):
                case {"what": "connect", "id": sid}:
                    regular.connected(sid)
                case {"what": "disconnect", "reason": reason}:
                    regular.disconnected(reason)
                case {"what": "event", "event": event, "args": args}:
                    regular.told(event, args)
                case {"what": "ack", "number": number, "args": args}:
                    regular.acknowledged(number, args)


@asynccontextmanager
async def node_regular(company: Company, name: str, url: str, **options: Any) -> AsyncIterator[Regular]:
    """Let npm's client take part."""
    async with Line(url).laid() as line, node_client(line.url, **RECONNECTION, **options) as started:
        node = _Node(started._process)
        regular = Regular(company, name, line)
        regular.send = node.send
        listening = asyncio.create_task(node.listen(regular))
        try:
            yield regular
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            if not listening.cancelled() and (error := listening.exception()):
                regular.fault(repr(error))


@asynccontextmanager
async def python_regular(company: Company, name: str, url: str, **arguments: Any) -> AsyncIterator[Regular]:
    """Let python-socketio's client take part, in two namespaces."""
    delays = {"reconnection_delay": 0.1, "reconnection_delay_max": 0.5, "randomization_factor": 0.05}
    client = socketio.AsyncClient(**delays, handle_sigint=False)
    async with Line(url).laid() as line:
        regular = Regular(company, name, line, (HALL, ROOMS))
        regular.answer = lambda question: [question, "answered"]
        _attach(client, regular)
        await client.connect(line.url, namespaces=["/", ROOMS], wait_timeout=PATIENCE_S, **arguments)
        try:
            yield regular
        finally:
            await client.shutdown()


def _attach(client: Any, regular: Regular) -> None:
    """Hand on what happens; an event with attachments is several packets, so one is sent after the other."""
    sending = asyncio.Lock()

    async def send(number: int, event: str, *args: Any) -> bool:
        namespace = ROOMS if event == "shout" else "/"
        try:
            async with sending:
                await client.emit(
                    event, args, namespace=namespace, callback=lambda *answer: regular.acknowledged(number, [*answer])
                )
        except socketio.exceptions.BadNamespaceError:
            return False
        return True

    regular.send = send
    client.on("connect", lambda: regular.connected(client.get_sid()))
    client.on("connect", regular.connected_to_rooms, namespace=ROOMS)
    client.on("disconnect", regular.disconnected)
    client.on("question", regular.answer)
    for namespace in ("/", ROOMS):
        client.on("*", lambda event, *args: regular.told(event, [*args]), namespace=namespace)
