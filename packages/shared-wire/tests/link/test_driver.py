from collections import Counter
from dataclasses import replace

import pytest
from wire_fakes import Pair, Step

from shared_wire.format.codec import decode, encode
from shared_wire.format.frames import Call, Life, Refusal, Reply
from shared_wire.format.operations import (
    AcceptDigest,
    CloseSessions,
    EngineSid,
    ListSessions,
    MessageReceived,
    Operation,
    SendPackets,
    SessionClosed,
    SessionsDigest,
)
from shared_wire.limits import FEW_QUEUED_BYTES, MAX_ATTEMPTS, MAX_FRAME_BYTES, MAX_QUEUED, MAX_QUEUED_BYTES
from shared_wire.link.driver import LinkDriver
from shared_wire.link.stream_messages import NOT_TAKEN

X, Y, Z = EngineSid("x"), EngineSid("y"), EngineSid("z")
REPORT = SessionsDigest(0, b"")


def up(sid: EngineSid, packet: str = "m") -> MessageReceived:
    return MessageReceived(sid, packet)


def down(sid: EngineSid, packet: str = "p") -> SendPackets:
    return SendPackets((sid,), (packet,))


@pytest.fixture(params=[False, True], ids=["calls", "stream"])
def pair(request: pytest.FixtureRequest) -> Pair:
    made = Pair()
    for actor in (made.engine, made.socket):
        actor.has_stream = actor.wire.has_stream = request.param
    return made


def engine_sends(pair: Pair, *operations: Operation) -> None:
    pair.engine.driver.send("socket", *operations)


def socket_sends(pair: Pair, *operations: Operation) -> None:
    pair.socket.driver.send("engine", *operations)


def call_under_way(pair: Pair) -> Call:
    frame = pair.engine.wire.journeys[0].frame
    assert isinstance(frame, Call)
    return frame


def answer_to(pair: Pair, data: bytes) -> Reply:
    frame = decode(pair.socket.driver.answer(data))
    assert isinstance(frame, Reply)
    return frame


def echo(pair: Pair) -> None:
    """Let the application answer each message at once."""

    def handler(_peer: str, operations: tuple[Operation, ...]) -> None:
        for operation in operations:
            if isinstance(operation, MessageReceived):
                socket_sends(pair, down(operation.engine_sid, f"echo {operation.packet!s}"))

    pair.socket.wire.handler = handler


def suspend(pair: Pair) -> list[Step[None]]:
    """Let each of the application's handlers wait for a step."""
    steps: list[Step[None]] = []

    def handler(_peer: str, _operations: tuple[Operation, ...]) -> Step[None]:
        steps.append(Step())
        return steps[-1]

    pair.socket.wire.handler = handler
    return steps


# Sending


def test_a_call_is_made_at_once_and_to_the_peer_named(pair: Pair) -> None:
    engine_sends(pair, up(X))
    [journey] = pair.engine.wire.journeys
    assert journey.peer == "socket"
    assert call_under_way(pair).operations == (up(X),)


def test_operations_arrive_and_the_wire_comes_to_rest(pair: Pair) -> None:
    engine_sends(pair, up(X), up(Y))
    pair.settle()
    assert pair.socket.wire.delivered == [up(X), up(Y)]
    assert pair.engine.wire.calls_made == 1
    assert pair.socket.wire.calls_made == 0
    assert pair.engine.wire.lost == pair.socket.wire.lost == []


def test_what_is_sent_while_a_call_is_under_way_travels_together(pair: Pair) -> None:
    engine_sends(pair, up(X, "1"))
    engine_sends(pair, up(X, "2"))
    engine_sends(pair, up(Y, "3"))
    assert len(pair.engine.wire.journeys) == 1
    pair.exchange(pair.engine)
    assert call_under_way(pair).operations == (up(X, "2"), up(Y, "3"))
    pair.settle()
    assert pair.engine.wire.calls_made == 2


def test_peers_do_not_wait_for_each_other(pair: Pair) -> None:
    engine_sends(pair, up(X))
    pair.engine.driver.send("another", up(Y))
    assert [journey.peer for journey in pair.engine.wire.journeys] == ["socket", "another"]


def test_sending_nothing_makes_no_call(pair: Pair) -> None:
    engine_sends(pair)
    assert pair.engine.wire.idle


def test_a_peer_s_life_is_known_once_it_was_met(pair: Pair) -> None:
    assert pair.engine.driver.peer_life("socket") is None
    assert pair.socket.driver.peer_life("engine") is None
    engine_sends(pair, up(X))
    pair.exchange(pair.engine)
    assert pair.engine.driver.peer_life("socket") == pair.socket.life
    assert pair.socket.driver.peer_life("engine") == pair.engine.life


# Answering


def test_an_event_with_an_immediate_answer_costs_one_rpc(pair: Pair) -> None:
    echo(pair)
    engine_sends(pair, up(X, "hello"))
    pair.settle()
    assert pair.engine.wire.delivered == [down(X, "echo hello")]
    assert (pair.engine.wire.calls_made, pair.socket.wire.calls_made) == (1, 0)


def test_what_both_sides_say_keeps_its_order_over_many_events(pair: Pair) -> None:
    echo(pair)
    for number in range(50):
        engine_sends(pair, up(X, str(number)))
        if number % 3 == 0:
            pair.exchange(pair.engine)
        if number % 7 == 0:
            socket_sends(pair, down(Y, str(number)))
    pair.settle()
    to_x = [operation for operation in pair.engine.wire.delivered if operation.engine_sids == (X,)]  # type: ignore[union-attr]
    to_y = [operation for operation in pair.engine.wire.delivered if operation.engine_sids == (Y,)]  # type: ignore[union-attr]
    assert to_x == [down(X, f"echo {number}") for number in range(50)]
    assert to_y == [down(Y, str(number)) for number in range(0, 50, 7)]


def test_what_does_not_fit_into_the_reply_follows_by_calls(pair: Pair) -> None:
    def handler(_peer: str, _operations: tuple[Operation, ...]) -> None:
        socket_sends(pair, *[down(X, str(number)) for number in range(4_100)])

    pair.socket.wire.handler = handler
    engine_sends(pair, up(X))
    # The reply arrives before the call that follows it: one that does not is the link's business (`test_link`).
    reply = pair.arrive(pair.engine)
    pair.finish(pair.engine, reply)
    pair.settle()
    assert pair.engine.wire.delivered == [down(X, str(number)) for number in range(4_100)]


def test_what_a_loss_says_travels_although_its_cause_was_refused(pair: Pair) -> None:
    def lose(_peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        engine_sends(pair, *[SessionClosed(sid, "transport error") for sid in engine_sids or ()])

    suspend(pair)
    pair.engine.wire.loser = lose
    engine_sends(pair, up(X))
    pair.exchange(pair.engine)
    pair.socket.restart()
    socket_sends(pair, down(Y))
    pair.socket.wire.fail()
    pair.socket.wire.wake()
    pair.exchange(pair.socket)
    assert pair.engine.wire.lost == [X]
    pair.settle()
    assert pair.socket.wire.delivered == [SessionClosed(X, "transport error")]


def test_a_handler_that_suspends_does_not_hold_up_the_answer(pair: Pair) -> None:
    steps = suspend(pair)
    engine_sends(pair, up(X, "1"))
    pair.exchange(pair.engine)
    assert len(steps) == 1
    assert pair.engine.wire.idle
    engine_sends(pair, up(X, "2"))
    pair.exchange(pair.engine)
    assert pair.socket.wire.delivered == [up(X, "1"), up(X, "2")]


def test_what_one_step_of_a_handler_sends_travels_together_with_the_word_that_it_is_done(pair: Pair) -> None:
    steps = suspend(pair)
    engine_sends(pair, up(X))
    pair.settle()
    deferred = pair.socket.wire.deferred = []
    socket_sends(pair, down(X, "1"))
    socket_sends(pair, down(X, "2"))
    steps[0].resolve(None)
    assert [journey.frame.operations for journey in pair.socket.wire.journeys] == [(down(X, "1"), down(X, "2"))]
    assert pair.socket.wire.journeys[0].frame.changes[-1] == (1, X, True)
    for action in deferred:
        action()
    pair.settle()
    assert pair.socket.wire.calls_made == 1
    assert pair.engine.wire.delivered == [down(X, "1"), down(X, "2")]
    assert pair.engine.wire.may_sleep


def test_a_handler_that_suspends_is_confirmed_by_one_call_of_its_own(pair: Pair) -> None:
    steps = suspend(pair)
    engine_sends(pair, up(X))
    reply = decode(pair.arrive(pair.engine))
    assert (reply.received, reply.changes) == (1, ((1, X, False),))
    pair.finish(pair.engine, encode(reply))
    assert pair.socket.wire.idle
    steps[0].resolve(None)
    [journey] = pair.socket.wire.journeys
    assert (journey.frame.seq, journey.frame.received, journey.frame.changes[-1]) == (0, 1, (1, X, True))
    pair.settle()
    assert pair.socket.wire.calls_made == 1
    pair.socket.restart()
    socket_sends(pair, down(Y))
    pair.settle()
    assert pair.engine.wire.lost == []


def test_what_a_handler_says_after_it_suspended_is_its_confirmation_too(pair: Pair) -> None:
    gate: Step[None] = Step()

    def handler(_peer: str, _operations: tuple[Operation, ...]) -> Step[None]:
        socket_sends(pair, down(X, "before"))
        return gate

    pair.socket.wire.handler = handler
    engine_sends(pair, up(X))
    pair.exchange(pair.engine)
    assert pair.engine.wire.delivered == [down(X, "before")]
    socket_sends(pair, down(X, "after"))
    gate.resolve(None)
    pair.settle()
    assert pair.engine.wire.delivered == [down(X, "before"), down(X, "after")]


def test_a_handler_that_turns_out_not_to_suspend_is_confirmed_by_the_reply(pair: Pair) -> None:
    done: Step[None] = Step()
    done.resolve(None)
    pair.socket.wire.handler = lambda _peer, _operations: done
    engine_sends(pair, up(X))
    reply = decode(pair.arrive(pair.engine))
    assert (reply.received, reply.changes) == (1, ())
    pair.finish(pair.engine, encode(reply))
    assert pair.socket.wire.idle


def test_unhandled_work_is_lost_when_the_application_s_life_ends(pair: Pair) -> None:
    suspend(pair)
    engine_sends(pair, up(X))
    pair.exchange(pair.engine)
    pair.socket.restart()
    engine_sends(pair, up(Y))
    pair.settle()
    assert pair.engine.wire.lost == [X]
    assert pair.socket.wire.delivered == [up(Y)]


def test_a_clean_sleep_of_either_side_costs_nothing(pair: Pair) -> None:
    for number in range(4):
        echo(pair)
        engine_sends(pair, up(X, str(number)))
        pair.settle()
        assert pair.engine.wire.delivered == [down(X, f"echo {number}")]
        assert pair.engine.wire.calls_made == 1
        assert pair.engine.wire.lost == pair.socket.wire.lost == []
        if number % 2:
            pair.socket.sleep()
        pair.engine.sleep()


def test_each_session_is_confirmed_when_its_own_handler_is_done(pair: Pair) -> None:
    gates: dict[EngineSid, Step[None]] = {X: Step(), Y: Step()}
    pair.socket.wire.handler = lambda _peer, _operations: gates
    engine_sends(pair, up(X), up(Y))
    pair.exchange(pair.engine)
    gates[Y].resolve(None)
    [journey] = pair.socket.wire.journeys
    assert journey.frame.changes[-1] == (1, Y, True)
    pair.settle()
    pair.socket.restart()
    socket_sends(pair, down(Y))
    pair.settle()
    assert pair.engine.wire.lost == [X]


def test_work_that_is_never_said_to_be_done_matters_only_to_who_runs_the_application(pair: Pair) -> None:
    pair.engine.wire.handler = lambda _peer, _operations: Step()
    socket_sends(pair, down(X))
    pair.settle()
    assert not pair.socket.driver.must_remember("engine")
    assert pair.socket.wire.calls_made == 1
    pair.engine.restart()
    engine_sends(pair, up(Y))
    pair.settle()
    assert pair.socket.wire.lost == []


# Staying awake


def test_the_engine_actor_stays_awake_until_its_work_is_confirmed(pair: Pair) -> None:
    steps = suspend(pair)
    engine_sends(pair, up(X))
    assert not pair.engine.wire.may_sleep, "its call is under way"
    assert pair.engine.wire.awake == set()
    pair.exchange(pair.engine)
    assert pair.engine.wire.awake == {"socket"}
    assert pair.engine.driver.must_remember("socket")
    assert pair.socket.wire.awake == set()
    steps[0].resolve(None)
    pair.settle()
    assert pair.engine.wire.awake == set()
    assert not pair.engine.driver.must_remember("socket")
    assert pair.engine.wire.may_sleep
    assert pair.socket.wire.may_sleep


def test_the_engine_actor_stays_awake_while_a_frame_waits_for_its_turn(pair: Pair) -> None:
    echo(pair)
    socket_sends(pair, down(X, "first"))
    engine_sends(pair, up(X, "hello"))
    pair.exchange(pair.engine)
    assert pair.engine.wire.delivered == []
    assert pair.engine.wire.awake == {"socket"}
    pair.settle()
    assert pair.engine.wire.delivered == [down(X, "first"), down(X, "echo hello")]
    assert pair.engine.wire.awake == set()


def test_each_peer_keeps_the_object_awake_for_itself(pair: Pair) -> None:
    suspend(pair)
    engine_sends(pair, up(X))
    pair.exchange(pair.engine)
    pair.engine.driver.send("another", up(Y))
    assert pair.engine.wire.awake == {"socket"}
    assert not pair.engine.driver.must_remember("another")


def test_a_reset_of_the_application_ends_the_wait_at_the_next_contact(pair: Pair) -> None:
    suspend(pair)
    engine_sends(pair, up(X))
    pair.exchange(pair.engine)
    pair.socket.restart()
    assert pair.engine.driver.must_remember("socket"), "so the shell makes a contact"
    engine_sends(pair, REPORT)
    pair.settle()
    assert pair.engine.wire.lost == [X]
    assert pair.engine.wire.awake == set()


def test_a_peer_never_spoken_to_needs_no_memory(pair: Pair) -> None:
    assert not pair.engine.driver.must_remember("socket")
    assert pair.engine.wire.may_sleep


def test_a_shell_that_raises_costs_the_sessions_of_its_frame_only_and_ends_no_link(pair: Pair) -> None:
    def handler(_peer: str, _operations: tuple[Operation, ...]) -> None:
        raise LookupError("broken")

    pair.socket.wire.handler = handler
    engine_sends(pair, up(X))
    pair.settle()
    assert pair.socket.wire.lost == [X]
    assert pair.socket.wire.faults == ["carrying out a frame of engine: LookupError('broken')"]
    assert pair.engine.wire.may_sleep
    pair.socket.wire.handler = lambda _peer, _operations: None
    engine_sends(pair, up(Y))
    pair.settle()
    assert pair.socket.wire.delivered == [up(X), up(Y)]
    assert pair.engine.wire.lost == []


def test_a_shell_that_cannot_close_what_was_lost_goes_on(pair: Pair) -> None:
    def loser(_peer: str, _engine_sids: tuple[EngineSid, ...] | None) -> None:
        raise LookupError("broken")

    pair.engine.wire.loser = loser
    engine_sends(pair, up(X, "\ud800"), up(Y))
    engine_sends(pair, up(Z))
    pair.settle()
    assert "closing sessions that were lost: LookupError('broken')" in pair.engine.wire.faults
    assert up(Z) in pair.socket.wire.delivered


def test_a_call_that_ends_in_an_unknown_way_is_repeated(pair: Pair) -> None:
    engine_sends(pair, up(Y))
    pair.settle()
    pair.engine.wire.breaks.append(TypeError("no bytes"))
    engine_sends(pair, up(X))
    assert pair.engine.wire.faults == ["calling socket: TypeError('no bytes')"]
    pair.settle()
    assert pair.socket.wire.delivered == [up(Y), up(X)]
    assert pair.engine.wire.lost == []


# Failing


def test_a_failed_call_is_repeated_after_a_pause(pair: Pair) -> None:
    engine_sends(pair, up(X))
    pair.engine.wire.fail()
    assert [pause.attempt for pause in pair.engine.wire.pauses] == [2]
    assert pair.engine.wire.journeys == []
    pair.engine.wire.wake()
    assert (call_under_way(pair).attempt, call_under_way(pair).operations) == (2, (up(X),))


def test_a_call_that_arrived_is_answered_from_the_store_when_only_its_reply_was_lost(pair: Pair) -> None:
    echo(pair)
    engine_sends(pair, up(X, "hello"))
    first = pair.arrive(pair.engine)
    pair.engine.wire.fail()
    pair.engine.wire.wake()
    assert pair.arrive(pair.engine) == first
    pair.settle()
    assert pair.socket.wire.delivered == [up(X, "hello")]
    assert pair.engine.wire.delivered == [down(X, "echo hello")]


def test_a_pause_holds_up_nothing_but_its_own_peer(pair: Pair) -> None:
    engine_sends(pair, up(X))
    pair.engine.wire.fail()
    engine_sends(pair, up(Y))
    pair.engine.driver.send("another", up(Y))
    assert [journey.peer for journey in pair.engine.wire.journeys] == ["another"]


def test_an_unreachable_peer_costs_the_sessions_of_what_was_sent(pair: Pair) -> None:
    engine_sends(pair, up(X))
    engine_sends(pair, up(Y))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        assert call_under_way(pair).attempt == attempt
        pair.engine.wire.fail()
        if attempt < MAX_ATTEMPTS:
            pair.engine.wire.wake()
    assert sorted(pair.engine.wire.lost) == [X, Y]
    assert pair.engine.wire.calls_made == MAX_ATTEMPTS
    assert pair.engine.wire.idle


def test_a_peer_that_can_be_reached_again_is_spoken_to_again(pair: Pair) -> None:
    engine_sends(pair, up(X))
    for _ in range(MAX_ATTEMPTS - 1):
        pair.engine.wire.fail()
        pair.engine.wire.wake()
    pair.engine.wire.fail()
    engine_sends(pair, up(Y))
    pair.settle()
    assert pair.engine.wire.all_lost == 1
    engine_sends(pair, up(X))
    pair.settle()
    assert pair.socket.wire.delivered[-1] == up(X)
    assert pair.engine.wire.all_lost == 1


def test_the_attempts_of_a_call_that_was_given_up_are_no_others(pair: Pair) -> None:
    engine_sends(pair, up(X))
    for _ in range(MAX_ATTEMPTS - 1):
        pair.engine.wire.fail()
        pair.engine.wire.wake()
    pair.engine.wire.fail()
    assert pair.engine.wire.idle
    engine_sends(pair, up(Y))
    pair.engine.wire.fail()
    assert [one.attempt for one in pair.engine.wire.pauses] == [2]


def give_up(pair: Pair) -> None:
    """Have all attempts of the socket actor's call fail."""
    for _ in range(MAX_ATTEMPTS - 1):
        pair.socket.wire.fail()
        pair.socket.wire.wake()
    pair.socket.wire.fail()


def test_a_peer_that_holds_sockets_which_are_to_be_closed_is_noted_and_hears_of_it_with_the_next_call(
    pair: Pair,
) -> None:
    socket_sends(pair, down(X))
    give_up(pair)
    assert pair.socket.wire.unheard == ["engine"]
    assert pair.socket.wire.idle
    assert pair.socket.wire.may_sleep
    socket_sends(pair, ListSessions())
    pair.settle()
    assert pair.engine.wire.delivered == [CloseSessions((X,), "transport error"), ListSessions()]


def test_whose_packets_wait_is_noted_for_as_long_as_a_call_to_a_peer_with_sockets_fails(pair: Pair) -> None:
    engine_sends(pair, up(X))
    pair.settle()
    socket_sends(pair, down(X))
    socket_sends(pair, down(Y))
    assert pair.socket.wire.failing == {}
    pair.socket.wire.fail()
    socket_sends(pair, down(Z))
    assert pair.socket.wire.failing == {"engine": [X, Y, Z]}
    pair.socket.wire.wake()
    pair.settle()
    assert pair.engine.wire.delivered == [down(X), down(Y), down(Z)]
    assert pair.socket.wire.failing == {}
    socket_sends(pair, down(X))
    give_up(pair)
    assert pair.socket.wire.failing == {"engine": [X]}
    assert pair.socket.wire.unheard == ["engine"], "until it is heard of"


def test_what_left_with_a_reply_that_was_lost_is_noted_when_a_call_fails(pair: Pair) -> None:
    pair.socket.wire.handler = lambda _peer, _operations: socket_sends(pair, down(Y))
    engine_sends(pair, up(X))
    pair.arrive(pair.engine)
    socket_sends(pair, down(Z))
    pair.socket.wire.fail()
    assert pair.socket.wire.failing == {"engine": [Y, Z]}


def test_a_peer_that_holds_no_sockets_is_not_tried_again(pair: Pair) -> None:
    engine_sends(pair, up(X))
    for _ in range(MAX_ATTEMPTS - 1):
        pair.engine.wire.fail()
        pair.engine.wire.wake()
    pair.engine.wire.fail()
    assert pair.engine.wire.idle
    assert pair.engine.wire.unheard == []
    assert pair.engine.wire.failing == {}


def test_what_closing_lost_sessions_says_travels_after_the_failure(pair: Pair) -> None:
    def lose(_peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        for sid in engine_sids or ():
            engine_sends(pair, SessionClosed(sid, "transport error"))

    pair.engine.wire.loser = lose
    engine_sends(pair, up(X))
    for _ in range(MAX_ATTEMPTS - 1):
        pair.engine.wire.fail()
        pair.engine.wire.wake()
    pair.engine.wire.fail()
    pair.settle()
    assert pair.socket.wire.delivered == [SessionClosed(X, "transport error")]


@pytest.mark.parametrize("answer", [b"", b"\xff", b"\x01"], ids=["empty", "unknown version", "cut"])
def test_an_answer_that_is_no_frame_counts_as_a_failure(pair: Pair, answer: bytes) -> None:
    engine_sends(pair, up(X))
    pair.finish(pair.engine, answer)
    assert [pause.attempt for pause in pair.engine.wire.pauses] == [2]


def test_an_answer_that_is_a_call_counts_as_a_failure(pair: Pair) -> None:
    engine_sends(pair, up(X))
    pair.finish(pair.engine, encode(call_under_way(pair)))
    assert [pause.attempt for pause in pair.engine.wire.pauses] == [2]


def overloaded(pair: Pair) -> Reply:
    return Reply(
        sender="socket",
        sender_life=pair.socket.life,
        receiver_life=pair.engine.life,
        attempt=1,
        seq=0,
        lowest_unconfirmed=1,
        received=0,
        refusal=Refusal.OVERLOADED,
    )


def test_an_overloaded_peer_is_asked_again(pair: Pair) -> None:
    engine_sends(pair, up(X))
    pair.finish(pair.engine, encode(overloaded(pair)))
    assert [pause.attempt for pause in pair.engine.wire.pauses] == [2]
    assert pair.engine.wire.lost == []


def test_a_call_that_was_certainly_not_taken_is_made_again_as_the_same_attempt(pair: Pair) -> None:
    engine_sends(pair, up(X))
    first = call_under_way(pair)
    pair.finish(pair.engine, NOT_TAKEN)
    pair.engine.wire.wake()
    assert call_under_way(pair) == first
    pair.settle()
    assert pair.socket.wire.delivered == [up(X)]
    assert pair.engine.wire.lost == []


def test_what_no_frame_could_hold_is_not_written_and_loses_those_it_is_for(pair: Pair) -> None:
    engine_sends(pair, up(X, "x" * (MAX_FRAME_BYTES + 1)))
    assert pair.engine.wire.lost == [X]
    assert pair.engine.wire.faults == []
    engine_sends(pair, up(Y))
    assert call_under_way(pair).operations == (up(Y),)


def test_a_call_is_made_so_often_and_no_more_whatever_becomes_of_it(pair: Pair) -> None:
    engine_sends(pair, up(X))
    for number in range(MAX_ATTEMPTS):
        if number % 2:
            pair.engine.wire.fail()
        else:
            pair.finish(pair.engine, encode(overloaded(pair)))
        if number < MAX_ATTEMPTS - 1:
            assert [pause.attempt for pause in pair.engine.wire.pauses] == [number + 2]
            pair.engine.wire.wake()
    assert pair.engine.wire.pauses == []
    assert pair.engine.wire.lost == [X]


def test_a_call_refused_by_a_new_life_costs_its_sessions(pair: Pair) -> None:
    engine_sends(pair, up(X))
    pair.arrive(pair.engine)
    pair.engine.wire.fail()
    pair.socket.restart()
    pair.settle()
    assert pair.engine.wire.lost == [X]
    assert pair.socket.wire.delivered == []


# The queue


def test_a_full_queue_costs_the_sessions_of_what_does_not_fit(pair: Pair) -> None:
    engine_sends(pair, up(X))
    engine_sends(pair, *[REPORT] * MAX_QUEUED)
    assert pair.engine.wire.lost == []
    engine_sends(pair, up(Y))
    assert pair.engine.wire.lost == [Y]
    pair.settle()
    assert up(Y) not in pair.socket.wire.delivered
    assert len(pair.socket.wire.delivered) == 1 + MAX_QUEUED


def test_what_does_not_fit_and_concerns_no_session_is_left_out(pair: Pair) -> None:
    told: list[tuple[EngineSid, ...] | None] = []
    pair.engine.wire.loser = lambda _peer, engine_sids: told.append(engine_sids)
    engine_sends(pair, up(X))
    engine_sends(pair, *[REPORT] * MAX_QUEUED)
    engine_sends(pair, REPORT)
    assert told == []
    pair.settle()
    assert len(pair.socket.wire.delivered) == 1 + MAX_QUEUED


def test_of_what_is_too_much_the_session_that_holds_most_is_lost_and_the_others_go_on(pair: Pair) -> None:
    engine_sends(pair, up(Z))
    engine_sends(pair, up(Y, "1"))
    engine_sends(pair, *[up(X)] * (MAX_QUEUED - 1))
    engine_sends(pair, up(Y, "2"))
    assert pair.engine.wire.lost == [X]
    pair.settle()
    assert pair.socket.wire.delivered == [up(Z), up(Y, "1"), up(Y, "2")]


def test_bytes_that_wait_are_bounded_as_their_number_is(pair: Pair) -> None:
    engine_sends(pair, up(Z))
    for _ in range(20):
        engine_sends(pair, up(X, "x" * 500_000))
    engine_sends(pair, up(Y, "y"))
    assert set(pair.engine.wire.lost) == {X}
    pair.settle()
    assert pair.socket.wire.delivered[-1] == up(Y, "y")


def test_one_operation_may_be_larger_than_what_may_wait(pair: Pair) -> None:
    engine_sends(pair, up(Z))
    engine_sends(pair, up(X, "x" * MAX_QUEUED_BYTES))
    pair.settle()
    assert pair.engine.wire.lost == []
    assert len(pair.socket.wire.delivered) == 2


@pytest.mark.parametrize(("waiting", "lost"), [(FEW_QUEUED_BYTES // 2 - 200, []), (FEW_QUEUED_BYTES // 2 + 200, [X])])
def test_it_may_come_behind_a_little_that_waits_and_not_behind_more(
    pair: Pair, waiting: int, lost: list[EngineSid]
) -> None:
    engine_sends(pair, up(Z))
    engine_sends(pair, up(Y, "y" * waiting))
    engine_sends(pair, up(X, "x" * MAX_QUEUED_BYTES))
    assert pair.engine.wire.lost == lost
    pair.settle()
    assert len(pair.socket.wire.delivered) == 3 - len(lost)


def test_operations_that_do_not_fit_though_the_largest_holder_is_lost_are_lost(pair: Pair) -> None:
    engine_sends(pair, up(X))
    engine_sends(pair, *[REPORT] * MAX_QUEUED)
    engine_sends(pair, up(X), up(Y))
    assert sorted(set(pair.engine.wire.lost)) == [X, Y]


def test_what_closes_sessions_passes_though_too_much_waits(pair: Pair) -> None:
    """So the closings that a loss leads to cannot lead to another loss, and so on."""
    pair.socket.wire.loser = lambda _peer, sids: socket_sends(pair, CloseSessions(tuple(sids or ()), "transport error"))
    socket_sends(pair, down(Z))
    for _ in range(MAX_QUEUED + 1):
        socket_sends(pair, down(X))
    assert pair.socket.wire.lost == [X]
    pair.settle()
    assert pair.engine.wire.delivered == [down(Z), CloseSessions((X,), "transport error")]


def test_a_closing_passes_a_queue_that_is_full_of_what_concerns_no_session(pair: Pair) -> None:
    engine_sends(pair, up(X))
    engine_sends(pair, *[REPORT] * MAX_QUEUED)
    engine_sends(pair, SessionClosed(X, "transport close"))
    pair.settle()
    assert pair.socket.wire.delivered[-1] == SessionClosed(X, "transport close")
    assert pair.engine.wire.lost == []


def test_a_queue_that_has_drained_takes_more(pair: Pair) -> None:
    engine_sends(pair, up(X))
    engine_sends(pair, *[REPORT] * MAX_QUEUED)
    pair.settle()
    engine_sends(pair, up(Y))
    pair.settle()
    assert pair.socket.wire.delivered[-1] == up(Y)
    assert pair.engine.wire.lost == []


# What no frame can carry


def test_an_operation_that_no_frame_can_carry_costs_its_own_session_only(pair: Pair) -> None:
    engine_sends(pair, up(X, "\ud800"))
    engine_sends(pair, up(Y))
    pair.settle()
    assert pair.engine.wire.lost == [X]
    assert up(Y) in pair.socket.wire.delivered


def test_an_answer_that_no_frame_can_carry_costs_its_own_session_only(pair: Pair) -> None:
    pair.socket.wire.handler = lambda _peer, _operations: socket_sends(pair, down(Y, "\ud800"))
    engine_sends(pair, up(X))
    pair.settle()
    assert pair.socket.wire.lost == [Y]
    assert pair.engine.wire.lost == []


def test_an_answer_that_no_frame_can_carry_because_of_a_report_costs_nobody(pair: Pair) -> None:
    flaw = AcceptDigest(b"", -1)
    pair.socket.wire.handler = lambda _peer, _operations: socket_sends(pair, flaw)
    engine_sends(pair, up(X))
    pair.settle()
    assert pair.socket.wire.lost == pair.engine.wire.lost == []
    assert pair.engine.wire.delivered == []


def test_after_what_no_frame_can_carry_both_sides_go_on(pair: Pair) -> None:
    engine_sends(pair, up(X, "\ud800"))
    engine_sends(pair, up(Y, "1"))
    socket_sends(pair, down(X, "\ud800"))
    socket_sends(pair, down(Y, "2"))
    pair.settle()
    assert pair.socket.wire.delivered == [up(Y, "1")]
    assert [operation for operation in pair.engine.wire.delivered if isinstance(operation, SendPackets)] == [
        down(Y, "2")
    ]
    assert pair.engine.wire.may_sleep
    assert pair.socket.wire.may_sleep


# Counting


def test_what_a_life_costs_is_counted() -> None:
    pair = Pair()
    counts: Counter[str] = Counter()
    pair.engine.driver = LinkDriver(
        "engine", pair.engine.life, pair.engine.wire, peer_holds_sockets=False, counters=counts
    )
    echo(pair)
    engine_sends(pair, up(X), up(Y))
    reply = pair.arrive(pair.engine)
    size = len(pair.engine.wire.journeys[0].data)
    pair.engine.wire.fail()
    assert counts == {"bytes_sent": size, "operations_sent": 2}
    pair.engine.wire.wake()
    assert counts == {"resends": 1, "bytes_sent": 2 * size, "operations_sent": 2}
    pair.finish(pair.engine, reply)
    assert counts["operations_received"] == 2
    socket_sends(pair, down(X))
    [journey] = pair.socket.wire.journeys
    pair.exchange(pair.socket)
    assert counts["bytes_received"] >= len(journey.data)
    assert counts["operations_received"] == 3


def test_what_is_lost_and_what_is_answered_is_counted() -> None:
    pair = Pair()
    counts: Counter[str] = Counter()
    pair.socket.driver = LinkDriver(
        "socket", pair.socket.life, pair.socket.wire, peer_holds_sockets=True, counters=counts
    )
    echo(pair)
    engine_sends(pair, up(X))
    pair.settle()
    assert (counts["operations_received"], counts["operations_sent"]) == (1, 1)
    socket_sends(pair, down(X, "\ud800"))
    assert counts["sessions_lost"] == 1


def test_whoever_calls_is_named_and_bytes_of_nobody_are_not(pair: Pair) -> None:
    callers: list[str] = []
    engine_sends(pair, up(X))
    [journey] = pair.engine.wire.journeys
    pair.socket.driver.answer(journey.data, callers.append)
    pair.socket.driver.answer(b"no frame", callers.append)
    assert callers == ["engine"]


# Contact without anything to say


def test_contact_is_a_call_although_nothing_is_to_be_said(pair: Pair) -> None:
    pair.engine.driver.contact("socket")
    [journey] = pair.engine.wire.journeys
    call = decode(journey.data)
    assert isinstance(call, Call)
    assert (call.seq, call.operations) == (0, ())
    pair.settle()
    assert pair.engine.wire.journeys == []


def test_contact_shows_that_the_peer_has_lost_what_it_had_not_handled(pair: Pair) -> None:
    suspend(pair)
    engine_sends(pair, up(X))
    pair.settle()
    assert pair.engine.driver.must_remember("socket")
    pair.socket.restart()
    pair.engine.driver.contact("socket")
    pair.settle()
    assert pair.engine.wire.lost == [X]
    assert not pair.engine.driver.must_remember("socket")


def test_contact_waits_for_the_call_under_way(pair: Pair) -> None:
    engine_sends(pair, up(X))
    pair.engine.driver.contact("socket")
    assert len(pair.engine.wire.journeys) == 1


# Unreadable bytes


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x02\x01", b"\x01\x01\x00\x00", bytes(100)])
def test_bytes_that_are_no_frame_are_refused_without_a_word_of_the_error(pair: Pair, data: bytes) -> None:
    reply = answer_to(pair, data)
    assert reply.refusal is Refusal.UNREADABLE
    assert (reply.sender, reply.sender_life, reply.receiver_life) == ("socket", pair.socket.life, None)
    assert reply.operations == ()
    assert pair.socket.wire.delivered == []


def test_a_reply_where_a_call_is_expected_is_unreadable(pair: Pair) -> None:
    engine_sends(pair, up(X))
    reply = pair.arrive(pair.engine)
    assert answer_to(pair, reply).refusal is Refusal.UNREADABLE


def test_unreadable_bytes_change_nothing(pair: Pair) -> None:
    engine_sends(pair, up(X, "1"))
    pair.settle()
    pair.socket.driver.answer(b"\x00")
    engine_sends(pair, up(X, "2"))
    pair.settle()
    assert pair.socket.wire.delivered == [up(X, "1"), up(X, "2")]


def test_a_call_that_the_peer_could_not_read_costs_its_sessions_at_once(pair: Pair) -> None:
    engine_sends(pair, up(X))
    pair.finish(pair.engine, pair.socket.driver.answer(b"\x00"))
    assert pair.engine.wire.lost == [X]
    assert pair.engine.wire.idle


def test_a_refused_old_life_is_told_so_and_hands_nothing_on(pair: Pair) -> None:
    engine_sends(pair, up(X))
    old = call_under_way(pair)
    pair.engine.restart()
    engine_sends(pair, up(Y))
    pair.settle()
    assert answer_to(pair, encode(old)).refusal is Refusal.OLD_SENDER
    assert pair.socket.wire.delivered == [up(Y)]


def test_what_is_emitted_while_a_stored_reply_is_given_travels_by_a_call(pair: Pair) -> None:
    echo(pair)
    engine_sends(pair, up(X, "1"))
    pair.arrive(pair.engine)
    socket_sends(pair, ListSessions())
    pair.engine.wire.fail()
    pair.settle()
    assert pair.engine.wire.delivered.count(ListSessions()) == 1
    assert down(X, "echo 1") in pair.engine.wire.delivered


def test_a_frame_of_a_stranger_is_its_own_link(pair: Pair) -> None:
    engine_sends(pair, up(X))
    stranger = replace(call_under_way(pair), sender="another", sender_life=Life(9, 9))
    assert answer_to(pair, encode(stranger)).refusal is None
    assert pair.socket.driver.peer_life("another") == Life(9, 9)
    assert pair.socket.driver.peer_life("engine") is None


def test_sessions_are_busy_while_something_for_them_is_on_its_way_or_behind_it(pair: Pair) -> None:
    assert pair.socket.driver.busy("engine") == frozenset()
    socket_sends(pair, down(X))
    socket_sends(pair, down(Y))
    assert pair.socket.driver.busy("engine") == {X, Y}
    pair.exchange(pair.socket)
    assert pair.socket.driver.busy("engine") == {Y}
    pair.settle()
    assert pair.socket.driver.busy("engine") == frozenset()


def test_what_waits_for_the_running_step_only_makes_nobody_busy(pair: Pair) -> None:
    pair.socket.wire.deferred = []
    socket_sends(pair, down(X))
    assert pair.socket.driver.busy("engine") == frozenset()
