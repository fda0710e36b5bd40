"""Hold a conversation with a server, and note what the client gets."""

import asyncio
import re
from dataclasses import dataclass, field

import aiohttp

from conversations.steps import Conversation, Hold, Open, Request, Step

__all__ = ["hold"]

#: What no two sessions have in common.
_SID = re.compile(r'"sid":"([^"]+)"')
#: The ack id of an event that the server sends: each server counts in its own way.
_ACK_ID = re.compile(r"^(4(?:2|5\d+-)(?:/[^,]*,)?)(\d+)(?=\[)")
_CLOSING = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


@dataclass
class _Client:
    http: aiohttp.ClientSession
    url: str
    patience_s: float
    transcript: list[str] = field(default_factory=list)
    engine_sid: str = ""
    ack_id: str = ""
    socket: aiohttp.ClientWebSocketResponse | None = None
    reading: asyncio.Task[None] | None = None
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    held: list[asyncio.Task[str]] = field(default_factory=list)

    async def take(self, step: Step) -> None:
        if isinstance(step, Request):
            self.note(await self.ask(step))
        elif isinstance(step, Hold):
            self.held.append(asyncio.create_task(self.ask(Request(step.query))))
        elif isinstance(step, Open):
            await self.open(step.query)
        else:
            await self.send(step)
        await self.quiet()

    async def ask(self, request: Request) -> str:
        url = f"{self.url}?{request.query.replace('{sid}', self.engine_sid)}"
        headers = {"Content-Type": request.kind} if request.body is not None else {}
        try:
            async with (
                asyncio.timeout(8 * self.patience_s + 2),
                self.http.request(request.method, url, data=request.body, headers=headers) as response,
            ):
                return f"{request.method} {response.status} {self.plain((await response.read()).decode())}"
        except TimeoutError:
            return f"{request.method} waits"

    async def open(self, query: str) -> None:
        url = f"{self.url}?{query.replace('{sid}', self.engine_sid)}"
        try:
            self.socket = await self.http.ws_connect(url)
        except aiohttp.WSServerHandshakeError as refused:
            self.note(f"refused with {refused.status}")
            return
        self.reading = asyncio.create_task(self.read(self.socket))

    async def send(self, frame: str | bytes) -> None:
        if self.socket is None or self.socket.closed:
            return
        try:
            if isinstance(frame, bytes):
                await self.socket.send_bytes(frame)
            else:
                await self.socket.send_str(frame.replace("{ack}", self.ack_id))
        except ConnectionError:
            pass

    async def read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await socket.receive()
            self.heard.set()
            if message.type in _CLOSING:
                self.note("closed")
                return
            self.note(self.plain(message.data) if isinstance(message.data, str) else f"bytes {message.data.hex()}")

    async def quiet(self) -> None:
        """Wait until nothing has come for a while; that nothing comes cannot be seen otherwise."""
        while True:
            self.heard.clear()
            try:
                async with asyncio.timeout(self.patience_s):
                    await self.heard.wait()
            except TimeoutError:
                return

    def note(self, line: str) -> None:
        self.transcript.append(line)

    def plain(self, text: str) -> str:
        """Leave out what differs from session to session, and keep it for the steps that follow."""
        if (found := _SID.search(text)) and not self.engine_sid:
            self.engine_sid = found[1]
        if event := _ACK_ID.match(text):
            self.ack_id = event[2]
        return _ACK_ID.sub(r"\1#", _SID.sub('"sid":"…"', text))

    async def end(self) -> None:
        for task in self.held:
            self.note(f"held: {await task}")
        if self.reading is not None:
            self.reading.cancel()
        if self.socket is not None:
            await self.socket.close()


async def hold(conversation: Conversation, url: str, patience_s: float) -> list[str]:
    """Hold a conversation; returns what the client got, line by line."""
    async with aiohttp.ClientSession(headers={"Accept-Encoding": "identity"}) as http:
        client = _Client(http, url + conversation.place, patience_s)
        for step in conversation.steps:
            await client.take(step)
        await client.end()
        return client.transcript
