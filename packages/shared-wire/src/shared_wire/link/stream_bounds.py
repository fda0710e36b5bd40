"""When a stream between two actors is cheaper than RPC: the prices, and what follows from them. No clock: times are arguments.

The unit of all figures is one request ($0.15 per million): an RPC is one.

A held-awake second of an object is 0.128 GB-s at $12.50 per million: $1.6 per million seconds, which is 10.7 requests. A call over
a stream is two messages, the call and its reply, of which 20 are a request: 0.1. So a stream pays where

    calls in a second > 10.7 + 0.1 * calls in a second, which is from 12 calls on.

While it is open it gains 0.9 with each call and loses 10.7 with each second. To open another one costs the request that opens it
and the calls that are made by RPC until then, 13 of them: 14 requests. When a stream has lost as much since it last paid, it is
closed: so waiting for more never costs more than opening another one. Where nothing is said at all, that is after 1.3 seconds.
"""

from collections import deque
from typing import Final

__all__ = [
    "AWAKE_SECOND",
    "MESSAGE",
    "MOST_CALLS",
    "OPENING",
    "QUIET_MS",
    "REFUSED_MS",
    "SAVED",
    "StreamBounds",
]

#: What a second costs in which an object is kept awake: 0.128 GB-s at $12.50 per million, where a million requests are $0.15.
AWAKE_SECOND: Final = 0.128 * 12.50 / 0.15
#: What a message over a WebSocket costs.
MESSAGE: Final = 1 / 20
#: What a call saves that goes over a stream: its request, but for a message there and one back.
SAVED: Final = 1 - 2 * MESSAGE
#: Calls in one second up to which RPC is cheaper.
MOST_CALLS: Final = int(AWAKE_SECOND / SAVED) + 1
#: What it costs to have closed too early: the request that opens a stream, and the calls by RPC until then.
OPENING: Final = 1 + MOST_CALLS + 1
#: How long a stream stays open over which nothing is said.
QUIET_MS: Final = OPENING / AWAKE_SECOND * 1000
#: How long a peer that did not take a stream, or did not answer on it, is called by RPC before it is asked again.
REFUSED_MS: Final = 60_000

_SECOND_MS: Final = 1_000


class StreamBounds:
    """Decides when the stream to one peer is to be opened and closed. In memory only: a new life begins with RPC."""

    def __init__(self) -> None:
        """Initialise as closed, with no calls made."""
        self._calls: deque[int] = deque()
        self._not_before_ms: int | None = None
        self._lost = 0.0
        self._since_ms = 0

    def must_open(self, now_ms: int) -> bool:
        """Note a call made by RPC; return whether it is one too many for RPC."""
        calls = self._calls
        calls.append(now_ms)
        while len(calls) > MOST_CALLS + 1:
            calls.popleft()
        if len(calls) <= MOST_CALLS or not 0 <= now_ms - calls[0] < _SECOND_MS:
            return False
        return self._not_before_ms is None or not 0 < self._not_before_ms - now_ms <= REFUSED_MS

    def note_opened(self, now_ms: int) -> None:
        """Note that the stream is open."""
        self._calls.clear()
        self._lost, self._since_ms = 0.0, now_ms

    def note_refused(self, now_ms: int) -> None:
        """Note that the peer has not taken the stream, or not answered on it."""
        self._calls.clear()
        self._not_before_ms = now_ms + REFUSED_MS

    def note_message(self, now_ms: int) -> None:
        """Note a call over the stream."""
        passed_ms = now_ms - self._since_ms
        lost = (
            self._lost - SAVED + (passed_ms / 1000 * AWAKE_SECOND if passed_ms > 0 else 0)
        )  # `_pass`, without its call
        self._lost, self._since_ms = (lost if lost > 0 else 0.0), now_ms

    def left_ms(self, now_ms: int) -> float:
        """Return after how many milliseconds the stream is to be closed if nothing more is said; 0 when it is to be closed now."""
        self._pass(now_ms)
        return max(OPENING - self._lost, 0.0) / AWAKE_SECOND * 1000

    def _pass(self, now_ms: int) -> None:
        """Count what time costs; a clock that was put back costs nothing."""
        self._lost += max(now_ms - self._since_ms, 0) / 1000 * AWAKE_SECOND
        self._since_ms = now_ms
