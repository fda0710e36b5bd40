"""Clients that poll, post and upgrade while the object that serves them is aborted: they check what they get as it comes."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import aiohttp

from clients.polling import PollingSession, Site
from clients.raw import Closed, RawSocket

__all__ = ["Found", "Switching"]

#: After it a request or a frame counts as one that hangs.
PATIENCE_S = 20.0


@dataclass
class Found:
    """What happened to all clients together."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class _Over(Exception):
    """The session has ended, as it may."""


class Switching:
    """One client: it sends a numbered message, gets its number back, over and over; every few messages it begins an upgrade."""

    def __init__(self, http: aiohttp.ClientSession, url: str, name: str, found: Found, stopping: asyncio.Event) -> None:
        self._site = Site(http, url, "/engine.io/")
        self._chance = random.Random(name)
        self._name, self._found, self._stopping = name, found, stopping
        self._session: PollingSession
        self._number = 0

    async def run(self) -> None:
        """Talk, and open another session whenever one has ended."""
        while not self._stopping.is_set():
            try:
                async with asyncio.timeout(PATIENCE_S):
                    self._session = await self._site.open("actor=1")
            except (AssertionError, aiohttp.ClientError):
                self._found.counts["handshakes cut"] += 1
                continue
            self._number = 0
            self._found.counts["sessions"] += 1
            try:
                await self._talk()
            except _Over:
                continue
            except TimeoutError:
                self._found.faults.append(f"{self._name}: no answer to {self._number} within {PATIENCE_S} s")

    async def _talk(self) -> None:
        while not self._stopping.is_set():
            for _ in range(self._chance.randint(1, 5)):
                await self._post()
                await self._poll()
            await self._upgrade()
        await self._session.post("1")

    async def _post(self) -> None:
        """Send a message; one that an abort cut ends the session, since nobody knows how far it came."""
        self._number += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._session.post(f"4up:{self._number}")
        except aiohttp.ClientError:
            answer = None
        if answer is None or answer.status != 200:
            self._found.counts["POSTs cut"] += 1
            await self._expect_the_end()

    async def _expect_the_end(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while (answer := await self._session.get()).status == 200:
                if not {*answer.frames} <= {"2", "6", f"4down:{self._number}"}:
                    self._found.faults.append(f"{self._name}: {answer.frames} after a POST that was cut")
        raise _Over

    async def _poll(self) -> None:
        """Get the answer; aborts are not noticed."""
        while True:
            async with asyncio.timeout(PATIENCE_S):
                answer = await self._session.get()
            if answer.status != 200:
                self._found.faults.append(f"{self._name}: a GET got {answer.status} {answer.text}")
                raise _Over
            for frame in answer.frames:
                if frame == f"4down:{self._number}":
                    self._found.counts["answers over polling"] += 1
                    return
                if frame not in ("2", "6"):
                    self._found.faults.append(f"{self._name}: {frame!r} in place of {self._number}")

    async def _upgrade(self) -> None:
        """Move to a WebSocket, and end there; where an abort cuts the move, polling goes on."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._session.probe() as ws:
                await ws.send("2probe")
                if await ws.receive() != "3probe":
                    self._found.faults.append(f"{self._name}: the probe was not answered as one")
                await self._move(ws)
        except (Closed, aiohttp.ClientError, ConnectionError):
            self._found.counts["upgrades cut"] += 1

    async def _move(self, ws: RawSocket) -> None:
        """Say that it has moved, and talk there; a close from here on ends the session."""
        try:
            await ws.send("5")
            for _ in range(self._chance.randint(1, 5)):
                self._number += 1
                await ws.send(f"4up:{self._number}")
                while (frame := await ws.receive()) != f"4down:{self._number}":
                    if frame not in ("2", "6"):
                        self._found.faults.append(f"{self._name}: {frame!r} in place of {self._number}, moved")
                self._found.counts["answers after an upgrade"] += 1
            await ws.send("1")
        except (Closed, ConnectionError):
            self._found.counts["WebSockets cut"] += 1
        raise _Over
