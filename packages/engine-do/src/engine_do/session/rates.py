"""How much a session may send: token buckets for messages and bytes; and when it sends much at once.

In memory only: an object that sleeps had ten quiet seconds, and after those every bucket is full.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from engine_do.config import BURST_BYTES_SECONDS, BURST_SECONDS, EngineConfig
from engine_do.protocol.ids import EngineSid

__all__ = ["Allowance", "Rates", "most_haste", "spend", "weigh"]

#: Messages that a session may send at once, and per second, before that is a burst. Not the rate that is allowed: a flood whose
#: messages take a millisecond each is handled at that rate, by which nobody would see that it came at once.
_FREE: Final = 20
_FREE_PER_S: Final = 20
#: Bytes that count as one more message: to pass them on takes as long.
_BYTES_OF_ONE: Final = 50_000
#: Frames of bursts after which those of other clients are looked for. The runtime looks for them only when it has nothing left to
#: do, and what has been sent at once is something to do: without this, others wait for all of it. A look costs half an echo.
_LOOK_EVERY: Final = 4
#: For how long after what it has sent a session counts as there.
_ABOUT_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a session may still send at once, as of a moment in milliseconds."""

    messages: float
    size: float
    at_ms: int
    #: What was sent beyond `_FREE_PER_S`, as `weigh` counts it.
    haste: float = 0


def weigh(messages: int, size: int) -> int:
    """Count messages by how long they hold others up: large ones are several."""
    return messages + size // _BYTES_OF_ONE


def spend(before: Allowance | None, now_ms: int, messages: int, size: int, config: EngineConfig) -> Allowance | None:
    """Spend messages and bytes from the buckets; none when they do not hold enough."""
    per_s, bytes_per_s = config.max_messages_per_s or 0, config.max_bytes_per_s or 0
    if before is None:
        before = Allowance(per_s * BURST_SECONDS, bytes_per_s * BURST_BYTES_SECONDS, now_ms)
    passed = max(now_ms - before.at_ms, 0) / 1000
    left = min(before.messages + passed * per_s, per_s * BURST_SECONDS) - messages
    size_left = min(before.size + passed * bytes_per_s, bytes_per_s * BURST_BYTES_SECONDS) - size
    if (per_s and left < 0) or (bytes_per_s and size_left < 0):
        return None
    weight = messages + size // _BYTES_OF_ONE  # `weigh`, without its call
    return Allowance(left, size_left, now_ms, max(before.haste - passed * _FREE_PER_S, 0) + weight)


def most_haste(config: EngineConfig) -> float:
    """Return the haste above which a session has sent much at once: a burst. Where no rate is set nothing is one."""
    return math.inf if config.max_messages_per_s is None else _FREE


class Rates:
    """The allowances of all sessions of an object, and what has been sent at once since others were last let in."""

    def __init__(self, config: EngineConfig, let_others_in: Callable[[], None]) -> None:
        """Initialise with what has the runtime look for the frames of other clients."""
        self._config = config
        self._let_others_in = let_others_in
        self._most_haste = most_haste(config)
        self._allowances: dict[EngineSid, Allowance] = {}
        self._burst = 0
        #: Who was the last to send something, when, and when anybody else last did.
        self._last: EngineSid | None = None
        self._last_ms = self._other_ms = -_ABOUT_MS

    def spend(self, engine_sid: EngineSid, now_ms: int, messages: int, size: int) -> bool:
        """Count what a session sends, and let others in between the frames of bursts; returns False for more than it may send."""
        left = spend(self._allowances.get(engine_sid), now_ms, messages, size, self._config)
        if left is None:
            return False
        self._allowances[engine_sid] = left
        if engine_sid != self._last:
            self._last, self._other_ms = engine_sid, self._last_ms
        self._last_ms = now_ms
        if left.haste > self._most_haste:
            self.count_burst(weigh(messages, size))
        return True

    def is_hasty(self, engine_sid: EngineSid) -> bool:
        """Return whether what a session sent last was part of a burst."""
        left = self._allowances.get(engine_sid)
        return left is not None and left.haste > self._most_haste

    def are_others_about(self, engine_sid: EngineSid, now_ms: int) -> bool:
        """Return whether another session has sent something within the last second."""
        return now_ms - (self._other_ms if engine_sid == self._last else self._last_ms) < _ABOUT_MS

    def count_burst(self, weight: int) -> None:
        """Count a part of a burst, by `weigh`."""
        self._burst += weight
        if self._burst >= _LOOK_EVERY:
            self._burst = 0
            self._let_others_in()

    def drop(self, engine_sid: EngineSid) -> None:
        """Forget a session that has ended."""
        self._allowances.pop(engine_sid, None)

    def __len__(self) -> int:
        """Return the number of sessions that have an allowance."""
        return len(self._allowances)
