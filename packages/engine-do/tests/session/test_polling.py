"""The table on top of `polling.py`, row by row; `test_polling_product.py` tries everything else.

Inputs and effects are those of `polling_events`, which has nothing of its own to test.
"""

from dataclasses import replace

import pytest

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import Frame
from engine_do.session.polling import (
    HOLD_MS,
    MAX_ANSWERED,
    MAX_OUTBOX,
    MAX_WAITING,
    PACKET_OVERHEAD,
    Polling,
    polling_to_record,
    step_polling,
)
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
    PutOffPoll,
    Queued,
    RefusePoll,
    RefusePost,
)
from engine_do.session.session import (
    Admitted,
    CloseRequested,
    Ended,
    FrameReceived,
    Opened,
    Phase,
    Received,
    Session,
    Swept,
)
from shared_wire.reasons import Reason

CONFIG = EngineConfig()
NOW = 1_000_000
ENVIRON = (("REQUEST_METHOD", "GET"),)

OPEN = Session(engine_sid=EngineSid("s"), pinged_ms=NOW)
EARLY = replace(OPEN, environ=ENVIRON, deadline_ms=NOW + 45_000)
OLD = replace(OPEN, revision=3)

IDLE = Polling(session=OPEN, address="192.0.2.7")
HELD = replace(IDLE, held="g2")
CONNECTING = replace(HELD, session=EARLY)
PROBED = replace(HELD, probe_ms=NOW + 10_000)
WAITING = replace(IDLE, outbox=("4a", b"\x01"))
#: "4a" and b"\x01" are in the answer to g1; "4b" came later.
DRAINED = replace(IDLE, outbox=("4a", b"\x01", "4b"), drained=2, drained_by="g1")
POSTING = replace(IDLE, posting=True)
CLOSED = replace(IDLE, session=replace(OPEN, phase=Phase.CLOSED))
CLOSING = replace(CLOSED, outbox=("4a", "1"))
CLOSING_DRAINED = replace(CLOSING, drained=2, drained_by="g1")

TRANSPORT_ERROR = Ended(Reason.TRANSPORT_ERROR)

#: What happened, before, the event, after, what must be done.
TABLE: list[tuple[str, Polling, PollingInput, Polling, tuple[PollingEffect, ...]]] = [
    ("a GET, nothing waits", IDLE, Polled("g2"), HELD, ()),
    (
        "a GET, something waits",
        WAITING,
        Polled("g1"),
        replace(WAITING, drained=2, drained_by="g1"),
        (AnswerPoll("g1", ("4a", b"\x01")),),
    ),
    (
        "the next GET says the answer arrived",
        DRAINED,
        Polled("g2"),
        replace(IDLE, outbox=("4b",), drained=1, drained_by="g2"),
        (AnswerPoll("g2", ("4b",)),),
    ),
    ("the same GET again", DRAINED, Polled("g1", repeated=True), DRAINED, (AnswerPoll("g1", ("4a", b"\x01")),)),
    ("a GET again that was held", IDLE, Polled("g2", repeated=True), HELD, ()),
    ("a GET again that is held", HELD, Polled("g2", repeated=True), HELD, ()),
    (
        "a GET again, another was answered since",
        DRAINED,
        Polled("g0", repeated=True),
        replace(IDLE, outbox=("4b",), drained=1, drained_by="g0"),
        (AnswerPoll("g0", ("4b",)),),
    ),
    (
        "a GET while one is held",
        HELD,
        Polled("g3"),
        CLOSED,
        (TRANSPORT_ERROR, AnswerPoll("g2", ("1",)), RefusePoll("g3")),
    ),
    ("a GET was held long enough", HELD, PollExpired("g2"), IDLE, (AnswerPoll("g2", ("6",)),)),
    ("another GET was held long enough", HELD, PollExpired("g1"), HELD, ()),
    ("a GET is put off", HELD, PollPutOff("g2"), IDLE, (PutOffPoll("g2"),)),
    ("another GET is put off", HELD, PollPutOff("g1"), HELD, ()),
    ("the GET of a client that connects stays", CONNECTING, PollPutOff("g2"), CONNECTING, ()),
    ("a GET stays while a WebSocket probes", PROBED, PollPutOff("g2"), PROBED, ()),
    ("a GET was taken back", HELD, PollAborted("g2"), CLOSED, (TRANSPORT_ERROR, RefusePoll("g2"))),
    ("another GET was taken back", HELD, PollAborted("g1"), HELD, ()),
    ("a GET was taken back, none is held", IDLE, PollAborted("g2"), IDLE, ()),
    ("a POST", IDLE, PostBegun(), POSTING, ()),
    ("a POST while one runs", POSTING, PostBegun(), replace(CLOSED, posting=True), (TRANSPORT_ERROR, RefusePost())),
    (
        "a POST while one runs and a GET is held",
        replace(HELD, posting=True),
        PostBegun(),
        replace(CLOSED, posting=True),
        (TRANSPORT_ERROR, RefusePoll("g2"), RefusePost()),
    ),
    ("the end of the POST that ran", replace(CLOSED, posting=True), PostReceived(("4a",)), CLOSED, (RefusePost(),)),
    (
        "a payload",
        POSTING,
        PostReceived(("4a", b"\x01", "4b")),
        IDLE,
        (Received("a"), Received(b"\x01"), Received("b"), AcceptPost()),
    ),
    (
        "the first of a payload",
        POSTING,
        PostReceived(("4a", "4b"), more=True),
        POSTING,
        (Received("a"), Received("b")),
    ),
    (
        "the first of a payload, and a close in it",
        POSTING,
        PostReceived(("1", "4b"), more=True),
        CLOSED,
        (Ended(Reason.CLIENT_DISCONNECT), AcceptPost()),
    ),
    ("an empty payload", POSTING, PostReceived(()), IDLE, (AcceptPost(),)),
    ("a pong", replace(POSTING, session=replace(OPEN, unanswered_ms=NOW)), PostReceived(("3",)), IDLE, (AcceptPost(),)),
    ("no payload", POSTING, PostReceived(None), CLOSED, (TRANSPORT_ERROR, RefusePost())),
    (
        "no packet in a payload, nor what follows it",
        POSTING,
        PostReceived(("4a", "x", "4b")),
        CLOSED,
        (Received("a"), TRANSPORT_ERROR, RefusePost()),
    ),
    ("a ping in a payload of revision 4", POSTING, PostReceived(("2",)), CLOSED, (TRANSPORT_ERROR, RefusePost())),
    (
        "a close in a payload, and what follows it is not read",
        replace(HELD, posting=True, outbox=()),
        PostReceived(("4a", "1", "4b")),
        CLOSED,
        (Received("a"), Ended(Reason.CLIENT_DISCONNECT), AnswerPoll("g2", ("6",)), AcceptPost()),
    ),
    (
        "a close in a payload, no GET is held",
        replace(WAITING, posting=True),
        PostReceived(("1",)),
        CLOSED,
        (Ended(Reason.CLIENT_DISCONNECT), AcceptPost()),
    ),
    ("packets to send", IDLE, Queued(("4a", b"\x01")), WAITING, ()),
    ("packets to send, a GET is held", HELD, Queued(("4a",)), replace(HELD, outbox=("4a",)), ()),
    ("packets to send behind others", WAITING, Queued(("4b",)), replace(IDLE, outbox=("4a", b"\x01", "4b")), ()),
    (
        "packets were sent",
        replace(HELD, outbox=("4a",)),
        Flushed(),
        replace(IDLE, outbox=("4a",), drained=1, drained_by="g2"),
        (AnswerPoll("g2", ("4a",)),),
    ),
    ("packets were sent, no GET is held", WAITING, Flushed(), WAITING, ()),
    ("nothing was sent", HELD, Flushed(), HELD, ()),
    ("too much waits", WAITING, Queued(("4" * (MAX_OUTBOX + 2 * PACKET_OVERHEAD),)), CLOSED, (TRANSPORT_ERROR,)),
    (
        "too much waits, a GET is held",
        HELD,
        Queued(("4" * (MAX_OUTBOX + 2 * PACKET_OVERHEAD),)),
        CLOSED,
        (TRANSPORT_ERROR, RefusePoll("g2")),
    ),
    (
        "the server closes, a GET is held",
        HELD,
        CloseRequested(Reason.SERVER_DISCONNECT),
        replace(CLOSED, outbox=("1",), drained=1, drained_by="g2"),
        (Ended(Reason.SERVER_DISCONNECT), AnswerPoll("g2", ("1",))),
    ),
    (
        "the server closes, no GET is held",
        WAITING,
        CloseRequested(Reason.SERVER_DISCONNECT),
        replace(CLOSED, outbox=("4a", b"\x01", "1")),
        (Ended(Reason.SERVER_DISCONNECT),),
    ),
    ("the client fetches the end", CLOSING, Polled("g1"), CLOSING_DRAINED, (AnswerPoll("g1", ("4a", "1")),)),
    (
        "the client fetches the end again",
        CLOSING_DRAINED,
        Polled("g1", repeated=True),
        CLOSING_DRAINED,
        (AnswerPoll("g1", ("4a", "1")),),
    ),
    (
        "a GET after the end",
        CLOSING_DRAINED,
        Polled("g2"),
        replace(CLOSED, drained_by="g1"),
        (RefusePoll("g2"),),
    ),
    ("a GET, the session is gone", CLOSED, Polled("g2"), CLOSED, (RefusePoll("g2"),)),
    ("a POST before the end is fetched", CLOSING, PostBegun(), replace(CLOSING, posting=True), ()),
    (
        "its packets go nowhere",
        replace(CLOSING, posting=True),
        PostReceived(("4a",)),
        CLOSING,
        (AcceptPost(),),
    ),
    ("a POST after the end", CLOSED, PostBegun(), CLOSED, (RefusePost(),)),
    ("packets to send after the end", CLOSING, Queued(("4b",)), CLOSING, ()),
    (
        "the link gives up",
        replace(WAITING, held="g2"),
        CloseRequested(Reason.TRANSPORT_ERROR),
        CLOSED,
        (TRANSPORT_ERROR, RefusePoll("g2")),
    ),
    ("admitted", replace(IDLE, session=replace(OPEN, deadline_ms=NOW)), Admitted(), IDLE, ()),
    ("a frame by itself", IDLE, FrameReceived("4a"), IDLE, (Received("a"),)),
    (
        "swept, a ping is due, a GET is held",
        HELD,
        Swept(NOW + 25_000, None, ping=True),
        replace(
            IDLE,
            session=replace(OPEN, pinged_ms=NOW + 25_000, unanswered_ms=NOW + 25_000),
            outbox=("2",),
            drained=1,
            drained_by="g2",
        ),
        (AnswerPoll("g2", ("2",)),),
    ),
    (
        "swept, no pong in time",
        replace(HELD, session=replace(OPEN, unanswered_ms=NOW)),
        Swept(NOW + CONFIG.ping_timeout_ms, None, ping=True),
        replace(CLOSED, session=replace(CLOSED.session, unanswered_ms=NOW)),
        (Ended(Reason.PING_TIMEOUT), RefusePoll("g2")),
    ),
    (
        "swept after the end: the client has a while",
        CLOSING,
        Swept(NOW, None, ping=True),
        replace(CLOSING, session=replace(CLOSING.session, deadline_ms=NOW + 30_000)),
        (),
    ),
    (
        "swept after that while",
        replace(CLOSING_DRAINED, session=replace(CLOSING.session, deadline_ms=NOW)),
        Swept(NOW, None, ping=True),
        replace(CLOSED, session=replace(CLOSED.session, deadline_ms=NOW), drained_by="g1"),
        (),
    ),
]


@pytest.mark.parametrize(
    ("before", "event", "after", "effects"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table(before: Polling, event: PollingInput, after: Polling, effects: tuple[PollingEffect, ...]) -> None:
    assert step_polling(before, event, CONFIG) == (after, effects)


def test_a_get_is_held_less_than_proxies_wait_and_long_enough_to_be_cheap() -> None:
    assert 10_000 < HOLD_MS < min(30_000, CONFIG.ping_timeout_ms)


def drive(polling: Polling, *events: PollingInput) -> tuple[Polling, list[PollingEffect]]:
    done: list[PollingEffect] = []
    for event in events:
        polling, effects = step_polling(polling, event, CONFIG)
        done += effects
    return polling, done


@pytest.mark.parametrize("number", [1, MAX_ANSWERED, MAX_ANSWERED + 1, 3 * MAX_ANSWERED + 5])
def test_an_answer_has_at_most_so_many_packets_and_the_next_goes_on_behind_them(number: int) -> None:
    frames = tuple(f"4{index}" for index in range(number))
    polling, answers = drive(IDLE, Queued(frames))
    fetched: list[Frame] = []
    for index in range(-(-number // MAX_ANSWERED)):
        polling, answers = drive(polling, Polled(f"g{index}"))
        assert len(answers) == 1
        assert isinstance(answers[0], AnswerPoll)
        assert len(answers[0].frames) <= MAX_ANSWERED
        fetched += answers[0].frames
    assert tuple(fetched) == frames
    assert drive(polling, Polled("last")) == (replace(IDLE, held="last", drained_by=polling.drained_by), [])


def test_a_servers_close_comes_behind_all_that_was_sent_before_it() -> None:
    frames = tuple(f"4{index}" for index in range(20))
    polling, effects = drive(HELD, Queued(frames), CloseRequested(Reason.SERVER_DISCONNECT))
    assert effects == [Ended(Reason.SERVER_DISCONNECT), AnswerPoll("g2", frames[:16])]
    assert not polling.gone
    polling, effects = drive(polling, Polled("g3"))
    assert effects == [AnswerPoll("g3", (*frames[16:], "1"))]
    polling, effects = drive(polling, Polled("g4"))
    assert effects == [RefusePoll("g4")]
    assert polling.gone


def test_what_was_drained_counts_until_the_next_get_and_then_makes_room() -> None:
    half = "4" * (MAX_OUTBOX // 2 - 50)
    polling, _ = drive(IDLE, Queued((half,)), Polled("g1"), Queued((half,)))
    assert polling.session.phase is Phase.OPEN
    assert drive(polling, Queued(("4" * 200,)))[1] == [TRANSPORT_ERROR]
    fetched, _ = drive(polling, Polled("g2"), Polled("g3"), Queued((half, half)))
    assert fetched.session.phase is Phase.OPEN


@pytest.mark.parametrize("frame", [b"", "4", b"\x00", "4\u20ac", "4\U0001f600", '4"', "4\x00", b"\x00" * 1_000])
@pytest.mark.parametrize("number", [1_000, 200_000, 500_000])
def test_what_waits_fits_a_row_or_is_too_much(frame: Frame, number: int) -> None:
    """A row of SQLite in a Durable Object holds 2 MB, and memory is not endless either."""
    polling, _ = drive(IDLE, Queued((frame,) * number))
    assert polling.gone or len(polling_to_record(polling)) < 2_000_000


def test_in_memory_what_waits_is_counted_for_whoever_bounds_it() -> None:
    polling = replace(IDLE, is_stored=False)
    polling, _ = step_polling(polling, Queued(("4" + "x" * 100,) * 30_000), CONFIG)
    assert polling.session.phase is Phase.OPEN
    assert polling.size == 30_000 * (len("4") + 100 + len('"",') + PACKET_OVERHEAD)
    fetched, _ = step_polling(polling, Polled("a poll"), CONFIG)
    fetched, _ = step_polling(fetched, Polled("the next"), CONFIG)
    assert polling.size - fetched.size == MAX_ANSWERED * polling.size // 30_000


def test_a_client_of_revision_3_cannot_fill_memory_with_its_own_pings() -> None:
    polling, ping = Polling(session=OLD), "2" + "x" * (MAX_OUTBOX // 2)
    polling, effects = drive(polling, *[PostReceived((ping,), NOW)] * 4)
    assert polling.session.phase is Phase.CLOSED
    assert TRANSPORT_ERROR in effects


def test_the_first_message_announces_and_the_handshake_is_forgotten() -> None:
    polling, effects = drive(Polling(session=EARLY), PostReceived(("4a", "4b")))
    assert effects == [Opened(ENVIRON), Received("a"), Received("b"), AcceptPost()]
    assert polling.session.announced


#: Inputs that end a session, and what the client's requests are answered: the application has no part in that.
ENDINGS: list[tuple[str, PollingInput]] = [
    ("a close packet", PostReceived(("1",))),
    ("no packet", PostReceived(("x",))),
    ("a ping", PostReceived(("2",))),
    ("no payload", PostReceived(None)),
    ("a second GET", Polled("g3")),
    ("the GET taken back", PollAborted("g2")),
    ("the server closes", CloseRequested(Reason.SERVER_DISCONNECT)),
    ("the link gives up", CloseRequested(Reason.TRANSPORT_ERROR)),
]


@pytest.mark.parametrize("event", [row[1] for row in ENDINGS], ids=[row[0] for row in ENDINGS])
def test_a_client_is_answered_alike_whether_the_application_has_heard_of_it_or_not(event: PollingInput) -> None:
    _, known = drive(HELD, event)
    _, unheard = drive(replace(HELD, session=EARLY), event)
    assert unheard == [effect for effect in known if not isinstance(effect, Ended)]
    assert len(unheard) == len(known) - 1


def test_a_client_that_joins_nothing_is_ended_at_its_deadline_and_its_get_refused() -> None:
    before = replace(HELD, session=replace(OPEN, deadline_ms=NOW + 45_000))
    polling, effects = drive(before, Swept(NOW + 45_000, None, ping=False))
    assert effects == [Ended(Reason.SERVER_DISCONNECT), RefusePoll("g2")]
    assert polling.gone


def test_a_probe_ends_with_its_session() -> None:
    for event in (PostReceived(("1",)), CloseRequested(Reason.SERVER_DISCONNECT), PollAborted("g2")):
        polling, effects = drive(replace(HELD, probe_ms=NOW + 10_000, probed=True), event)
        assert effects.count(CloseProbe()) == 1
        assert (polling.probe_ms, polling.probed) == (None, False)


def test_so_many_packets_may_wait_and_no_more() -> None:
    polling = Polling(session=OPEN)
    for number in range(MAX_WAITING):
        polling, effects = step_polling(polling, Queued((f"4{number}",)), CONFIG)
        assert effects == ()
    assert len(polling.outbox) == MAX_WAITING
    polling, effects = step_polling(polling, Queued(("4one more",)), CONFIG)
    assert effects == (TRANSPORT_ERROR,)


def test_what_was_fetched_makes_room() -> None:
    polling = Polling(session=OPEN)
    for number in range(40):
        polling, effects = step_polling(polling, Queued(("4" * (MAX_OUTBOX - 100),)), CONFIG)
        assert effects == (), number
        polling, _ = step_polling(polling, Polled(f"g{number}"), CONFIG)
        polling, _ = step_polling(polling, Polled(f"h{number}"), CONFIG)
        polling, _ = step_polling(polling, PollExpired(f"h{number}"), CONFIG)
