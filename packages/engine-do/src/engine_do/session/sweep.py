"""One look at all sessions of an object, as its alarm takes it: in one pass, during which other events go on.

All clients are pinged together, as soon as one of them is due. The pass finds out on its way: those who were looked at before the
first one that is due are looked at once more. Those that are in memory are asked first.
"""

from collections import defaultdict
from collections.abc import Iterable

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.session.heartbeat import is_ping_due, next_deadline
from engine_do.session.session import Phase, Session

__all__ = ["Sweep"]


class Sweep:
    """What a pass has seen."""

    def __init__(self, now_ms: int, config: EngineConfig, at_hand: Iterable[Session] = ()) -> None:
        """Begin a pass at a time; ``at_hand`` are sessions of which it is known without a look whether one is due."""
        self.now_ms = now_ms
        self.pings = is_ping_due(at_hand, now_ms, config)
        #: When the earliest of those that were looked at must be looked at again.
        self.deadline_ms: int | None = None
        self.open: set[EngineSid] = set()
        self._ended: set[EngineSid] = set()
        self._announced: defaultdict[str, set[EngineSid]] = defaultdict(set)
        self._config = config

    def look(self, session: Session) -> bool:
        """Return whether a session is to be pinged with all others: from the first one on that is due."""
        self.pings = self.pings or is_ping_due((session,), self.now_ms, self._config)
        return self.pings

    def note(self, session: Session) -> None:
        """Note a session as the pass leaves it; one that was looked at before it ended, between two slices, has ended."""
        if session.phase is Phase.OPEN and session.engine_sid not in self._ended:
            self.open.add(session.engine_sid)
            self.must_look(next_deadline((session,), self._config))
            for peer in (session.peers or ("",)) if session.announced else ():
                self._announced[peer].add(session.engine_sid)

    def must_look(self, at_ms: int | None) -> None:
        """Have the next pass begin by a time."""
        if at_ms is not None:
            self.deadline_ms = at_ms if self.deadline_ms is None else min(self.deadline_ms, at_ms)

    def note_announced(self, engine_sid: EngineSid, peer: str) -> None:
        """Note a session that is announced to a peer while the pass goes on, whether or not it was looked at."""
        self._announced[peer].add(engine_sid)

    def note_ended(self, engine_sid: EngineSid) -> None:
        """Note a session that ends while the pass goes on."""
        self._ended.add(engine_sid)
        self.open.discard(engine_sid)
        for engine_sids in self._announced.values():
            engine_sids.discard(engine_sid)

    @property
    def peers(self) -> set[str]:
        """The peers that have heard of open sessions, by the names in the sessions' records; "" is the only peer."""
        return {peer for peer, engine_sids in self._announced.items() if engine_sids}

    def announced(self, *peers: str) -> Iterable[EngineSid]:
        """Name the open sessions that a peer, under any of its names, has heard of."""
        return set().union(*(self._announced.get(peer, ()) for peer in peers))
