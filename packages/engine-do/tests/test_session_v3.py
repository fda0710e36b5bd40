"""Sessions of protocol revision 3: clients ping, and binary has its type in front."""

import pytest

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.session.session import (
    Admitted,
    CloseRequested,
    CloseSocket,
    Effect,
    Ended,
    FrameReceived,
    Input,
    Opened,
    Phase,
    Received,
    SendFrame,
    Session,
    SocketGone,
    Swept,
    from_record,
    step,
    to_record,
)
from shared_wire.reasons import Reason

CONFIG = EngineConfig(max_payload=10)
TIMEOUT = CONFIG.ping_interval_ms + CONFIG.ping_timeout_ms
ENVIRON = (("REQUEST_METHOD", "GET"),)
OPEN = Session(engine_sid=EngineSid("s"), pinged_ms=1_000, revision=3)
EARLY = Session(engine_sid=EngineSid("s"), pinged_ms=1_000, deadline_ms=46_000, environ=ENVIRON, revision=3)

CLOSED_FOR_WHAT_IT_SENT = (CloseSocket(1011), Ended(Reason.TRANSPORT_ERROR))

#: What differs from revision 4, and that the rest does not.
TABLE: list[tuple[str, Input, Phase, tuple[Effect, ...]]] = [
    ("a message", FrameReceived("4hi"), Phase.OPEN, (Received("hi"),)),
    ("a binary message", FrameReceived(b"\x04hi"), Phase.OPEN, (Received(b"hi"),)),
    ("an empty binary message", FrameReceived(b"\x04"), Phase.OPEN, (Received(b""),)),
    ("a binary message as text", FrameReceived("b4AQID"), Phase.OPEN, (Received(b"\x01\x02\x03"),)),
    ("a ping", FrameReceived("2"), Phase.OPEN, (SendFrame("3"),)),
    ("a ping with data", FrameReceived("2probe"), Phase.OPEN, (SendFrame("3probe"),)),
    ("a pong", FrameReceived("3"), Phase.CLOSED, CLOSED_FOR_WHAT_IT_SENT),
    ("a close", FrameReceived("1"), Phase.CLOSED, (CloseSocket(1000), Ended(Reason.CLIENT_DISCONNECT))),
    ("an upgrade packet", FrameReceived("5"), Phase.OPEN, ()),
    ("a noop", FrameReceived("6"), Phase.OPEN, ()),
    ("no bytes at all", FrameReceived(b""), Phase.CLOSED, CLOSED_FOR_WHAT_IT_SENT),
    ("binary of another type", FrameReceived(b"\x02"), Phase.CLOSED, CLOSED_FOR_WHAT_IT_SENT),
    ("binary of revision 4", FrameReceived(b"4hi"), Phase.CLOSED, CLOSED_FOR_WHAT_IT_SENT),
    ("base64 of revision 4", FrameReceived("bAQID"), Phase.CLOSED, CLOSED_FOR_WHAT_IT_SENT),
    ("base64 that is none", FrameReceived("b4A"), Phase.CLOSED, CLOSED_FOR_WHAT_IT_SENT),
    ("not a packet", FrameReceived("hello"), Phase.CLOSED, CLOSED_FOR_WHAT_IT_SENT),
    ("too large", FrameReceived("2" * 11), Phase.CLOSED, (CloseSocket(1009), Ended(Reason.TRANSPORT_ERROR))),
    ("the socket closed", SocketGone(failed=False), Phase.CLOSED, (CloseSocket(1000), Ended(Reason.TRANSPORT_CLOSE))),
    (
        "the application closes",
        CloseRequested(Reason.SERVER_DISCONNECT),
        Phase.CLOSED,
        (CloseSocket(1000), Ended(Reason.SERVER_DISCONNECT)),
    ),
    ("admitted", Admitted(), Phase.OPEN, ()),
    ("swept, and pings are due to others", Swept(26_000, None, ping=True), Phase.OPEN, ()),
    ("swept a moment before its time", Swept(1_000 + TIMEOUT - 1, None, ping=True), Phase.OPEN, ()),
    (
        "swept, no ping in time",
        Swept(1_000 + TIMEOUT, None, ping=False),
        Phase.CLOSED,
        (CloseSocket(1000), Ended(Reason.PING_TIMEOUT)),
    ),
]


@pytest.mark.parametrize(("event", "phase", "effects"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_table(event: Input, phase: Phase, effects: tuple[Effect, ...]) -> None:
    after, done = step(OPEN, event, CONFIG)
    assert after.phase is phase
    assert done == effects
    assert from_record(to_record(after)) == after


@pytest.mark.parametrize(("frame", "data"), [("4hi", "hi"), (b"\x04hi", b"hi"), ("b4AQID", b"\x01\x02\x03")])
def test_the_first_message_announces(frame: str | bytes, data: str | bytes) -> None:
    announced, effects = step(EARLY, FrameReceived(frame), CONFIG)
    assert effects == (Opened(ENVIRON), Received(data))
    assert announced.announced


def test_a_ping_announces_nothing_and_is_answered_all_the_same() -> None:
    assert step(EARLY, FrameReceived("2"), CONFIG) == (EARLY, (SendFrame("3"),))


def test_the_server_never_pings() -> None:
    for now_ms in range(0, TIMEOUT, 5_000):
        assert step(OPEN, Swept(now_ms, None, ping=True), CONFIG)[1] == ()


@pytest.mark.parametrize(
    ("answered_ms", "now_ms", "alive"),
    [
        (50_000, 50_000 + TIMEOUT - 1, True),
        (50_000, 50_000 + TIMEOUT, False),
        (0, 1_000 + TIMEOUT - 1, True),
        (0, 1_000 + TIMEOUT, False),
        (None, 1_000 + TIMEOUT, False),
        (10**9, 10**9, True),
    ],
)
def test_a_ping_the_runtime_answered_counts(answered_ms: int | None, now_ms: int, alive: bool) -> None:
    after, effects = step(OPEN, Swept(now_ms, answered_ms, ping=False), CONFIG)
    assert (after.phase is Phase.OPEN) is alive
    assert (effects == ()) is alive


def test_the_last_ping_is_remembered_and_never_an_earlier_one() -> None:
    later, _ = step(OPEN, Swept(60_000, 50_000, ping=False), CONFIG)
    assert later.pinged_ms == 50_000
    assert step(later, Swept(61_000, None, ping=False), CONFIG)[0].pinged_ms == 50_000
    assert step(later, Swept(61_000, 40_000, ping=False), CONFIG)[0].pinged_ms == 50_000


def test_a_client_that_joined_nothing_is_closed_at_its_deadline() -> None:
    joined_late, effects = step(EARLY, Swept(46_000, 45_000, ping=False), CONFIG)
    assert joined_late.phase is Phase.CLOSED
    assert effects == (CloseSocket(1000),)
    assert step(EARLY, Swept(45_999, 45_000, ping=False), CONFIG)[0].phase is Phase.OPEN


def test_the_dead_are_called_dead_before_they_are_called_late() -> None:
    announced, _ = step(EARLY, FrameReceived("4hi"), CONFIG)
    assert step(announced, Swept(10**12, None, ping=True), CONFIG)[1][-1] == Ended(Reason.PING_TIMEOUT)
