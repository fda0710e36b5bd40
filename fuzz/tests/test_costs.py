import pytest
from planted import compare_all, hang, planted, read_once

from fuzz.costs import MAX_RATIO, Scale, TooDearError
from fuzz.meter import Meter


def test_what_is_harmless_costs_once_as_much() -> None:
    scale = Scale(planted(read_once), Meter())
    with scale.meter.running():
        ratios = [scale.weigh("x" * size)[1] for size in (512, 700, 5_000, 50_000)]
    assert all(0.8 < ratio < 1.2 for ratio in ratios)


def test_what_is_quadratic_is_too_dear() -> None:
    scale = Scale(planted(compare_all), Meter())
    with scale.meter.running():
        assert scale.weigh("[" * 40)[1] > MAX_RATIO
        with pytest.raises(TooDearError):
            scale.weigh("[" * 5_000)
        assert scale.weigh("x" * 5_000)[1] < 2


def test_what_has_no_end_is_too_dear() -> None:
    scale = Scale(planted(hang), Meter())
    with scale.meter.running(), pytest.raises(TooDearError):
        scale.weigh('"')


def test_a_documented_error_costs_what_came_before_it() -> None:
    def refuse(text: str) -> None:
        raise ValueError(text)

    scale = Scale(planted(refuse, (ValueError,)), Meter())
    with scale.meter.running():
        outcome, ratio = scale.weigh("x" * 100)
    assert outcome == "ValueError"
    assert ratio < 1


def test_what_is_raised_besides_goes_through() -> None:
    scale = Scale(planted(int), Meter())
    scale._harmless = dict.fromkeys((16, 32), 0)
    with scale.meter.running(), pytest.raises(ValueError, match="invalid literal"):
        scale.weigh("x")
