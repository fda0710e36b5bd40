from collections.abc import Iterable

import pytest

from engine_do.ids import EngineSid
from engine_do.turns import Turns

A, B, C = EngineSid("a"), EngineSid("b"), EngineSid("c")


def turns(*waiting: tuple[EngineSid, Iterable[int]], are_others_about: bool = True) -> Turns[int]:
    """What waits is its weight."""
    made = Turns[int](lambda weight: weight, lambda _sid: are_others_about)
    for engine_sid, weights in waiting:
        made.put(engine_sid, weights)
    return made


def test_a_part_weighs_two_where_others_are_about_and_sixteen_where_not() -> None:
    assert turns((A, [1] * 40)).take(0, ()) == ([(A, [1, 1])], None)
    assert turns((A, [1] * 40), are_others_about=False).take(0, ()) == ([(A, [1] * 16)], None)


@pytest.mark.parametrize(
    ("weights", "part"), [([19, 1], [19]), ([1, 2], [1]), ([0, 1, 1, 0, 1], [0, 1, 1, 0]), ([1], [1])]
)
def test_one_always_passes_and_more_only_where_there_is_room(weights: list[int], part: list[int]) -> None:
    assert turns((A, weights)).take(0, ())[0] == [(A, part)]


def test_a_session_s_things_stay_in_order_and_each_session_has_a_part_under_way() -> None:
    waiting = turns((A, [1, 2, 1]), (B, [2]))
    assert waiting.take(0, ()) == ([(A, [1]), (B, [2])], None)
    assert waiting.take(0, {A, B}) == ([], None)
    assert waiting.take(0, {B}) == ([(A, [2])], None)
    assert waiting.take(0, ()) == ([(A, [1])], None)
    assert not waiting


def test_all_of_a_session_waits_while_anything_of_it_does() -> None:
    waiting = turns((A, [2, 2]))
    assert (A in waiting, B in waiting) == (True, False)
    waiting.take(0, ())
    assert A in waiting
    waiting.take(0, ())
    assert A not in waiting


def test_what_is_dropped_is_not_taken() -> None:
    waiting = turns((A, [1]), (B, [1, 1]))
    assert list(waiting.drop(A)) == [1]
    assert list(waiting.drop(C)) == []
    assert list(waiting) == [1, 1]
    assert waiting.take(0, ()) == ([(B, [1, 1])], None)


def test_where_nothing_waits_there_is_nothing_to_come_back_for() -> None:
    assert not turns()
    assert turns().take(0, ()) == ([], None)


def test_a_session_rests_for_twice_as_long_as_the_peer_worked_and_others_do_not() -> None:
    waiting = turns((A, [2, 2]))
    waiting.end_call(1_000, 2)
    waiting.take(1_000, ())
    waiting.end_call(1_010, 7)
    assert waiting.take(1_011, ()) == ([], 8), "and a little of the shortest way is forgotten"
    waiting.put(B, [1])
    assert waiting.take(1_012, ()) == ([(B, [1])], 7)
    assert waiting.take(1_019, {B}) == ([(A, [2])], None)


def test_a_session_that_waits_for_its_answers_does_not_rest() -> None:
    waiting = turns((A, [1]))
    waiting.end_call(1_000, 2)
    waiting.take(1_000, ())
    waiting.end_call(1_010, 7)
    waiting.take(1_010, ())
    waiting.put(A, [1])
    assert waiting.take(1_011, ()) == ([(A, [1])], None)


def test_nobody_rests_for_more_than_a_second() -> None:
    waiting = turns((A, [2, 2]))
    waiting.end_call(0, 2)
    waiting.take(0, ())
    waiting.end_call(10_000, 9_000)
    assert waiting.take(10_000, ()) == ([], 1_000)


def test_where_nobody_else_is_about_there_is_no_rest() -> None:
    waiting = turns((A, [1] * 40), are_others_about=False)
    waiting.end_call(0, 1)
    waiting.take(0, ())
    waiting.end_call(10, 20)
    assert waiting.take(10, ()) == ([(A, [1] * 16)], None)


def test_to_a_peer_far_away_a_part_is_as_much_as_is_sent_meanwhile() -> None:
    waiting = turns((A, [1] * 100))
    waiting.end_call(0, 60)
    waiting.take(0, ())
    waiting.end_call(100, 60)
    [(_, part)], _ = waiting.take(100, ())
    assert len(part) == 30, "and there is no rest: the way itself is no work"


def test_a_way_that_has_become_longer_is_learnt() -> None:
    waiting = turns((A, [1] * 100))
    waiting.end_call(0, 2)
    for _ in range(5_000):
        waiting.end_call(0, 60)
    [(_, part)], _ = waiting.take(0, ())
    assert len(part) == 29
