"""A raw Engine.IO client: frames as they are on the wire, and nothing is answered unless a test says so."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp

__all__ = ["Closed", "RawSocket", "connect", "handshake"]

#: How long a test waits for one frame before it fails.
PATIENCE_S = 15.0


class Closed(Exception):
    """The server closed the socket."""

    def __init__(self, code: int | None, reason: str) -> None:
        super().__init__(f"closed with {code} {reason!r}")
        self.code = code
        self.reason = reason


class RawSocket:
    """One WebSocket to an engine."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.open: dict[str, Any] = {}

    async def begin(self) -> Self:
        """Read the open packet."""
        frame = await self.receive()
        assert isinstance(frame, str)
        assert frame.startswith("0")
        self.open = json.loads(frame[1:])
        return self

    async def send(self, frame: str | bytes) -> None:
        """Send one frame."""
        await (self.ws.send_str(frame) if isinstance(frame, str) else self.ws.send_bytes(frame))

    async def receive(self, patience_s: float = PATIENCE_S) -> str | bytes:
        """Return the next frame; raises `Closed` when the server closed."""
        async with asyncio.timeout(patience_s):  # Python 3.11's `wait_for` may swallow a cancellation
            message = await self.ws.receive()
        if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            return message.data  # type: ignore[no-any-return]
        raise Closed(self.ws.close_code, str(message.extra or ""))

    async def receive_message(self) -> str | bytes:
        """Return the next message packet's data; pings are answered on the way."""
        while True:
            frame = await self.receive()
            if isinstance(frame, bytes):
                return frame
            if frame == "2":
                await self.send("3")
            elif frame.startswith("4"):
                return frame[1:]

    async def join(self, namespace: str = "", auth: Any = None) -> dict[str, Any]:
        """Connect to a Socket.IO namespace."""
        prefix = namespace and f"{namespace},"
        await self.send("40" + prefix + ("" if auth is None else json.dumps(auth)))
        answer = await self.receive_message()
        assert isinstance(answer, str)
        assert answer.startswith("0" + prefix), answer
        joined: dict[str, Any] = json.loads(answer[1 + len(prefix) :])
        return joined

    async def wait_closed(self, patience_s: float = PATIENCE_S) -> Closed:
        """Read frames until the server closes."""
        while True:
            try:
                await self.receive(patience_s)
            except Closed as closed:
                return closed


@asynccontextmanager
async def connect(
    url: str, path: str = "/socket.io/", query: str = "EIO=4&transport=websocket", **options: Any
) -> AsyncIterator[RawSocket]:
    """Open a session; closed without a word at the end."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}{path}?{query}", autoping=True, **options) as ws,
    ):
        yield await RawSocket(ws).begin()


async def handshake(url: str, target: str, method: str = "GET", **headers: str) -> tuple[int, str]:
    """Make an upgrade request by hand; returns status and body of an answer that is no upgrade."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    sent = {
        name: value
        for name, value in {**upgrade, **{k.replace("_", "-"): v for k, v in headers.items()}}.items()
        if value
    }
    async with aiohttp.ClientSession() as session, session.request(method, url + target, headers=sent) as response:
        return response.status, await response.text() if response.status != 101 else ""
