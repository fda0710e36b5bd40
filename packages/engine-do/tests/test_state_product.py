"""Everything that can happen to a session, in every state it can be in, one and two steps deep."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import get_args

import pytest
from diagrams import Step, draw, hold

from engine_do.config import EngineConfig
from engine_do.errors import ConfigError
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import PacketType
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
    SendFrame,
    Session,
    SocketGone,
    Swept,
    from_record,
    step,
    to_record,
)
from shared_wire.reasons import Reason

CONFIG = EngineConfig(max_payload=16)
NOW = 1_000_000

FRAMES: list[str | bytes] = [
    *(str(digit) for digit in range(10)),
    *(f"{digit}data" for digit in range(10)),
    "",
    " ",
    "hello",
    "b64=",
    "b4AQIDBA==",
    "b4A",
    "b2AQID",
    "b",
    "2probe",
    "3probe",
    "\x00",
    "\x1e",
    "4\x1e4",
    "\u0664",
    "\ud800",
    "4\ud800",
    "4" + "a" * 15,
    "4" + "a" * 16,
    "4" + "\u20ac" * 5,
    "4" + "\u20ac" * 6,
    "4" + "\U0001f600" * 4,
    "x" * 1_000_000,
    b"",
    b"\x00",
    b"2",
    b"\x04",
    b"\x04hello",
    b"\x04" * 16,
    b"\x04" * 17,
    b"x" * 1_000_000,
]

INPUTS: list[Input] = [
    *map(FrameReceived, FRAMES),
    SocketGone(failed=False),
    SocketGone(failed=True),
    *map(CloseRequested, Reason),
    Admitted(),
    *(
        Swept(now_ms, pong_ms, ping)
        for now_ms, pong_ms, ping in product(
            (0, NOW, NOW + CONFIG.ping_timeout_ms, 10**15), (None, 0, NOW, 10**15), (True, False)
        )
    ),
]

STATES: list[Session] = [
    Session(
        engine_sid=EngineSid("s"),
        pinged_ms=NOW,
        unanswered_ms=unanswered_ms,
        deadline_ms=deadline_ms,
        environ=environ,
        phase=phase,
        revision=revision,
    )
    for phase, unanswered_ms, deadline_ms, environ, revision in product(
        Phase, (None, NOW), (None, NOW + 45_000), (None, (("REQUEST_METHOD", "GET"),)), (4, 3)
    )
    if (phase is Phase.OPEN or environ is None) and (revision == 4 or unanswered_ms is None)
]


def drive(session: Session, events: Iterable[Input]) -> tuple[Session, list[Effect]]:
    """Step through events, asleep between any two of them."""
    done: list[Effect] = []
    for event in events:
        session, effects = step(session, event, CONFIG)
        done.extend(effects)
        awake = from_record(to_record(session))
        assert awake == session, "all of a session survives sleep"
        session = awake
    return session, done


def short(session: Session) -> str:
    known = "announced" if session.announced else "early"
    return f"v{session.revision}-{session.phase.name}-{known}-{session.unanswered_ms}-{session.deadline_ms}"


def kind(event: Input) -> str:
    return repr(event)[:48]


@pytest.mark.parametrize("state", STATES, ids=short)
def test_any_input_in_any_state_is_a_step(state: Session) -> None:
    for event in INPUTS:
        after, effects = drive(state, [event])
        assert after.engine_sid == state.engine_sid, kind(event)
        assert (after, tuple(effects)) == step(state, event, CONFIG), kind(event)
        assert state.phase is Phase.OPEN or after == state, kind(event)


@pytest.mark.parametrize("state", STATES, ids=short)
def test_a_closed_session_neither_sends_nor_reports_again(state: Session) -> None:
    for first, second in product(INPUTS, INPUTS):
        closed, _ = step(state, first, CONFIG)
        if closed.phase is Phase.CLOSED:
            after, effects = step(closed, second, CONFIG)
            assert after == closed
            assert effects == ((CloseSocket(1000),) if isinstance(second, SocketGone) else ())


@pytest.mark.parametrize("state", [state for state in STATES if state.phase is Phase.OPEN], ids=short)
def test_the_end_comes_once_and_only_to_sessions_that_were_announced(state: Session) -> None:
    for first, second in product(INPUTS, INPUTS):
        middle, before = step(state, first, CONFIG)
        after, then = step(middle, second, CONFIG)
        effects = (*before, *then)
        announced = state.announced or any(isinstance(effect, Opened) for effect in effects)
        ends = sum(isinstance(effect, Ended) for effect in effects)
        assert ends == (after.phase is Phase.CLOSED and announced)


@pytest.mark.parametrize("state", [state for state in STATES if state.phase is Phase.OPEN], ids=short)
def test_a_session_is_announced_once_and_before_its_first_message(state: Session) -> None:
    for first, second in product(INPUTS, INPUTS):
        _, before = step(state, first, CONFIG)
        _, then = step(step(state, first, CONFIG)[0], second, CONFIG)
        reported = [type(effect).__name__ for effect in (*before, *then)]
        reported = [name for name in reported if name in ("Opened", "Received", "Ended")]
        assert reported.count("Opened") <= (not state.announced)
        if reported and not state.announced:
            assert reported[0] == "Opened"


@pytest.mark.parametrize("state", [state for state in STATES if state.phase is Phase.OPEN], ids=short)
def test_whatever_ends_a_session_closes_its_socket_first(state: Session) -> None:
    for event in INPUTS:
        after, effects = step(state, event, CONFIG)
        assert (after.phase is Phase.CLOSED) is any(isinstance(effect, CloseSocket) for effect in effects)
        if after.phase is Phase.CLOSED:
            assert isinstance(effects[0], CloseSocket)


@pytest.mark.parametrize("state", [state for state in STATES if state.phase is Phase.OPEN], ids=short)
def test_the_close_code_tells_the_peer_how_it_ended_and_nothing_else(state: Session) -> None:
    codes = {
        effect.code for event in INPUTS for effect in step(state, event, CONFIG)[1] if isinstance(effect, CloseSocket)
    }
    assert codes == {1000, 1009, 1011}


def test_there_is_an_input_of_each_kind() -> None:
    assert {type(event) for event in INPUTS} == {*get_args(Input)}


def refuse(_route: str, _data: str | bytes) -> tuple[str, str]:
    raise ConfigError("no peer")


def steps() -> Iterator[Step]:
    """Return each step that differs in what happens, with the names that the diagram has for it."""
    frames = {packet.name.lower(): packet.value for packet in PacketType} | {"no packet": "x", "too large": "x" * 17}
    inputs = [
        *((name, FrameReceived(frame), CONFIG) for name, frame in frames.items()),
        ("message to no peer", FrameReceived("4"), EngineConfig(choose_peer=refuse)),
        *((type(event).__name__, event, CONFIG) for event in INPUTS if not isinstance(event, FrameReceived)),
    ]
    states = sorted(STATES, key=lambda state: (state.phase, state.announced))
    for state, (name, event, config) in product(states, inputs):
        after, effects = step(state, event, config)
        written = f"{name} (v{state.revision})" if name in ("ping", "pong") else name
        yield where(state), written, ", ".join(map(shown, effects)), where(after)


def where(session: Session) -> str:
    return "closed" if session.phase is Phase.CLOSED else "announced" if session.announced else "unannounced"


def shown(effect: Effect) -> str:
    match effect:
        case Ended(reason):
            return f"Ended({reason})"
        case CloseSocket(code):
            return f"CloseSocket({code})"
        case SendFrame(frame):
            return f"SendFrame({PacketType(str(frame)[:1]).name.lower()})"
    return type(effect).__name__


def test_the_diagram_of_a_session_is_what_it_does() -> None:
    hold("session", "packages/engine-do/tests/test_state_product.py", draw(steps()))
