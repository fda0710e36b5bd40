"""No event costs more calls than it did: `calls.toml` says how many."""

import tomllib
from pathlib import Path

import pytest
from event_calls import PLACEMENTS, measure

BUDGET: dict[str, dict[str, float]] = tomllib.loads(Path(__file__).with_name("calls.toml").read_text(encoding="utf-8"))
#: By how much a figure may be above its budget.
TOLERANCE = 1.05


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_no_event_calls_more_than_its_budget(placement: str) -> None:
    measured = {what: calls.packages for what, calls in measure(placement).items()}
    assert measured.keys() == BUDGET[placement].keys()
    over = {what: calls for what, calls in measured.items() if calls > BUDGET[placement][what] * TOLERANCE}
    assert not over, f"more than {BUDGET[placement]}: {over}"
