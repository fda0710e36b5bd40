"""A stream: a WebSocket between two actors that carries the calls of their link, both ways, at a tenth of the price of RPC."""

import secrets
from collections import Counter
from collections.abc import Callable
from typing import Any, Final, Protocol

from pyodide.ffi import JsException, to_js

from shared_wire.durable.timers import Timer
from shared_wire.link.stream_messages import (
    LAST_NUMBER,
    NOT_TAKEN,
    UNREADABLE,
    read_message,
    write_call,
    write_reply,
)

__all__ = ["Stream", "Streams"]

#: How long a reply may take: so many looks, so many seconds apart, of which the first may be just after the call. No clock is
#: asked, which may jump. With the pauses of all further attempts it is less than the 10 s after which the peer may sleep.
_LOOKS: Final = 6
_BETWEEN_LOOKS_S: Final = 0.15


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
        #: What waits for the reply to the call under way, and how often that was looked for.
        self._heard: Callable[[bytes | None], None] | None = None
        self._looks = 0
        self._timer: Timer | None = None
        #: Whether the stream has ended: nothing goes over it any more.
        self.is_over = False

    @property
    def is_busy(self) -> bool:
        """Whether a call is under way."""
        return self._heard is not None

    def say(self, data: bytes, heard: Callable[[bytes | None], None]) -> bool:
        """Make a call; ``heard`` gets the reply, none (the stream broke, or no reply came in time), or `NOT_TAKEN`.

        Returns False where the call was certainly not sent: the stream is over then, and ``heard`` is not called. One call may be
        under way at a time.
        """
        if self.is_over:
            return False
        self._number = (self._number + 1) & LAST_NUMBER
        try:
            self._send(to_js(write_call(self._number, data)))
        except JsException:
            self.end()
            return False
        self._heard, self._looks = heard, 0
        if self._timer is None:
            self._timer = Timer(_BETWEEN_LOOKS_S, self._look)
        return True

    def receive(self, message: bytes) -> None:
        """Handle a message: answer a call, or hand a reply to whoever waits for it. Raises `MalformedFrame` for anything else."""
        self._counters["stream_messages"] += 1
        is_call, number, frame = read_message(message)
        if is_call:
            self._reply(number, self._answer(frame))
        elif number == self._number and self._heard is not None:
            if not self._is_awake:
                self._end_timer()
            heard, self._heard = self._heard, None
            heard(frame)

    def end(self, code: int | None = None) -> None:
        """Note that the stream has ended, and with which code: a call under way has failed, or the peer could not read it."""
        self.is_over = True
        self._end_timer()
        heard, self._heard = self._heard, None
        if heard is not None:
            heard(NOT_TAKEN if code == UNREADABLE else None)

    def _reply(self, number: int, frame: bytes) -> None:
        """Send a reply. Where that is not possible the stream has ended, which is about to be told."""
        try:
            self._send(to_js(write_reply(number, frame)))
        except JsException:
            self.end()

    def _look(self) -> None:
        """Give up a call that waits for too long, or look again."""
        self._timer = None
        if self._heard is None:
            return
        self._looks += 1
        if self._looks < _LOOKS:
            self._timer = Timer(_BETWEEN_LOOKS_S, self._look)
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
