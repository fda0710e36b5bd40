"""How clients of the simulated system connect: by a WebSocket, or by polling, as the stock ones do."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from contextvars import Context
from typing import Any, Final

from shared_wire.testing import ClientSocket, Response, World

__all__ = ["Polling", "WebSocket"]

_PATH: Final = "/socket.io/?EIO=4&engine={engine}&transport={transport}"

Hear = Callable[[str | bytes], None]
#: Told of the transport's end; with False where it never came to be.
End = Callable[[bool], None]


class WebSocket:
    """A session on a WebSocket. What is sent before it is open waits."""

    def __init__(self, world: World, engine: int, hear: Hear, end: End) -> None:
        """Begin to connect."""
        self._hear, self._end = hear, end
        self._socket: ClientSocket | None = None
        self._waiting: list[str | bytes] = []
        path = _PATH.format(engine=engine, transport="websocket")
        world.loop.create_task(self._open(world.ask(path, headers={"upgrade": "websocket"})), context=Context())

    async def _open(self, asking: Any) -> None:
        response = await _answer(asking)
        if response is None or response.webSocket is None:
            self._end(False)
            return
        self._socket = response.webSocket
        response.webSocket.listen(self._take, lambda _code, _reason: self._end(True))
        for one in self._waiting:
            response.webSocket.send(one)

    def _take(self, frame: str | bytes) -> None:
        if frame == "2":
            self.send("3")
        else:
            self._hear(frame)

    def send(self, *packets: str | bytes) -> None:
        """Send packets."""
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
        """Be gone without a word."""
        if self._socket is not None:
            self._socket.drop()

    def vanish(self) -> None:
        """Be silent."""
        if self._socket is not None:
            self._socket.vanish()


class Polling:
    """A session that polls: one GET waits at all times, and one POST is under way at most."""

    def __init__(self, world: World, engine: int, hear: Hear, end: End) -> None:
        """Begin to connect."""
        self._world, self._hear, self._end = world, hear, end
        self._path = _PATH.format(engine=engine, transport="polling")
        self._waiting: list[str | bytes] = []
        self._is_over = self._is_posting = self._is_silent = False
        self._sid = ""
        self._run(self._poll())

    def _run(self, work: Any) -> asyncio.Task[None]:
        return self._world.loop.create_task(work, context=Context())

    async def _poll(self) -> None:
        while not self._is_over and not self._is_silent:
            response = await _answer(self._world.ask(self._path + self._sid))
            if self._is_over or self._is_silent:
                return
            if response is None or response.status != 200:
                self._over()
                return
            for packet in response.data.decode().split("\x1e"):
                self._take(packet)

    def _take(self, packet: str) -> None:
        match packet[:1]:
            case "1":
                self._over()
            case "2":
                self.send("3")
            case "0":
                self._sid = f"&sid={json.loads(packet[1:])['sid']}"
                self._hear(packet)
                self._begin_post()
            case "4" if not self._is_over:
                self._hear(packet)

    def send(self, *packets: str | bytes) -> None:
        """Send packets: as soon as no POST is under way."""
        self._waiting += packets
        self._begin_post()

    def _begin_post(self) -> None:
        if self._sid and self._waiting and not (self._is_posting or self._is_over or self._is_silent):
            self._is_posting = True
            self._run(self._post())

    async def _post(self) -> None:
        packets, self._waiting = self._waiting[:16], self._waiting[16:]
        body = "\x1e".join(one if isinstance(one, str) else f"b{b64encode(one).decode()}" for one in packets)
        response = await _answer(self._world.ask(self._path + self._sid, method="POST", body=body))
        self._is_posting = False
        if response is None or response.status != 200:
            self._over()
        else:
            self._begin_post()

    def _over(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._end(bool(self._sid))

    def close(self) -> None:
        """Close it in the ordinary way."""
        if self._sid and not self._is_over:
            self._is_over = True
            self._run(_answer(self._world.ask(self._path + self._sid, method="POST", body="1")))

    def drop(self) -> None:
        """Be gone without a word."""
        self._is_silent = True

    def vanish(self) -> None:
        """Be silent."""
        self._is_silent = True


async def _answer(asking: Any) -> Response | None:
    """Return the answer to a request, none where there is only an exception: a client sees status 500 then."""
    try:
        response: Response = await asking
    except Exception:
        return None
    return response
