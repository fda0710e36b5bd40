"""Whatever happens to a session that polls, its client gets what was sent: all of it, once, in order."""

from itertools import product

from engine_strategies import packet_frames, sessions, unhurried
from hypothesis import given
from hypothesis import strategies as st
from polling_world import World

from engine_do.config import EngineConfig
from engine_do.protocol.packets import Frame
from engine_do.session.polling import Polling, must_store, polling_from_record, polling_to_record, step_polling
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
)
from engine_do.session.session import (
    CloseRequested,
    Phase,
)
from shared_wire.reasons import Reason

#: Few frames, so that the same one comes twice: a server that ticks sends nothing else.
some_frames: st.SearchStrategy[Frame] = st.sampled_from(["4tick", "4tick", "4tock", b"\x00"])
steps: st.SearchStrategy[tuple[str, object]] = st.one_of(
    st.tuples(st.just("send"), st.lists(some_frames, min_size=1, max_size=1)),
    st.tuples(st.just("send"), st.lists(some_frames, min_size=1, max_size=1) | st.lists(some_frames, max_size=18)),
    st.tuples(st.just("go on"), st.none()),
    st.tuples(st.sampled_from(["get", "arrive", "expire", "post", "sweep"]), st.none()),
    st.tuples(st.just("reset"), st.booleans()),
)


def take(world: World, step: tuple[str, object]) -> None:
    match step:
        case ("send", list(frames)):
            world.send(*frames)
        case ("post", _):
            world.post(f"message {len(world.posted)}")
        case ("go on", _):
            world.arrive()
            world.get()
        case ("reset", bool(in_time)):
            world.reset(in_time=in_time)
        case (str(name), _):
            getattr(world, name)()


@unhurried
@given(st.lists(steps, max_size=25), st.booleans())
def test_resets_lose_nothing_and_double_nothing(script: list[tuple[str, object]], moves: bool) -> None:
    world = World()
    for step in script:
        take(world, step)
        assert world.received == world.sent[: len(world.received)], "without a gap, once each, in order"
    if moves:
        world.upgrade()
    else:
        world.settle()
    assert world.received == world.sent
    assert world.handled == world.posted
    assert world.ended == 0


def test_no_short_history_loses_or_doubles_anything() -> None:
    """All there are, of a server that ticks."""
    moves: list[tuple[str, object]] = [("send", ["4tick"]), ("go on", None), ("reset", True), ("reset", False)]
    for script in product(moves, repeat=6):
        world = World()
        for step in script:
            take(world, step)
        world.settle()
        assert world.received == world.sent, script


def test_a_packet_like_the_one_before_it_is_not_lost_with_the_answer_that_had_it() -> None:
    """The row says that "4tick" is in the answer to g1; it must come to say that another one is in the answer to g2."""
    world = World()
    world.get()
    world.send("4tick")
    world.arrive()
    world.get()
    world.send("4tick")
    world.reset(in_time=False)
    world.settle()
    assert world.received == ["4tick", "4tick"]


def test_a_quiet_client_costs_no_row() -> None:
    world = World()
    for _ in range(10):
        world.get()
        world.expire()
        world.arrive()
    world.post("hello")
    assert world.writes == 0


def test_a_packet_costs_one_row_when_its_get_waits_for_it() -> None:
    world = World()
    for number in range(10):
        world.get()
        world.send(f"4{number}")
        world.arrive()
    assert world.received == world.sent
    assert world.writes == 10


inputs: st.SearchStrategy[PollingInput] = st.one_of(
    st.builds(Polled, st.sampled_from(["g1", "g2", "g3"]), st.booleans()),
    st.builds(PollExpired, st.sampled_from(["g1", "g2", "g3"])),
    st.builds(PollAborted, st.sampled_from(["g1", "g2", "g3"])),
    st.just(PostBegun()),
    st.builds(
        PostReceived,
        st.none() | st.lists(packet_frames | st.text(), max_size=4).map(tuple),
        st.integers(0, 2**40),
        st.booleans(),
    ),
    st.builds(Queued, st.lists(packet_frames, max_size=4).map(tuple)),
    st.just(Flushed()),
    st.builds(ProbeOpened, st.integers(0, 2**40)),
    st.builds(ProbeReceived, st.sampled_from(["2probe", "5"]) | st.text(max_size=3) | st.binary(max_size=3)),
    st.just(ProbeGone()),
    st.builds(CloseRequested, st.sampled_from(Reason)),
)


@st.composite
def pollings(draw: st.DrawFn) -> Polling:
    """Draw a session that polls, as a row may hold it."""
    outbox = draw(st.lists(packet_frames, max_size=5))
    return Polling(
        session=draw(sessions()),
        address=draw(st.text(max_size=40)),
        outbox=tuple(outbox),
        drained=draw(st.integers(0, len(outbox))),
        drained_by=draw(st.sampled_from(["", "g1", "g2"])),
    )


@unhurried
@given(pollings())
def test_a_session_that_polls_survives_its_record(polling: Polling) -> None:
    record = polling_to_record(polling)
    assert record.isascii()
    assert polling_from_record(record) == polling


@unhurried
@given(pollings(), st.lists(inputs, max_size=12))
def test_what_is_not_stored_makes_no_difference_to_the_next_get(polling: Polling, events: list[PollingInput]) -> None:
    """Compare an object that lives on with one that was reset: a client cannot tell, unless a request was under way."""
    stored, now = polling, polling
    for event in events:
        now, _ = step_polling(now, event, EngineConfig())
        if must_store(stored, now):
            stored = now
    if now.switched or now.held or now.probed:
        return
    restored = polling_from_record(polling_to_record(stored))
    assert restored is not None
    for poll in (Polled("next"), Polled(now.drained_by, repeated=True)):
        lived, lived_effects = step_polling(now, poll, EngineConfig())
        reset, reset_effects = step_polling(restored, poll, EngineConfig())
        if isinstance(poll, Polled) and poll.repeated and not now.drained:
            continue  # its answer was a noop, or has arrived: nothing to compare
        assert lived_effects == reset_effects
        assert (lived.session, lived.outbox) == (reset.session, reset.outbox)


@unhurried
@given(pollings(), st.lists(inputs, max_size=12))
def test_no_packet_comes_out_that_did_not_go_in(polling: Polling, events: list[PollingInput]) -> None:
    """Answers begin with the oldest packet that was not fetched, and end before the newest or with it."""
    for event in events:
        after, effects = step_polling(polling, event, EngineConfig())
        for effect in effects:
            if isinstance(effect, AnswerPoll) and effect.frames != ("6",) and after.session.phase is Phase.OPEN:
                assert after.outbox[: len(effect.frames)] == effect.frames
        polling = after
