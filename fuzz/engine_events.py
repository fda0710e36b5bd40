"""Sequences of events for a session, with and without a WebSocket. The first byte of an input chooses the configuration."""

from random import Random
from typing import Any, Final

from engine_do.config import EngineConfig
from engine_do.errors import RemoteEngineError
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.payloads import decode_payload
from engine_do.session.polling import (
    Polling,
    may_upgrade,
    must_store,
    polling_from_record,
    polling_to_record,
    step_polling,
)
from engine_do.session.polling_events import (
    AnswerPoll,
    Flushed,
    PollAborted,
    Polled,
    PollExpired,
    PollingInput,
    PostBegun,
    PostReceived,
    ProbeGone,
    ProbeOpened,
    ProbeReceived,
    Queued,
    RefusePoll,
    SwitchTransport,
)
from engine_do.session.session import (
    Admitted,
    CloseRequested,
    Ended,
    FrameReceived,
    Input,
    Opened,
    Phase,
    Session,
    SocketGone,
    Swept,
    from_record,
    step,
    to_record,
)
from fuzz.grammar import any_packet, any_payload, any_sequence
from fuzz.sequences import message_of, read_events
from shared_wire.reasons import Reason
from socketio_do.cluster.routes import NamespaceRoutes

__all__ = ["SEQUENCES", "any_events", "step_polls", "step_session"]

_ROUTES: Final = NamespaceRoutes({f"/{at}": f"actor-{at}" for at in range(20)})
_CONFIGS: Final = (
    EngineConfig(),
    EngineConfig(choose_peer=_ROUTES),
    EngineConfig(max_payload=100),
    # What a composition gets wrong ends its sessions, and nothing else.
    EngineConfig(choose_peer=lambda state, message: (state + "x" * 30, "a b" if len(message) > 40 else "a")),
)
_REASONS: Final = tuple(Reason)
_BEGUN_MS: Final = 1_000
_GIVEN: Final = (
    Polled("g1"),
    Polled("g1", repeated=True),
    Polled("g2"),
    PollExpired("g1"),
    PollAborted("g1"),
    PostBegun(),
    Flushed(),
    ProbeOpened(_BEGUN_MS),
    ProbeGone(),
    ProbeReceived("2probe"),
    ProbeReceived("5"),
)

SEQUENCES: Final = (
    b'\x00\x0042["a"]\xff\x003\xff\x01abc\xff\x02\x00\xff\x041',
    b"\x01\x004" + b"0/1,\xff\x0042/2,[1]\xff\x001",
    b"\x04\x00b4AQID\xff\x002\xff\x01\x04abc",
    b"\x00\x08\xff\x0d\xff\x074a\x1e4b\xff\x064c\xff\x0e\xff\x0f\xff\x11\xff\x12\xff\x009",
    b"\x00\x09\xff\x08\xff\x064a\xff\x0e\xff\x0b\xff\x0c\xff\x08",
    b"\x05\x0d\xff\x071:2\xff\x0d\xff\x0d",
)


def any_events(chance: Random) -> bytes:
    """Make a sequence of events."""

    def make(chance: Random) -> bytes:
        kind = chance.random()
        if kind < 0.3:
            return any_payload(chance)
        if kind < 0.6:
            return b""
        return (b"4", b"b4", b"", b"2", b"3", b"1", b"5")[int(7 * chance.random())] + any_packet(chance).encode(
            "utf-8", "replace"
        )

    return bytes([int(8 * chance.random())]) + any_sequence(chance, make)


def _begin(choice: int) -> tuple[Session, EngineConfig]:
    config = _CONFIGS[choice & 3]
    session = Session(
        engine_sid=EngineSid("s"),
        pinged_ms=_BEGUN_MS,
        revision=3 if choice & 4 else 4,
        base64=bool(choice & 8),
        deadline_ms=_BEGUN_MS + 45_000 if choice & 16 else None,
        environ=None if choice & 32 else (("REQUEST_METHOD", "GET"),),
    )
    return session, config


def _input(kind: int, data: bytes) -> Input:
    """Make what may happen to any session; frames mostly."""
    what = kind >> 1 & 7
    if what == 1:
        return SocketGone(failed=bool(kind & 1))
    if what == 2:
        return CloseRequested(_REASONS[len(data) % len(_REASONS)]) if data else Admitted()
    if what == 3:
        now = _BEGUN_MS + int.from_bytes(data[:3], "big")
        return Swept(now, None if kind & 1 else now - len(data), ping=bool(len(data) & 1))
    return FrameReceived(message_of(kind, data))


def step_session(data: bytes) -> str:
    """Step a session. A closed one stays closed, its end is told once, and it is stored as what it is."""
    session, config = _begin(data[0] if data else 0)
    ends = opened = 0
    for kind, body in read_events(data[1:]):
        before = session
        session, effects = step(session, _input(kind, body), config)
        ends += sum(isinstance(effect, Ended) for effect in effects)
        opened += sum(isinstance(effect, Opened) for effect in effects)
        assert before.phase is Phase.OPEN or session == before, "a closed session changed"
    assert ends <= 1, "its end is told twice"
    assert config.choose_peer is not None or opened <= 1, "it is announced twice"
    assert from_record(to_record(session)) == session, f"{session!r:.200} is stored as something else"
    return session.phase.name


def _payload_of(kind: int, body: bytes, revision: int) -> tuple[Any, ...] | None:
    try:
        return tuple(decode_payload(body, revision, is_binary=bool(kind & 1)))
    except RemoteEngineError:
        return None


def _polling_input(kind: int, data: bytes, polling: Polling) -> PollingInput | None:
    """Make what may happen to a session that polls; what its shell never lets happen is left out."""
    what = kind & 31
    if what == 6:
        return Queued((message_of(len(data), data),))
    if what == 7:
        return PostReceived(_payload_of(kind >> 5, data, polling.session.revision), _BEGUN_MS + len(data))
    if what in (4, 5):
        return ProbeReceived(message_of(kind, data))
    if 8 <= what < 8 + len(_GIVEN):
        return _GIVEN[what - 8]
    event = _input(what & 15 if what & 15 < 8 else what & 1, data)
    return None if isinstance(event, SocketGone) else event


def step_polls(data: bytes) -> str:
    """Step a session that polls. Each GET is answered once, and what is stored is what a reset leaves."""
    session, config = _begin(data[0] if data else 0)
    polling = Polling(session=session)
    for kind, body in read_events(data[1:]):
        event = _polling_input(kind, body, polling)
        if event is None or (isinstance(event, ProbeOpened) and not may_upgrade(polling, config)):
            continue
        before = polling
        polling, effects = step_polling(polling, event, config)
        must_store(before, polling)
        answered = [effect.poll_id for effect in effects if isinstance(effect, AnswerPoll | RefusePoll)]
        assert len(answered) == len(set(answered)), "a GET is answered twice"
        if any(isinstance(effect, SwitchTransport) for effect in effects):
            break
    _check_stored(polling)
    return "switched" if polling.switched else polling.session.phase.name


def _check_stored(polling: Polling) -> None:
    stored = polling_from_record(polling_to_record(polling))
    assert stored is not None, "what is stored cannot be read"
    for name in ("session", "outbox", "drained", "drained_by", "address"):
        assert getattr(stored, name) == getattr(polling, name), f"{name} is stored as something else"
