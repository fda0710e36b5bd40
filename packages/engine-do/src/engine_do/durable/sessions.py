"""All sessions of one object, whatever carries them: steps the core with what happened, and carries out what it says."""

import functools
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import js
from pyodide.ffi import create_once_callable

from engine_do.admission import Transport
from engine_do.config import EngineConfig
from engine_do.durable.application import Application
from engine_do.durable.polls import Polls
from engine_do.durable.rows import Rows
from engine_do.durable.sockets import Probe, Sockets
from engine_do.errors import ConfigError
from engine_do.heartbeat import is_ping_due, next_deadline, polling_deadline
from engine_do.ids import EngineSid
from engine_do.packets import Frame
from engine_do.polling import step_polling
from engine_do.polling_events import (
    AnswerPoll,
    CloseProbe,
    Flushed,
    PollingEffect,
    PollingInput,
    ProbeGone,
    ProbeOpened,
    ProbeReceived,
    Queued,
    RefusePoll,
    SendProbe,
    SwitchTransport,
)
from engine_do.rates import LOOK_EVERY, Allowance, is_burst, spend
from engine_do.session import (
    NORMAL_CLOSE,
    CloseRequested,
    CloseSocket,
    Effect,
    Ended,
    Failed,
    FrameReceived,
    Input,
    Phase,
    Reason,
    SendFrame,
    Session,
    SocketGone,
    Swept,
    step,
)
from shared_wire.durable import Timer, now_ms

__all__ = ["Early", "Sessions"]

_logger = logging.getLogger("engine_do")


@dataclass(slots=True)
class Early:
    """A client that is still being judged: what it will be sent, and what is to be stored with it."""

    transport: Transport
    frames: list[Frame] = field(default_factory=list)
    data: str | None = None
    refused: bool = False


class Sessions:
    """What an application and the runtime's events do to sessions."""

    application: Application

    def __init__(
        self, config: EngineConfig, sockets: Sockets, polls: Polls, rows: Rows | None, counters: Counter[str]
    ) -> None:
        """Take where sessions are kept; ``rows``: the table, if it has a row for those on a WebSocket too."""
        self._config = config
        self.sockets = sockets
        self.polls = polls
        self._rows = rows
        self._counters = counters
        self._early: dict[EngineSid, Early] = {}
        self._allowances: dict[EngineSid, Allowance] = {}
        self._dirty: dict[EngineSid, None] = {}
        self._probe_timers: dict[EngineSid, Timer] = {}
        self._flooded = False
        self._burst_frames = 0

    # -- what the application asks

    def send(self, engine_sids: Iterable[EngineSid], frames: Iterable[Frame]) -> None:
        """Send packets to each of these sessions; those that are gone are passed over."""
        frames = tuple(frames)
        ready = self.sockets.ready(frames)
        for engine_sid in engine_sids:
            if engine_sid in self._early:
                self._early[engine_sid].frames.extend(frames)
            elif (ws := self.sockets.find(engine_sid)) is not None:
                self.sockets.send(ws, ready)
            else:
                self.step_polling(engine_sid, Queued(frames))

    def apply(self, engine_sid: EngineSid, event: Input) -> None:
        """Apply an event to a session; nothing happens when it is gone. To close one that is still being judged is to refuse it."""
        if engine_sid in self._early:
            self._early[engine_sid].refused |= isinstance(event, CloseRequested)
            return
        ws = self.sockets.find(engine_sid)
        if ws is not None:
            self.step_socket(ws, event)
        else:
            self.step_polling(engine_sid, event)

    def announced(self) -> list[Session]:
        """List all open sessions that anybody above has heard of."""
        return [session for session in self._open() if session.announced]

    # -- opening

    def begin(self, engine_sid: EngineSid, transport: Transport) -> Early:
        """Begin to judge a client; until `judged` what it is sent waits."""
        early = self._early[engine_sid] = Early(transport)
        return early

    def judged(self, engine_sid: EngineSid) -> None:
        """End it. The session is open by now, or never will be."""
        early = self._early.pop(engine_sid, None)
        if early is not None and early.data is not None and not early.refused:
            self.write_data(engine_sid, early.data)

    def transport(self, engine_sid: EngineSid) -> Transport | None:
        """Tell how a session's packets travel; none when it is gone."""
        if engine_sid in self._early:
            return self._early[engine_sid].transport
        if self.sockets.find(engine_sid) is not None:
            return Transport.WEBSOCKET
        return None if self.polls.get(engine_sid) is None else Transport.POLLING

    def data(self, engine_sid: EngineSid) -> str | None:
        """Read what the application stored with a session."""
        if engine_sid in self._early:
            return self._early[engine_sid].data
        return self._own_rows().data(engine_sid)

    def write_data(self, engine_sid: EngineSid, data: str) -> bool:
        """Store something with a session; tells whether there is such a session."""
        rows = self._own_rows()
        if engine_sid in self._early:
            self._early[engine_sid].data = data
            return True
        return rows.write_data(engine_sid, data)

    def _own_rows(self) -> Rows:
        if self._rows is None:
            raise ConfigError("this actor has a peer_binding: sessions are kept by the application there")
        return self._rows

    def is_full(self) -> bool:
        """Tell whether no more session may open."""
        return self.sockets.is_full(max(self._config.max_sessions - len(self.polls.all()), 0))

    def count_from(self, address: str) -> int:
        """Count the sessions of one address."""
        return self.sockets.count_from(address) + sum(one.address == address for one in self.polls.all())

    def note_opened(self, session: Session) -> None:
        """Write down a session on a WebSocket where the application is in this object: its end must be told even after a reset."""
        if self._rows is not None:
            self._rows.write(session.engine_sid, None)

    # -- events

    def receive_frame(self, ws: Any, frame: Frame) -> None:
        """Take a frame of a socket."""
        self._counters["frames"] += 1
        if self._flooded and ws.readyState != ws.OPEN:
            self._count_burst()
            return  # what the runtime had buffered of one that was closed for sending too much
        match self.sockets.read(ws):
            case Probe(engine_sid):
                if not self.step_polling(engine_sid, ProbeReceived(frame)):
                    # Its session is gone, or the upgrade was forgotten in sleep: left open, the client would wait on it.
                    self.sockets.close(ws, NORMAL_CLOSE)
            case Session() as session if session.phase is Phase.CLOSED or self.may_send(
                session.engine_sid, 1, len(frame)
            ):
                self._step(ws, session, FrameReceived(frame))
            case Session() as session:
                self._step(ws, session, CloseRequested(Reason.TRANSPORT_ERROR))
            case None:
                pass

    def _count_burst(self) -> None:
        """Let others in between the frames that somebody sent at once."""
        self._burst_frames += 1
        if self._burst_frames % LOOK_EVERY == 0:
            self.sockets.let_others_in()

    def lose_socket(self, ws: Any, *, failed: bool) -> None:
        """Take a socket's end."""
        found = self.sockets.read(ws)
        if isinstance(found, Session):
            self._step(ws, found, SocketGone(failed=failed))
        elif found is not None:
            self.sockets.close(ws, NORMAL_CLOSE)
            if self.sockets.find_probe(found.engine_sid) is None:
                self._forget_probe(found.engine_sid)
                self.step_polling(found.engine_sid, ProbeGone())

    def may_send(self, engine_sid: EngineSid, messages: int, size: int) -> bool:
        """Tell whether a session may send so much now, and count it."""
        left = spend(self._allowances.get(engine_sid), now_ms(), messages, size, self._config)
        if left is None:
            _logger.warning("= session %s sends too much", engine_sid)
            self._flooded = True
            return False
        self._allowances[engine_sid] = left
        if is_burst(left, self._config):
            self._count_burst()
        return True

    def step_socket(self, ws: Any, event: Input) -> None:
        """Apply an event to the session of a socket."""
        session = self.sockets.read(ws)
        if isinstance(session, Session):
            self._step(ws, session, event)

    def _step(self, ws: Any, session: Session, event: Input) -> None:
        changed, effects = step(session, event, self._config)
        if changed != session:
            self.sockets.write(ws, changed)
        for effect in effects:
            match effect:
                case SendFrame(frame):
                    self.sockets.send(ws, self.sockets.ready((frame,)))
                case CloseSocket(code):
                    self.sockets.close(ws, code)
                    if isinstance(event, FrameReceived) and code != NORMAL_CLOSE:
                        _logger.warning("= session %s closed with %d for what it sent", session.engine_sid, code)
                case _:
                    pass
        if self._rows is not None and changed.phase is not session.phase:
            self._rows.delete([session.engine_sid])
        self._tell(session.engine_sid, effects)

    def step_polling(self, engine_sid: EngineSid, event: PollingInput) -> tuple[PollingEffect, ...]:
        """Apply an event to a session that polls; gives the effects, for those that answer a request."""
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
        self._tell(engine_sid, tuple(effect for effect in effects if isinstance(effect, Effect)))
        return effects

    def _carry_out(self, engine_sid: EngineSid, effect: PollingEffect) -> None:
        match effect:
            case AnswerPoll(poll_id, frames):
                self.polls.answer(poll_id, frames)
            case RefusePoll(poll_id):
                self.polls.answer(poll_id, None)
            case SendProbe(frame):
                self._with_probe(engine_sid, lambda ws: self.sockets.send(ws, [frame]))
            case CloseProbe():
                self._forget_probe(engine_sid)
                self._with_probe(engine_sid, lambda ws: self.sockets.close(ws, NORMAL_CLOSE))
            case SwitchTransport(session, frames):
                self._forget_probe(engine_sid)
                self._with_probe(engine_sid, lambda ws: self._switch(ws, session, frames))
            case _:
                pass

    def watch_probe(self, engine_sid: EngineSid, now: int) -> None:
        """Take a WebSocket that came for a session that polls, and give it until the upgrade's timeout."""
        self.step_polling(engine_sid, ProbeOpened(now))
        seconds = self._config.upgrade_timeout_ms / 1000
        look = functools.partial(self._look_at_probe, engine_sid)
        self._probe_timers[engine_sid] = Timer(seconds, look)

    def _look_at_probe(self, engine_sid: EngineSid) -> None:
        self.step_polling(engine_sid, Swept(now_ms(), None, ping=False))

    def _forget_probe(self, engine_sid: EngineSid) -> None:
        timer = self._probe_timers.pop(engine_sid, None)
        if timer is not None:
            timer.cancel()

    def _with_probe(self, engine_sid: EngineSid, act: Callable[[Any], None]) -> None:
        ws = self.sockets.find_probe(engine_sid)
        if ws is not None:
            act(ws)

    def _switch(self, ws: Any, session: Session, frames: tuple[Frame, ...]) -> None:
        self.sockets.write(ws, session)
        self.sockets.send(ws, self.sockets.ready(frames))

    def _tell(self, engine_sid: EngineSid, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if isinstance(effect, Failed):
                _logger.error("= session %s closed: %s", engine_sid, effect.error, exc_info=effect.error)
            elif isinstance(effect, Ended):
                self._counters[f"closed: {effect.reason}"] += 1
                self._allowances.pop(engine_sid, None)
        self.application.take(engine_sid, effects)

    def _flush_later(self, engine_sid: EngineSid) -> None:
        """Answer and store when the running code has come to its end: all it sends travels and is written together."""
        if not self._dirty:
            js.queueMicrotask(create_once_callable(self._flush))
        self._dirty[engine_sid] = None

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, {}
        for engine_sid in dirty:
            self.step_polling(engine_sid, Flushed())
            self.polls.store(engine_sid)

    # -- the alarm

    def close_forgotten_probes(self) -> None:
        """Close sockets that came for a session and that a reset of this object has forgotten."""
        for ws, engine_sid in self.sockets.probes():
            polling = self.polls.get(engine_sid)
            if polling is None or polling.probe_ms is None:
                self.sockets.close(ws, NORMAL_CLOSE)

    def sweep(self, ws: Any, now: int, *, ping: bool) -> None:
        """Look at the session of one socket."""
        self.step_socket(ws, Swept(now, self.sockets.answered_ms(ws), ping))

    def sweep_polls(self, now: int) -> None:
        """Look at all sessions that poll."""
        found = self.polls.all()
        ping = is_ping_due((polling.session for polling in found), now, self._config)
        for polling in found:
            self.step_polling(polling.session.engine_sid, Swept(now, None, ping))

    def next_deadline(self) -> int | None:
        """Tell when the alarm must fire next; none when nothing is to be watched."""
        sockets = next_deadline((session for _, session in self.sockets.open_sessions()), self._config)
        polls = (polling_deadline(polling, self._config) for polling in self.polls.all())
        return min((at for at in (sockets, *polls) if at is not None), default=None)

    def end_ghosts(self) -> list[EngineSid]:
        """Forget the sessions whose sockets a reset took away; names them. Only where each has a row."""
        if self._rows is None:
            return []
        known = {session.engine_sid for session in self._open()} | {one.session.engine_sid for one in self.polls.all()}
        ghosts = [EngineSid(sid) for sid in self._rows.sids() - known]
        if ghosts:
            self._rows.delete(ghosts)
        return ghosts

    def _open(self) -> Iterable[Session]:
        yield from (session for _, session in self.sockets.open_sessions())
        yield from (one.session for one in self.polls.all() if one.session.phase is Phase.OPEN)
