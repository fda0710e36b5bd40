"""How much a session may send: token buckets for messages and bytes, each with ten seconds' worth; and how much in a row.

In memory only: an object that sleeps had ten quiet seconds, and after those every bucket is full. A reset forgets a run too, which
then begins anew.
"""

from dataclasses import dataclass
from typing import Final

from engine_do.config import BURST_SECONDS, EngineConfig

__all__ = ["LONGEST_RUN", "Allowance", "Run", "extend", "spend"]

#: Frames of one session in a row after which those of others are looked for. The runtime looks for them only when it has nothing
#: left to do, and what one client has sent at once is something to do: without this, others wait for all of it. Each look costs
#: about half of what an echo costs.
LONGEST_RUN: Final = 4


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a session may still send at once, as of a moment in milliseconds."""

    messages: float
    size: float
    at_ms: int


def spend(before: Allowance | None, now_ms: int, messages: int, size: int, config: EngineConfig) -> Allowance | None:
    """Take messages and bytes out of the buckets; none when they do not hold enough."""
    per_s, bytes_per_s = config.max_messages_per_s or 0, config.max_bytes_per_s or 0
    if before is None:
        before = Allowance(per_s * BURST_SECONDS, bytes_per_s * BURST_SECONDS, now_ms)
    passed = max(now_ms - before.at_ms, 0) / 1000
    left = min(before.messages + passed * per_s, per_s * BURST_SECONDS) - messages
    size_left = min(before.size + passed * bytes_per_s, bytes_per_s * BURST_SECONDS) - size
    if (per_s and left < 0) or (bytes_per_s and size_left < 0):
        return None
    return Allowance(left, size_left, now_ms)


@dataclass(frozen=True, slots=True)
class Run:
    """How many frames have come in a row, and from whom; none: from sessions that are closed."""

    sender: str | None
    length: int


def extend(before: Run | None, sender: str | None) -> Run:
    """Count a frame. A run of `LONGEST_RUN` is over, and the next frame begins another."""
    goes_on = before is not None and before.sender == sender and before.length < LONGEST_RUN
    return Run(sender, before.length + 1 if before is not None and goes_on else 1)
