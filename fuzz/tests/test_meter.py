import pytest
from planted import compare_all, hang, read_once

from fuzz.meter import Meter, OverBudgetError


def _count(meter: Meter, read: object, text: str) -> int:
    meter.begin(10_000_000)
    read(text)  # type: ignore[operator]
    return meter.end()


def test_the_count_grows_with_the_work_and_is_the_same_each_time() -> None:
    with Meter().running() as meter:
        _count(meter, read_once, "[")
        counts = [_count(meter, read_once, "[" * size) for size in (100, 100, 1_000)]
    assert counts[0] == counts[1]
    assert 8 < counts[2] / counts[0] < 12


def test_a_quadratic_function_counts_quadratically() -> None:
    with Meter().running() as meter:
        counts = [_count(meter, compare_all, "[" * size) for size in (50, 50, 500)]
    assert counts[2] / counts[1] > 60


def test_what_has_no_end_is_stopped_by_the_count_and_counting_goes_on() -> None:
    with Meter().running() as meter:
        before = _count(meter, read_once, "[" * 100)
        for _ in range(2):
            meter.begin(5_000)
            with pytest.raises(OverBudgetError):
                hang('"')
            meter.end()
            meter.resume()
        assert _count(meter, read_once, "[" * 100) == pytest.approx(before, rel=0.1)


def test_nothing_is_counted_while_it_is_paused() -> None:
    with Meter().running() as meter:
        _count(meter, read_once, "[")
        meter.begin(1_000)
        before = meter.count
        with meter.paused():
            read_once("[" * 10_000)
        assert meter.count - before < 200
        assert _count(meter, read_once, "[" * 100) > 200


def test_nothing_is_counted_afterwards() -> None:
    meter = Meter()
    with meter.running():
        read_once("[")
    count = meter.count
    read_once("[" * 1_000)
    assert meter.count == count
