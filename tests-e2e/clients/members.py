"""Members of rooms: light clients that enter, leave and tell, go and come back, and keep what they see."""

import asyncio
import json
import random
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from room_choices import choose_act
from room_history import Connection

from clients.raw import Closed, RawSocket, connect

__all__ = ["Member", "Society"]

#: Within it every message is answered or its connection closed.
PATIENCE_S = 30.0
#: After it a member gives a handshake up, as stock clients do after 20 s: one that an abort met may never be answered.
HANDSHAKE_S = 10.0


@dataclass
class Society:
    """What all members share. They act until they are to rest, look around once when told so, and leave at the end."""

    url: str
    rooms: list[str]
    connections: list[Connection] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    #: Handshakes and joins that did not come to their end, and of them the handshakes that nobody answered.
    turned_away: int = 0
    hung: int = 0
    #: Members that have come to rest, and sockets that have looked around after it.
    rested: set[str] = field(default_factory=set)
    looked: set[str] = field(default_factory=set)
    #: Cleared while members are to say nothing new.
    acting: asyncio.Event = field(default_factory=asyncio.Event)
    resting: asyncio.Event = field(default_factory=asyncio.Event)
    looking: asyncio.Event = field(default_factory=asyncio.Event)
    leaving: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.acting.set()

    @contextmanager
    def calm(self) -> Iterator[None]:
        """Let nobody say anything new meanwhile; what is under way goes on."""
        self.acting.clear()
        try:
            yield
        finally:
            self.acting.set()

    @property
    def present(self) -> list[Connection]:
        """The connections that are open."""
        return [one for one in self.connections if one.closed is None]


class Member:
    """One member; all it decides follows from its seed."""

    def __init__(self, society: Society, name: str, seed: str) -> None:
        self._society = society
        self._name = name
        self._chance = random.Random(seed)
        self._client: RawSocket
        self._seen: Connection
        #: Messages whose answers have not come.
        self._waiting: dict[int, asyncio.Future[None]] = {}

    async def run(self) -> None:
        """Take part until the end, and come back after each close, as stock clients do."""
        while not self._society.looking.is_set():
            try:
                async with AsyncExitStack() as stack:
                    self._client = await self._open(stack)
                    joined = await self._client.join(auth={"member": self._name})
                    await self._stay(joined["sid"])
            except AssertionError as error:
                self._society.faults.append(f"{self._name}: {error}")
            except TimeoutError:
                self._society.faults.append(f"{self._name}: neither let in nor closed")
            except (Closed, aiohttp.ClientError, OSError):
                self._society.turned_away += 1
            await _pause(0.05 + self._chance.random() / 5)

    async def _open(self, stack: AsyncExitStack) -> RawSocket:
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                return await stack.enter_async_context(connect(self._society.url, "/rooms/"))
        except TimeoutError:
            self._society.hung += 1
            raise Closed(None, "no answer to the handshake") from None

    async def _stay(self, sid: str) -> None:
        """Take part until the server closes, or it is over."""
        self._waiting.clear()
        self._seen = Connection(sid, self._client.open["sid"][22:])
        self._society.connections.append(self._seen)
        listening, acting = asyncio.create_task(self._listen()), asyncio.create_task(self._take_part())
        try:
            await asyncio.wait((listening, acting), return_when=asyncio.FIRST_COMPLETED)
            left = acting.done() and not isinstance(acting.exception(), ConnectionError)
            async with asyncio.timeout(PATIENCE_S):
                self._seen.closed = 0 if left else await listening
            if left:
                acting.result()
        except TimeoutError:
            self._seen.closed = 0
            self._society.faults.append(f"{self._name}: a message was not answered, and {sid} was not closed")
        finally:
            listening.cancel()
            acting.cancel()
            await asyncio.gather(listening, acting, return_exceptions=True)

    async def _listen(self) -> int:
        """Keep what comes; returns the code of the close."""
        try:
            while True:
                self._take(str(await self._client.receive_message()))
        except Closed as closed:
            return closed.code or 1006

    def _take(self, message: str) -> None:
        kind, (number, _, text) = message[0], message[1:].partition("[")
        if kind == "3" and int(number) in self._waiting:
            entry, rooms = json.loads(f"[{text}")
            self._seen.answers.append((int(number), entry, rooms))
            self._waiting.pop(int(number)).set_result(None)
        elif message.startswith('2["told",'):
            self._seen.told.append(json.loads(message[1:])[1])
        else:
            self._society.faults.append(f"{self._name}: {message!r} is no answer and tells nothing")

    async def _take_part(self) -> None:
        society = self._society
        while not society.resting.is_set():
            await society.acting.wait()
            sending = [self._send(*self._choose()) for _ in range(self._chance.choice((1, 1, 1, 2, 4)))]
            await asyncio.gather(*sending)
            if self._chance.random() < 0.02:
                await self._go()
                return
            await _pause(self._chance.random() * 2)
        society.rested.add(self._name)
        await society.looking.wait()
        await self._send("look", {})
        society.looked.add(self._seen.sid)
        await society.leaving.wait()

    def _choose(self) -> tuple[str, dict[str, Any]]:
        return choose_act(self._chance, self._society.rooms, [one.sid for one in self._society.present])

    async def _send(self, what: str, arguments: dict[str, Any]) -> None:
        """Send a numbered message, and wait for its answer."""
        self._seen.sent += 1
        number, pause = self._seen.sent, 0.03 if self._chance.random() < 0.05 else 0
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._client.send(f"42{number}{json.dumps(['act', number, pause, what, arguments])}")
        async with asyncio.timeout(PATIENCE_S):
            await answer

    async def _go(self) -> None:
        """Leave in one of the ways there are; the socket is closed behind it."""
        farewell = self._chance.choice(("1", "41", None, None))
        if farewell is not None:
            await self._client.send(farewell)


async def _pause(seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
