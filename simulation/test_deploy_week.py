"""A week of deploys; two hours of it where nothing else is asked for."""

import os
import sys
from dataclasses import replace

import pytest
from deploy_week import Plan, Week

SHORT = Plan(clients=30, days=1 / 12, deploys=1, rollbacks=1, is_split=True, has_recovery=True)
WEEK = replace(SHORT, clients=1_000, days=7, deploys=50, rollbacks=5)
#: A week takes some ten minutes for each: `DEPLOY_WEEK=1`, as `nox -s soak` has it.
IS_LONG = "DEPLOY_WEEK" in os.environ
#: Whether there are two objects, and recovery.
KINDS = [(True, True), (False, False), *([(True, False), (False, True)] if IS_LONG else [])]


def run(plan: Plan) -> Week:
    week = Week(plan)
    with week.world:
        week.run()
    return week


@pytest.mark.parametrize(("is_split", "has_recovery"), KINDS)
def test_nobody_who_slept_is_cut_and_nobody_misses_anything_untold(is_split: bool, has_recovery: bool) -> None:
    counts = run(replace(WEEK if IS_LONG else SHORT, is_split=is_split, has_recovery=has_recovery)).counts
    assert counts["objects that slept"]
    assert counts["objects that were busy"]
    assert counts["cut"] == counts["recovered" if has_recovery else "told"] > 0
    if IS_LONG:
        sys.stdout.write(f"{dict(counts)}\n")


def test_without_quiet_moments_clients_that_poll_keep_deploys_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine_do.session.quiet.QuietMoments.wait_ms", lambda *_: 0)
    with pytest.raises(AssertionError, match="has not slept, though nobody spoke there"):
        run(replace(SHORT, rollbacks=0))
