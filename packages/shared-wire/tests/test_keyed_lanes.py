from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any

import pytest
from wire_fakes import Step, advance

from shared_wire.keyed_lanes import Lanes, Work


class Log:
    """Work that notes when it begins and ends, and waits for a step in between."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def at_once(self, name: str) -> Work:
        async def work() -> None:
            self.lines.append(name)

        return work

    def waiting(self, name: str, step: Step[None]) -> Work:
        async def work() -> None:
            self.lines.append(f"{name} begins")
            await step
            self.lines.append(f"{name} ends")

        return work


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def lanes(log: Log) -> Lanes:
    return Lanes(advance, lambda what, error: log.lines.append(f"{what}: {error!r}"))


def test_work_that_does_not_suspend_is_done_on_return(lanes: Lanes, log: Log) -> None:
    lanes.run("a", log.at_once("1"))
    assert log.lines == ["1"]
    assert not lanes.busy("a")
    assert lanes.waiting("a") == 0


def test_work_of_one_key_waits_for_the_work_before_it(lanes: Lanes, log: Log) -> None:
    step: Step[None] = Step()
    lanes.run("a", log.waiting("1", step))
    lanes.run("a", log.at_once("2"))
    lanes.run("a", log.at_once("3"))
    assert log.lines == ["1 begins"]
    assert lanes.busy("a")
    assert lanes.waiting("a") == 2
    step.resolve(None)
    assert log.lines == ["1 begins", "1 ends", "2", "3"]
    assert not lanes.busy("a")


def test_different_keys_do_not_wait_for_each_other(lanes: Lanes, log: Log) -> None:
    step: Step[None] = Step()
    lanes.run("a", log.waiting("1", step))
    lanes.run("b", log.at_once("2"))
    assert log.lines == ["1 begins", "2"]
    assert lanes.busy("a")
    assert not lanes.busy("b")


def test_work_that_waits_in_turn_is_under_way_one_at_a_time(lanes: Lanes, log: Log) -> None:
    first, second = Step[None](), Step[None]()
    lanes.run("a", log.waiting("1", first))
    lanes.run("a", log.waiting("2", second))
    first.resolve(None)
    assert log.lines == ["1 begins", "1 ends", "2 begins"]
    assert lanes.busy("a")
    assert lanes.waiting("a") == 0
    second.resolve(None)
    assert log.lines[-1] == "2 ends"


def test_work_asked_for_by_work_comes_after_it(lanes: Lanes, log: Log) -> None:
    async def outer() -> None:
        log.lines.append("outer begins")
        lanes.run("a", log.at_once("inner"))
        log.lines.append("outer ends")

    lanes.run("a", outer)
    assert log.lines == ["outer begins", "outer ends", "inner"]


def test_an_empty_lane_begins_afresh(lanes: Lanes, log: Log) -> None:
    for name in "123":
        lanes.run("a", log.at_once(name))
    assert log.lines == ["1", "2", "3"]


def test_work_begins_with_what_the_caller_brought(log: Log) -> None:
    begun: list[Coroutine[Any, Any, None]] = []
    lanes = Lanes(begun.append, lambda what, error: None)
    lanes.run("a", log.at_once("1"))
    assert log.lines == []
    assert lanes.busy("a")
    assert lanes.waiting("a") == 0
    [coroutine] = begun
    advance(coroutine)
    assert log.lines == ["1"]


class Cancelled(BaseException):
    """What `CancelledError` is in an event loop: no `Exception`."""


@pytest.mark.parametrize("error", [LookupError("broken"), Cancelled()])
def test_work_that_raises_is_logged_and_its_lane_goes_on(lanes: Lanes, log: Log, error: BaseException) -> None:
    step: Step[None] = Step()

    async def broken() -> None:
        await step
        raise error

    lanes.run("a", broken)
    lanes.run("a", log.at_once("next"))
    step.resolve(None)
    assert log.lines == [f"work of a lane: {error!r}", "next"]
    assert not lanes.busy("a")


def test_work_that_raises_at_once_leaves_no_lane_stuck(lanes: Lanes, log: Log) -> None:
    async def broken() -> None:
        raise LookupError("broken")

    lanes.run("a", broken)
    lanes.run("a", log.at_once("next"))
    assert log.lines == ["work of a lane: LookupError('broken')", "next"]


def test_only_what_suspends_is_told_of(log: Log) -> None:
    step: Step[None] = Step()

    def start(coroutine: Coroutine[Any, Any, None]) -> str:
        advance(coroutine)
        return f"task after {log.lines}"

    told: list[str] = []
    lanes = Lanes(start, lambda what, error: log.lines.append(what), told.append)
    lanes.run("a", log.at_once("1"))
    lanes.run("a", log.waiting("2", step))
    lanes.run("a", log.at_once("3"))
    lanes.run("a", log.waiting("4", Step()))
    assert told == ["task after ['1', '2 begins']"]
    step.resolve(None)
    assert told[1:] == ["task after ['1', '2 begins', '2 ends', '3', '4 begins']"]


def test_the_end_of_a_life_begins_nothing_more(log: Log) -> None:
    begun: list[Coroutine[Any, Any, None]] = []

    def start(coroutine: Coroutine[Any, Any, None]) -> None:
        begun.append(coroutine)
        advance(coroutine)

    lanes = Lanes(start, lambda what, error: log.lines.append(what))
    lanes.run("a", log.waiting("1", Step()))
    lanes.run("a", log.at_once("2"))
    begun[0].close()
    assert log.lines == ["1 begins"]


NAME: ContextVar[str] = ContextVar("name", default="nobody")


def test_what_work_sets_in_a_context_variable_no_other_work_sees(lanes: Lanes, log: Log) -> None:
    step: Step[None] = Step()

    async def first() -> None:
        NAME.set("first")
        await step

    async def second() -> None:
        log.lines.append(NAME.get())

    lanes.run("a", first)
    lanes.run("a", second)
    step.resolve(None)
    lanes.run("a", second)
    assert log.lines == ["nobody", "nobody"]


def test_work_sees_the_context_in_which_it_was_asked_for(lanes: Lanes, log: Log) -> None:
    step: Step[None] = Step()

    async def ask() -> None:
        log.lines.append(NAME.get())

    lanes.run("a", log.waiting("1", step))
    token = NAME.set("caller")
    lanes.run("a", ask)
    NAME.reset(token)
    step.resolve(None)
    assert log.lines[-1] == "caller"


def test_a_long_lane_takes_no_stack(lanes: Lanes, log: Log) -> None:
    step: Step[None] = Step()
    lanes.run("a", log.waiting("1", step))
    for number in range(5_000):
        lanes.run("a", log.at_once(str(number)))
    step.resolve(None)
    assert len(log.lines) == 5_002
