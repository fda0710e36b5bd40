"""The link's rules, one section each; the numbers are those at the top of `shared_wire.link.link`."""

from dataclasses import replace

import pytest

from shared_wire.format.batches import sessions_in, weigh
from shared_wire.format.codec import decode, encode
from shared_wire.format.frames import Call, Life, Refusal, Reply
from shared_wire.format.operations import (
    AdmitSessions,
    CloseSessions,
    EngineSid,
    MessageReceived,
    Operation,
    SendPackets,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
)
from shared_wire.limits import MAX_ATTEMPTS, MAX_EARLY_FRAMES, MAX_FRAME_BYTES
from shared_wire.link import calls
from shared_wire.link.calls import fail_call, make_call, receive_reply, renew_call, repeat_call, spoil_call
from shared_wire.link.effects import Deliver, Effect, Lose, SendReply
from shared_wire.link.link import Link, change
from shared_wire.link.replies import answer_call, confirm_handled, receive_call, spoil_answer

X, Y, Z = EngineSid("x"), EngineSid("y"), EngineSid("z")
REPORT = SessionsDigest(0, b"")


def engine(life: int = 1) -> Link:
    return Link(name="engine", life=Life(life, 0xE), peer_holds_sockets=False)


def socket(life: int = 1) -> Link:
    return Link(name="socket", life=Life(life, 0x5), peer_holds_sockets=True)


def up(sid: EngineSid, packet: str = "m") -> MessageReceived:
    return MessageReceived(sid, packet)


def down(sid: EngineSid, packet: str = "p") -> SendPackets:
    return SendPackets((sid,), (packet,))


def enqueue(link: Link, *operations: Operation) -> Link:
    """Queue operations where there is room for them."""
    link, effects = calls.enqueue(link, *operations)
    assert effects == ()
    return link


def call_of(link: Link, *operations: Operation) -> tuple[Link, Call]:
    """Queue operations and make the call that carries them."""
    link, call = make_call(enqueue(link, *operations))
    assert call is not None
    return link, call


def repeated(link: Link) -> tuple[Link, Call]:
    link, call = repeat_call(link)
    assert call is not None
    return link, call


def delivered(effects: tuple[Effect, ...]) -> list[Operation]:
    return [operation for effect in effects if isinstance(effect, Deliver) for operation in effect.operations]


def lost(effects: tuple[Effect, ...]) -> list[EngineSid]:
    return [sid for effect in effects if isinstance(effect, Lose) for sid in effect.engine_sids or ()]


def answer_in(effects: tuple[Effect, ...]) -> Reply:
    [reply] = [effect.reply for effect in effects if isinstance(effect, SendReply)]
    return reply


def handle(link: Link, effects: tuple[Effect, ...]) -> Link:
    """Finish all handlers of what was delivered."""
    for effect in effects:
        if isinstance(effect, Deliver):
            link = confirm_handled(link, effect.sender_life, effect.seq, sessions_in(effect.operations))
    return link


def take(link: Link, call: Call, *answered_with: Operation) -> tuple[Link, Reply, tuple[Effect, ...]]:
    """Receive a call, handle it at once, and answer with these operations."""
    link, effects = receive_call(link, call)
    assert not any(isinstance(effect, SendReply) for effect in effects), effects
    link, reply = answer_call(enqueue(handle(link, effects), *answered_with), call.seq)
    return link, reply, effects


def take_suspended(link: Link, call: Call) -> tuple[Link, Reply]:
    """Receive a call whose handler suspends, and answer."""
    link, effects = receive_call(link, call)
    assert delivered(effects) == list(call.operations)
    return answer_call(link, call.seq)


def refused(link: Link, call: Call) -> tuple[Link, Refusal | None]:
    link, effects = receive_call(link, call)
    assert delivered(effects) == []
    return link, answer_in(effects).refusal


def exchange(caller: Link, callee: Link, *operations: Operation) -> tuple[Link, Link]:
    """One call and its reply, all of it handled."""
    caller, call = call_of(caller, *operations)
    callee, reply, _ = take(callee, call)
    caller, effects = receive_reply(caller, reply)
    return handle(caller, effects), callee


class Talk:
    """Two links that say all they have to say, and what both sides saw of it."""

    def __init__(self, e: Link, s: Link) -> None:
        self.e, self.s = e, s
        self.at_engine: list[Operation] = []
        self.at_socket: list[Operation] = []
        self.lost: list[EngineSid] = []
        for _ in range(100):
            self.e, call = make_call(self.e)
            if call is not None:
                self.s, reply = self._answer(self.s, call, self.at_socket)
                self.e = self._finish(self.e, reply, self.at_engine)
                continue
            self.s, call = make_call(self.s)
            if call is None:
                return
            self.e, reply = self._answer(self.e, call, self.at_engine)
            self.s = self._finish(self.s, reply, self.at_socket)
        raise AssertionError("the two links never stop talking")

    def _answer(self, link: Link, call: Call, seen: list[Operation]) -> tuple[Link, Reply]:
        link, effects = receive_call(link, call)
        self._note(effects, seen)
        answers = [effect.reply for effect in effects if isinstance(effect, SendReply)]
        return (link, answers[0]) if answers else answer_call(handle(link, effects), call.seq)

    def _finish(self, link: Link, reply: Reply, seen: list[Operation]) -> Link:
        link, effects = receive_reply(link, reply)
        self._note(effects, seen)
        return handle(link, effects)

    def _note(self, effects: tuple[Effect, ...], seen: list[Operation]) -> None:
        seen += delivered(effects)
        self.lost += lost(effects)


# 1. Operations are handed on once each, in the order they were sent.


def test_operations_arrive_in_order_frame_after_frame() -> None:
    e, s = engine(), socket()
    seen: list[Operation] = []
    sent = [[up(X, "1"), up(Y, "2")], [up(X, "3")], [up(Y, "4"), up(X, "5")]]
    for operations in sent:
        e, call = call_of(e, *operations)
        s, reply, effects = take(s, call)
        seen += delivered(effects)
        e, effects = receive_reply(e, reply)
        assert effects == ()
    assert seen == [operation for operations in sent for operation in operations]


def test_a_delivery_names_the_life_and_number_to_confirm() -> None:
    e, call = call_of(engine(), up(X))
    _, effects = receive_call(socket(), call)
    assert effects == (Deliver(e.life, 1, (up(X),)),)


def test_a_late_copy_of_an_earlier_call_is_answered_and_not_handled_again() -> None:
    e, first = call_of(engine(), up(X, "1"))
    s, reply, _ = take(socket(), first)
    e, _ = receive_reply(e, reply)
    e, second = call_of(e, up(X, "2"))
    s, _, _ = take(s, second)
    _, effects = receive_call(s, first)
    assert delivered(effects) == []
    assert answer_in(effects).refusal is None
    assert answer_in(effects).received == 2


# 2. One call is under way at a time; what comes meanwhile waits and travels together.


def test_nothing_to_say_makes_no_call() -> None:
    link, call = make_call(engine())
    assert call is None
    assert link == engine()


def test_a_second_call_waits_for_the_first_and_takes_all_that_waited() -> None:
    e, first = call_of(engine(), up(X, "1"))
    e = enqueue(enqueue(e, up(X, "2")), up(Y, "3"), up(X, "4"))
    assert make_call(e) == (e, None)
    _, reply, _ = take(socket(), first)
    e, _ = receive_reply(e, reply)
    e, second = make_call(e)
    assert second is not None
    assert second.operations == (up(X, "2"), up(Y, "3"), up(X, "4"))
    assert (first.seq, second.seq) == (1, 2)
    assert e.queue == ()


def test_a_call_says_who_speaks_in_which_life_and_what_has_arrived() -> None:
    s, call = call_of(socket(7), down(X))
    assert (call.sender, call.sender_life, call.receiver_life) == ("socket", Life(7, 0x5), None)
    assert (call.attempt, call.seq, call.lowest_unconfirmed, call.received, call.changes) == (1, 1, 1, 0, ())
    e, reply, _ = take(engine(3), call)
    s, _ = receive_reply(s, reply)
    s, _, _ = take(s, call_of(e, up(X))[1])
    s, call = call_of(s, down(X))
    assert (call.receiver_life, call.seq, call.received, call.changes) == (Life(3, 0xE), 2, 1, ())


def test_a_frame_takes_2000_operations_and_the_rest_follows() -> None:
    e, first = call_of(engine(), *[up(X, str(number)) for number in range(4_500)])
    s = socket()
    sizes, seen = [], []
    call: Call | None = first
    while call is not None:
        sizes.append(len(call.operations))
        s, reply, effects = take(s, call)
        seen += delivered(effects)
        e, _ = receive_reply(e, reply)
        e, call = make_call(e)
    assert sizes == [2_000, 2_000, 500]
    assert seen == [up(X, str(number)) for number in range(4_500)]


def test_a_reply_takes_2000_operations_and_the_rest_follows() -> None:
    _, call = call_of(engine(), up(X))
    s, reply, _ = take(socket(), call, *[down(X, str(number)) for number in range(2_001)])
    assert len(reply.operations) == 2_000
    s, rest = make_call(s)
    assert rest is not None
    assert rest.operations == (down(X, "2000"),)


LARGE = "\N{SNOWMAN}" * 250_000


@pytest.mark.parametrize(
    "operation",
    [
        MessageReceived(X, LARGE),
        SendPackets((X,), (LARGE,)),
        SendPackets((EngineSid("x" * 30),) * 8_000, ()),
        SessionOpened(X, (("HTTP_X", LARGE),)),
        SessionsRange("", "", (EngineSid("x" * 30),) * 8_000),
        CloseSessions((EngineSid("x" * 30),) * 8_000, "server disconnect"),
        AdmitSessions((EngineSid("x" * 30),) * 8_000),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_many_large_operations_are_cut_into_frames_that_fit(operation: Operation) -> None:
    link = enqueue(engine(), *(operation,) * 40)
    carried = 0
    while link.queue:
        link, call = make_call(replace(link, call=None))
        assert call is not None
        assert len(encode(call)) <= MAX_FRAME_BYTES
        assert len(call.operations) > 1
        carried += len(call.operations)
    assert carried == 40


def test_one_operation_travels_however_large() -> None:
    huge = MessageReceived(X, bytes(9 * 1024 * 1024))
    e, first = call_of(engine(), huge, up(X, "next"))
    assert first.operations == (huge,)
    assert e.queue == (up(X, "next"),)


# 3. A reply may carry the other direction's operations; what arrives ahead of its turn waits.


def test_what_handlers_emit_at_once_travels_in_the_reply() -> None:
    e, call = call_of(engine(), up(X))
    s, reply, _ = take(socket(), call, down(X, "1"), down(Y, "2"))
    assert (reply.seq, reply.operations) == (1, (down(X, "1"), down(Y, "2")))
    assert make_call(s) == (s, None)
    e, effects = receive_reply(e, reply)
    assert delivered(effects) == [down(X, "1"), down(Y, "2")]


def test_calls_and_replies_of_one_direction_share_their_numbers() -> None:
    e, s = exchange(engine(), socket(), up(X))
    e, call = call_of(e, up(X))
    s, reply, _ = take(s, call, down(X))
    e, _ = receive_reply(e, reply)
    s, call = call_of(s, down(X))
    assert (reply.seq, call.seq) == (1, 2)


def test_a_reply_that_overtakes_a_call_waits_for_it() -> None:
    s, slow = call_of(socket(), down(X, "1"))
    e, call = call_of(engine(), up(X))
    s, reply, _ = take(s, call, down(X, "2"))
    e, effects = receive_reply(e, reply)
    assert effects == ()
    assert e.received == 0
    e, _, effects = take(e, slow)
    assert delivered(effects) == [down(X, "1"), down(X, "2")]
    assert e.received == 2
    assert e.early == ()


def test_several_early_frames_are_handed_on_in_order() -> None:
    s, slow = call_of(socket(), down(X, "1"))
    e = engine()
    for packet in ("2", "3", "4"):
        e, call = call_of(e, up(X))
        s, reply, _ = take(s, call, down(X, packet))
        e, effects = receive_reply(e, reply)
        assert effects == ()
    e, reply, effects = take(e, slow)
    s, _ = receive_reply(s, reply)
    assert delivered(effects) + Talk(e, s).at_engine == [down(X, packet) for packet in "1234"]


@pytest.mark.parametrize("met_before", [False, True])
def test_a_call_that_overtakes_a_reply_waits_for_it(met_before: bool) -> None:
    e, s = engine(), socket()
    if met_before:
        e, s = exchange(e, s, up(X))
        s, e = exchange(s, e, down(X, "0"))
    e, call = call_of(e, up(X))
    s, reply, _ = take(s, call, down(X, "1"))
    s, quick = call_of(s, down(X, "2"))
    e, _, first = take(e, quick)
    e, second = receive_reply(e, reply)
    assert delivered(first + second) == [down(X, "1"), down(X, "2")]


def overtaken_reply() -> tuple[Link, Link, Reply, Call]:
    """Let a call overtake a reply that is still on its way; gives both links, the reply, and what the caller then says."""
    e, call = call_of(engine(), up(X))
    s, reply, _ = take(socket(), call, down(X, "1"))
    s, quick = call_of(s, down(Y, "2"))
    e, answer, effects = take(e, quick)
    assert effects == ()
    s, _ = receive_reply(s, answer)
    s, again = make_call(s)
    assert again is not None
    return e, s, reply, again


def test_a_reply_that_the_peer_waits_for_is_offered_by_a_call() -> None:
    e, s, reply, again = overtaken_reply()
    assert (again.seq, again.operations) == (1, reply.operations)
    e, answer, effects = take(e, again)
    assert delivered(effects) == [down(X, "1"), down(Y, "2")]
    s, _ = receive_reply(s, answer)
    assert make_call(s) == (s, None)
    e, effects = receive_reply(e, reply)
    assert effects == (), "the reply itself comes late, and is not handled again"
    assert not e.must_remember


def test_a_reply_that_a_life_may_have_had_is_not_offered_to_the_next() -> None:
    _, s, _, again = overtaken_reply()
    _, effects = receive_call(engine(2), again)
    assert answer_in(effects).refusal is Refusal.NEW_LIFE
    _, effects = receive_reply(s, answer_in(effects))
    assert lost(effects) == [X]


def test_a_gap_that_was_given_up_is_skipped() -> None:
    e, s = exchange(engine(), socket(), up(Y))
    s, e = exchange(s, e, down(Y, "1"))
    s, _ = call_of(s, down(X))
    s, effects = fail_call(s)
    assert lost(effects) == [X]
    talk = Talk(e, enqueue(s, down(Y, "2")))
    assert [operation for operation in talk.at_engine if isinstance(operation, SendPackets)] == [down(Y, "2")]
    assert talk.e.received == talk.s.next_seq - 1


def test_what_waited_for_a_gap_is_handed_on_when_the_gap_is_skipped() -> None:
    s, _ = call_of(socket(), down(X, "never"))
    e, call = call_of(engine(), up(Y))
    s, reply, _ = take(s, call, down(Y, "1"))
    e, effects = receive_reply(e, reply)
    assert effects == ()
    s, effects = fail_call(s)
    assert lost(effects) == [X]
    talk = Talk(e, enqueue(s, down(Y, "2")))
    assert [operation for operation in talk.at_engine if isinstance(operation, SendPackets)] == [
        down(Y, "1"),
        down(Y, "2"),
    ]


def test_what_follows_a_lost_call_finds_its_sessions_closed() -> None:
    s, _ = call_of(socket(), down(X, "1"))
    e, call = call_of(engine(), up(X))
    s, reply, _ = take(s, call, down(X, "2"))
    e, _ = receive_reply(e, reply)
    s, again = repeated(s)
    e, effects = receive_call(e, again)
    assert answer_in(effects).refusal is Refusal.NEW_LIFE
    s, effects = receive_reply(s, answer_in(effects))
    assert lost(effects) == [X]
    talk = Talk(e, enqueue(s, CloseSessions((X,), "transport error")))
    assert talk.at_engine[0] == CloseSessions((X,), "transport error")


def test_a_lost_call_does_not_hold_up_what_is_behind_it() -> None:
    s, _ = call_of(socket(), down(X))
    e, call = call_of(engine(), up(Y))
    s, reply, _ = take(s, call, down(Y))
    e, _ = receive_reply(e, reply)
    s, again = repeated(s)
    e, effects = receive_call(e, again)
    s, _ = receive_reply(s, answer_in(effects))
    assert down(Y) in Talk(e, s).at_engine


def test_too_many_early_frames_are_refused_for_now() -> None:
    e, s = exchange(engine(), socket(), up(X))
    s, e = exchange(s, e, down(X))
    s, early = call_of(s, down(X))
    waiting = tuple(replace(early, seq=early.seq + 2 + number) for number in range(MAX_EARLY_FRAMES))
    e = replace(e, early=waiting)
    e, refusal = refused(e, replace(early, seq=early.seq + 1, lowest_unconfirmed=early.seq))
    assert refusal is Refusal.OVERLOADED
    assert e.early == waiting


def test_the_frame_that_fills_the_gap_is_taken_however_many_wait() -> None:
    s, slow = call_of(socket(), down(X, "first"))
    e = engine()
    for number in range(MAX_EARLY_FRAMES):
        e, call = call_of(e, up(X))
        s, reply, _ = take(s, call, down(X, str(number)))
        e, _ = receive_reply(e, reply)
    _, effects = receive_call(e, slow)
    assert delivered(effects)[:1] == [down(X, "first")]


def test_early_replies_are_bounded_too() -> None:
    s, _ = call_of(socket(), down(X, "first"))
    e = engine()
    for number in range(2 * MAX_EARLY_FRAMES):
        e, call = make_call(enqueue(e, up(X)))
        if call is None:
            break
        s, reply, _ = take(s, call, down(X, str(number)))
        e, _ = receive_reply(e, reply)
    assert len(e.early) <= MAX_EARLY_FRAMES


# 4. A call is repeated until an answer comes; a repeat gets the stored reply and is not handled again.


def test_a_repeat_is_the_same_call_with_its_attempt_raised() -> None:
    e, call = call_of(engine(), up(X))
    e, again = repeated(e)
    assert again == replace(call, attempt=2)
    assert repeated(e)[1] == replace(call, attempt=3)


def test_a_repeat_leaves_what_came_meanwhile_to_the_next_call() -> None:
    e, call = call_of(engine(), up(X, "1"))
    e, again = repeated(enqueue(e, up(X, "2")))
    assert again.operations == call.operations
    assert e.queue == (up(X, "2"),)


def test_a_repeat_confirms_what_arrived_meanwhile() -> None:
    e, s = exchange(engine(), socket(), up(X))
    s, _ = call_of(s, down(X))
    s, _, _ = take(s, call_of(e, up(X))[1])
    assert repeated(s)[1].received == 2


def test_attempts_are_used_up() -> None:
    e, _ = call_of(engine(), up(X))
    for attempt in range(2, MAX_ATTEMPTS + 1):
        e, again = repeated(e)
        assert again.attempt == attempt
    assert repeat_call(e) == (e, None)


def test_nothing_under_way_cannot_be_repeated() -> None:
    assert repeat_call(engine()) == (engine(), None)


def test_a_repeat_gets_the_identical_reply_and_is_not_handled_again() -> None:
    e, call = call_of(engine(), up(X))
    s, reply, _ = take(socket(), call, down(X, "echo"))
    s = enqueue(s, down(X, "later"))
    e, again = repeated(e)
    s, effects = receive_call(s, again)
    assert effects == (SendReply(reply),)
    assert s.queue == (down(X, "later"),)
    e, effects = receive_reply(e, reply)
    assert delivered(effects) == [down(X, "echo")]


def test_a_stored_reply_ends_with_the_next_call() -> None:
    e, first = call_of(engine(), up(X, "1"))
    s, first_reply, _ = take(socket(), first, down(X, "echo 1"))
    e, _ = receive_reply(e, first_reply)
    e, second = call_of(e, up(X, "2"))
    s, second_reply, _ = take(s, second, down(X, "echo 2"))
    _, effects = receive_call(s, repeated(e)[1])
    assert effects == (SendReply(second_reply),)


def test_an_answer_to_nothing_is_ignored() -> None:
    e, call = call_of(engine(), up(X))
    _, reply, _ = take(socket(), call)
    e, _ = receive_reply(e, reply)
    assert receive_reply(e, reply) == (e, ())


def test_an_unreachable_peer_costs_all_that_is_under_way_waiting_or_unhandled_and_no_more() -> None:
    e, call = call_of(engine(), up(X))
    _, reply = take_suspended(socket(), call)
    e, _ = receive_reply(e, reply)
    e, _ = call_of(e, up(Y), REPORT)
    e, effects = fail_call(enqueue(e, up(Z), up(Y)))
    assert sorted(lost(effects)) == [X, Y, Z]
    assert (e.call, e.queue, e.unhandled_there) == (None, (), ())


def test_a_closing_that_waits_is_not_lost_with_a_peer_that_is_given_up() -> None:
    e, s = exchange(engine(), socket(), up(X))
    s, _ = call_of(s, down(Y))
    s, effects = fail_call(enqueue(s, down(X, "lost"), CloseSessions((X,), "server disconnect"), AdmitSessions((Z,))))
    assert X in lost(effects)
    assert s.queue == (CloseSessions((X,), "transport error"),), "whoever has ended a session does not close it again"
    assert s.queued == sum(map(weigh, s.queue))
    brought = Talk(e, enqueue(s, down(X, "after the gap"))).at_engine
    closing = next(
        number for number, one in enumerate(brought) if isinstance(one, CloseSessions) and X in one.engine_sids
    )
    assert down(X, "after the gap") not in brought[:closing]


def test_failing_with_nothing_to_lose_loses_nothing() -> None:
    e, _ = call_of(engine(), REPORT)
    _, effects = fail_call(e)
    assert effects == ()


def given_up() -> tuple[Link, Link]:
    """Give up a call whose answer, with a packet for somebody else, never arrived."""
    e, s = exchange(engine(), socket(), up(Z))
    e, call = call_of(e, up(X))
    s, _, _ = take(s, call, down(Y, "1"))
    e, effects = fail_call(e)
    assert lost(effects) == [X]
    return e, s


def test_the_life_whose_answer_never_arrived_makes_it_good() -> None:
    e, s = given_up()
    talk = Talk(enqueue(e, up(Z)), enqueue(s, down(Y, "2")))
    assert [one for one in talk.at_engine if isinstance(one, SendPackets)] == [down(Y, "1"), down(Y, "2")]
    assert Y not in talk.lost
    assert not talk.e.must_remember


def test_another_life_after_an_answer_that_never_arrived_loses_all_sessions() -> None:
    e, _ = given_up()
    e, call = call_of(e, up(Z))
    _, reply, _ = take(socket(2), call, down(Z))
    e, effects = receive_reply(e, reply)
    assert effects[0] == Lose(None)
    assert not e.must_remember


def test_another_life_that_calls_first_loses_all_sessions_too() -> None:
    e, _ = given_up()
    e, effects = receive_call(enqueue(e, up(Z), REPORT), call_of(socket(2), down(Z))[1])
    assert effects[0] == Lose(None)
    assert e.queue == (REPORT,)


def test_a_late_frame_of_an_older_life_settles_no_doubt() -> None:
    e, call = call_of(engine(), up(Z))
    _, late = call_of(socket(1), down(Z))
    _, reply, _ = take(socket(2), call)
    e, _ = receive_reply(e, reply)
    e, _ = fail_call(call_of(e, up(X))[0])
    e, effects = receive_call(e, late)
    assert answer_in(effects).refusal is Refusal.OLD_SENDER
    assert e.must_remember


def test_giving_up_a_peer_that_holds_the_sockets_leaves_no_doubt() -> None:
    s, _ = exchange(socket(), engine(), down(X))
    assert not fail_call(call_of(s, down(X))[0])[0].must_remember


# 5. A new life takes a first attempt and refuses a repeat made for an older life; an older sender is refused.


def test_a_new_life_takes_a_first_attempt_made_for_an_older_life() -> None:
    e, s = exchange(engine(), socket(1), up(X))
    e, call = call_of(e, up(X, "next"))
    assert call.receiver_life == s.life
    s, reply, effects = take(socket(2), call, down(X, "echo"))
    assert delivered(effects) == [up(X, "next")]
    e, effects = receive_reply(e, reply)
    assert delivered(effects) == [down(X, "echo")]
    assert lost(effects) == []
    assert e.peer_life == Life(2, 0x5)


def test_a_new_life_of_the_engine_actor_takes_a_first_attempt_too() -> None:
    s, _ = exchange(socket(), engine(1), down(X))
    s, call = call_of(s, down(X, "next"))
    _, _, effects = take(engine(2), call)
    assert delivered(effects) == [down(X, "next")]


def test_a_new_life_begins_with_the_number_it_meets_first() -> None:
    e, s = engine(), socket(1)
    for _ in range(3):
        e, s = exchange(e, s, up(X))
    e, call = call_of(e, up(X))
    s, reply, _ = take(socket(2), call)
    assert (call.seq, s.received, reply.received, reply.changes) == (4, 4, 4, ())


@pytest.mark.parametrize("met", [False, True])
def test_a_new_life_refuses_a_repeat_made_for_an_older_life_or_for_none(met: bool) -> None:
    e = engine()
    if met:
        e, _ = exchange(e, socket(1), up(Y))
    e, _ = call_of(e, up(X))
    e, again = repeated(e)
    s, effects = receive_call(socket(2), again)
    assert answer_in(effects).refusal is Refusal.NEW_LIFE
    assert s.received == 0
    e, effects = receive_reply(e, answer_in(effects))
    assert lost(effects) == [X]


def test_after_a_refused_repeat_the_link_goes_on() -> None:
    e, _ = call_of(engine(), up(X))
    e, again = repeated(e)
    s, effects = receive_call(socket(2), again)
    e, _ = receive_reply(e, answer_in(effects))
    talk = Talk(enqueue(e, up(Y)), s)
    assert talk.at_socket == [up(Y)]
    assert talk.lost == []


def test_the_same_life_takes_a_repeat_whose_first_attempt_never_came() -> None:
    e, s = exchange(engine(), socket(), up(X))
    e, _ = call_of(e, up(X, "next"))
    _, _, effects = take(s, repeated(e)[1])
    assert delivered(effects) == [up(X, "next")]


def test_a_repeat_is_judged_by_the_life_its_call_was_made_for() -> None:
    e, s = exchange(engine(), socket(1), up(X))
    e, call = call_of(e, up(X, "next"))
    _, from_new_life = call_of(socket(2), down(Y))
    e, _, _ = take(e, from_new_life)
    assert e.peer_life == Life(2, 0x5)
    e, again = repeated(e)
    assert again.receiver_life == call.receiver_life == s.life
    assert refused(socket(2), again)[1] is Refusal.NEW_LIFE


def test_a_sender_whose_life_was_succeeded_is_refused() -> None:
    _, old_call = call_of(engine(1), up(X))
    _, new_call = call_of(engine(2), up(Y))
    s, _, _ = take(socket(), new_call)
    before = s
    s, refusal = refused(s, old_call)
    assert refusal is Refusal.OLD_SENDER
    assert s == before


def test_a_life_whose_clock_is_behind_takes_the_next_moment_and_loses_nothing() -> None:
    s, _, _ = take(socket(), call_of(engine(5), up(Y))[1])
    e, call = call_of(engine(2), up(X))
    s, refusal = refused(s, call)
    assert refusal is Refusal.OLD_SENDER
    e, effects = receive_reply(e, answer_in(receive_call(s, call)[1]))
    assert effects == ()
    assert e.life == Life(6, 0xE)
    e, again = make_call(e)
    assert again is not None
    s, reply, effects = take(s, again, down(X))
    assert delivered(effects) == [up(X)]
    e, effects = receive_reply(e, reply)
    assert delivered(effects) == [down(X)]
    assert not handle(e, effects).must_remember


def test_a_repeat_that_is_refused_as_old_may_have_been_taken_before() -> None:
    s, _, _ = take(socket(), call_of(engine(5), up(Y))[1])
    e, again = repeated(call_of(engine(2), up(X))[0])
    e, effects = receive_reply(e, answer_in(receive_call(s, again)[1]))
    assert lost(effects) == [X]
    assert e.life == Life(6, 0xE)


def test_a_life_that_learns_from_a_call_that_its_clock_is_behind_takes_the_next_moment() -> None:
    e, s = exchange(engine(), socket(5), up(Y))
    e, call = call_of(e, up(X))
    s, reply, effects = take(socket(3), call, down(X))
    assert delivered(effects) == [up(X)]
    assert s.life == reply.sender_life == Life(6, 0x5)
    e, effects = receive_reply(e, reply)
    assert delivered(effects) == [down(X)]
    assert e.peer_life == Life(6, 0x5)


def test_a_life_that_no_life_can_follow_is_met_with_one_that_can_be_written() -> None:
    _, call = call_of(engine(), up(X))
    s, reply, _ = take(socket(3), replace(call, receiver_life=Life(2**64 - 1, 0)))
    assert decode(encode(reply)) == reply
    assert s.life.start_ms == 2**64 - 1


def test_a_life_behind_that_calls_first_is_let_in_as_well() -> None:
    e, _ = exchange(engine(), socket(5), up(Y))
    s, call = call_of(socket(3), down(Y))
    e, effects = receive_call(e, call)
    s, effects = receive_reply(s, answer_in(effects))
    assert effects == ()
    s, again = make_call(s)
    assert again is not None
    _, _, effects = take(e, again)
    assert delivered(effects) == [down(Y)]


def test_nothing_of_a_new_life_follows_a_call_of_which_nobody_knows_what_an_older_life_did_with_it() -> None:
    """The older life took it, and was aborted with its answer: the session has a gap, and is about to be closed for it."""
    e, s = exchange(engine(), socket(1), up(Y))
    e, call = call_of(e, up(X))
    take(s, call, down(X, "lost with its life"))
    s, from_new_life = call_of(socket(2), down(X), down(Y))
    e, effects = receive_call(e, from_new_life)
    assert answer_in(effects).refusal is Refusal.OVERLOADED
    assert delivered(effects) == []
    e, again = repeated(e)
    e, effects = receive_reply(e, answer_in(receive_call(s, again)[1]))
    assert lost(effects) == [X]
    s, renewed = renew_call(s)
    assert renewed is not None
    assert renewed.attempt == 1, "it was not taken for certain"
    _, _, effects = take(e, renewed)
    assert delivered(effects) == [down(X), down(Y)]


def test_what_is_lost_while_a_call_is_under_way_is_left_out_of_it_where_nobody_took_it() -> None:
    """The older life was aborted in a handler of X; the new one must not handle what X sent after that."""
    e, s = engine(), socket(1)
    e, call = call_of(e, up(X, "suspends"))
    s, reply = take_suspended(s, call)
    e, _ = receive_reply(e, reply)
    e, call = call_of(e, up(X, "follows"), up(Y))
    e, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == [X]
    s, effects = receive_call(socket(2), call)
    assert answer_in(effects).refusal is Refusal.NEW_LIFE
    e, effects = receive_reply(e, answer_in(effects))
    assert lost(effects) == []
    e, again = make_call(e)
    assert again is not None
    assert (again.seq, again.operations) == (call.seq, (up(Y),))


def test_what_came_ahead_of_its_turn_loses_its_sessions_when_the_peer_has_a_new_life() -> None:
    """It said that its work was handled, and what came before it never came: nobody hands it on."""
    e, s = exchange(engine(), socket(1), up(Y))
    s, first = call_of(s, down(Z))
    e, call = call_of(e, up(X))
    s, reply, _ = take(s, call, down(X, "done"))
    assert reply.seq == first.seq + 1
    e, effects = receive_reply(e, reply)
    assert delivered(effects) == []
    e, effects = receive_call(e, call_of(socket(2), down(Y))[1])
    assert lost(effects) == [X]
    assert delivered(effects) == [down(Y)]


def test_a_call_of_a_new_life_for_others_is_not_put_off() -> None:
    e, _ = exchange(engine(), socket(1), up(Y))
    e, _ = call_of(e, up(X))
    _, _, effects = take(e, call_of(socket(2), down(Y))[1])
    assert delivered(effects) == [down(Y)]


def test_a_call_of_the_life_that_ours_was_made_for_is_not_put_off() -> None:
    e, s = exchange(engine(), socket(1), up(X))
    e, _ = call_of(e, up(X))
    _, _, effects = take(e, call_of(s, down(X))[1])
    assert delivered(effects) == [down(X)]


def test_what_waited_at_a_peer_that_believed_in_another_life_is_lost() -> None:
    e, call = call_of(engine(2), up(X))
    s, reply = take_suspended(socket(), call)
    e, _ = receive_reply(e, reply)
    stray = call_of(engine(5), up(Y))[1]
    s, _ = receive_call(s, stray)
    e, call = call_of(e, up(Z))
    e, effects = receive_reply(e, answer_in(receive_call(s, call)[1]))
    assert lost(effects) == [X]
    assert delivered(take(s, make_call(e)[1] or call)[2]) == [up(Z)]


def test_numbers_of_an_older_life_mean_nothing_to_a_new_one() -> None:
    s = socket()
    e = engine(1)
    for _ in range(3):
        e, s = exchange(e, s, up(X))
    _, call = call_of(engine(2), up(Y))
    s, reply, effects = take(s, call)
    assert delivered(effects) == [up(Y)]
    assert (call.seq, reply.received) == (1, 1)


def test_the_stored_reply_is_not_given_to_another_life() -> None:
    s, _, _ = take(socket(), call_of(engine(1), up(X, "old"))[1], down(X, "for the old life"))
    s, reply, effects = take(s, call_of(engine(2), up(X, "new"))[1])
    assert delivered(effects) == [up(X, "new")]
    assert reply.operations == ()


# 6. When the peer's life changes, what it had not confirmed as handled is lost: its sessions, and only they.


def test_unhandled_work_is_lost_for_its_own_sessions_when_the_peer_lives_anew() -> None:
    e, s = exchange(engine(), socket(1), up(X))
    e, call = call_of(e, up(Y), up(Y))
    _, reply = take_suspended(s, call)
    e, effects = receive_reply(e, reply)
    assert effects == ()
    _, from_new_life = call_of(socket(2), down(Z))
    _, effects = receive_call(e, from_new_life)
    assert lost(effects) == [Y]
    assert delivered(effects) == [down(Z)]


def test_unhandled_work_is_lost_too_when_the_new_life_is_met_by_its_reply() -> None:
    e, call = call_of(engine(), up(Y))
    _, reply = take_suspended(socket(1), call)
    e, _ = receive_reply(e, reply)
    talk = Talk(enqueue(e, up(X)), socket(2))
    assert talk.at_socket == [up(X)]
    assert talk.lost == [Y]


def test_unhandled_work_is_lost_once() -> None:
    e, call = call_of(engine(), up(Y))
    _, reply = take_suspended(socket(1), call)
    e, _ = receive_reply(e, reply)
    e, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == [Y]
    _, effects = receive_call(e, call_of(socket(3), down(Z))[1])
    assert lost(effects) == []


def test_what_waited_in_an_older_life_ends_with_it() -> None:
    s, _ = call_of(socket(1), down(X, "1"))
    e, call = call_of(engine(), up(X))
    _, reply, _ = take(s, call, down(X, "2"))
    e, _ = receive_reply(e, reply)
    assert [frame.seq for frame in e.early] == [2]
    e, _, effects = take(e, call_of(socket(2), down(Y))[1])
    assert delivered(effects) == [down(Y)]
    assert (e.early, e.received) == ((), 1)


def test_who_is_told_something_ahead_of_its_turn_by_a_life_that_ends_is_lost() -> None:
    s, _ = call_of(socket(1), down(X))
    e, call = call_of(engine(), up(Y))
    s, reply, _ = take(s, call, down(Z))
    e, _ = receive_reply(e, reply)
    assert [frame.operations for frame in e.early] == [(down(Z),)]
    _, effects = receive_call(e, call_of(socket(2), REPORT)[1])
    assert Z in lost(effects), "it is handed on to nobody"


def test_a_handler_of_an_older_life_does_not_hold_back_what_a_new_one_is_told() -> None:
    s, _ = take_suspended(socket(), call_of(engine(1), up(X))[1])
    _, call = call_of(replace(engine(2), next_seq=3), up(Y))
    _, reply, _ = take(s, call)
    assert (reply.received, reply.changes) == (3, ())


def test_handled_work_is_not_lost_when_the_peer_lives_anew() -> None:
    e, _ = exchange(engine(), socket(1), up(X))
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == []


def test_each_confirmation_frees_what_it_covers_and_no_more() -> None:
    e, s = engine(), socket()
    for sid in (X, Y, Z):
        e, call = call_of(e, up(sid))
        s, reply = take_suspended(s, call)
        e, _ = receive_reply(e, reply)
    s = confirm_handled(s, e.life, 1, [X])
    s = confirm_handled(s, e.life, 3, [Z])
    assert s.unhandled == frozenset({Y})
    e, _, _ = take(e, call_of(s, down(X))[1])
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == [Y]


def test_one_session_of_a_frame_is_confirmed_without_the_others() -> None:
    e, call = call_of(engine(), up(X), up(Y), up(X))
    s, reply = take_suspended(socket(1), call)
    assert reply.changes == ((1, X, False), (1, Y, False))
    e, _ = receive_reply(e, reply)
    s, lag = make_call(confirm_handled(s, e.life, 1, [X]))
    assert lag is not None
    assert (lag.received, lag.changes, lag.changes_end) == (1, ((1, X, False), (1, Y, False), (1, X, True)), 3)
    e, _, _ = take(e, lag)
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == [Y]


def test_work_of_one_session_in_two_frames_is_done_when_both_are() -> None:
    e, s = engine(), socket()
    for _ in range(2):
        e, call = call_of(e, up(X))
        s, reply = take_suspended(s, call)
        e, _ = receive_reply(e, reply)
    s = confirm_handled(s, e.life, 1, [X])
    assert s.unhandled == frozenset({X})
    assert make_call(s) == (s, None), "the session that was named is still not done"
    s, lag = make_call(confirm_handled(s, e.life, 2, [X]))
    assert lag is not None
    assert lag.changes[-2:] == ((1, X, True), (2, X, True))


def test_a_frame_that_was_overtaken_says_nothing_new() -> None:
    e, call = call_of(engine(), up(X))
    s, slow = take_suspended(socket(1), call)
    s, quick = call_of(confirm_handled(s, e.life, 1, [X]), down(X))
    e, _, _ = take(e, quick)
    e, _ = receive_reply(e, slow)
    assert (e.received_there, e.noted_there, e.unhandled_there) == (1, 2, ())


def test_what_was_sent_after_the_progress_told_is_not_confirmed_by_it() -> None:
    e, s = exchange(engine(), socket(1), up(X))
    s, before = call_of(s, down(X))
    e, call = call_of(e, up(Y))
    _, reply = take_suspended(s, call)
    e, _ = receive_reply(e, reply)
    assert (before.received, before.changes) == (1, ())
    e, _, _ = take(e, before)
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == [Y]


def test_a_confirmation_for_another_life_of_ours_frees_nothing() -> None:
    e, call = call_of(engine(2), up(X))
    s, reply = take_suspended(socket(), call)
    e, _ = receive_reply(e, reply)
    s, lag = make_call(confirm_handled(s, e.life, 1, [X]))
    assert lag is not None
    stray = replace(lag, receiver_life=Life(1, 0xE))
    e, _, _ = take(e, stray)
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == [X]


def test_a_call_that_its_answer_does_not_name_as_received_is_unhandled() -> None:
    e, call = call_of(engine(), up(X))
    _, reply, _ = take(socket(1), call)
    e, _ = receive_reply(e, replace(reply, received=0))
    assert e.must_remember
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == [X]


def test_operations_without_sessions_cost_no_session() -> None:
    e, call = call_of(engine(), REPORT)
    _, reply = take_suspended(socket(1), call)
    e, _ = receive_reply(e, reply)
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == []


def test_a_late_reply_of_an_older_life_loses_its_call() -> None:
    e, call = call_of(engine(), up(X))
    _, late, _ = take(socket(1), call, down(Y))
    e, _, _ = take(e, call_of(socket(2), down(Z))[1])
    e, effects = receive_reply(e, late)
    assert X in lost(effects)
    assert delivered(effects) == []
    assert e.peer_life == Life(2, 0x5)
    assert e.call is None


def test_the_end_of_a_handler_of_an_older_life_means_nothing() -> None:
    s, _ = take_suspended(socket(), call_of(engine(1), up(X))[1])
    s, _ = take_suspended(s, call_of(engine(2), up(Y))[1])
    assert confirm_handled(s, Life(1, 0xE), 1, [X]) == s
    assert confirm_handled(s, Life(2, 0xE), 1, [Y]).unhandled == frozenset()


def test_what_the_engine_actor_has_to_say_is_never_lost_unseen() -> None:
    _, call = call_of(socket(1), down(X))
    e, reply, _ = take(engine(), call, up(Y))
    # The reply arrives or not; the socket actor's life ends before anything of it is handled.
    e, _ = make_call(e)
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert reply.operations == ()
    assert lost(effects) == []


def test_a_new_life_does_not_take_what_follows_unhandled_work() -> None:
    e, call = call_of(engine(), up(X, "1"), up(Y, "1"))
    _, reply = take_suspended(socket(1), call)
    e, _ = receive_reply(e, reply)
    e, call = call_of(e, up(X, "2"), up(Z, "1"))
    s, effects = receive_call(socket(2), call)
    assert up(X, "2") not in delivered(effects)
    e, effects = receive_reply(e, answer_in(effects))
    assert sorted(lost(effects)) == [X, Y]
    e, again = make_call(e)
    assert again is not None
    _, _, effects = take(s, again)
    assert delivered(effects) == [up(Z, "1")], "the others' messages were refused unhandled, so they are still good"


def test_nothing_more_travels_for_a_lost_session() -> None:
    s, _ = call_of(socket(), down(X, "1"))
    s, again = repeated(enqueue(s, SendPackets((X, Y), ("2",))))
    e, effects = receive_call(engine(), again)
    s, effects = receive_reply(s, answer_in(effects))
    assert lost(effects) == [X]
    sends = [operation for operation in Talk(e, s).at_engine if isinstance(operation, SendPackets)]
    assert sends == [down(Y, "2")]


# 7. Where the peer holds the sockets, nothing it received is lost.


def test_nothing_received_is_lost_when_the_peer_holds_the_sockets() -> None:
    s, call = call_of(socket(), down(X))
    _, reply = take_suspended(engine(1), call)
    s, _ = receive_reply(s, reply)
    assert s.unhandled_there == ()
    _, effects = receive_call(s, call_of(engine(2), up(Y))[1])
    assert lost(effects) == []


def test_what_travelled_in_a_reply_is_not_lost_either() -> None:
    s, _, _ = take(socket(), call_of(engine(1), up(X))[1], down(X))
    _, effects = receive_call(s, call_of(engine(2), up(Y))[1])
    assert lost(effects) == []


def test_a_refused_repeat_is_lost_even_when_the_peer_holds_the_sockets() -> None:
    s, _ = exchange(socket(), engine(1), down(Y))
    s, _ = call_of(s, down(X))
    s, again = repeated(s)
    _, effects = receive_call(engine(2), again)
    _, effects = receive_reply(s, answer_in(effects))
    assert lost(effects) == [X]


def test_an_answer_of_an_older_life_costs_nothing_where_the_peer_holds_the_sockets() -> None:
    s, call = call_of(socket(), down(X))
    _, late, _ = take(engine(1), call)
    s, _, _ = take(s, call_of(engine(2), up(Y))[1])
    s, effects = receive_reply(s, late)
    assert effects == ()
    assert (s.call, s.peer_life) == (None, Life(2, 0xE))


def test_a_refusal_of_an_older_life_costs_its_call_even_there() -> None:
    s, call = call_of(socket(), down(X))
    s, again = repeated(s)
    _, effects = receive_call(replace(engine(1), peer_life=call.sender_life), replace(again, receiver_life=Life(9, 9)))
    late = answer_in(effects)
    s, _, _ = take(s, call_of(engine(2), up(Y))[1])
    s, effects = receive_reply(s, late)
    assert lost(effects) == [X]


# 8. The sessions of unfinished work are named; when one that was named is done, a call of its own says so.


def test_a_reply_tells_what_was_received_and_what_was_handled() -> None:
    _, reply = take_suspended(socket(), call_of(engine(), up(X))[1])
    assert (reply.received, reply.changes, reply.changes_end) == (1, ((1, X, False),), 1)
    _, reply, _ = take(socket(), call_of(engine(), up(X))[1])
    assert (reply.received, reply.changes, reply.changes_end) == (1, (), 0)


def test_a_lag_that_was_told_is_made_up_for_by_one_call() -> None:
    e, call = call_of(engine(), up(X))
    s, reply = take_suspended(socket(1), call)
    e, _ = receive_reply(e, reply)
    assert make_call(s) == (s, None)
    s = confirm_handled(s, e.life, 1, [X])
    s, lag = make_call(s)
    assert lag is not None
    assert (lag.seq, lag.operations, lag.received, lag.changes[-1]) == (0, (), 1, (1, X, True))
    assert make_call(s) == (s, None)
    e, answer, effects = take(e, lag)
    assert (effects, answer.seq) == ((), 0)
    s, effects = receive_reply(s, answer)
    assert effects == ()
    assert make_call(s) == (s, None)
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == []


def test_a_handler_that_ends_before_the_answer_leaves_no_lag() -> None:
    s, effects = receive_call(socket(), call_of(engine(), up(X))[1])
    s, _ = answer_call(handle(s, effects), 1)
    assert make_call(s) == (s, None)


def test_what_was_handled_at_once_needs_no_confirmation_of_its_own() -> None:
    e, call = call_of(engine(), up(X))
    _, reply, _ = take(socket(), call, down(X))
    e, effects = receive_reply(e, reply)
    e = handle(e, effects)
    assert (e.unhandled, e.changes_end) == (frozenset(), 0)
    assert make_call(e) == (e, None)


def test_a_lag_told_to_an_older_life_is_not_made_up_for_to_a_new_one() -> None:
    s, _ = take_suspended(socket(), call_of(engine(1), up(X))[1])
    s, call = call_of(s, down(Y))
    e, effects = receive_call(engine(2), call)
    e, reply = answer_call(handle(e, effects), call.seq)
    s, effects = receive_reply(s, replace(reply, seq=1, operations=(REPORT,)))
    s = handle(s, effects)
    assert (s.peer_life, s.unhandled, s.changes_end) == (Life(2, 0xE), frozenset(), 0)
    assert make_call(s) == (s, None)


def test_a_lag_is_made_up_for_by_whatever_travels_anyway() -> None:
    e, call = call_of(engine(), up(X))
    s, _ = take_suspended(socket(), call)
    s, call = call_of(confirm_handled(s, e.life, 1, [X]), down(X))
    assert (call.seq, call.changes) == (1, ((1, X, False), (1, X, True)))
    e, reply, _ = take(e, call)
    s, _ = receive_reply(s, reply)
    assert make_call(s) == (s, None)


def test_a_lag_that_shrinks_is_told_each_time() -> None:
    e, s = engine(), socket()
    for sid in (X, Y):
        e, call = call_of(e, up(sid))
        s, reply = take_suspended(s, call)
        e, _ = receive_reply(e, reply)
    for seq, sid in enumerate((X, Y), start=1):
        s, lag = make_call(confirm_handled(s, e.life, seq, [sid]))
        assert lag is not None
        assert (lag.seq, lag.changes[-1]) == (0, (seq, sid, True))
        e, reply, _ = take(e, lag)
        s, _ = receive_reply(s, reply)
    assert e.unhandled_there == ()


def test_a_later_handler_that_ends_first_is_told_too() -> None:
    e, s = engine(), socket()
    for sid in (X, Y):
        e, call = call_of(e, up(sid))
        s, reply = take_suspended(s, call)
        e, _ = receive_reply(e, reply)
    s, lag = make_call(confirm_handled(s, e.life, 2, [Y]))
    assert lag is not None
    assert (lag.seq, lag.received, lag.changes[-1]) == (0, 2, (2, Y, True))
    assert s.unhandled == {X}


def test_a_handler_nobody_was_told_of_needs_no_confirmation() -> None:
    e, call = call_of(engine(), up(X))
    s, _ = take_suspended(socket(), call)
    s, effects = receive_call(s, replace(call, seq=2, lowest_unconfirmed=2, operations=(up(Y),)))
    assert delivered(effects) == [up(Y)]
    s = confirm_handled(s, e.life, 2, [Y])
    assert make_call(s) == (s, None)


# Sleep: what a link must not forget


def test_a_fresh_link_may_be_forgotten() -> None:
    assert not engine().must_remember
    assert not socket().must_remember


def test_unhandled_work_at_the_peer_must_be_remembered_until_it_is_confirmed() -> None:
    e, call = call_of(engine(), up(X))
    s, reply = take_suspended(socket(), call)
    e, _ = receive_reply(e, reply)
    assert e.must_remember
    s, lag = make_call(confirm_handled(s, e.life, 1, [X]))
    assert lag is not None
    e, _, _ = take(e, lag)
    assert not e.must_remember


def test_unhandled_work_need_not_be_remembered_where_it_is() -> None:
    s, _ = take_suspended(socket(), call_of(engine(), up(X))[1])
    assert not s.must_remember, "a suspended handler keeps its object awake by itself"


def test_work_that_was_handled_at_once_need_not_be_remembered() -> None:
    e, s = exchange(engine(), socket(), up(X))
    assert not e.must_remember
    assert not s.must_remember


def test_a_reset_of_the_peer_ends_what_must_be_remembered() -> None:
    e, call = call_of(engine(), up(X))
    _, reply = take_suspended(socket(1), call)
    e, _ = receive_reply(e, reply)
    e, _ = receive_call(e, call_of(socket(2), down(Z))[1])
    assert not e.must_remember


def test_a_peer_that_was_given_up_must_be_remembered_until_it_is_met_again() -> None:
    e, call = call_of(engine(), up(X))
    s, reply = take_suspended(socket(), call)
    e, _ = receive_reply(e, reply)
    e, _ = fail_call(call_of(e, up(Y))[0])
    assert e.must_remember
    e, _ = receive_call(e, call_of(s, down(Z))[1])
    assert not e.must_remember


def test_frames_that_wait_for_their_turn_must_be_remembered_until_it_comes() -> None:
    s, slow = call_of(socket(), down(X, "1"))
    e, call = call_of(engine(), up(X))
    s, reply, _ = take(s, call, down(X, "2"))
    e, _ = receive_reply(e, reply)
    assert e.must_remember
    e, _, _ = take(e, slow)
    assert not e.must_remember


# Rule 8: work is done when what it sent is there


def test_work_is_not_done_while_its_answer_waits_behind_a_reply_that_goes_out_again() -> None:
    e, s = exchange(engine(), socket(), REPORT)
    s, slow = call_of(s, down(Z))
    e, first = call_of(e, up(X))
    s, reply, _ = take(s, first, down(X))
    e, call = call_of(receive_reply(e, reply)[0], up(Y))
    s, effects = receive_call(s, call)
    s, reply = answer_call(handle(enqueue(s, down(Y)), effects), call.seq)
    assert (reply.operations, reply.changes) == ((down(X),), ((call.seq, Y, False),))
    _, answer, _ = take(e, slow)
    _, late = make_call(receive_reply(s, answer)[0])
    assert late is not None
    assert (late.operations, late.changes[-1]) == ((down(Y),), (reply.received, Y, True))


def test_work_is_done_when_what_it_sent_is_given_up() -> None:
    _, call = call_of(engine(), up(X))
    s, effects = receive_call(call_of(socket(), down(Y))[0], call)
    s = handle(enqueue(s, down(X)), effects)
    s, reply = answer_call(change(s, unconfirmed=answer_call(s, 0)[1]), call.seq)
    assert reply.changes == ((1, X, False),)
    s, _ = make_call(fail_call(s)[0])
    assert (s.unhandled_here, s.finished) == ((), ())


def test_a_frame_is_not_believed_before_those_that_were_sent_before_it() -> None:
    s, slow = call_of(socket(), down(X, "1"))
    e, call = call_of(engine(), up(X))
    s, reply, _ = take(s, call)
    e, effects = receive_reply(e, reply)
    assert (reply.received, effects, e.unhandled_there) == (1, (), ((1, frozenset({X})),))
    _, effects = receive_call(e, call_of(socket(2), down(Y))[1])
    assert lost(effects) == [X]
    e, _, _ = take(e, slow)
    assert (e.unhandled_there, e.claims) == ((), ())
    assert not e.must_remember


def test_of_frames_that_are_ahead_the_first_and_the_latest_are_kept() -> None:
    s, slow = call_of(socket(), down(Z))
    e = engine()
    for sid in (X, Y, Z):
        e, call = call_of(e, up(sid))
        s, reply, _ = take(s, call)
        e, _ = receive_reply(e, reply)
    assert [frame.received for frame in e.claims] == [1, 3]
    e, _, _ = take(e, slow)
    assert (e.unhandled_there, e.received_there) == ((), 3)


def test_nothing_of_a_session_that_the_peer_closes_is_said_to_it_any_more() -> None:
    e, s = exchange(engine(), socket(), REPORT)
    e, _ = call_of(e, up(X, "1"))
    e = enqueue(e, up(X, "2"), up(Y, "1"))
    e, _, effects = take(e, call_of(s, CloseSessions((X,), "server disconnect"))[1])
    assert delivered(effects) == [CloseSessions((X,), "server disconnect")]
    assert (lost(effects), e.queue) == ([], (up(Y, "1"),))


# What no frame can carry


def test_a_spoilt_call_costs_its_sessions_and_leaves_what_waits_for_others() -> None:
    e, call = call_of(engine(), up(X, "1"), up(Y, "1"))
    e, effects = spoil_call(enqueue(e, up(X, "2"), up(Z, "1")))
    assert lost(effects) == [X, Y]
    talk = Talk(e, socket())
    assert talk.at_socket == [up(Z, "1")]
    assert talk.lost == []
    assert (call.seq, talk.s.received) == (1, 2), "the number is used all the same"


def test_a_spoilt_call_to_where_the_sockets_are_closes_its_sessions_there() -> None:
    s, _ = call_of(socket(), down(X, "1"))
    s, effects = spoil_call(enqueue(s, SendPackets((X, Y), ("2",))))
    assert lost(effects) == [X]
    talk = Talk(engine(), s)
    assert talk.at_engine == [CloseSessions((X,), "transport error"), down(Y, "2")]


def test_a_spoilt_call_without_sessions_costs_nothing() -> None:
    e, _ = call_of(engine(), REPORT)
    e, effects = spoil_call(e)
    assert effects == ()
    assert Talk(e, socket()).at_socket == []


def test_nothing_under_way_cannot_be_spoilt() -> None:
    assert spoil_call(engine()) == (engine(), ())


def test_a_spoilt_answer_costs_its_sessions_and_its_number_is_used() -> None:
    e, call = call_of(engine(), up(X))
    s, reply, _ = take(socket(), call, down(Y, "1"))
    s, effects, empty = spoil_answer(enqueue(s, down(Y, "2"), down(Z)), reply)
    assert lost(effects) == [Y]
    assert empty == replace(reply, operations=())
    assert receive_call(s, repeated(e)[1])[1] == (SendReply(empty),)
    e, effects = receive_reply(e, empty)
    assert effects == (Deliver(s.life, 1, ()),)
    assert [sids for op in Talk(e, s).at_engine for sids in sessions_in((op,))] == [Z]


def test_a_spoilt_answer_keeps_what_closes_sessions() -> None:
    _, call = call_of(engine(), up(X))
    s, reply, _ = take(socket(), call, down(X, "too much"), CloseSessions((X,), "server disconnect"))
    s, effects, empty = spoil_answer(enqueue(s, down(X, "after the gap"), down(Z)), reply)
    assert (lost(effects), empty.operations) == ([X], ())
    assert s.queued == sum(map(weigh, s.queue))
    assert [*s.queue] == [down(Z), CloseSessions((X,), "transport error")]


def test_a_spoilt_answer_that_is_not_stored_leaves_the_store_alone() -> None:
    e, call = call_of(engine(), up(X))
    s, reply, _ = take(socket(), call, down(Y))
    before = (s.answered, s.unconfirmed)
    s, effects, _ = spoil_answer(s, replace(reply, seq=9, operations=(down(Z),)))
    assert lost(effects) == [Z]
    assert (s.answered, s.unconfirmed) == before
    assert delivered(receive_reply(e, reply)[1]) == [down(Y)]


def test_a_call_that_only_confirms_is_answered_without_operations() -> None:
    e, call = call_of(engine(), up(X))
    s, reply = take_suspended(socket(), call)
    e, _ = receive_reply(e, reply)
    s, lag = make_call(confirm_handled(s, e.life, 1, [X]))
    assert lag is not None
    e, effects = receive_call(enqueue(e, up(Y)), lag)
    assert effects == ()
    e, reply = answer_call(e, lag.seq)
    assert reply.operations == ()
    assert e.queue == (up(Y),)


def test_a_call_that_only_confirms_may_be_repeated_and_given_up() -> None:
    e, call = call_of(engine(), up(X))
    s, reply = take_suspended(socket(), call)
    e, _ = receive_reply(e, reply)
    s, lag = make_call(confirm_handled(s, e.life, 1, [X]))
    assert lag is not None
    s, again = repeated(s)
    e, _, _ = take(e, lag)
    e, _, effects = take(e, again)
    assert effects == ()
    _, effects = fail_call(s)
    assert lost(effects) == []


def test_a_confirmation_that_overtakes_the_reply_counts() -> None:
    e, call = call_of(engine(), up(X))
    s, reply = take_suspended(socket(1), call)
    s, lag = make_call(confirm_handled(s, e.life, 1, [X]))
    assert lag is not None
    e, answer, _ = take(e, lag)
    s, _ = receive_reply(s, answer)
    e, _ = receive_reply(e, reply)
    assert make_call(s) == (s, None)
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == []


def test_what_a_repeat_confirms_counts() -> None:
    e, call = call_of(engine(), up(X))
    s, reply = take_suspended(socket(1), call)
    e, _ = receive_reply(e, reply)
    s, call = call_of(s, down(Y))
    e, _, _ = take(e, call)
    s, again = repeated(confirm_handled(s, e.life, 1, [X]))
    assert again.changes[-1] == (1, X, True)
    e, effects = receive_call(e, again)
    s, _ = receive_reply(s, answer_in(effects))
    assert make_call(s) == (s, None)
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert lost(effects) == []


# What a frame costs does not grow with what is unfinished


def suspend_many(count: int) -> tuple[Link, Link]:
    e, s = engine(), socket()
    for number in range(count):
        e, call = call_of(e, up(EngineSid(f"s{number}")))
        s, reply = take_suspended(s, call)
        e, _ = receive_reply(e, reply)
    return e, s


def test_what_has_been_noted_is_not_told_again() -> None:
    e, s = suspend_many(50)
    e, call = call_of(e, up(X))
    s, reply, _ = take(s, call)
    assert (reply.changes, reply.changes_end) == ((), 50)
    assert len(encode(reply)) < 150
    e, _ = receive_reply(e, reply)
    assert len(e.unhandled_there) == 50
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert sorted(lost(effects)) == sorted(f"s{number}" for number in range(50))


def test_changes_are_told_until_they_are_noted_and_carried_out_once() -> None:
    e, s = suspend_many(3)
    s = confirm_handled(s, e.life, 2, [EngineSid("s1")])
    s, lag = make_call(s)
    assert lag is not None
    e, _, _ = take(e, lag)
    s, again = repeated(s)
    assert again.changes == lag.changes
    e, effects = receive_call(e, again)
    assert [seq for seq, _ in e.unhandled_there] == [1, 3]
    assert effects == ()
    s, _ = receive_reply(s, answer_call(e, 0)[1])
    assert s.changes == ()


def test_more_changes_than_a_frame_tells_follow_in_the_next_and_it_claims_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shared_wire.link.link.MAX_CHANGES", 2)
    first, second = [EngineSid("a"), EngineSid("b")], [EngineSid("c"), EngineSid("d")]
    e, call = call_of(engine(), *map(up, first))
    s, reply = take_suspended(socket(), call)
    e, _ = receive_reply(e, reply)
    s = confirm_handled(s, e.life, 1, first)
    e, call = call_of(e, *map(up, second))
    s, reply = take_suspended(s, call)
    assert [(seq, is_done) for seq, _, is_done in reply.changes] == [(1, True), (1, True)]
    assert reply.received == 1
    e, _ = receive_reply(e, reply)
    assert e.unhandled_there == ((2, frozenset(second)),)
    e, call = call_of(e, REPORT)
    s, reply, _ = take(s, call)
    assert [(seq, is_done) for seq, _, is_done in reply.changes] == [(2, False), (2, False)]
    assert reply.received == 3
    e, _ = receive_reply(e, reply)
    assert e.unhandled_there == ((2, frozenset(second)),)
    _, effects = receive_call(e, call_of(socket(2), down(Z))[1])
    assert sorted(lost(effects)) == second


def test_what_one_frame_has_begun_is_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared_wire.link.link.MAX_CHANGES", 2)
    _, call = call_of(engine(), *(up(EngineSid(f"s{number}")) for number in range(5)))
    _, reply = take_suspended(socket(), call)
    assert (reply.received, len(reply.changes), reply.changes_end) == (1, 5, 5)
