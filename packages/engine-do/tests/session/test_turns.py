from collections.abc import Container, Iterable

import pytest

from engine_do.protocol.ids import EngineSid
from engine_do.session.turns import Turns, size_of
from shared_wire import MessageReceived, Operation, SessionClosed, SessionOpened, SessionUpgraded

A, B, C = EngineSid("a"), EngineSid("b"), EngineSid("c")


def operation(sid: EngineSid, weight: int) -> Operation:
    return MessageReceived(sid, "x" * 50_000 * (weight - 1)) if weight else SessionUpgraded(sid)


def weight_of(one: Operation) -> int:
    return 1 + len(one.packet) // 50_000 if isinstance(one, MessageReceived) else 0


class Waiting(Turns):
    """What waits, written as weights."""

    def put_weights(self, engine_sid: EngineSid, weights: Iterable[int]) -> None:
        self.put(engine_sid, [operation(engine_sid, weight) for weight in weights])

    def take_weights(
        self, now_ms: int, under_way: Container[EngineSid]
    ) -> tuple[list[tuple[EngineSid, list[int]]], int | None]:
        parts, wait_ms = self.take(now_ms, under_way)
        return [(sid, [weight_of(one) for one in part]) for sid, part in parts], wait_ms


def turns(*waiting: tuple[EngineSid, Iterable[int]], are_others_about: bool = True) -> Waiting:
    made = Waiting(lambda _sid: are_others_about)
    for engine_sid, weights in waiting:
        made.put_weights(engine_sid, weights)
    return made


def test_a_part_weighs_two_where_others_are_about_and_sixteen_where_not() -> None:
    assert turns((A, [1] * 40)).take_weights(0, ()) == ([(A, [1, 1])], None)
    assert turns((A, [1] * 40), are_others_about=False).take_weights(0, ()) == ([(A, [1] * 16)], None)


@pytest.mark.parametrize(
    ("weights", "part"), [([19, 1], [19]), ([1, 2], [1]), ([0, 1, 1, 0, 1], [0, 1, 1, 0]), ([1], [1])]
)
def test_one_always_passes_and_more_only_where_there_is_room(weights: list[int], part: list[int]) -> None:
    assert turns((A, weights)).take_weights(0, ())[0] == [(A, part)]


def test_a_session_s_things_stay_in_order_and_each_session_has_a_part_under_way() -> None:
    waiting = turns((A, [1, 2, 1]), (B, [2]))
    assert waiting.take_weights(0, ()) == ([(A, [1]), (B, [2])], None)
    assert waiting.take_weights(0, {A, B}) == ([], None)
    assert waiting.take_weights(0, {B}) == ([(A, [2])], None)
    assert waiting.take_weights(0, ()) == ([(A, [1])], None)
    assert not waiting


def test_all_of_a_session_waits_while_anything_of_it_does() -> None:
    waiting = turns((A, [2, 2]))
    assert (A in waiting, B in waiting) == (True, False)
    waiting.take_weights(0, ())
    assert A in waiting
    waiting.take_weights(0, ())
    assert A not in waiting


def test_what_is_dropped_is_not_taken() -> None:
    waiting = turns((A, [1]), (B, [1, 1]))
    assert waiting.drop(A) == []
    assert waiting.drop(C) == []
    assert waiting.take_weights(0, ()) == ([(B, [1, 1])], None)


def test_where_nothing_waits_there_is_nothing_to_come_back_for() -> None:
    assert not turns()
    assert turns().take_weights(0, ()) == ([], None)


def test_a_session_rests_for_twice_as_long_as_the_peer_worked_and_others_do_not() -> None:
    waiting = turns((A, [2, 2]))
    waiting.end_call(1_000, 2)
    waiting.take_weights(1_000, ())
    waiting.end_call(1_010, 7)
    assert waiting.take_weights(1_011, ()) == ([], 8), "and a little of the shortest way is forgotten"
    waiting.put_weights(B, [1])
    assert waiting.take_weights(1_012, ()) == ([(B, [1])], 7)
    assert waiting.take_weights(1_019, {B}) == ([(A, [2])], None)


def test_a_session_that_waits_for_its_answers_does_not_rest() -> None:
    waiting = turns((A, [1]))
    waiting.end_call(1_000, 2)
    waiting.take_weights(1_000, ())
    waiting.end_call(1_010, 7)
    waiting.take_weights(1_010, ())
    waiting.put_weights(A, [1])
    assert waiting.take_weights(1_011, ()) == ([(A, [1])], None)


def test_nobody_rests_for_more_than_a_second() -> None:
    waiting = turns((A, [2, 2]))
    waiting.end_call(0, 2)
    waiting.take_weights(0, ())
    waiting.end_call(10_000, 9_000)
    assert waiting.take_weights(10_000, ()) == ([], 1_000)


def test_where_nobody_else_is_about_there_is_no_rest() -> None:
    waiting = turns((A, [1] * 40), are_others_about=False)
    waiting.end_call(0, 1)
    waiting.take_weights(0, ())
    waiting.end_call(10, 20)
    assert waiting.take_weights(10, ()) == ([(A, [1] * 16)], None)


def test_to_a_peer_far_away_a_part_is_as_much_as_is_sent_meanwhile() -> None:
    waiting = turns((A, [1] * 100))
    waiting.end_call(0, 60)
    waiting.take_weights(0, ())
    waiting.end_call(100, 60)
    [(_, part)], _ = waiting.take_weights(100, ())
    assert len(part) == 30, "and there is no rest: the way itself is no work"


def test_a_way_that_has_become_longer_is_learnt() -> None:
    waiting = turns((A, [1] * 100))
    waiting.end_call(0, 2)
    for _ in range(5_000):
        waiting.end_call(0, 60)
    [(_, part)], _ = waiting.take_weights(0, ())
    assert len(part) == 29


def test_that_a_session_has_ended_is_said_even_if_nothing_else_of_it_is() -> None:
    closed = SessionClosed(A, "transport close")
    waiting = turns((A, [1, 1]))
    waiting.put(A, [closed])
    assert waiting.drop(A) == [closed]
    assert not waiting


@pytest.mark.parametrize(
    ("one", "changes"),
    [
        (SessionOpened(A, ()), True),
        (SessionClosed(A, "x"), True),
        (SessionUpgraded(A), False),
        (MessageReceived(A, "x"), False),
    ],
)
def test_the_peer_s_list_cannot_be_ours_while_a_beginning_or_an_end_waits(one: Operation, changes: bool) -> None:
    waiting = turns((B, [1]))
    assert not waiting.changes_sessions
    waiting.put(A, [one])
    assert waiting.changes_sessions is changes


@pytest.mark.parametrize(("packet", "size"), [("x" * 100, 600), (b"x" * 100, 600), ("é" * 100, 900)])
def test_text_beyond_ascii_counts_with_what_it_takes(packet: str | bytes, size: int) -> None:
    assert size_of([MessageReceived(A, packet), SessionUpgraded(A)]) == size + 500
