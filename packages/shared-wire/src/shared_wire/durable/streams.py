"""A stream: a WebSocket between two actors that carries the calls of their link, both ways, at a tenth of the price of RPC."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

from pyodide.ffi import JsException, to_js

from shared_wire.durable.timers import Timer, now_ms
from shared_wire.link.stream_messages import LAST_NUMBER, read_message, write_call, write_reply

__all__ = ["Stream", "Streams"]

#: How long a reply may take. With the pauses of all further attempts it is less than the 10 s after which the peer may sleep.
_PATIENCE_MS: Final = 900


class Stream:
    """One end of a stream. Whoever has the WebSocket gives it what comes, and says when it has ended."""

    def __init__(
        self,
        send: Callable[[Any], object],
        answer: Callable[[bytes], bytes],
        counters: Counter[str],
        give_up: Callable[[], None],
        *,
        is_awake: bool,
    ) -> None:
        """Initialise with what sends a message, what answers a call, where to count, and what to do when a reply does not come.

        ``is_awake``: the stream keeps this object awake, so a timer may run on between two calls and need not be set for each.
        """
        self._send = send
        self._answer = answer
        self._counters = counters
        self._give_up = give_up
        self._is_awake = is_awake
        self._number = secrets.randbits(64)
        self._waiting: asyncio.Future[bytes | None] | None = None
        self._began_ms = 0
        self._timer: Timer | None = None
        self.is_over = False

    @property
    def is_busy(self) -> bool:
        """Whether a call is under way."""
        return self._waiting is not None

    async def call(self, data: bytes) -> bytes | None:
        """Make a call; none when it failed: the stream broke, or no reply came in time."""
        if self.is_over:
            return None
        self._number = (self._number + 1) & LAST_NUMBER
        waiting: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        self._began_ms = now_ms()
        if self._timer is None:
            self._timer = Timer(_PATIENCE_MS / 1000, self._look)
        try:
            if not self._say(write_call(self._number, data)):
                return None
            return await waiting
        finally:
            self._waiting = None
            if not self._is_awake:
                self._end_timer()

    def receive(self, message: bytes) -> None:
        """Handle a message: answer a call, or hand a reply to whoever waits for it. Raises `MalformedFrame` for anything else."""
        self._counters["stream_messages"] += 1
        is_call, number, frame = read_message(message)
        if is_call:
            self._say(write_reply(number, self._answer(frame)))
        elif number == self._number:
            self._resolve(frame)

    def end(self) -> None:
        """Note that the stream has ended: a call under way has failed."""
        self.is_over = True
        self._end_timer()
        self._resolve(None)

    def _say(self, message: bytes) -> bool:
        """Send a message; returns whether that was possible. Where it was not, the end of the stream is about to be told."""
        try:
            self._send(to_js(message))
        except JsException:
            return False
        return True

    def _resolve(self, reply: bytes | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(reply)

    def _look(self) -> None:
        """Give up a call that waits for too long, or look again when it will have."""
        self._timer = None
        if self._waiting is None:
            return
        left_ms = min(self._began_ms + _PATIENCE_MS - now_ms(), _PATIENCE_MS)
        if left_ms > 0:
            self._timer = Timer(left_ms / 1000, self._look)
            return
        self.end()
        self._give_up()

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Streams(Protocol):
    """The streams of one actor, by the peer's name."""

    def find(self, peer: str) -> Stream | None:
        """Return the stream over which the next call to ``peer`` is made; none: by RPC. Called once for each call."""
