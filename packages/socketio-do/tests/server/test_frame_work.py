from collections.abc import Iterable

import pytest

from shared_wire import EngineSid
from socketio_do.server.frame_work import FrameWork

X, Y = EngineSid("x"), EngineSid("y")


@pytest.fixture
def told() -> list[set[EngineSid]]:
    return []


@pytest.fixture
def frame(told: list[set[EngineSid]]) -> FrameWork:
    def done(engine_sids: Iterable[EngineSid]) -> None:
        told.append(set(engine_sids))

    return FrameWork((X, Y), done)


def test_what_does_not_suspend_is_done_when_the_frame_is_delivered(
    frame: FrameWork, told: list[set[EngineSid]]
) -> None:
    frame.begin(X)
    frame.end(X)
    assert told == []
    frame.delivered()
    assert told == [{X, Y}]


def test_a_session_is_done_when_all_of_its_work_is(frame: FrameWork, told: list[set[EngineSid]]) -> None:
    frame.begin(X)
    frame.begin(X)
    frame.delivered()
    assert told == [{Y}]
    frame.end(X)
    assert told == [{Y}]
    frame.end(X)
    assert told == [{Y}, {X}]


def test_work_may_begin_after_the_delivery(frame: FrameWork, told: list[set[EngineSid]]) -> None:
    frame.delivered()
    frame.begin(Y)
    frame.end(Y)
    assert told == [{X, Y}, {Y}]
