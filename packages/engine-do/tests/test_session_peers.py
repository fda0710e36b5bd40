"""A session whose messages go to several peers: `EngineConfig.choose_peer`."""

from dataclasses import replace

import pytest

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import Frame
from engine_do.session.polling import Polling, step_polling
from engine_do.session.polling_events import PostBegun, PostReceived, ProbeOpened, ProbeReceived, SwitchTransport
from engine_do.session.session import (
    MAX_PEERS,
    CloseRequested,
    CloseSocket,
    Effect,
    Ended,
    Failed,
    FrameReceived,
    Input,
    Opened,
    Phase,
    Received,
    Session,
    SocketGone,
    Upgraded,
    from_record,
    step,
    to_record,
)
from shared_wire.reasons import Reason

ENVIRON = (("PATH_INFO", "/"),)
EARLY = Session(engine_sid=EngineSid("s"), pinged_ms=0, environ=ENVIRON)


def by_first_letter(state: str, packet: Frame) -> tuple[str, str]:
    """Choose by the first letter of a text; bytes follow the text before them."""
    return (packet[:1] or "none", packet[:1] or "none") if isinstance(packet, str) else (state, state or "none")


CONFIG = EngineConfig(choose_peer=by_first_letter)


def drive(session: Session, *events: Input) -> tuple[Session, list[Effect]]:
    """Step through sleep: nothing but the record is kept between two events."""
    told: list[Effect] = []
    for event in events:
        awake = from_record(to_record(session))
        assert awake == session
        session, effects = step(session, event, CONFIG)
        told += effects
    return session, told


def test_each_peer_hears_of_the_session_with_its_first_message() -> None:
    _, effects = drive(EARLY, *map(FrameReceived, ("4ant", "4bee", "4ape", "4bug")))
    assert effects == [
        *(Opened(ENVIRON, "a"), Received("ant", "a")),
        *(Opened(ENVIRON, "b"), Received("bee", "b")),
        Received("ape", "a"),
        Received("bug", "b"),
    ]


def test_the_state_survives_sleep_between_a_message_and_what_belongs_to_it() -> None:
    _, effects = drive(EARLY, FrameReceived("4bee"), FrameReceived(b"1"), FrameReceived("4ant"), FrameReceived(b"2"))
    assert [(one.data, one.peer) for one in effects if isinstance(one, Received)] == [
        ("bee", "b"),
        (b"1", "b"),
        ("ant", "a"),
        (b"2", "a"),
    ]


@pytest.mark.parametrize("end", [SocketGone(failed=False), CloseRequested(Reason.TRANSPORT_CLOSE)])
def test_the_end_is_told_to_those_who_know_the_session(end: Input) -> None:
    session, effects = drive(EARLY, FrameReceived("4ant"), FrameReceived("4bee"), end)
    assert effects[-2:] == [CloseSocket(1000), Ended(Reason.TRANSPORT_CLOSE, ("a", "b"))]
    assert session.phase is Phase.CLOSED
    assert drive(EARLY, end)[1] == [CloseSocket(1000)]


def test_a_session_has_so_many_peers_and_no_more() -> None:
    frames = [FrameReceived(f"4{letter}") for letter in "abcdefghijklm"]
    session, effects = drive(EARLY, *frames[:MAX_PEERS])
    assert session.phase is Phase.OPEN
    assert len(effects) == 2 * MAX_PEERS
    closed, effects = drive(session, frames[MAX_PEERS])
    assert effects == [CloseSocket(1011), Ended(Reason.TRANSPORT_ERROR, tuple("abcdefgh"))]
    assert closed.phase is Phase.CLOSED
    assert drive(session, frames[0])[1] == [Received("a", "a")], "those it has go on"


def test_an_upgrade_is_told_to_those_who_know_the_session_and_later_to_those_who_come_to_know_it() -> None:
    polling = Polling(session=replace(EARLY, environ=(("engine_do.transport", "polling"), ("PATH_INFO", "/"))))
    effects: list[object] = []
    for event in (PostBegun(), PostReceived(("4ant",)), ProbeOpened(0), ProbeReceived("2probe"), ProbeReceived("5")):
        polling, more = step_polling(polling, event, CONFIG)
        effects += more
    moved = replace(EARLY, route="a", peers=("a",), environ=(("engine_do.transport", "websocket"), ("PATH_INFO", "/")))
    assert effects[-2:] == [SwitchTransport(moved, ()), Upgraded(("a",))]
    assert drive(moved, FrameReceived("4ape"), FrameReceived("4bee"))[1] == [
        Received("ape", "a"),
        *(Opened(moved.environ or (), "b"), Received("bee", "b")),
    ]


def test_a_choice_that_fails_ends_the_session_and_is_reported_with_its_cause() -> None:
    def fail(_state: str, packet: Frame) -> tuple[str, str]:
        raise KeyError(packet)

    known = replace(EARLY, peers=("a",))
    _, (failed, *rest) = step(known, FrameReceived("4hi"), EngineConfig(choose_peer=fail))
    assert isinstance(failed, Failed)
    assert "choose_peer raised" in str(failed.error)
    assert isinstance(failed.error.__cause__, KeyError)
    assert rest == [CloseSocket(1011), Ended(Reason.TRANSPORT_ERROR, ("a",))]
    assert step(EARLY, FrameReceived("3"), EngineConfig(choose_peer=fail))[0] == EARLY, "only messages are chosen for"


def test_the_only_peer_of_a_later_release_knows_the_session_beside_those_that_were_chosen() -> None:
    session, _ = drive(EARLY, FrameReceived("4ant"))
    changed, effects = step(session, FrameReceived("4bee"), EngineConfig())
    assert effects == (Opened(ENVIRON, ""), Received("bee", ""))
    assert changed.peers == ("a", "")
    assert from_record(to_record(changed)) == changed
    assert step(changed, FrameReceived("4cat"), EngineConfig()) == (changed, (Received("cat", ""),))
    assert step(changed, SocketGone(failed=False), EngineConfig())[1][-1] == Ended(Reason.TRANSPORT_CLOSE, ("a", ""))
