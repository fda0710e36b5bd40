import pytest

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.session.session import (
    NORMAL_CLOSE,
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
    step,
)
from shared_wire.reasons import Reason

CONFIG = EngineConfig(max_payload=10)
ENVIRON = (("REQUEST_METHOD", "GET"), ("HTTP_X", 'quoted "text" \u20ac'))
OPEN = Session(engine_sid=EngineSid("s"), pinged_ms=1_000)
EARLY = Session(engine_sid=EngineSid("s"), pinged_ms=1_000, deadline_ms=46_000, environ=ENVIRON)
CLOSED = Session(engine_sid=EngineSid("s"), pinged_ms=1_000, phase=Phase.CLOSED)
AWAITING = Session(engine_sid=EngineSid("s"), pinged_ms=26_000, unanswered_ms=26_000)

#: The table on top of `session.py`, row by row: announced sessions.
TABLE: list[tuple[str, Session, Input, Phase, tuple[Effect, ...]]] = [
    ("a message", OPEN, FrameReceived("4hi"), Phase.OPEN, (Received("hi"),)),
    ("an empty message", OPEN, FrameReceived("4"), Phase.OPEN, (Received(""),)),
    ("a binary message", OPEN, FrameReceived(b"\x00"), Phase.OPEN, (Received(b"\x00"),)),
    ("an empty binary message", OPEN, FrameReceived(b""), Phase.OPEN, (Received(b""),)),
    ("a close", OPEN, FrameReceived("1"), Phase.CLOSED, (CloseSocket(1000), Ended(Reason.CLIENT_DISCONNECT))),
    ("a pong", OPEN, FrameReceived("3"), Phase.OPEN, ()),
    ("a pong with data", OPEN, FrameReceived("3probe"), Phase.OPEN, ()),
    ("an open packet", OPEN, FrameReceived("0{}"), Phase.OPEN, ()),
    ("an upgrade packet", OPEN, FrameReceived("5"), Phase.OPEN, ()),
    ("a noop", OPEN, FrameReceived("6"), Phase.OPEN, ()),
    ("not a packet", OPEN, FrameReceived("hello"), Phase.CLOSED, (CloseSocket(1011), Ended(Reason.TRANSPORT_ERROR))),
    ("an empty text", OPEN, FrameReceived(""), Phase.CLOSED, (CloseSocket(1011), Ended(Reason.TRANSPORT_ERROR))),
    ("a ping", OPEN, FrameReceived("2"), Phase.CLOSED, (CloseSocket(1011), Ended(Reason.TRANSPORT_ERROR))),
    ("a probe", OPEN, FrameReceived("2probe"), Phase.CLOSED, (CloseSocket(1011), Ended(Reason.TRANSPORT_ERROR))),
    ("too large", OPEN, FrameReceived("4" * 11), Phase.CLOSED, (CloseSocket(1009), Ended(Reason.TRANSPORT_ERROR))),
    (
        "too large, binary",
        OPEN,
        FrameReceived(b"4" * 11),
        Phase.CLOSED,
        (CloseSocket(1009), Ended(Reason.TRANSPORT_ERROR)),
    ),
    (
        "the socket closed",
        OPEN,
        SocketGone(failed=False),
        Phase.CLOSED,
        (CloseSocket(1000), Ended(Reason.TRANSPORT_CLOSE)),
    ),
    (
        "the socket broke",
        OPEN,
        SocketGone(failed=True),
        Phase.CLOSED,
        (CloseSocket(1000), Ended(Reason.TRANSPORT_ERROR)),
    ),
    (
        "the application closes",
        OPEN,
        CloseRequested(Reason.SERVER_DISCONNECT),
        Phase.CLOSED,
        (CloseSocket(1000), Ended(Reason.SERVER_DISCONNECT)),
    ),
    (
        "the link gives up",
        OPEN,
        CloseRequested(Reason.TRANSPORT_ERROR),
        Phase.CLOSED,
        (CloseSocket(1011), Ended(Reason.TRANSPORT_ERROR)),
    ),
    ("admitted", OPEN, Admitted(), Phase.OPEN, ()),
    ("swept, not due", OPEN, Swept(20_000, None, ping=False), Phase.OPEN, ()),
    ("swept, due", OPEN, Swept(26_000, None, ping=True), Phase.OPEN, (SendFrame("2"),)),
    (
        "swept, no pong in time",
        AWAITING,
        Swept(26_000 + CONFIG.ping_timeout_ms, None, ping=True),
        Phase.CLOSED,
        (CloseSocket(1000), Ended(Reason.PING_TIMEOUT)),
    ),
    (
        "swept, joined nothing",
        Session(engine_sid=EngineSid("s"), pinged_ms=1_000, deadline_ms=46_000),
        Swept(46_000, None, ping=True),
        Phase.CLOSED,
        (CloseSocket(1000), Ended(Reason.SERVER_DISCONNECT)),
    ),
    ("closed, the socket closed", CLOSED, SocketGone(failed=False), Phase.CLOSED, (CloseSocket(1000),)),
    ("closed, the socket broke", CLOSED, SocketGone(failed=True), Phase.CLOSED, (CloseSocket(1000),)),
    ("closed, a message", CLOSED, FrameReceived("4hi"), Phase.CLOSED, ()),
    ("closed, closed again", CLOSED, CloseRequested(Reason.SERVER_DISCONNECT), Phase.CLOSED, ()),
    ("closed, admitted", CLOSED, Admitted(), Phase.CLOSED, ()),
    ("closed, swept", CLOSED, Swept(10**12, None, ping=True), Phase.CLOSED, ()),
]


@pytest.mark.parametrize(
    ("before", "event", "phase", "effects"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table(before: Session, event: Input, phase: Phase, effects: tuple[Effect, ...]) -> None:
    after, done = step(before, event, CONFIG)
    assert after.phase is phase
    assert done == effects


@pytest.mark.parametrize(
    ("event", "effects"),
    [(event, effects) for _, before, event, phase, effects in TABLE if before is OPEN and phase is Phase.CLOSED],
)
def test_a_session_never_announced_ends_without_a_word(event: Input, effects: tuple[Effect, ...]) -> None:
    after, done = step(EARLY, event, CONFIG)
    assert after.phase is Phase.CLOSED
    assert done == effects[:1]
    assert isinstance(done[0], CloseSocket)


@pytest.mark.parametrize(("frame", "data"), [("4hi", "hi"), ("4", ""), (b"hi", b"hi")])
def test_the_first_message_announces_and_the_second_does_not(frame: str | bytes, data: str | bytes) -> None:
    announced, effects = step(EARLY, FrameReceived(frame), CONFIG)
    assert effects == (Opened(ENVIRON), Received(data))
    assert announced.announced
    assert announced.environ is None
    assert step(announced, FrameReceived(frame), CONFIG) == (announced, (Received(data),))


@pytest.mark.parametrize("frame", ["3", "0{}", "5", "6"])
def test_what_is_no_message_announces_nothing(frame: str) -> None:
    after, effects = step(EARLY, FrameReceived(frame), CONFIG)
    assert effects == ()
    assert after == EARLY


def test_admission_lifts_the_deadline_and_nothing_else() -> None:
    admitted, effects = step(EARLY, Admitted(), CONFIG)
    assert effects == ()
    assert admitted.deadline_ms is None
    assert (admitted.environ, admitted.pinged_ms, admitted.phase) == (ENVIRON, 1_000, Phase.OPEN)


def test_a_closed_session_forgets_the_handshake() -> None:
    closed, _ = step(EARLY, SocketGone(failed=False), CONFIG)
    assert closed.environ is None


@pytest.mark.parametrize(
    ("frame", "fits"),
    [
        ("4" + "a" * 9, True),
        ("4" + "a" * 10, False),
        ("4" + "\u00e9" * 4 + "a", True),
        ("4" + "\u00e9" * 5, False),
        ("4" + "\u20ac" * 3, True),
        ("4" + "\u20ac" * 3 + "a", False),
        ("4" + "\U0001f600" * 2 + "a", True),
        ("4" + "\U0001f600" * 2 + "aa", False),
        (b"\x00" * 10, True),
        (b"\x00" * 11, False),
    ],
)
def test_the_limit_counts_bytes(frame: str | bytes, fits: bool) -> None:
    after, effects = step(OPEN, FrameReceived(frame), CONFIG)
    assert (after.phase is Phase.OPEN) is fits
    assert (CloseSocket(1009) in effects) is not fits


@pytest.mark.parametrize("kind", ["1", "2", "3", "x"])
def test_the_limit_comes_before_what_the_packet_says(kind: str) -> None:
    _, effects = step(OPEN, FrameReceived(kind * 11), CONFIG)
    assert effects == (CloseSocket(1009), Ended(Reason.TRANSPORT_ERROR))


def test_the_oldest_unanswered_ping_is_remembered_and_a_later_one_is_not() -> None:
    first, _ = step(OPEN, Swept(26_000, None, ping=True), CONFIG)
    assert (first.pinged_ms, first.unanswered_ms) == (26_000, 26_000)
    second, _ = step(first, Swept(51_000, None, ping=True), CONFIG)
    assert (second.pinged_ms, second.unanswered_ms) == (51_000, 26_000)


@pytest.mark.parametrize(
    ("pong_ms", "unanswered_ms"), [(None, 26_000), (25_999, 26_000), (26_000, None), (26_001, None)]
)
def test_an_absorbed_pong_answers_the_pings_before_it(pong_ms: int | None, unanswered_ms: int | None) -> None:
    after, effects = step(AWAITING, Swept(40_000, pong_ms, ping=False), CONFIG)
    assert after.unanswered_ms == unanswered_ms
    assert after.pinged_ms == AWAITING.pinged_ms
    assert effects == ()


def test_a_pong_as_a_frame_answers_the_pings_before_it() -> None:
    after, _ = step(AWAITING, FrameReceived("3"), CONFIG)
    assert after.unanswered_ms is None


def test_an_answered_ping_is_followed_by_one_that_is_not() -> None:
    after, effects = step(AWAITING, Swept(51_000, 26_100, ping=True), CONFIG)
    assert (after.pinged_ms, after.unanswered_ms) == (51_000, 51_000)
    assert effects == (SendFrame("2"),)


@pytest.mark.parametrize(("late_by", "alive"), [(-1, True), (0, False), (60_000, False)])
def test_the_timeout_counts_from_the_oldest_unanswered_ping(late_by: int, alive: bool) -> None:
    after, _ = step(AWAITING, Swept(26_000 + CONFIG.ping_timeout_ms + late_by, None, ping=False), CONFIG)
    assert (after.phase is Phase.OPEN) is alive


def test_a_pong_in_time_saves_however_late_the_sweep_is() -> None:
    after, effects = step(AWAITING, Swept(10**12, 26_000, ping=True), CONFIG)
    assert after.phase is Phase.OPEN
    assert effects == (SendFrame("2"),)


def test_the_dead_are_called_dead_before_they_are_called_late() -> None:
    both = Session(engine_sid=EngineSid("s"), pinged_ms=0, unanswered_ms=0, deadline_ms=1)
    assert step(both, Swept(10**12, None, ping=True), CONFIG)[1][-1] == Ended(Reason.PING_TIMEOUT)


def test_close_codes_are_those_of_nodes_engine() -> None:
    assert NORMAL_CLOSE == 1000
