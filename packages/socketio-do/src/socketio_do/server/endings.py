"""How sessions end: their connections close or are lost, or an engine actor has no more of them."""

import logging
from collections.abc import Iterable

from shared_wire import AcceptDigest, CloseSessions, EngineSid, ListSessions, SessionsDigest, SessionsRange, digest
from shared_wire.reasons import Reason
from socketio_do.protocol.assembly import Assemblies
from socketio_do.server.connections import Connections

__all__ = ["Endings"]

_logger = logging.getLogger("socketio_do")


class Endings(Connections):
    """The part of `DurableServer` that ends sessions."""

    _assemblies: Assemblies
    _fresh: set[str]
    _expelled: set[str]
    #: Sessions that were lost and whose end has not begun, and the one whose is beginning.
    _lost: dict[EngineSid, None]

    def receive_closed(self, engine_sid: str, reason: str) -> None:
        """Handle a session's end: each of its sockets is disconnected, once; then the session is forgotten."""
        if not self._is_ending(engine_sid):
            self._end(engine_sid, reason)

    def _is_ending(self, engine_sid: str) -> bool:
        """Return whether a session has ended, and its handlers, or its client's return, will see to the rest."""
        is_left = engine_sid in self._ended and engine_sid not in self._stuck
        return is_left or (self._recovery is not None and self._membership.is_parked(engine_sid))

    def _end(self, engine_sid: str, reason: str) -> None:
        """End a session, or park it; one that broke the protocol does not come back."""
        was_expelled = engine_sid in self._expelled
        self._assemblies.drop(engine_sid)
        self._expelled.discard(engine_sid)
        self._fresh.discard(engine_sid)
        if self._membership.has_session(engine_sid) and (was_expelled or not self._park(engine_sid, reason)):
            self._take_leave_of(engine_sid, reason)

    def _take_leave_of(self, engine_sid: str, reason: str) -> None:
        self._ended.add(engine_sid)
        self._stuck.discard(engine_sid)
        for namespace in self._membership.sockets_of(engine_sid):
            self._queue_leaving(engine_sid, namespace, reason)
        self._close_if_ended(engine_sid)

    def receive_lost(self, actor: str, engine_sids: Iterable[EngineSid] | None) -> None:
        """End sessions whose stream to or from an engine actor has a gap, or (None) all of it, and have it close them.

        Each once: one that has ended, and whose handlers still run, is left to them.
        """
        concerned = self._membership.sessions_of(actor) if engine_sids is None else dict.fromkeys(engine_sids)
        lost = [EngineSid(sid) for sid in concerned if not self._is_ending(sid) and self._membership.has_session(sid)]
        _logger.warning("= link to %s: %d sessions lost", actor, len(lost))
        self._ended.update(lost)
        if lost:
            self._runtime.outbox.send(actor, CloseSessions(tuple(lost), Reason.TRANSPORT_ERROR))
        self._end_lost(lost)

    def _end_lost(self, lost: Iterable[EngineSid]) -> None:
        """End sessions one after the other: what their handlers send may lose more, which wait for their turn here."""
        is_under_way = bool(self._lost)
        self._lost.update(dict.fromkeys(lost))
        while self._lost and not is_under_way:
            engine_sid = next(iter(self._lost))
            try:
                self._end(engine_sid, Reason.TRANSPORT_ERROR)
            except Exception:
                self._stuck.add(engine_sid)  # the next word of its end, or the next sweep, ends it
                _logger.exception("= session %s could not be ended", engine_sid)
            del self._lost[engine_sid]

    def receive_digest(self, actor: str, theirs: SessionsDigest) -> None:
        """Compare an engine actor's sessions with those we know of it: accept them, or ask which they are.

        Where only sessions differ that have ended, and whose handlers still run, nothing is answered: asking would go round for as
        long as they run. The engine actor offers its list again with its next sweep.
        """
        ours = {EngineSid(sid) for sid in self._membership.sessions_of(actor)}
        if digest(ours, theirs.mark) == theirs:
            self._runtime.outbox.send(actor, AcceptDigest(theirs.digest, theirs.mark))
        elif digest(ours.difference(self._ended - self._stuck), theirs.mark) != theirs:
            self._runtime.outbox.send(actor, ListSessions())

    def receive_range(self, actor: str, theirs: SessionsRange) -> None:
        """End the sessions an engine actor no longer has, and have it close those we do not know."""
        ours = set(self._membership.sessions_of(actor, theirs.after, theirs.until))
        ghosts = [EngineSid(ghost) for ghost in sorted(ours.difference(theirs.engine_sids, self._ended - self._stuck))]
        for ghost in ghosts:
            _logger.warning("= session %s is gone from %s", ghost, actor)
        self._ended.update(ghosts)
        self._end_lost(ghosts)
        unknown = tuple(engine_sid for engine_sid in theirs.engine_sids if engine_sid not in ours)
        if unknown:
            self._runtime.outbox.send(actor, CloseSessions(unknown, Reason.TRANSPORT_ERROR))
