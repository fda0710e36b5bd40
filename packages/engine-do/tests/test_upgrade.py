"""How a session that polls comes to a WebSocket: the rules of the probe. https://socket.io/docs/v4/engine-io-protocol/#upgrade"""

from dataclasses import replace

import pytest

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import Frame
from engine_do.session.polling import Polling, may_upgrade, polling_from_record, polling_to_record, step_polling
from engine_do.session.polling_events import (
    AnswerPoll,
    CloseProbe,
    Flushed,
    Polled,
    PollingEffect,
    PollingInput,
    PostBegun,
    PostReceived,
    ProbeGone,
    ProbeOpened,
    ProbeReceived,
    Queued,
    RefusePoll,
    RefusePost,
    SendProbe,
    SwitchTransport,
)
from engine_do.session.session import (
    CloseRequested,
    Ended,
    Phase,
    Session,
    Swept,
    Upgraded,
)
from shared_wire.reasons import Reason

CONFIG = EngineConfig()
NOW = 1_000_000
IDLE = Polling(session=Session(engine_sid=EngineSid("s"), pinged_ms=NOW))


def drive(polling: Polling, *events: PollingInput) -> tuple[Polling, list[PollingEffect]]:
    done: list[PollingEffect] = []
    for event in events:
        polling, effects = step_polling(polling, event, CONFIG)
        done += effects
    return polling, done


PROBING, _ = drive(IDLE, ProbeOpened(NOW))
#: The session once it has moved.
MOVED = IDLE.session
#: This session is known above, so those there are told.
TOLD = (Upgraded(),)
PROBED, _ = drive(PROBING, ProbeReceived("2probe"))


@pytest.mark.parametrize(
    ("polling", "config", "allowed"),
    [
        (IDLE, CONFIG, True),
        (replace(IDLE, held="g1", posting=True, outbox=("4a",)), CONFIG, True),
        (PROBING, CONFIG, False),
        (PROBED, CONFIG, False),
        (drive(IDLE, CloseRequested(Reason.SERVER_DISCONNECT))[0], CONFIG, False),
        (drive(IDLE, PostReceived(("1",)))[0], CONFIG, False),
        (IDLE, EngineConfig(allow_upgrades=False), False),
        (IDLE, EngineConfig(transports=["polling"]), False),
    ],
)
def test_one_websocket_at_a_time_may_come_while_the_session_is_open(
    polling: Polling, config: EngineConfig, allowed: bool
) -> None:
    assert may_upgrade(polling, config) is allowed


def test_an_upgrade_from_beginning_to_end() -> None:
    held, _ = drive(IDLE, Polled("g1"))
    probed, effects = drive(held, ProbeOpened(NOW), ProbeReceived("2probe"))
    assert effects == [SendProbe("3probe"), AnswerPoll("g1", ("6",))]
    switched, effects = drive(probed, Queued(("4a", b"\x01")), Flushed(), ProbeReceived("5"))
    assert effects == [SwitchTransport(MOVED, ("4a", b"\x01")), *TOLD]
    assert switched.switched
    assert switched.gone


def test_the_held_get_is_answered_with_what_waits_if_anything_does() -> None:
    held, _ = drive(IDLE, Polled("g1"), Queued(("4a",)), ProbeOpened(NOW))
    probed, effects = drive(held, ProbeReceived("2probe"))
    assert effects == [SendProbe("3probe"), AnswerPoll("g1", ("4a",))]
    assert drive(probed, ProbeReceived("5"))[1] == [SwitchTransport(MOVED, ()), *TOLD]


def test_a_get_that_comes_while_the_websocket_probes_is_answered_at_once() -> None:
    assert drive(PROBED, Polled("g1"), Polled("g2"))[1] == [AnswerPoll("g1", ("6",)), AnswerPoll("g2", ("6",))]
    assert drive(PROBED, Queued(("4a",)), Polled("g1"))[1] == [AnswerPoll("g1", ("4a",))]


def test_a_get_that_comes_before_the_probe_is_held_as_ever() -> None:
    polling, effects = drive(PROBING, Polled("g1"))
    assert (polling.held, effects) == ("g1", [])


def test_a_get_held_when_the_upgrade_completes_gets_a_noop_and_what_waits_goes_over_the_websocket() -> None:
    held = replace(PROBED, held="g1", outbox=("4a",))
    assert drive(held, ProbeReceived("5"))[1] == [AnswerPoll("g1", ("6",)), SwitchTransport(MOVED, ("4a",)), *TOLD]


def test_what_the_last_answer_brought_is_not_sent_again() -> None:
    polling, _ = drive(IDLE, Queued(("4a",)), Polled("g1"), Queued(("4b",)), ProbeOpened(NOW), ProbeReceived("2probe"))
    assert drive(polling, ProbeReceived("5"))[1] == [SwitchTransport(MOVED, ("4b",)), *TOLD]


def test_the_session_goes_over_as_it_is() -> None:
    pinged, _ = drive(PROBED, Swept(NOW + 5_000, None, ping=True))
    _, effects = drive(pinged, ProbeReceived("5"))
    assert effects == [SwitchTransport(pinged.session, ("2",)), *TOLD]
    assert pinged.session.unanswered_ms == NOW + 5_000


BAD_FIRST: list[Frame] = [
    "5",
    "2",
    "2prob",
    "2probe ",
    "2PROBE",
    "3probe",
    "4a",
    "1",
    "6",
    "",
    "x",
    b"2probe",
    b"",
    b"5",
]
BAD_SECOND: list[Frame] = ["2probe", "2", "5probe", "55", "3", "4a", "1", "6", "", "x", b"5", b""]


@pytest.mark.parametrize(
    ("polling", "frame"), [*((PROBING, frame) for frame in BAD_FIRST), *((PROBED, frame) for frame in BAD_SECOND)]
)
def test_a_websocket_that_says_anything_else_is_closed_and_polling_goes_on(polling: Polling, frame: Frame) -> None:
    after, effects = drive(replace(polling, held="g1"), ProbeReceived(frame))
    assert effects == [CloseProbe()]
    assert after == replace(IDLE, held="g1", drained_by=polling.drained_by)
    assert may_upgrade(after, CONFIG), "another may try"


def test_an_upgrade_in_the_middle_of_a_post_is_refused_since_its_packets_would_come_behind_later_ones() -> None:
    posting, _ = drive(PROBED, PostBegun())
    after, effects = drive(posting, ProbeReceived("5"))
    assert effects == [CloseProbe()]
    assert after == replace(IDLE, posting=True)


def test_a_websocket_that_goes_away_leaves_the_session_polling() -> None:
    for polling in (PROBING, PROBED):
        assert drive(polling, ProbeGone()) == (IDLE, [])


@pytest.mark.parametrize("polling", [PROBING, PROBED], ids=["probing", "probed"])
def test_a_websocket_that_takes_too_long_is_closed_at_its_deadline_and_not_before(polling: Polling) -> None:
    deadline = NOW + CONFIG.upgrade_timeout_ms
    assert drive(polling, Swept(deadline - 1, None, ping=False)) == (polling, [])
    assert drive(polling, Swept(deadline, None, ping=False)) == (IDLE, [CloseProbe()])
    assert drive(polling, Swept(deadline, None, ping=False), ProbeReceived("5")) == (IDLE, [CloseProbe()])


def test_a_late_websocket_is_closed_once_when_its_session_ends_with_the_same_sweep() -> None:
    dead = replace(PROBED, session=replace(IDLE.session, unanswered_ms=NOW))
    _, effects = drive(dead, Swept(NOW + CONFIG.ping_timeout_ms, None, ping=False))
    assert effects == [CloseProbe(), Ended(Reason.PING_TIMEOUT)]


def test_what_a_websocket_says_after_it_was_given_up_means_nothing() -> None:
    for frame in ("2probe", "5", "4a", "x", b"x"):
        assert drive(IDLE, ProbeReceived(frame)) == (IDLE, [])


def test_a_second_websocket_can_try_after_the_first_gave_up() -> None:
    polling, effects = drive(PROBED, ProbeGone(), ProbeOpened(NOW + 1), ProbeReceived("5"))
    assert effects == [CloseProbe()], "what the first has shown does not count for the second"
    _, effects = drive(polling, ProbeOpened(NOW + 2), ProbeReceived("2probe"), ProbeReceived("5"))
    assert effects == [SendProbe("3probe"), SwitchTransport(MOVED, ()), *TOLD]


def test_a_session_that_moved_answers_no_request_any_more() -> None:
    switched, _ = drive(PROBED, ProbeReceived("5"))
    assert drive(switched, Polled("g1"))[1] == [RefusePoll("g1")]
    assert not may_upgrade(replace(switched, session=replace(IDLE.session, phase=Phase.CLOSED)), CONFIG)


def test_a_reset_in_the_middle_leaves_the_session_polling() -> None:
    polling, _ = drive(PROBED, Queued(("4a",)))
    after_reset = polling_from_record(polling_to_record(polling))
    assert after_reset == replace(IDLE, outbox=("4a",))
    assert drive(after_reset, ProbeReceived("5"))[1] == []
    assert drive(after_reset, Polled("g1"))[1] == [AnswerPoll("g1", ("4a",))]


def test_a_session_that_ends_takes_its_probe_with_it() -> None:
    _, effects = drive(PROBED, PostBegun(), PostReceived(None))
    assert effects == [Ended(Reason.TRANSPORT_ERROR), CloseProbe(), RefusePost()]
