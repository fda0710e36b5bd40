"""A session that polls: its GETs and POSTs, what waits for it, and its way to a WebSocket.

Everything that changes a `Polling` is in this file; what every session knows (`Session`) changes by `session.step`. `step_polling`
runs on one table, `_STEPS`; the repository's ARCHITECTURE.md has the diagrams that a test makes of it.

What was sent in an answer stays in the outbox until the next GET, which says that it arrived. All but the held GET, the running
POST and the probe survives a reset: those three end with it, as do their requests.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from engine_do.config import EngineConfig
from engine_do.errors import RemoteEngineError
from engine_do.protocol.packets import CLOSE, NOOP, PING, Frame, decode_base64, encode_base64
from engine_do.requests.admission import Transport
from engine_do.requests.handshake import change_transport
from engine_do.session import session as sessions
from engine_do.session.polling_events import (
    AcceptPost,
    AnswerPoll,
    CloseProbe,
    Flushed,
    PollAborted,
    Polled,
    PollExpired,
    PollingEffect,
    PollingInput,
    PollPutOff,
    PostBegun,
    PostReceived,
    ProbeGone,
    ProbeOpened,
    ProbeReceived,
    PutOffPoll,
    Queued,
    RefusePoll,
    RefusePost,
    SendProbe,
    SwitchTransport,
)
from engine_do.session.record_checks import whole
from engine_do.session.session import (
    REVISION,
    Admitted,
    CloseRequested,
    CloseSocket,
    FrameReceived,
    Phase,
    SendFrame,
    Session,
    SocketGone,
    Swept,
    Upgraded,
    from_record,
    to_record,
)
from shared_wire.reasons import Reason

__all__ = [
    "HOLD_MS",
    "MAX_ANSWERED",
    "MAX_OUTBOX",
    "MAX_WAITING",
    "PACKET_OVERHEAD",
    "Polling",
    "may_rest",
    "may_upgrade",
    "must_store",
    "polling_from_record",
    "polling_to_record",
    "size_of",
    "step_polling",
]

#: Milliseconds a GET is held when there is nothing to say: below what proxies allow.
HOLD_MS: Final = 25_000
#: Packets in one answer: python-engineio's client refuses more.
MAX_ANSWERED: Final = 16
#: Characters of what waits for one session. A row holds 2 MB, and base64 and escapes take their part.
MAX_OUTBOX: Final = 1_900_000
#: Packets that wait for one session: each that is added has the row written anew.
MAX_WAITING: Final = 5_000
#: What a packet takes in memory besides its characters.
PACKET_OVERHEAD: Final = 100
#: Milliseconds a session that the server closed keeps what the client has not fetched.
_GRACE_MS: Final = 30_000

#: Closes a session whose client, or whose stream, is at fault.
_FAULT: Final = CloseRequested(Reason.TRANSPORT_ERROR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Polling:
    """One client's session over HTTP."""

    session: Session
    #: Where the handshake came from.
    address: str = ""
    #: Packets in order; the first ``drained`` of them are in the answer to the GET ``drained_by``.
    outbox: tuple[Frame, ...] = ()
    drained: int = 0
    drained_by: str = ""
    #: What the outbox takes in a record; kept, since adding it up for each packet would cost more than the packet.
    size: int = field(default=0, compare=False)
    #: Whether it is in a row of storage, which holds less than memory.
    is_stored: bool = True
    #: The GET that waits.
    held: str | None = None
    posting: bool = False
    #: By when the upgrade under way must be complete; and whether the probe was answered.
    probe_ms: int | None = None
    probed: bool = False
    switched: bool = False

    @property
    def gone(self) -> bool:
        """Whether nothing is left to serve: the sid is not known any more, or belongs to a WebSocket."""
        return self.switched or (self.session.phase is Phase.CLOSED and not self.outbox)


_Step: TypeAlias = tuple[Polling, tuple[PollingEffect, ...]]


def may_upgrade(polling: Polling, config: EngineConfig) -> bool:
    """Return whether a WebSocket may come for the session: one at a time, and only while it is open."""
    return bool(config.upgrades) and polling.session.phase is Phase.OPEN and polling.probe_ms is None


def may_rest(polling: Polling) -> bool:
    """Return whether a row can hold all there is of the session: no request of it is under way, and what waits is not too much."""
    busy = polling.held is not None or polling.posting or polling.probe_ms is not None or polling.gone
    return not busy and not _is_full(replace(polling, is_stored=True))


def step_polling(polling: Polling, event: PollingInput, config: EngineConfig) -> _Step:
    """Apply one event to a session that polls. Total, as `session.step` is."""
    return _STEPS[type(event)](polling, event, config)


def _poll(polling: Polling, event: Polled, config: EngineConfig) -> _Step:
    poll_id = event.poll_id
    if event.repeated and polling.drained and polling.drained_by == poll_id:
        return polling, (AnswerPoll(poll_id, polling.outbox[: polling.drained]),)
    if polling.held is not None and polling.held != poll_id:
        answer = AnswerPoll(polling.held, (CLOSE,))
        polling, effects = _apply(replace(polling, held=None), _FAULT, config)
        return polling, (*effects, answer, RefusePoll(poll_id))
    arrived, outbox = polling.outbox[: polling.drained], polling.outbox[polling.drained :]
    polling = replace(polling, outbox=outbox, drained=0, size=max(polling.size - size_of(arrived), 0))
    if polling.gone:
        return polling, (RefusePoll(poll_id),)
    return _flush(replace(polling, held=poll_id))


def _expire_poll(polling: Polling, event: PollExpired, _config: EngineConfig) -> _Step:
    if event.poll_id != polling.held:
        return polling, ()
    return replace(polling, held=None), (AnswerPoll(event.poll_id, (NOOP,)),)


def _put_off_poll(polling: Polling, event: PollPutOff, _config: EngineConfig) -> _Step:
    """Put a GET off; not that of a client that waits for its answer, to be connected or, while a WebSocket probes, to upgrade."""
    is_awaited = not polling.session.announced or polling.probe_ms is not None
    if event.poll_id != polling.held or is_awaited:
        return polling, ()
    return replace(polling, held=None), (PutOffPoll(event.poll_id),)


def _abort_poll(polling: Polling, event: PollAborted, config: EngineConfig) -> _Step:
    return _apply(polling, _FAULT, config) if event.poll_id == polling.held else (polling, ())


def _flush(polling: Polling, *_: object) -> _Step:
    """Answer the held GET if there is something to say; while a WebSocket probes, there always is."""
    if polling.held is None or not (polling.outbox or polling.probed):
        return polling, ()
    frames = polling.outbox[:MAX_ANSWERED]
    answered = replace(polling, held=None, drained=len(frames), drained_by=polling.held)
    return answered, (AnswerPoll(polling.held, frames or (NOOP,)),)


def _begin_post(polling: Polling, _event: PostBegun, config: EngineConfig) -> _Step:
    if polling.gone:
        return polling, (RefusePost(),)
    if not polling.posting:
        return replace(polling, posting=True), ()
    polling, effects = _apply(polling, _FAULT, config)
    return polling, (*effects, RefusePost())


def _note_ping(polling: Polling, frames: tuple[Frame, ...], now_ms: int) -> Polling:
    """Note when a client of revision 3 pinged: it is dead when it does not."""
    session = polling.session
    if session.revision == REVISION or not any(frame[:1] == PING for frame in frames):
        return polling
    return replace(polling, session=replace(session, pinged_ms=max(session.pinged_ms, now_ms)))


def _receive_post(polling: Polling, event: PostReceived, config: EngineConfig) -> _Step:
    """Apply a payload, or some of it. The first packet that ends the session ends the payload with it.

    Of a session that the server closed, and whose last packets are still to be fetched, it goes nowhere.
    """
    frames = event.frames
    polling = _note_ping(polling, frames or (), event.now_ms)
    polling = replace(polling, posting=False)
    if polling.session.phase is Phase.CLOSED:
        return polling, (RefusePost() if polling.gone else AcceptPost(),)
    if frames is None:
        polling, ended = _apply(polling, _FAULT, config)
        return polling, (*ended, RefusePost())
    effects: list[PollingEffect] = []
    frame: Frame = ""
    for frame in frames:
        polling, meant = _apply(polling, FrameReceived(frame), config)
        effects += meant
        if polling.session.phase is Phase.CLOSED:
            break
    closed = polling.session.phase is Phase.CLOSED
    if event.more and not closed:
        return replace(polling, posting=True), tuple(effects)
    polling, answers = _flush(polling)
    return polling, (*effects, *answers, RefusePost() if closed and frame[:1] != CLOSE else AcceptPost())


def _queue(polling: Polling, event: Queued, config: EngineConfig) -> _Step:
    if polling.session.phase is Phase.CLOSED:
        return polling, ()
    size = size_of(event.frames) if event.size is None else event.size
    polling = replace(polling, outbox=(*polling.outbox, *event.frames), size=polling.size + size)
    return _apply(polling, _FAULT, config) if _is_full(polling) else (polling, ())


def _add(polling: Polling, frames: tuple[Frame, ...]) -> Polling:
    return replace(polling, outbox=(*polling.outbox, *frames), size=polling.size + size_of(frames))


def _is_full(polling: Polling) -> bool:
    """Return whether more waits than a row can hold. What is in memory only, `Sessions.held` bounds."""
    if not polling.is_stored:
        return False
    waiting = len(polling.outbox)
    return polling.size - PACKET_OVERHEAD * waiting > MAX_OUTBOX or waiting > MAX_WAITING


def size_of(frames: Iterable[Frame]) -> int:
    """Count the bytes that packets take in memory; those that they take in a record are `PACKET_OVERHEAD` less for each."""
    return sum(
        PACKET_OVERHEAD + (len(json.dumps(one)) + 1 if isinstance(one, str) else len(one) * 4 // 3 + 8)
        for one in frames
    )


def _receive_probe(polling: Polling, event: ProbeReceived, _config: EngineConfig) -> _Step:
    frame = event.frame
    if polling.probe_ms is None:
        return polling, ()
    if frame == "2probe" and not polling.probed:
        polling, answers = _flush(replace(polling, probed=True))
        return polling, (SendProbe("3probe"), *answers)
    if frame == "5" and polling.probed and not polling.posting:
        answers = () if polling.held is None else (AnswerPoll(polling.held, (NOOP,)),)
        waiting = polling.outbox[polling.drained :]
        environ = polling.session.environ
        moved_environ = None if environ is None else change_transport(environ, Transport.WEBSOCKET)
        session = replace(polling.session, environ=moved_environ)
        moved = replace(polling, session=session, held=None, outbox=(), drained=0, probe_ms=None, switched=True)
        told = (Upgraded(session.peers or ("",)),) if session.announced else ()
        return moved, (*answers, SwitchTransport(session, waiting), *told)
    return replace(polling, probe_ms=None, probed=False), (CloseProbe(),)


def _sweep(polling: Polling, event: Swept, config: EngineConfig) -> _Step:
    effects: tuple[PollingEffect, ...] = ()
    session = polling.session
    if session.phase is Phase.CLOSED:
        if session.deadline_ms is None:
            return replace(polling, session=replace(session, deadline_ms=event.now_ms + _GRACE_MS)), ()
        return (replace(polling, outbox=(), drained=0), ()) if event.now_ms >= session.deadline_ms else (polling, ())
    if polling.probe_ms is not None and event.now_ms >= polling.probe_ms:
        polling, effects = replace(polling, probe_ms=None, probed=False), (CloseProbe(),)
    polling, more = _apply(polling, event, config)
    polling, answers = _flush(polling)
    return polling, (*effects, *more, *answers)


def _apply(polling: Polling, event: sessions.Input, config: EngineConfig) -> _Step:
    """Apply what concerns any session; what it sends is queued, and its end ends the polling."""
    was_open = polling.session.phase is Phase.OPEN
    session, effects = sessions.step(polling.session, event, config)
    sent = tuple(effect.frame for effect in effects if isinstance(effect, SendFrame))
    rest = tuple(effect for effect in effects if not isinstance(effect, SendFrame | CloseSocket))
    polling = _add(replace(polling, session=session), sent)
    if sent and _is_full(polling):
        polling, more = _apply(polling, _FAULT, config)
        return polling, (*rest, *more)
    if not was_open or session.phase is Phase.OPEN:
        return polling, rest
    return _end(replace(polling, session=replace(session, deadline_ms=None)), event, rest)


def _end(polling: Polling, event: sessions.Input, effects: tuple[PollingEffect, ...]) -> _Step:
    """Answer what waits. Only when the server chose the end, the client gets what was sent before it, and a close packet."""
    if polling.probe_ms is not None:
        polling, effects = replace(polling, probe_ms=None, probed=False), (*effects, CloseProbe())
    if event == CloseRequested(Reason.SERVER_DISCONNECT):
        polling, answers = _flush(replace(polling, outbox=(*polling.outbox, CLOSE)))
        return polling, (*effects, *answers)
    held, polling = polling.held, replace(polling, outbox=(), drained=0, size=0, held=None)
    if held is None:
        return polling, effects
    by_client = isinstance(event, FrameReceived) and event.frame[:1] == CLOSE
    return polling, (*effects, AnswerPoll(held, (NOOP,)) if by_client else RefusePoll(held))


#: What each input does; the last ones concern any session.
_STEPS: Final[Mapping[type[PollingInput], Callable[[Polling, Any, EngineConfig], _Step]]] = {
    Polled: _poll,
    PollExpired: _expire_poll,
    PollAborted: _abort_poll,
    PollPutOff: _put_off_poll,
    PostBegun: _begin_post,
    PostReceived: _receive_post,
    Queued: _queue,
    Flushed: _flush,
    ProbeOpened: lambda polling, opened, config: (
        replace(polling, probe_ms=opened.now_ms + config.upgrade_timeout_ms, probed=False),
        (),
    ),
    ProbeReceived: _receive_probe,
    ProbeGone: lambda polling, *_: (replace(polling, probe_ms=None, probed=False), ()),
    Swept: _sweep,
    FrameReceived: _apply,
    SocketGone: _apply,
    CloseRequested: _apply,
    Admitted: _apply,
}


def must_store(before: Polling, after: Polling) -> bool:
    """Return whether a reset would now lose something. That the last answer arrived need not be stored: the next GET says it."""
    if after.session == before.session and not after.drained and after.outbox == before.outbox[before.drained :]:
        return False
    kept = (after.session, after.outbox, after.drained, after.drained_by)
    return kept != (before.session, before.outbox, before.drained, before.drained_by)


def polling_to_record(polling: Polling) -> str:
    """Return what survives a reset as text. Fields are only ever appended: other releases read it."""
    outbox = [frame if isinstance(frame, str) else [encode_base64(frame)] for frame in polling.outbox]
    facts = [to_record(polling.session), outbox, polling.drained, polling.drained_by, polling.address]
    return json.dumps(facts, separators=(",", ":"))


def polling_from_record(record: str) -> Polling | None:
    """Read what `polling_to_record` of this or a neighbouring release wrote; None for anything else.

    Fields that a later release has appended are ignored.
    """
    try:
        match json.loads(record):
            case [str(session_record), list(outbox), drained, str(drained_by), str(address), *_]:
                session = from_record(session_record)
                frames = tuple(_frame_from(one) for one in outbox)
                if session is not None:
                    loaded = _add(Polling(session=session, address=address), frames)
                    return replace(loaded, drained=whole(drained, len(frames)), drained_by=drained_by)
    except (ValueError, TypeError, RecursionError, RemoteEngineError):
        return None
    return None


def _frame_from(written: object) -> Frame:
    match written:
        case str():
            return written
        case [str(encoded)]:
            return decode_base64(encoded)
    raise ValueError
