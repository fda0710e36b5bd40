"""How a test's client is connected: by a WebSocket, or by polling, as stock clients do. Nothing here waits: the loop does."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Coroutine, Mapping
from contextvars import Context
from typing import Any, Final, Protocol

from shared_wire.testing import ClientSocket, Response, World

__all__ = ["End", "Hear", "Polling", "Transport", "WebSocket", "answer_to"]

#: Told of each packet of Engine.IO: text with its type in front, or the bytes of an attachment.
Hear = Callable[[str | bytes], None]
#: Told once of the connection's end; of the answer, where the handshake was refused.
End = Callable[[str | None], None]

_SEPARATOR: Final = "\x1e"
#: Packets of one POST: the parser takes no more.
_TOGETHER: Final = 16


class Transport(Protocol):
    """What carries a client's packets."""

    def send(self, *packets: str | bytes) -> None:
        """Send packets, in order; they wait until the handshake is answered."""

    def close(self) -> None:
        """Close it in the ordinary way."""

    def drop(self) -> None:
        """Be gone without a word, as when the network breaks."""

    def vanish(self) -> None:
        """Send nothing more, and take nothing: the connection seems to be there."""


class WebSocket:
    """A session on a WebSocket."""

    def __init__(self, world: World, path: str, headers: Mapping[str, str], hear: Hear, end: End) -> None:
        """Begin to connect; ``path`` has the query."""
        self._hear, self._end = hear, end
        self._socket: ClientSocket | None = None
        self._waiting: list[str | bytes] = []
        asking = world.ask(f"{path}&transport=websocket", headers={"upgrade": "websocket", **headers})
        world.loop.create_task(self._open(asking), context=Context())

    async def _open(self, asking: Coroutine[Any, Any, Response]) -> None:
        response = await answer_to(asking)
        if response.webSocket is None:
            self._end(f"{response.status} {response.data.decode()}")
            return
        self._socket = socket = response.webSocket
        socket.listen(self._take, lambda _code, _reason: self._end(None))
        for one in self._waiting:
            socket.send(one)

    def _take(self, frame: str | bytes) -> None:
        if frame == "2":
            self.send("3")
        else:
            self._hear(frame)

    def send(self, *packets: str | bytes) -> None:
        """Send packets, in order; they wait until the handshake is answered."""
        for one in packets:
            if self._socket is None:
                self._waiting.append(one)
            else:
                self._socket.send(one)

    def close(self) -> None:
        """Close it in the ordinary way."""
        if self._socket is not None:
            self._socket.close()

    def drop(self) -> None:
        """Be gone without a word, as when the network breaks."""
        if self._socket is not None:
            self._socket.drop()

    def vanish(self) -> None:
        """Send nothing more, and take nothing: the connection seems to be there."""
        if self._socket is not None:
            self._socket.vanish()


class Polling:
    """A session that polls: one GET waits at all times, and one POST is under way at most."""

    def __init__(self, world: World, path: str, headers: Mapping[str, str], hear: Hear, end: End) -> None:
        """Begin to connect; ``path`` has the query."""
        self._world, self._hear, self._end = world, hear, end
        self._path, self._headers = f"{path}&transport=polling", headers
        self._waiting: list[str | bytes] = []
        self._is_over = self._is_posting = False
        self._sid = ""
        self._run(self._poll())

    def _run(self, work: Coroutine[Any, Any, Any]) -> None:
        self._world.loop.create_task(work, context=Context())

    async def _ask(self, **options: Any) -> Response:
        return await answer_to(self._world.ask(self._path + self._sid, headers=self._headers, **options))

    async def _poll(self) -> None:
        while not self._is_over:
            await self._poll_once()

    async def _poll_once(self) -> None:
        response = await self._ask()
        if self._is_over:
            return
        if response.status != 200:
            self._over(None if self._sid else f"{response.status} {response.data.decode()}")
            return
        for packet in response.data.decode().split(_SEPARATOR):
            self._take(packet)

    def _take(self, packet: str) -> None:
        match packet[:1]:
            case "1":
                self._over(None)
            case "2":
                self.send("3")
            case "0":
                self._sid = f"&sid={json.loads(packet[1:])['sid']}"
                self._hear(packet)
                self._begin_post()
            case "b":
                self._hear(b64decode(packet[1:]))
            case "4" if not self._is_over:
                self._hear(packet)

    def send(self, *packets: str | bytes) -> None:
        """Send packets, in order; they wait until the handshake is answered, and while a POST is under way."""
        self._waiting += packets
        self._begin_post()

    def _begin_post(self) -> None:
        if self._sid and self._waiting and not (self._is_posting or self._is_over):
            self._is_posting = True
            self._run(self._post())

    async def _post(self) -> None:
        packets, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
        body = _SEPARATOR.join(one if isinstance(one, str) else f"b{b64encode(one).decode()}" for one in packets)
        response = await self._ask(method="POST", body=body)
        self._is_posting = False
        if response.status != 200:
            self._over(None)
        else:
            self._begin_post()

    def _over(self, refusal: str | None) -> None:
        if not self._is_over:
            self._is_over = True
            self._end(refusal)

    def close(self) -> None:
        """Close it in the ordinary way."""
        if self._sid and not self._is_over:
            self._is_over = True
            self._run(self._ask(method="POST", body="1"))

    def drop(self) -> None:
        """Be gone without a word: for a server that is polled, the same as `vanish`."""
        self._is_over = True

    def vanish(self) -> None:
        """Send nothing more, and take nothing."""
        self._is_over = True


async def answer_to(asking: Coroutine[Any, Any, Response]) -> Response:
    """Return the answer to a request: status 500 where the entrypoint raises."""
    try:
        return await asking
    except asyncio.CancelledError:
        raise
    except Exception as error:
        return Response(str(error), 500)
