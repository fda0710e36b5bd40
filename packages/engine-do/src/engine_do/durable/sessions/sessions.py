"""All sessions of one object, whatever carries them: steps the core with what happened, and carries out what it says."""

import contextlib
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import js
from pyodide.ffi import create_once_callable

from engine_do.config import EngineConfig
from engine_do.durable.applications.application import Application
from engine_do.durable.sessions.held_gets import HeldGets
from engine_do.durable.sessions.local_sessions import LocalSessions
from engine_do.durable.sessions.session_table import SessionTable
from engine_do.durable.sessions.sockets import Probe, Ready, Sockets
from engine_do.durable.sessions.upgrade_probes import UpgradeProbes
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import Frame
from engine_do.requests.admission import Transport
from engine_do.session.pending import PendingHandshakes
from engine_do.session.plain_message import plain_message
from engine_do.session.polling import size_of, step_polling
from engine_do.session.polling_events import (
    AnswerPoll,
    CloseProbe,
    Flushed,
    PollingEffect,
    PollingInput,
    ProbeGone,
    ProbeReceived,
    Queued,
    RefusePoll,
    SendProbe,
    SwitchTransport,
)
from engine_do.session.rates import Rates, weigh
from engine_do.session.session import (
    FAULT_CLOSE,
    NORMAL_CLOSE,
    CloseRequested,
    CloseSocket,
    Effect,
    Ended,
    Failed,
    FrameReceived,
    Input,
    Opened,
    Phase,
    SendFrame,
    Session,
    SocketGone,
    Swept,
    step,
)
from engine_do.session.sweep import Sweep
from shared_wire import HeldBytes
from shared_wire.durable import log_fault, now_ms
from shared_wire.reasons import Reason

__all__ = ["Sessions"]

_logger = logging.getLogger("engine_do")

#: Bytes that one session may have waiting here (its outbox, a payload that is being read), and all of an object together: an
#: isolate has 128 MB for all objects of a Worker.
MAX_HELD: Final = 8 * 1024 * 1024
MAX_HELD_BY_ALL: Final = 16 * 1024 * 1024

#: What a session is closed with when a fault of ours has left it half done.
_FAULT: Final = CloseRequested(Reason.TRANSPORT_ERROR)


class Sessions:
    """What an application and the runtime's events do to sessions.

    A fault of ours in a step of one session closes that session, and no other's step is left out for it.
    """

    application: Application

    def __init__(
        self, config: EngineConfig, sockets: Sockets, polls: HeldGets, rows: SessionTable | None, counters: Counter[str]
    ) -> None:
        """Initialise with where sessions are kept; ``rows``: the table, if it has a row for those on a WebSocket too."""
        self._config = config
        self.sockets = sockets
        self.polls = polls
        self.pending = PendingHandshakes()
        self.held = HeldBytes(of_one=MAX_HELD, of_all=MAX_HELD_BY_ALL)
        polls.count = self.held.add
        self.stored = LocalSessions(rows, self.pending)
        self._counters = counters
        self.rates = Rates(config, sockets.let_others_in)
        self._dirty: dict[EngineSid, None] = {}
        self.probes = UpgradeProbes(self.sockets, config, self._look_at_probe)
        #: Those who bring a payload, and what reads it.
        self.readers: dict[EngineSid, Any] = {}
        #: Sockets' sessions that a fault has ended, while the runtime has not said that the socket is gone.
        self._failed: set[EngineSid] = set()
        #: The sweep under way: what happens meanwhile it is told.
        self.sweep: Sweep | None = None
        #: Whether a socket was closed here: the runtime may have buffered frames of it.
        self._closed_any = False

    def send(self, engine_sids: Iterable[EngineSid], frames: Iterable[Frame]) -> None:
        """Send packets to each of these sessions; those that are gone are passed over."""
        frames = tuple(frames)
        ready, known, send = self.sockets.ready(frames), self.sockets.known, self.sockets.send
        others = []
        for engine_sid in engine_sids:
            if (ws := known(engine_sid)) is None:
                others.append(engine_sid)
                continue
            try:
                send(ws, ready)
            except Exception as error:
                self._fail(engine_sid, error)
        if others:
            self._send_to_others(others, frames, ready)

    def _send_to_others(
        self, engine_sids: list[EngineSid], frames: tuple[Frame, ...], ready: tuple[Frame, ...] | Ready
    ) -> None:
        """Send packets to sessions whose sockets have not been met yet, that poll, or that are being judged."""
        size: int | None = None
        for engine_sid in engine_sids:
            try:
                if (client := self.pending.get(engine_sid)) is not None:
                    size = size_of(frames) if size is None else size
                    client.send(frames, size)
                elif (ws := self.sockets.find(engine_sid)) is not None:
                    self.sockets.send(ws, ready)
                elif self.polls.get(engine_sid) is not None:
                    size = size_of(frames) if size is None else size
                    self._step_polling(engine_sid, Queued(frames, size))
            except Exception as error:
                self._fail(engine_sid, error)

    def apply(self, engine_sid: EngineSid, event: Input) -> None:
        """Apply an event to a session; nothing happens when it is gone. To close one that is still being judged is to refuse it."""
        ws = self.sockets.known(engine_sid)
        if ws is None and (client := self.pending.get(engine_sid)) is not None:
            client.refused |= isinstance(event, CloseRequested)
            return
        try:
            if ws is None and (ws := self.sockets.find(engine_sid)) is None:
                self._step_polling(engine_sid, event)
            elif isinstance(session := self.sockets.read(ws), Session):
                self._step(ws, session, event)
        except Exception as error:
            self._fail(engine_sid, error)

    def announced(self) -> list[Session]:
        """List all open sessions that anybody above has heard of. Reads every attachment: for what concerns all, and is rare."""
        return [session for session in self._open() if session.announced]

    def end_pending(self, engine_sid: EngineSid) -> None:
        """End a judgement. The session is open by now, or never will be."""
        client = self.pending.end(engine_sid)
        if client.data is not None and not client.refused:
            self.stored.write_data(engine_sid, client.data)

    def transport(self, engine_sid: EngineSid) -> Transport | None:
        """Return how a session's packets travel; none when it is gone."""
        if (client := self.pending.get(engine_sid)) is not None:
            return client.transport
        if self.sockets.find(engine_sid) is not None:
            return Transport.WEBSOCKET
        return None if self.polls.get(engine_sid) is None else Transport.POLLING

    def is_full(self) -> bool:
        """Return whether no more session may open; those that are being judged count."""
        others = len(self.polls.all()) + len(self.pending.clients)
        return self.sockets.is_full(max(self._config.max_sessions - others, 0))

    def count_from(self, address: str) -> int:
        """Count the sessions of one address, and those of it that are being judged."""
        polling = sum(one.address == address for one in self.polls.all())
        return self.sockets.count_from(address) + polling + self.pending.count_from(address)

    def receive_frame(self, ws: Any, frame: Frame, now: int) -> None:
        """Handle a frame of a socket; ``now`` in milliseconds."""
        self._counters["frames"] += 1
        if self._closed_any and ws.readyState != ws.OPEN:
            self.rates.count_burst(weigh(1, len(frame)))
            return  # what the runtime had buffered of one that was closed
        found = self.sockets.read(ws)
        try:
            if (
                not isinstance(found, Session)
                or (message := plain_message(found, frame, self._config)) is None
                or found.engine_sid in self._failed
                or not self.rates.spend(found.engine_sid, now, 1, len(frame))
            ):
                self._receive(ws, found, frame, now)
            else:
                self.application.receive(found.engine_sid, message)
        except Exception as error:
            if found is None:
                raise
            self._fail(found.engine_sid, error)

    def _receive(self, ws: Any, found: Session | Probe | None, frame: Frame, now: int) -> None:
        if isinstance(found, Session):
            may = found.phase is Phase.CLOSED or self.may_send(found.engine_sid, now, 1, len(frame))
            self._step(ws, found, FrameReceived(frame) if may else _FAULT)
        elif found is not None and not self._step_polling(found.engine_sid, ProbeReceived(frame)):
            # Its session is gone, or the upgrade was forgotten in sleep: left open, the client would wait on it.
            self.sockets.close(ws, NORMAL_CLOSE)

    def lose_socket(self, ws: Any, *, failed: bool) -> None:
        """Handle a socket's end."""
        found = self.sockets.read(ws)
        if isinstance(found, Session):
            if found.engine_sid in self._failed:
                self._failed.discard(found.engine_sid)
                self.sockets.close(ws, NORMAL_CLOSE)
                return
            self._step(ws, found, SocketGone(failed=failed))
        elif found is not None:
            self.sockets.close(ws, NORMAL_CLOSE)
            if self.sockets.find_probe(found.engine_sid) is None:
                self.probes.forget(found.engine_sid)
                self.step_polling(found.engine_sid, ProbeGone())

    def may_send(self, engine_sid: EngineSid, now: int, messages: int, size: int) -> bool:
        """Return whether a session may send so much now, and count it."""
        if self.rates.spend(engine_sid, now, messages, size):
            return True
        _logger.warning("= session %s sends too much", engine_sid)
        self.application.cut(engine_sid)
        return False

    def _step(self, ws: Any, session: Session, event: Input) -> Session | None:
        if session.engine_sid in self._failed:
            return None
        changed, effects = step(session, event, self._config)
        if changed != session:
            self.sockets.write(ws, changed)
        for effect in effects:
            if isinstance(effect, SendFrame):
                self.sockets.send(ws, self.sockets.ready((effect.frame,)))
            elif isinstance(effect, CloseSocket):
                self._closed_any = True
                self.sockets.close(ws, effect.code)
                if isinstance(event, FrameReceived) and effect.code != NORMAL_CLOSE:
                    _logger.warning("= session %s closed with %d for what it sent", session.engine_sid, effect.code)
        if changed.phase is not session.phase:
            self.rates.drop(session.engine_sid)
            self.stored.note_ended(session.engine_sid)
        if effects:
            self._tell(session.engine_sid, effects)
        return changed

    def step_polling(self, engine_sid: EngineSid, event: PollingInput) -> tuple[PollingEffect, ...]:
        """Apply an event to a session that polls; returns the effects, for those that answer a request."""
        try:
            return self._step_polling(engine_sid, event)
        except Exception as error:
            self._fail(engine_sid, error)
            return ()

    def _step_polling(self, engine_sid: EngineSid, event: PollingInput) -> tuple[PollingEffect, ...]:
        before = self.polls.get(engine_sid)
        if before is None:
            return ()
        changed, effects = step_polling(before, event, self._config)
        if changed != before:
            self.polls.put(changed)
            self._flush_later(engine_sid)
        for effect in effects:
            self._carry_out(engine_sid, effect)
        if changed.gone:
            self.polls.store(engine_sid)
            self.held.drop(engine_sid)
        if changed.session.phase is Phase.CLOSED:
            if isinstance(event, Queued) and before.session.phase is Phase.OPEN:
                _logger.warning("= session %s closed: its client does not fetch what waits for it", engine_sid)
            self.rates.drop(engine_sid)
            self._stop_reading(engine_sid)
        giving_way = None
        if changed.size > before.size and not changed.gone:
            giving_way = self.held.add(engine_sid, changed.size - before.size)
        elif changed.size < before.size:
            self.held.release(engine_sid, before.size - changed.size)
        self._tell(engine_sid, tuple(effect for effect in effects if isinstance(effect, Effect)))
        self._give_way(giving_way)
        return effects

    def hold(self, engine_sid: EngineSid, size: int) -> None:
        """Count bytes that are held for a session; whoever holds too much then is closed, and holds nothing."""
        self._give_way(self.held.add(engine_sid, size))

    def _give_way(self, giving_way: str | None) -> None:
        if giving_way is not None:
            _logger.warning("= session %s closed: too much waits", giving_way)
            self.held.drop(giving_way)
            self.application.cut(EngineSid(giving_way))
            self.apply(EngineSid(giving_way), _FAULT)

    def _stop_reading(self, engine_sid: EngineSid) -> None:
        """End the payload that a session brings where it is: its POST is answered then, as that of a session that is gone."""
        if self.readers and (reader := self.readers.pop(engine_sid, None)) is not None:
            reader.cancel()

    def _fail(self, engine_sid: EngineSid, error: Exception) -> None:
        """End a session in whose step a fault of ours was raised: whatever of it is half done, its client reconnects."""
        log_fault(f"session {engine_sid} is closed: a step of it", error)
        try:
            self._end_failed(engine_sid)
        except Exception as another:
            log_fault(f"the end of session {engine_sid}", another)

    def _end_failed(self, engine_sid: EngineSid) -> None:
        ws, polling = self.sockets.find(engine_sid), self.polls.get(engine_sid)
        if (ws is None and polling is None) or engine_sid in self._failed:
            return
        session = polling.session if polling is not None else self.sockets.read(ws)
        if ws is not None:
            self._failed.add(engine_sid)
            with contextlib.suppress(Exception):  # so that the next life knows; the fault may stand in the way
                if isinstance(session, Session):
                    self.sockets.write(ws, replace(session, phase=Phase.CLOSED, environ=None))
            self.sockets.forget(engine_sid)
            self.sockets.close(ws, FAULT_CLOSE)
        self.probes.forget(engine_sid)
        self._stop_reading(engine_sid)
        self.polls.drop(engine_sid)
        self.held.drop(engine_sid)
        self.rates.drop(engine_sid)
        self.stored.note_ended(engine_sid)
        peers = (session.peers if isinstance(session, Session) else ()) or ("",)
        self._tell(engine_sid, (Ended(Reason.TRANSPORT_ERROR, peers),))

    def _carry_out(self, engine_sid: EngineSid, effect: PollingEffect) -> None:
        match effect:
            case AnswerPoll(poll_id, frames):
                self.polls.answer(poll_id, frames)
            case RefusePoll(poll_id):
                self.polls.answer(poll_id, None)
            case SendProbe(frame):
                self.probes.act(engine_sid, lambda ws: self.sockets.send(ws, self.sockets.ready((frame,))))
            case CloseProbe():
                self.probes.forget(engine_sid)
                self.probes.act(engine_sid, lambda ws: self.sockets.close(ws, NORMAL_CLOSE))
            case SwitchTransport(session, frames):
                self.probes.forget(engine_sid)
                self.probes.act(engine_sid, lambda ws: self._switch(ws, session, frames))
            case _:
                pass

    def _look_at_probe(self, engine_sid: EngineSid) -> None:
        self.step_polling(engine_sid, Swept(now_ms(), None, ping=False))

    def _switch(self, ws: Any, session: Session, frames: tuple[Frame, ...]) -> None:
        self.sockets.write(ws, session)
        self.sockets.send(ws, self.sockets.ready(frames))

    def _tell(self, engine_sid: EngineSid, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Failed):
                _logger.error("= session %s closed: %s", engine_sid, effect.error, exc_info=effect.error)
            elif isinstance(effect, Ended):
                self._counters[f"closed: {effect.reason}"] += 1
            if self.sweep is not None and isinstance(effect, Opened):
                self.sweep.note_announced(engine_sid, effect.peer)
            elif self.sweep is not None and isinstance(effect, Ended):
                self.sweep.note_ended(engine_sid)
        self.application.take(engine_sid, effects)

    def _flush_later(self, engine_sid: EngineSid) -> None:
        """Answer and store when the running code has come to its end: all it sends travels and is written together."""
        if not self._dirty:
            js.queueMicrotask(create_once_callable(self._flush))
        self._dirty[engine_sid] = None

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, {}
        for engine_sid in dirty:
            try:
                self._step_polling(engine_sid, Flushed())
                self.polls.store(engine_sid)
            except Exception as error:
                self._fail(engine_sid, error)

    def sweep_socket(self, ws: Any, session: Session, event: Swept) -> Session | None:
        """Look at the session of a socket; returns it as it is then, none when a fault has ended it."""
        try:
            return self._step(ws, session, event)
        except Exception as error:
            self._fail(session.engine_sid, error)
            return None

    def _open(self) -> Iterable[Session]:
        yield from (session for _, session in self.sockets.open_sessions())
        yield from (one.session for one in self.polls.all() if one.session.phase is Phase.OPEN)
