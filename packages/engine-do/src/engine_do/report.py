"""Which sessions the peer believes we hold, compared with those we do hold.

An object that is reset loses its sockets without a word, so the peer may know sessions that are gone. What the peer accepted
last is stored; the alarm's sweep compares it with the sessions there are, and the alarm stays armed until both agree. In the
steady state they do, and nothing is sent.

Stored as text: the digest the peer accepted, or "?" from the first session announced after that until the next acceptance.
"""

from dataclasses import dataclass
from typing import Final

from shared_wire import SessionsDigest, digest

__all__ = ["UNSETTLED", "Report", "accept", "is_settled", "offer", "restore", "unsettled"]

UNSETTLED: Final = "?"
_NOTHING: Final = digest(()).digest.hex()


@dataclass(frozen=True, slots=True)
class Report:
    """``stored`` survives sleep; ``offered``, the digest under way, does not: then it is offered again."""

    stored: str = _NOTHING
    offered: bytes | None = None


def restore(stored: str | None) -> Report:
    """Begin a life's report from what an earlier life stored; nothing stored means nothing was ever announced."""
    return Report() if stored is None else Report(stored=stored)


def unsettled() -> Report:
    """Note that the peer is about to hear of a session, before it does: what it accepted is no longer all it knows."""
    return Report(stored=UNSETTLED)


def is_settled(report: Report, current: SessionsDigest) -> bool:
    """Tell whether the peer has accepted exactly the sessions there are."""
    return report.stored == current.digest.hex()


def offer(report: Report, current: SessionsDigest) -> Report:
    """Note that the digest is being sent."""
    return Report(stored=report.stored, offered=current.digest)


def accept(report: Report, accepted: bytes) -> Report:
    """Note the peer's acceptance; not when a session was announced since the digest was taken."""
    return Report(stored=accepted.hex()) if report.offered == accepted else report
