from random import Random

import pytest

from shared_wire.format.frames import Change
from shared_wire.format.operations import EngineSid
from shared_wire.link.unfinished import Unfinished, apply, begun, finish, sessions_waiting, without_work

X, Y, Z = EngineSid("x"), EngineSid("y"), EngineSid("z")
WORK: Unfinished = ((2, frozenset({X, Y})), (5, frozenset({X})), (6, frozenset({Z})))


def test_what_is_finished_is_left_out_with_its_frame_when_it_was_the_last() -> None:
    assert finish(WORK, 2, [X]) == ((2, frozenset({Y})), *WORK[1:])
    assert finish(WORK, 5, [X]) == (WORK[0], WORK[2])
    assert finish(WORK, 6, [Z, X]) == WORK[:2]


@pytest.mark.parametrize(("seq", "sid"), [(1, X), (2, Z), (3, X), (7, Z)])
def test_what_is_not_there_cannot_be_finished(seq: int, sid: EngineSid) -> None:
    assert finish(WORK, seq, [sid]) is WORK


def test_the_sessions_that_wait() -> None:
    assert sorted(sessions_waiting(WORK)) == [X, X, Y, Z]
    assert sorted(sessions_waiting(WORK, 2)) == [X, Y]
    assert sessions_waiting(WORK, 3) == sessions_waiting((), 1) == ()


def test_what_began_after_a_number_is_listed_as_changes() -> None:
    assert begun(WORK, 4) == ((5, X, False), (6, Z, False))
    assert begun(WORK, 6) == ()
    assert begun(WORK, 0)[:2] == ((2, X, False), (2, Y, False))


@pytest.mark.parametrize(
    ("after", "until", "expected"), [(0, 1, WORK), (1, 2, WORK[1:]), (2, 5, (WORK[0], WORK[2])), (0, 9, ())]
)
def test_the_work_of_some_frames_is_left_out(after: int, until: int, expected: Unfinished) -> None:
    assert without_work(WORK, after, until) == expected


def test_changes_carried_out_in_order_give_what_is_unfinished_there() -> None:
    random = Random(1)
    model: set[tuple[int, EngineSid]] = set()
    there: Unfinished = ()
    for step in range(2_000):
        seq, sid = random.randrange(step // 10 + 1), random.choice([X, Y, Z])
        done = random.random() < 0.6
        change: Change = (seq, sid, done)
        (model.discard if done else model.add)((seq, sid))
        there = apply(there, [change])
        assert [seq for seq, _ in there] == sorted({seq for seq, _ in model})
        assert {(seq, sid) for seq, sids in there for sid in sids} == model
