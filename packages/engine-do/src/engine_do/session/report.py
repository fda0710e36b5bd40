"""Which sessions a peer believes we hold, compared with those we do hold.

An object that is reset loses its sockets without a word, so the peer may know sessions that are gone. What the peer accepted
last is stored; the alarm's sweep compares it with the sessions there are, and the alarm stays armed until both agree. In the
steady state they do, and nothing is sent.

An acceptance counts only for the very offer it answers: each announcement changes the mark that offers carry.

Stored as text: the digest the peer accepted, or "?" from the first session announced after that until the next acceptance. Any
other text is read as "?", so the worst that a change of release costs is one comparison.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from shared_wire import AcceptDigest, EngineSid, SessionsDigest, digest

__all__ = ["UNSETTLED", "Report", "accept", "is_settled", "knows_nothing", "offer", "restore", "unsettled"]

UNSETTLED: Final = "?"
_NOTHING: Final = digest(()).digest.hex()
_DIGEST: Final = re.compile(f"[0-9a-f]{{{len(_NOTHING)}}}")


@dataclass(frozen=True, slots=True)
class Report:
    """``stored`` survives sleep; the rest does not: what was offered is then offered again.

    ``mark`` begins anywhere, differently in each life, and goes up with each announcement.
    """

    stored: str
    mark: int
    offered: SessionsDigest | None = None


def restore(stored: str | None, mark: int) -> Report:
    """Begin a life's report from what an earlier life stored; nothing stored means nothing was ever announced.

    A text that this release does not know, of a later one perhaps, means that the report is unsettled.
    """
    if stored is None:
        return Report(stored=_NOTHING, mark=mark)
    return Report(stored=stored if _DIGEST.fullmatch(stored) else UNSETTLED, mark=mark)


def unsettled(report: Report) -> Report:
    """Note that the peer is about to hear of a session, before it does: what it accepted is no longer all it knows."""
    return Report(stored=UNSETTLED, mark=report.mark + 1)


def is_settled(report: Report, engine_sids: Iterable[EngineSid]) -> bool:
    """Return whether the peer has accepted exactly these sessions."""
    return report.stored == digest(engine_sids).digest.hex()


def knows_nothing(report: Report) -> bool:
    """Return whether the peer has accepted that we hold nothing: as if no session had ever been announced to it."""
    return report.stored == _NOTHING


def offer(report: Report, engine_sids: Iterable[EngineSid]) -> tuple[Report, SessionsDigest]:
    """Make the offer to send."""
    offered = digest(engine_sids, report.mark)
    return replace(report, offered=offered), offered


def accept(report: Report, accepted: AcceptDigest) -> Report:
    """Note the peer's acceptance, if it is for the offer under way."""
    offered = report.offered
    if offered is None or (offered.digest, offered.mark) != (accepted.digest, accepted.mark):
        return report
    return Report(stored=accepted.digest.hex(), mark=report.mark)
