"""A raw Engine.IO client over HTTP: each request is one call, and nothing is answered unless a test says so."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from clients.raw import PATIENCE_S, RawSocket

__all__ = ["Answer", "PollingSession", "Site", "encode", "poll", "site"]

SEPARATOR = "\x1e"


@dataclass(frozen=True)
class Answer:
    """What a request got."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def error(self) -> tuple[int, int]:
        """Status and Engine.IO's code of a refusal."""
        return self.status, json.loads(self.body)["code"]

    @property
    def frames(self) -> list[str | bytes]:
        """The packets of an answer to a GET."""
        assert self.status == 200, self
        return [base64.b64decode(one[1:]) if one.startswith("b") else one for one in self.text.split(SEPARATOR)]


def encode(*frames: str | bytes) -> bytes:
    """Write packets as one body."""
    texts = (frame if isinstance(frame, str) else "b" + base64.b64encode(frame).decode() for frame in frames)
    return SEPARATOR.join(texts).encode()


class Site:
    """One engine as plain HTTP sees it."""

    def __init__(self, http: aiohttp.ClientSession, url: str, path: str) -> None:
        self.http = http
        self.url = url + path

    async def ask(self, method: str = "GET", query: str = "EIO=4&transport=polling", **options: Any) -> Answer:
        """Make a request."""
        asking = self.http.request(method, f"{self.url}?{query}", **options)
        async with asking as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, await response.read(), headers)

    async def open(self, query: str = "", **options: Any) -> "PollingSession":
        """Open a session."""
        return PollingSession(self, await self.ask(query=f"EIO=4&transport=polling&{query}", **options))


class PollingSession:
    """One session that polls."""

    def __init__(self, where: Site, answer: Answer) -> None:
        first, *self.waiting = answer.frames
        assert isinstance(first, str)
        assert first[0] == "0"
        self.site = where
        self.opened_by = answer
        self.facts: dict[str, Any] = json.loads(first[1:])
        self.sid: str = self.facts["sid"]

    @property
    def query(self) -> str:
        """What each of its requests has in the URL."""
        return f"EIO=4&transport=polling&sid={self.sid}"

    async def get(self, **options: Any) -> Answer:
        """Poll once."""
        return await asyncio.wait_for(self.site.ask(query=self.query, **options), 2 * PATIENCE_S)

    def hold(self) -> "asyncio.Task[Answer]":
        """Poll beside what the test does."""
        return asyncio.create_task(self.get())

    async def post(self, *frames: str | bytes, **options: Any) -> Answer:
        """Send packets in one payload."""
        headers = {"Content-Type": "text/plain;charset=UTF-8", **options.pop("headers", {})}
        return await self.site.ask("POST", self.query, **{"data": encode(*frames), "headers": headers, **options})

    async def send(self, *frames: str | bytes) -> None:
        """Send packets, which are taken."""
        answer = await self.post(*frames)
        assert (answer.status, answer.text) == (200, "ok"), answer

    async def receive(self, count: int = 1) -> list[str | bytes]:
        """Poll until there are so many messages; pings are answered on the way."""
        while len(self.waiting) < count:
            for frame in (await self.get()).frames:
                if frame == "2":
                    await self.send("3")
                elif frame != "6":
                    self.waiting.append(frame)
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken

    @asynccontextmanager
    async def probe(self) -> AsyncIterator[RawSocket]:
        """Bring a WebSocket for the session; nothing is sent on it yet."""
        address = f"{self.site.url}?EIO=4&transport=websocket&sid={self.sid}"
        async with self.site.http.ws_connect(address) as ws:
            yield RawSocket(ws)


@asynccontextmanager
async def site(url: str, path: str = "/engine.io/") -> AsyncIterator[Site]:
    """Talk to an engine; compressed answers stay compressed, and none is asked for unless a request does."""
    async with aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=["Accept-Encoding"]) as http:
        yield Site(http, url, path)


@asynccontextmanager
async def poll(url: str, path: str = "/engine.io/", query: str = "") -> AsyncIterator[PollingSession]:
    """Open a session that polls; left without a word at the end."""
    async with site(url, path) as where:
        yield await where.open(query)
