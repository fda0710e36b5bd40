"""A session as such: what it is, what can happen to it, what must be done then. Over a WebSocket that is all there is to it;
`polling` adds what HTTP needs.

Everything that changes a `Session` is in this file. `step` is total: any input in any phase gives a state and effects. It runs on
two tables, `_STEPS` and `_PACKETS`; the repository's ARCHITECTURE.md has the diagram that a test makes of them.

A session that was never announced (`Opened`) ends without `Ended`: nobody above has heard of it. Where `EngineConfig.choose_peer`
spreads messages over several peers, each is told of the session with the first message that is its own. All of a session survives
sleep: it lives as text (`to_record`) in the socket's attachment, or in the row of a session that polls.
"""

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from json.encoder import encode_basestring_ascii
from typing import Any, Final, TypeAlias

from engine_do.config import EngineConfig
from engine_do.errors import ConfigError, RemoteEngineError
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import PING, Frame, PacketType, decode_frame, decode_frame_v3
from engine_do.session.peers import choose
from engine_do.session.record_checks import facts, listed, text, whole
from shared_wire import RefusedJson
from shared_wire.bounded_json import parse
from shared_wire.reasons import Reason

__all__ = [
    "FAULT_CLOSE",
    "MAX_PEERS",
    "NORMAL_CLOSE",
    "REVISION",
    "SCHEMA",
    "Admitted",
    "CloseRequested",
    "CloseSocket",
    "Effect",
    "Ended",
    "Failed",
    "FrameReceived",
    "Input",
    "Opened",
    "Phase",
    "Received",
    "SendFrame",
    "Session",
    "SocketGone",
    "Swept",
    "Unreadable",
    "Upgraded",
    "from_record",
    "read_record",
    "step",
    "to_record",
]

#: The protocol's current revision.
REVISION: Final = 4

#: The number of the record's layout: raised with each field that is appended, for whoever reads a log.
SCHEMA: Final = 1

#: What makes a record ours, and how each begins.
_KEY: Final = "engine-do"
_BEGINNING: Final = f'{{"{_KEY}":'
_write_json: Final = json.JSONEncoder(separators=(",", ":")).encode

#: Peers that one session's messages may go to: each is told of its opening and its end.
MAX_PEERS: Final = 8


class Phase(enum.IntEnum):
    """Where in its life a session is. A closed one only waits for its socket to go."""

    OPEN = 1
    CLOSED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One client's session. Times are milliseconds since the epoch."""

    engine_sid: EngineSid
    #: When a ping was last sent, or (revision 3, where clients ping) last came; the opening counts as one.
    pinged_ms: int
    #: The protocol's revision: 4, or 3.
    revision: int = 4
    #: Whether the client takes no binary (revision 3).
    base64: bool = False
    #: When the oldest ping was sent that no pong has answered, if there is one.
    unanswered_ms: int | None = None
    #: By when the client must have joined the application, if it has not.
    deadline_ms: int | None = None
    #: The handshake, kept while somebody may still have to be told of it.
    environ: tuple[tuple[str, str], ...] | None = None
    phase: Phase = Phase.OPEN
    #: Where `EngineConfig.choose_peer` chooses: its state, and the peers that were told of the session.
    route: str = ""
    peers: tuple[str, ...] = ()

    @property
    def announced(self) -> bool:
        """Whether anybody above has heard of the session."""
        return self.environ is None or bool(self.peers)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record of ours that cannot be read. Its socket must be closed: nobody serves it. ``engine_sid`` is there for the log."""

    engine_sid: EngineSid | None = None


@dataclass(frozen=True, slots=True)
class FrameReceived:
    """The client sent a WebSocket frame."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class SocketGone:
    """The runtime says the socket is closed, or (``failed``) broken."""

    failed: bool


@dataclass(frozen=True, slots=True)
class CloseRequested:
    """The application, or the link to it, wants the session closed."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Admitted:
    """The client has joined the application."""


@dataclass(frozen=True, slots=True)
class Swept:
    """The alarm looks at the session. ``pong_ms``: when the runtime last absorbed a pong; ``ping``: pings are due."""

    now_ms: int
    pong_ms: int | None
    ping: bool


Input: TypeAlias = FrameReceived | SocketGone | CloseRequested | Admitted | Swept


@dataclass(frozen=True, slots=True)
class Opened:
    """Announce the session to the application; ``peer`` is "" where there is only one."""

    environ: tuple[tuple[str, str], ...]
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """Announce to the session's peers that it has a WebSocket now."""

    peers: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Received:
    """Hand a message to the application."""

    data: str | bytes
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """Announce to the session's peers that it is over."""

    reason: Reason
    peers: tuple[str, ...] = ("",)


@dataclass(frozen=True, slots=True)
class Failed:
    """Report that the composition's own `EngineConfig.choose_peer` failed; the session ends."""

    error: ConfigError


@dataclass(frozen=True, slots=True)
class SendFrame:
    """Send one packet."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class CloseSocket:
    """Close the WebSocket, or answer its close; the peer sees the code and nothing else."""

    code: int


Effect: TypeAlias = Opened | Upgraded | Received | Ended | Failed | SendFrame | CloseSocket

#: WebSocket close codes, as Node's engine.io uses them: normal, internal trouble, message too big.
NORMAL_CLOSE: Final = 1000
FAULT_CLOSE: Final = 1011
_TOO_BIG: Final = 1009


_Stepped: TypeAlias = tuple[Session, tuple[Effect, ...]]


def step(session: Session, event: Input, config: EngineConfig) -> _Stepped:
    """Apply one event to a session."""
    apply = _STEPS[session.phase].get(type(event))
    return (session, ()) if apply is None else apply(session, event, config)


def _receive(session: Session, event: FrameReceived, config: EngineConfig) -> _Stepped:
    frame = event.frame
    if _is_too_large(frame, config.max_payload):
        return _end(session, Reason.TRANSPORT_ERROR, _TOO_BIG)
    try:
        packet = decode_frame(frame if session.revision == REVISION else decode_frame_v3(frame))
    except RemoteEngineError:
        return _refuse(session, frame, config)
    apply = _PACKETS[session.revision].get(packet.type)
    return (session, ()) if apply is None else apply(session, packet.data, config)


def _hand_on(session: Session, data: str | bytes, config: EngineConfig) -> _Stepped:
    """Hand a message to the peer it is for; one that has not heard of the session hears of it first."""
    if config.choose_peer is None:
        peer, changed = "", session
        if session.environ is not None:  # peers that are there were chosen by a release before this one
            changed = replace(session, environ=None, peers=session.peers and (*session.peers, ""))
    else:
        try:
            route, peer = choose(config.choose_peer, session.route, data)
        except ConfigError as error:
            closed, effects = _refuse(session, data, config)
            return closed, (Failed(error), *effects)
        peers = session.peers if peer in session.peers else (*session.peers, peer)
        if len(peers) > MAX_PEERS:
            return _refuse(session, data, config)
        changed = replace(session, route=route, peers=peers)
    if session.environ is None or peer in session.peers:
        return changed, (Received(data, peer),)
    return changed, (Opened(session.environ, peer), Received(data, peer))


def _refuse(session: Session, _data: str | bytes, _config: EngineConfig) -> _Stepped:
    return _end(session, Reason.TRANSPORT_ERROR, FAULT_CLOSE)


def _sweep(session: Session, event: Swept, config: EngineConfig) -> _Stepped:
    if session.revision != REVISION:
        return _sweep_v3(session, event, config)
    unanswered = session.unanswered_ms
    if unanswered is not None and event.pong_ms is not None and event.pong_ms >= unanswered:
        unanswered = None
    if unanswered is not None and event.now_ms >= unanswered + config.ping_timeout_ms:
        return _end(session, Reason.PING_TIMEOUT)
    if session.deadline_ms is not None and event.now_ms >= session.deadline_ms:
        return _end(session, Reason.SERVER_DISCONNECT)
    if not event.ping:
        return replace(session, unanswered_ms=unanswered), ()
    pinged = replace(session, pinged_ms=event.now_ms, unanswered_ms=event.now_ms if unanswered is None else unanswered)
    return pinged, (SendFrame(PING),)


def _sweep_v3(session: Session, event: Swept, config: EngineConfig) -> _Stepped:
    """Find a client dead that has not pinged: ``pong_ms`` is when the runtime last answered its ping."""
    pinged = max(session.pinged_ms, event.pong_ms or 0)
    if event.now_ms >= pinged + config.ping_interval_ms + config.ping_timeout_ms:
        return _end(session, Reason.PING_TIMEOUT)
    if session.deadline_ms is not None and event.now_ms >= session.deadline_ms:
        return _end(session, Reason.SERVER_DISCONNECT)
    return replace(session, pinged_ms=pinged), ()


def _end(session: Session, reason: Reason, code: int = NORMAL_CLOSE) -> _Stepped:
    closed = replace(session, phase=Phase.CLOSED, environ=None)
    return closed, (CloseSocket(code), Ended(reason, session.peers or ("",))) if session.announced else (
        CloseSocket(code),
    )


#: What each input does, by phase. What is not named changes nothing.
_STEPS: Final[Mapping[Phase, Mapping[type[Input], Callable[[Session, Any, EngineConfig], _Stepped]]]] = {
    Phase.OPEN: {
        FrameReceived: _receive,
        SocketGone: lambda session, gone, _: _end(
            session, Reason.TRANSPORT_ERROR if gone.failed else Reason.TRANSPORT_CLOSE
        ),
        CloseRequested: lambda session, asked, _: _end(
            session, asked.reason, FAULT_CLOSE if asked.reason is Reason.TRANSPORT_ERROR else NORMAL_CLOSE
        ),
        Admitted: lambda session, *_: (replace(session, deadline_ms=None), ()),
        Swept: _sweep,
    },
    Phase.CLOSED: {SocketGone: lambda session, *_: (session, (CloseSocket(NORMAL_CLOSE),))},
}

#: What each packet of a client does, by revision. What is not named changes nothing. Revision 4 turned the heartbeat round: what
#: belongs to the other direction is refused (Node: "invalid heartbeat direction").
_PACKETS: Final[Mapping[int, Mapping[PacketType, Callable[[Session, Any, EngineConfig], _Stepped]]]] = {
    3: {
        PacketType.MESSAGE: _hand_on,
        PacketType.CLOSE: lambda session, *_: _end(session, Reason.CLIENT_DISCONNECT),
        PacketType.PING: lambda session, data, _: (session, (SendFrame(f"{PacketType.PONG}{data!s}"),)),
        PacketType.PONG: _refuse,
    },
    REVISION: {
        PacketType.MESSAGE: _hand_on,
        PacketType.CLOSE: lambda session, *_: _end(session, Reason.CLIENT_DISCONNECT),
        PacketType.PING: _refuse,
        PacketType.PONG: lambda session, *_: (replace(session, unanswered_ms=None), ()),
    },
}


def _is_too_large(frame: Frame, limit: int) -> bool:
    """Compare bytes, but encode a text only when its length leaves the answer open (UTF-8 takes up to 4 bytes a character)."""
    if isinstance(frame, bytes) or len(frame) > limit:
        return len(frame) > limit
    return len(frame) * 4 > limit and len(frame.encode(errors="replace")) > limit


def to_record(session: Session) -> str:
    """Return a session as text, for its socket's attachment.

    Fields are only ever appended, and none changes its meaning: the releases before and after this one read the record on an open
    socket.
    """
    if session.environ is None and not (session.route or session.peers):
        unanswered = "null" if session.unanswered_ms is None else session.unanswered_ms
        deadline = "null" if session.deadline_ms is None else session.deadline_ms
        begun = f'{_BEGINNING}{SCHEMA},"s":[{encode_basestring_ascii(session.engine_sid)},{session.phase:d},{session.pinged_ms}'
        return f"{begun},{unanswered},{deadline},null,{session.revision},{session.base64:d}]}}"
    times = (session.pinged_ms, session.unanswered_ms, session.deadline_ms)
    rest = (session.environ, session.revision, int(session.base64))
    fields: list[Any] = [session.engine_sid, session.phase, *times, *rest]
    if session.route or session.peers:
        fields += [session.route, session.peers]
    return _write_json({_KEY: SCHEMA, "s": fields})


def read_record(record: str) -> Session | Unreadable | None:
    """Read what `to_record` of this or a neighbouring release wrote; None means that the record is not ours.

    Total: a record of ours that cannot be read is `Unreadable`. A later layout's number, and fields that it appended, are ignored.
    """
    is_ours = record.startswith(_BEGINNING)
    try:
        found = json.loads(record) if is_ours else parse(record)
    except (ValueError, RecursionError, RefusedJson):
        return Unreadable() if is_ours else None
    if not isinstance(found, dict) or _KEY not in found:
        return None
    try:
        return _read(found)
    except (KeyError, TypeError, ValueError):
        match found:
            case {"s": [str(engine_sid), *_]} if engine_sid:
                return Unreadable(EngineSid(engine_sid))
        return Unreadable()


def from_record(record: str) -> Session | None:
    """Read a record as `read_record` does, for those who need not tell an unreadable one from one that is not ours."""
    session = read_record(record)
    return session if isinstance(session, Session) else None


def _read(found: dict[str, Any]) -> Session:
    """Read a record's fields; raise `KeyError`, `TypeError` or `ValueError` for what no release writes."""
    engine_sid, phase, pinged_ms, unanswered_ms, deadline_ms, environ, revision, base64, *rest = listed(found["s"])
    route, peers, *_ = rest or ("", [])
    if whole(found[_KEY]) < 1 or revision not in (3, REVISION) or not engine_sid:
        raise ValueError
    return Session(
        engine_sid=EngineSid(text(engine_sid)),
        phase=Phase(whole(phase)),
        pinged_ms=whole(pinged_ms),
        unanswered_ms=None if unanswered_ms is None else whole(unanswered_ms),
        deadline_ms=None if deadline_ms is None else whole(deadline_ms),
        environ=None if environ is None else facts(environ),
        revision=whole(revision),
        base64=bool(whole(base64, 1)),
        route=text(route),
        peers=tuple(map(text, listed(peers))),
    )
