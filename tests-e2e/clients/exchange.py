"""Clients that exchange numbered messages and come back when they are closed; they check what they receive as it comes."""

import asyncio
import json
import random
from dataclasses import dataclass, field

import aiohttp

from clients.raw import Closed, RawSocket, connect

__all__ = ["Exchange", "Tally"]


#: What the application tells everybody when a client has gone.
NOISE = '2["left",'


@dataclass
class Tally:
    """What happened to all clients together."""

    answered: int = 0
    sessions: int = 0
    closed: int = 0
    #: Sessions that were closed although every message they sent was answered.
    closed_without_work: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass
class Exchange:
    """One client: sends a few messages, waits for their answers, and pauses; over and over until told to stop."""

    url: str
    tally: Tally
    seed: int
    stopping: asyncio.Event
    path: str = "/socket.io/"
    query: str = "EIO=4&transport=websocket"

    async def run(self) -> None:
        """Talk, and come back after each close."""
        chance = random.Random(self.seed)
        while not self.stopping.is_set():
            try:
                async with connect(self.url, self.path, self.query) as client:
                    await client.join()
                    self.tally.sessions += 1
                    await self._talk(client, chance)
            except (Closed, aiohttp.ClientError, AssertionError, OSError):
                await _pause(0.1 + chance.random() / 5)

    async def _talk(self, client: RawSocket, chance: random.Random) -> None:
        sent = received = 0
        try:
            while not self.stopping.is_set():
                for _ in range(chance.randint(1, 4)):
                    sent += 1
                    pause = 0.05 if chance.random() < 0.1 else 0
                    await client.send("42" + json.dumps(["up", sent, pause]))
                while received < sent:
                    message = await client.receive_message()
                    if str(message).startswith(NOISE):
                        continue
                    received += 1
                    if message != f'2["down",{received}]':
                        self.tally.faults.append(f"client {self.seed}: {message!r} in place of {received}")
                        return
                    self.tally.answered += 1
                await _pause(chance.random() / 2)
                await self._see_close(client)
        except TimeoutError:
            self.tally.faults.append(f"client {self.seed}: no answer to {received + 1} of {sent}, and not closed")
        except (Closed, ConnectionError) as closed:
            self.tally.closed += 1
            self.tally.closed_without_work += received == sent
            raise Closed(None, str(closed)) from None

    async def _see_close(self, client: RawSocket) -> None:
        """Notice a close that came during the pause, before anything new is sent."""
        try:
            frame = await client.receive(0.001)
        except TimeoutError:
            return
        if frame == "2":
            await client.send("3")
        elif frame == "6":
            return
        elif not str(frame).startswith("4" + NOISE):
            self.tally.faults.append(f"client {self.seed}: {frame!r} without a question")


async def _pause(seconds: float) -> None:
    over = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(seconds, over.set_result, None)
    await over
