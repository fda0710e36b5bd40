"""A raw client that reads all the time: it answers pings, keeps what it gets in order, and notices when it is closed."""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from clients.raw import PATIENCE_S, Closed, RawSocket, connect

__all__ = ["Talking", "talking"]

#: Type, namespace, ack id, and the rest of a text packet.
_PACKET: Final = re.compile(r"(\d)(?:(/[^,]*),)?(\d*)(.*)", re.DOTALL)


class Talking:
    """One WebSocket in one namespace."""

    def __init__(self, raw: RawSocket, namespace: str) -> None:
        self._raw = raw
        self._prefix = namespace and f"{namespace},"
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._sent = 0
        #: What it was told when it joined.
        self.joined: dict[str, Any] = {}
        #: Events without an acknowledgement, in order: names and arguments.
        self.events: list[tuple[str, list[Any]]] = []
        #: Questions that are not answered yet: ack id and arguments.
        self.questions: list[tuple[int, list[Any]]] = []
        self.pings = 0
        self.closed: Closed | None = None

    async def join(self, auth: Any) -> None:
        """Connect to the namespace."""
        self.joined = await self._raw.join(self._prefix.rstrip(","), auth)

    async def call(self, *args: Any) -> Any:
        """Emit and return what it is acknowledged with."""
        number = next(self._ids)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._raw.send(f"42{self._prefix}{number}{json.dumps(args)}")
        return await asyncio.wait_for(self._answers[number], PATIENCE_S)

    async def talk(self, times: int = 1) -> None:
        """Send the next numbers, all at once, and wait for their acknowledgements."""
        numbers = range(self._sent + 1, self._sent + 1 + times)
        self._sent += times
        answers = await asyncio.gather(*(self.call("up", number) for number in numbers))
        assert answers == [[[number]] for number in numbers]

    async def answer(self, *args: Any) -> None:
        """Answer the oldest question."""
        number, _ = self.questions.pop(0)
        await self._raw.send(f"43{self._prefix}{number}{json.dumps(args)}")

    def heard(self, event: str) -> list[Any]:
        """Return the first arguments of an event, of all times that it came."""
        return [args[0] for name, args in self.events if name == event]

    async def read(self) -> None:
        """Read until it is closed."""
        try:
            while True:
                frame = await self._raw.receive(10 * PATIENCE_S)
                assert isinstance(frame, str)
                if frame == "2":
                    self.pings += 1
                    await self._raw.send("3")
                elif frame[:1] == "4":
                    self._take(frame[1:])
        except Closed as closed:
            self.closed = closed
            for one in self._answers.values():
                one.set_exception(closed)

    def _take(self, packet: str) -> None:
        found = _PACKET.fullmatch(packet)
        assert found is not None, packet
        kind, _, number, data = found.groups()
        if kind == "3":
            self._answers.pop(int(number)).set_result(json.loads(data))
            return
        assert kind == "2", packet
        event, *args = json.loads(data)
        if number:
            self.questions.append((int(number), args))
        else:
            self.events.append((event, args))


@asynccontextmanager
async def talking(
    url: str, path: str, namespace: str = "", *, auth: Any = None, query: str = ""
) -> AsyncIterator[Talking]:
    """Connect a client to a namespace; ``query`` is added to that of its handshake, in python-socketio's order."""
    async with connect(url, path, f"transport=websocket&EIO=4{query}") as raw:
        made = Talking(raw, namespace)
        await made.join(auth)
        reading = asyncio.create_task(made.read())
        try:
            yield made
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
