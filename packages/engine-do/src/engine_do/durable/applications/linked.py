"""An engine whose sessions lead over a link to the actor that runs the application."""

import logging
import operator
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any, Final

from engine_do.durable.applications.application import Engine
from engine_do.durable.applications.operations import effects_to_operations, reason_of
from engine_do.durable.applications.streams import OpenedStreams
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import encode_message
from engine_do.session import report
from engine_do.session.session import (
    Admitted,
    CloseRequested,
    Effect,
    Ended,
)
from engine_do.session.sweep import Sweep
from engine_do.session.turns import Turns, size_of
from shared_wire import (
    AcceptDigest,
    AdmitSessions,
    CloseSessions,
    HeldBytes,
    Life,
    LinkDriver,
    ListSessions,
    MessageReceived,
    Operation,
    SendPackets,
    SessionClosed,
    SessionOpened,
    ranges,
    sessions_of,
)
from shared_wire.durable import RpcWire, Timer, log_fault, now_ms
from shared_wire.format.batches import joined
from shared_wire.reasons import Reason

__all__ = ["LinkedApplication"]

_logger = logging.getLogger("engine_do")

#: What the keys of stored reports begin with; the peer's name follows.
_REPORT: Final = "report:"

#: Bytes of one session's messages, and of all sessions' together, that wait for their turn.
_MAX_WAITING: Final = 12 * 1024 * 1024
_MAX_WAITING_OF_ALL: Final = 16 * 1024 * 1024


class LinkedApplication(RpcWire):
    """Carries sessions' events to the socket actor, and carries out what comes back."""

    announces_late = True

    def __init__(
        self,
        ctx: Any,
        namespace: Any,
        engine: Engine,
        *,
        name: str,
        life: Life,
        peer: str,
        counters: Counter[str],
        has_streams: bool,
    ) -> None:
        """Initialise with the object's context, the peers' binding, who we are and whom we serve, and where to count."""
        self._opened = OpenedStreams(
            ctx,
            namespace,
            name=name,
            counters=counters,
            answer=lambda frame: self.driver.answer(frame),
            broken=self._look_after,
            is_on=has_streams,
        )
        super().__init__(ctx, namespace, self._opened, counters)
        #: At once: what an event of a socket means is complete when it is sent.
        self.defer: Callable[[Callable[[], None]], None] = operator.call
        self._engine = engine
        self._peer = peer
        self._mark = life.nonce >> 32
        #: Sessions that are being told of, and have not ended meanwhile.
        self._telling: set[EngineSid] = set()
        #: What each peer knows of our sessions, as far as this life has asked; the rest is stored.
        self._reports: dict[str, report.Report] = {}
        #: What hasty sessions have sent, by peer; the bytes of it; and when a timer gives the next turns.
        self._turns: dict[str, Turns] = {}
        self._waiting = HeldBytes(of_one=_MAX_WAITING, of_all=_MAX_WAITING_OF_ALL)
        self._timers: dict[str, tuple[int, Timer]] = {}
        self.driver = LinkDriver(name, life, self, peer_holds_sockets=False, counters=counters)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing of what sessions have sent is under way, or unfinished at a peer."""
        return self.driver.is_at_rest and not any(self._turns.values())

    async def connecting(self, engine_sid: EngineSid, environ: tuple[tuple[str, str], ...]) -> bool:
        """Let everybody in: the application judges at its own connect, and the deadline bounds the wait."""
        del engine_sid, environ
        return True

    def cut(self, engine_sid: EngineSid) -> None:
        """Forget what waits for its turn, but for the word of the session's end."""
        self._waiting.drop(engine_sid)
        for peer, turns in self._turns.items():
            if closings := turns.drop(engine_sid):
                self.driver.send(peer, *closings)

    def receive(self, engine_sid: EngineSid, data: str | bytes) -> None:
        """Send a message to the one peer there is."""
        self._send(self._peer, engine_sid, [MessageReceived(engine_sid, data)])

    def take(self, engine_sid: EngineSid, effects: tuple[Effect, ...]) -> None:
        """Send what these effects mean, in one frame to each peer concerned.

        A link whose queue is full loses the session while it is told of it: then its end is told meanwhile, and nothing after that.
        """
        told: dict[str, list[Operation]] = {}
        for peer, operation in effects_to_operations(engine_sid, effects):
            told.setdefault(peer or self._peer, []).append(operation)
        self._telling.add(engine_sid)
        for effect in effects:
            if isinstance(effect, Ended):
                self._telling.discard(engine_sid)
        try:
            for peer, operations in told.items():
                if engine_sid not in self._telling and not isinstance(operations[-1], SessionClosed):
                    break
                if isinstance(operations[0], SessionOpened):
                    self._keep(peer, report.unsettled(self._report(peer)))
                self._send(peer, engine_sid, operations)
        finally:
            self._telling.discard(engine_sid)

    def _send(self, peer: str, engine_sid: EngineSid, operations: list[Operation]) -> None:
        """Send operations of one session, at once or when it is its turn."""
        turns = self._turns.get(peer)
        if not (self._engine.is_hasty(engine_sid) or (turns and engine_sid in turns)):
            self.driver.send(peer, *operations)
            return
        if turns is None:
            turns = self._turns[peer] = Turns(lambda sid: self._engine.are_others_about(sid, now_ms()))
        is_first = engine_sid not in turns
        turns.put(engine_sid, operations)
        giving_way = self._waiting.add(engine_sid, size_of(operations))
        if is_first:  # else its turn comes with the end of a call, or a timer
            self._give_turns(peer)
        if giving_way is not None and EngineSid(giving_way) in turns:
            _logger.warning("= session %s closed: too much waits for its turn", giving_way)
            self.cut(EngineSid(giving_way))
            self._engine.apply(EngineSid(giving_way), CloseRequested(Reason.TRANSPORT_ERROR))

    def _give_turns(self, peer: str) -> None:
        """Pass on what may be, and set a timer for what will have rested. Parts that are under way free others by their end."""
        parts, wait_ms = self._turns[peer].take(now_ms(), self.driver.busy(peer))
        for engine_sid, part in parts:
            self._waiting.release(engine_sid, size_of(part))
            self.driver.send(peer, *part)
        if wait_ms is not None:
            self._come_back(peer, wait_ms)

    def _come_back(self, peer: str, wait_ms: int) -> None:
        """Grant turns after so many milliseconds, or earlier if they are due by then."""
        at_ms, timer = now_ms() + wait_ms, self._timers.get(peer)
        if timer is not None:
            if timer[0] <= at_ms:
                return
            timer[1].cancel()

        def ring() -> None:
            del self._timers[peer]
            self._give_turns(peer)

        self._timers[peer] = at_ms, Timer(wait_ms / 1000, ring)

    def say(self, peer: str, data: bytes, heard: Callable[[bytes | None], None]) -> bool:
        """Make a call over the peer's stream, if there is one that takes it."""
        began_ms = now_ms()
        stream = self._opened.find(peer, began_ms)
        if stream is None:
            return False

        def noted(reply: bytes | None) -> None:
            if (turns := self._turns.get(peer)) is not None:
                self._end_call(peer, turns, began_ms, reply)
            heard(reply)

        return stream.say(data, noted)

    async def call(self, peer: str, data: bytes) -> bytes | None:
        """Make a call by RPC."""
        began_ms, reply = now_ms(), None
        try:
            reply = await super().call(peer, data)
        finally:
            if (turns := self._turns.get(peer)) is not None:
                self._end_call(peer, turns, began_ms, reply)
        return reply

    def _end_call(self, peer: str, turns: Turns, began_ms: int, reply: bytes | None) -> None:
        """Note the end of a call where sessions take turns: what it took is what they rest for."""
        now = now_ms()
        if reply:
            turns.end_call(now, now - began_ms)
        if turns:
            self._come_back(peer, 0)

    def answer(self, data: bytes) -> bytes:
        """Answer an RPC of a peer."""
        self._counters["rpcs_taken"] += 1
        return self.driver.answer(data, self._opened.note_rpc)

    def _look_after(self, peer: str) -> None:
        """Make contact with a peer whose stream broke, if it may have lost something: it may have been reset."""
        if self.driver.must_remember(peer):
            self.driver.contact(peer)

    def swept(self, sweep: Sweep) -> bool:
        """Offer each peer the fingerprint of our sessions there, unless it has accepted it already.

        While work at the peer is unconfirmed it is offered all the same: the peer's reset is noticed by its answer. Sessions whose
        peer has no report are those of a release of the class that ran the application in this object, or served none.
        """
        unsettled = False
        for peer in {*self._engine.stored(_REPORT), *self._reports, *(peer or self._peer for peer in sweep.peers)}:
            if self._must_wait(peer):
                unsettled = True
                continue
            sessions = list(sweep.announced(peer, "") if peer == self._peer else sweep.announced(peer))
            if not report.is_settled(self._report(peer), sessions) or self.driver.must_remember(peer):
                self._offer(peer, sessions)
                unsettled = True
        return unsettled

    def receive_alarm(self) -> None:
        """Do nothing: the application has an alarm of its own."""

    def deliver(self, peer: str, operations: tuple[Operation, ...], done: Callable[..., None]) -> None:
        """Carry out the socket actor's operations; all of it is done on return.

        A fault of ours in one loses the sessions it is about, and keeps no other from being carried out.
        """
        del done
        for operation in joined(operations):
            try:
                self._carry_out(peer, operation)
            except Exception as error:
                log_fault(f"{type(operation).__name__} of {peer}", error)
                self.lose(peer, sessions_of(operation))

    def _must_wait(self, peer: str) -> bool:
        """Return whether it is too early to compare our sessions with the peer's."""
        return peer in self._turns and self._turns[peer].changes_sessions

    def _carry_out(self, peer: str, operation: Operation) -> None:
        match operation:
            case SendPackets(engine_sids, packets):
                self._engine.send(engine_sids, map(encode_message, packets))
            case CloseSessions(engine_sids, reason):
                for engine_sid in engine_sids:
                    self.cut(engine_sid)
                    self._engine.apply(engine_sid, CloseRequested(reason_of(reason)))
            case AdmitSessions(engine_sids):
                for engine_sid in engine_sids:
                    self._engine.apply(engine_sid, Admitted())
            case AcceptDigest():
                self._keep(peer, report.accept(self._report(peer), operation))
            case ListSessions() if self._must_wait(peer):
                pass  # the next sweep offers the list again
            case ListSessions():
                sessions = self._announced()[peer]
                self.driver.send(peer, *ranges(sessions))
                self._offer(peer, sessions)
            case _:
                _logger.error("= %s sent an operation that goes up: %s", peer, type(operation).__name__)

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """Close sessions whose stream has a gap, so that their clients reconnect."""
        engine_sids = tuple(self._announced()[peer]) if engine_sids is None else engine_sids
        _logger.warning("= link to %s: %d sessions lost", peer, len(engine_sids))
        for engine_sid in engine_sids:
            self.cut(engine_sid)
            self._engine.apply(engine_sid, CloseRequested(Reason.TRANSPORT_ERROR))

    def _announced(self) -> defaultdict[str, list[EngineSid]]:
        """List the announced sessions by peer."""
        found = defaultdict[str, list[EngineSid]](list)
        for session in self._engine.announced():
            for peer in session.peers or (self._peer,):
                found[peer or self._peer].append(session.engine_sid)
        return found

    def _offer(self, peer: str, sessions: list[EngineSid]) -> None:
        changed, offered = report.offer(self._report(peer), sessions)
        self._keep(peer, changed)
        self.driver.send(peer, offered)

    def _report(self, peer: str) -> report.Report:
        if peer not in self._reports:
            self._reports[peer] = report.restore(self._engine.load(_REPORT + peer), self._mark)
        return self._reports[peer]

    def _keep(self, peer: str, changed: report.Report) -> None:
        if changed.stored != self._report(peer).stored:
            self._engine.store(_REPORT + peer, None if report.knows_nothing(changed) else changed.stored)
        self._reports[peer] = changed
