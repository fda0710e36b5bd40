"""Everything that can happen to a session that polls, in every kind of state, one and two steps deep."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from diagrams import Step, draw, hold

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import Frame
from engine_do.session.polling import (
    MAX_ANSWERED,
    Polling,
    may_upgrade,
    polling_from_record,
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
from engine_do.session.session import (
    Admitted,
    CloseRequested,
    CloseSocket,
    Ended,
    FrameReceived,
    Opened,
    Phase,
    SendFrame,
    Session,
    SocketGone,
    Swept,
    Upgraded,
)
from shared_wire.reasons import Reason

CONFIG = EngineConfig(max_payload=100)
NOW = 1_000_000
OPEN = Session(engine_sid=EngineSid("s"), pinged_ms=NOW)

#: How each kind of state comes about.
WAYS: dict[str, list[PollingInput]] = {
    "open": [],
    "waiting": [Queued(("4a", b"\x01", "4b"))],
    "much waits": [Queued(tuple(f"4{number}" for number in range(MAX_ANSWERED + 3)))],
    "held": [Polled("g1")],
    "held, unsent": [Polled("g1"), Queued(("4a",))],
    "drained": [Queued(("4a",)), Polled("g1")],
    "drained, waiting": [Queued(("4a",)), Polled("g1"), Queued(("4b",))],
    "fetched, held": [Queued(("4a",)), Polled("g1"), Polled("g2")],
    "expired": [Polled("g1"), PollExpired("g1")],
    "posting": [PostBegun()],
    "posting, held": [PostBegun(), Polled("g1")],
    "pinged": [Swept(NOW + 25_000, None, ping=True)],
    "probing": [ProbeOpened(NOW)],
    "probing, held": [Polled("g1"), ProbeOpened(NOW)],
    "probed": [ProbeOpened(NOW), ProbeReceived("2probe")],
    "probed, waiting": [ProbeOpened(NOW), ProbeReceived("2probe"), Queued(("4a",))],
    "probed, drained": [Queued(("4a",)), Polled("g1"), ProbeOpened(NOW), ProbeReceived("2probe"), Queued(("4b",))],
    "probed, posting": [ProbeOpened(NOW), ProbeReceived("2probe"), PostBegun()],
    "switched": [ProbeOpened(NOW), ProbeReceived("2probe"), ProbeReceived("5")],
    "closing": [Queued(("4a",)), CloseRequested(Reason.SERVER_DISCONNECT)],
    "closing, drained": [CloseRequested(Reason.SERVER_DISCONNECT), Polled("g1")],
    "closing, swept": [CloseRequested(Reason.SERVER_DISCONNECT), Swept(NOW, None, ping=True)],
    "closing, posting": [PostBegun(), CloseRequested(Reason.SERVER_DISCONNECT)],
    "closed": [PostReceived(("1",))],
    "closed, posting": [PostBegun(), PostBegun()],
}

PROBES: list[Frame] = ["2probe", "5", "2", "3probe", "4a", "", "5x", b"2probe", b"5"]
FRAMES: list[Frame] = ["4a", "1", "x", b"a"]

INPUTS: list[PollingInput] = [
    *(Polled(poll_id, repeated) for poll_id, repeated in product(("g1", "g2"), (False, True))),
    *map(PollExpired, ("g1", "g2")),
    *map(PollAborted, ("g1", "g2")),
    *map(PollPutOff, ("g1", "g2")),
    PostBegun(),
    *(
        PostReceived(frames, NOW + 30_000)
        for frames in (
            None,
            (),
            ("4a", b"\x01"),
            ("1",),
            ("4a", "1", "4b"),
            ("2",),
            ("2probe", "3"),
            ("3",),
            ("5",),
            ("",),
            ("x" * 101,),
            (b"\x04a",),
            ("b4AQID",),
        )
    ),
    *(PostReceived(frames, NOW + 30_000, more=True) for frames in ((), ("4a",), ("4a", "1", "4b"), ("x",))),
    *map(Queued, ((), ("4a",), (b"", "4b"))),
    Flushed(),
    ProbeOpened(NOW + 1),
    *(ProbeReceived(frame) for frame in PROBES),
    ProbeGone(),
    *(FrameReceived(frame) for frame in FRAMES),
    *(SocketGone(failed=failed) for failed in (False, True)),
    *map(CloseRequested, Reason),
    Admitted(),
    *(
        Swept(now_ms, None, ping)
        for now_ms, ping in product((0, NOW + 25_000, NOW + 45_000, NOW + 500_000), (True, False))
    ),
]


def all_states() -> Iterator[tuple[str, Polling]]:
    sessions = {
        "known": OPEN,
        "early": replace(OPEN, environ=(("REQUEST_METHOD", "GET"),), deadline_ms=NOW + 45_000),
        "v3": replace(OPEN, revision=3),
    }
    for (name, way), (kind, session) in product(WAYS.items(), sessions.items()):
        state = Polling(session=session)
        for event in way:
            state, _ = step_polling(state, event, CONFIG)
        yield f"{kind}: {name}", state


STATES = dict(all_states())
#: Two steps: revision 3 differs in what a frame means, which one step shows.
TWO_STEP_STATES = {name: state for name, state in STATES.items() if not name.startswith("v3")}

in_every_state = pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())


def kind(event: PollingInput) -> str:
    return repr(event)[:60]


def answered(effects: tuple[PollingEffect, ...]) -> list[str]:
    """List the GETs that got an answer, of whatever kind."""
    return [effect.poll_id for effect in effects if isinstance(effect, AnswerPoll | PutOffPoll | RefusePoll)]


def survivor(polling: Polling) -> Polling:
    """Return what is left of a state after a reset."""
    return replace(polling, held=None, posting=False, probe_ms=None, probed=False)


def test_the_states_are_what_they_are_called() -> None:
    assert STATES["known: held"].held == "g1"
    assert STATES["known: drained, waiting"].drained == 1
    assert STATES["known: posting"].posting
    assert STATES["known: probing"].probe_ms is not None
    assert not STATES["known: probing"].probed
    assert STATES["known: probed"].probed
    assert STATES["known: switched"].switched
    assert STATES["known: closing"].session.phase is Phase.CLOSED
    assert [name for name, state in STATES.items() if state.gone] == [
        f"{kind}: {name}" for name, kind in product(("switched", "closed", "closed, posting"), ("known", "early", "v3"))
    ]


@in_every_state
def test_every_get_is_held_or_answered_once_and_so_is_every_post(state: Polling) -> None:
    for event in INPUTS:
        after, effects = step_polling(state, event, CONFIG)
        waiting = {state.held, event.poll_id if isinstance(event, Polled) else None} - {None}
        done = answered(effects)
        assert len(done) == len(set(done)), kind(event)
        assert set(done) | ({after.held} - {None}) == waiting, kind(event)
        assert after.held not in done, kind(event)
        posts = [effect for effect in effects if isinstance(effect, AcceptPost | RefusePost)]
        may_be_answered = isinstance(event, PostBegun) or (isinstance(event, PostReceived) and event.more)
        assert len(posts) == isinstance(event, PostReceived) or (may_be_answered and len(posts) <= 1)
        assert AcceptPost() not in posts or isinstance(event, PostReceived), kind(event)


@in_every_state
def test_no_effect_is_for_a_socket_the_session_does_not_have(state: Polling) -> None:
    for event in INPUTS:
        after, effects = step_polling(state, event, CONFIG)
        assert not [effect for effect in effects if isinstance(effect, SendFrame | CloseSocket)], kind(event)
        if state.probe_ms is None and not isinstance(event, ProbeOpened):
            assert not [one for one in effects if isinstance(one, CloseProbe | SendProbe | SwitchTransport)], kind(
                event
            )
        let_go = state.probe_ms is not None and after.probe_ms is None
        explained = isinstance(event, ProbeGone) or after.switched
        assert (CloseProbe() in effects) is (let_go and not explained), kind(event)


@in_every_state
def test_an_answer_has_some_packets_and_never_too_many(state: Polling) -> None:
    for event in INPUTS:
        for effect in step_polling(state, event, CONFIG)[1]:
            if isinstance(effect, AnswerPoll):
                assert 1 <= len(effect.frames) <= MAX_ANSWERED, kind(event)


@in_every_state
def test_what_survives_a_reset_is_all_but_the_requests_under_way(state: Polling) -> None:
    for event in INPUTS:
        after, _ = step_polling(state, event, CONFIG)
        assert after.session.engine_sid == state.session.engine_sid
        if not after.switched:
            assert polling_from_record(polling_to_record(after)) == survivor(after), kind(event)


@pytest.mark.parametrize("state", TWO_STEP_STATES.values(), ids=TWO_STEP_STATES.keys())
def test_the_end_comes_once_and_what_is_gone_stays_gone(state: Polling) -> None:
    was_open = state.session.phase is Phase.OPEN
    for first in INPUTS:
        middle, before = step_polling(state, first, CONFIG)
        if (middle, before) == (state, ()):
            continue
        for second in INPUTS:
            after, then = step_polling(middle, second, CONFIG)
            announced = state.session.announced or any(isinstance(effect, Opened) for effect in (*before, *then))
            ends = sum(isinstance(effect, Ended) for effect in (*before, *then))
            assert ends == (was_open and after.session.phase is Phase.CLOSED and announced), (kind(first), kind(second))
            if middle.session.phase is Phase.CLOSED:
                assert (after.session.phase, after.held) == (Phase.CLOSED, None), (kind(first), kind(second))
            if middle.gone:
                assert after.gone, (kind(first), kind(second))
                assert not [effect for effect in then if isinstance(effect, AnswerPoll)], (kind(first), kind(second))


def test_there_is_an_input_of_each_kind() -> None:
    assert {type(event) for event in INPUTS} == {*get_args(PollingInput)}


def get_of(polling: Polling) -> str:
    if polling.held is not None:
        return "held"
    return "answered" if polling.drained else "waiting" if polling.outbox else "idle"


def post_of(polling: Polling) -> str:
    return "posting" if polling.posting else "none"


def upgrade_of(polling: Polling) -> str:
    if polling.switched:
        return "websocket"
    return "polling" if polling.probe_ms is None else "probed" if polling.probed else "probing"


def end_of(polling: Polling) -> str:
    if polling.session.phase is Phase.OPEN:
        return "open"
    return "gone" if polling.gone else "closing"


#: What the diagrams are of: how each tells states apart, and the effects that belong to it.
ASPECTS: dict[str, tuple[Callable[[Polling], str], tuple[type, ...]]] = {
    "Its GETs, and what waits for them": (get_of, (AnswerPoll, PutOffPoll, RefusePoll)),
    "Its POSTs": (post_of, (AcceptPost, RefusePost)),
    "Its way to a WebSocket": (upgrade_of, (SendProbe, CloseProbe, SwitchTransport, Upgraded)),
    "Its end": (end_of, (Ended,)),
}


def steps(where: Callable[[Polling], str], shown: tuple[type, ...]) -> Iterator[Step]:
    """Return each step that the shell may take, with the names that a diagram has for it."""
    for state, event in product(STATES.values(), INPUTS):
        if isinstance(event, FrameReceived | SocketGone) or (
            isinstance(event, ProbeOpened) and not may_upgrade(state, CONFIG)
        ):
            continue
        before = replace(state, posting=True) if isinstance(event, PostReceived) else state
        after, effects = step_polling(before, event, CONFIG)
        names = ", ".join(type(effect).__name__ for effect in effects if isinstance(effect, shown))
        yield where(before), type(event).__name__, names, where(after)


def test_the_diagrams_of_polling_are_what_it_does() -> None:
    drawn = (f"{title}:\n\n{draw(steps(*aspect))}" for title, aspect in ASPECTS.items())
    hold("polling", "packages/engine-do/tests/test_polling_product.py", "\n".join(drawn))
