"""When the one alarm of an object must fire, and whether it pings.

All clients are pinged together, as soon as one of them is due: so an object wakes once an interval, however its clients came.
A client is never pinged later than its interval asks for, only earlier. Clients of revision 3 ping themselves; of them the alarm
only finds the dead.
"""

from collections.abc import Iterable

from engine_do.config import EngineConfig
from engine_do.session.polling import Polling
from engine_do.session.session import REVISION, Phase, Session

__all__ = ["deadline", "is_ping_due", "next_deadline", "polling_deadline"]


def is_ping_due(sessions: Iterable[Session], now_ms: int, config: EngineConfig) -> bool:
    """Return whether any session's ping interval is over."""
    return any(
        session.phase is Phase.OPEN
        and session.revision == REVISION
        and now_ms >= session.pinged_ms + config.ping_interval_ms
        for session in sessions
    )


def next_deadline(sessions: Iterable[Session], config: EngineConfig) -> int | None:
    """Return when the alarm must fire next for these sessions; none when nothing is to be watched."""
    return min((deadline(session, config) for session in sessions if session.phase is Phase.OPEN), default=None)


def polling_deadline(polling: Polling, config: EngineConfig) -> int:
    """Return when the alarm must look at a session that polls."""
    session = polling.session
    if session.phase is Phase.CLOSED:
        # What the client has not fetched is kept for a while, from the first sweep on.
        return session.deadline_ms or session.pinged_ms + config.ping_interval_ms
    at_ms = deadline(session, config)
    return at_ms if polling.probe_ms is None else min(at_ms, polling.probe_ms)


def deadline(session: Session, config: EngineConfig) -> int:
    """Return when the alarm must look at an open session."""
    own_pings = 0 if session.revision == REVISION else config.ping_timeout_ms
    at_ms = session.pinged_ms + config.ping_interval_ms + own_pings
    if session.unanswered_ms is not None:
        at_ms = min(at_ms, session.unanswered_ms + config.ping_timeout_ms)
    return at_ms if session.deadline_ms is None else min(at_ms, session.deadline_ms)
