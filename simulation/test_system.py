"""The whole system: clients of both transports, two engine actors, two socket actors, with whatever may go wrong.

A run is exact: its seed repeats it, and one in which something does not hold is shrunk to the steps that show it.
"""

import os
from collections import Counter

import pytest
from system_run import Plan, make_plan, play, run, shrink
from system_steps import STEPS, STEPS_BETWEEN_OBJECTS, open_client
from system_upgrade import Stage

#: Steps of all runs together.
LENGTH = int(os.environ.get("SYSTEM_STEPS", "100000"))
LENGTH_OF_A_RUN = 400
#: How often a call between actors fails, in a thousand.
FAILURES = (0, 50, 200, 600)
PARTS = 4

#: What must have happened, or it is tested in name only.
TRIED = {
    *("opened", "open at rest", "full at rest", "closed by the server", "packet received", "event handled", "binary"),
    *("shouted", "suspended", "refused", "kicked", "left a namespace", "vanished", "nonsense"),
    *("answered", "not answered"),
    *("answered later", "not answered: timeout", "not answered: disconnect", "told by a later life"),
    *("ENGINE slept", "SOCKET slept", "ENGINE reset", "SOCKET reset", "late alarms", "clock ahead", "clock behind"),
    *("tables of an earlier layout", "tables of a later layout", "migration cut short", "records of another release"),
    *("call lost", "answer lost", "call doubled", "overloaded", "call late", "answer late", "stray", "given up"),
    *(
        "stream opened",
        "stream refused",
        "stream late",
        "stream broken",
        "stream broken in a call",
        "stream broken by a reset",
    ),
    "a session that rests outlived a reset",
    *("cut off", "probe lost", "probe spoilt", "upgrade: too slow"),
    *(f"upgrade: {stage.name}" for stage in Stage if stage is not Stage.POLLING),
    *("SOCKET full: INSERT", "SOCKET full: DELETE", "ENGINE full: put", "a handler could not write"),
    *("queue in pieces", "rows in pieces", "list of sessions in pieces"),
}

#: What must have happened in each part where sockets and application are in one object.
TRIED_IN_ONE = {
    *(
        "opened",
        "open at rest",
        "packet received",
        "event handled",
        "binary",
        "shouted",
        "suspended",
        "refused",
        "kicked",
    ),
    *("answered", "answered later", "told by a later life", "CHAT slept", "CHAT reset", "vanished"),
    *("records of another release", "CHAT full: INSERT", "a handler could not write"),
}


def play_part(failures: int, part: int, *, is_split: bool = True) -> Counter[str]:
    """Run a part of all seeds; returns what has happened, and how often."""
    runs = -(-LENGTH // (len(FAILURES) * LENGTH_OF_A_RUN))
    counts = Counter[str]()
    for seed in range(part, runs, PARTS):
        counts += run(seed, failures / 1000, LENGTH_OF_A_RUN, is_split=is_split).counts
    return counts


def test_everything_keeps_what_is_promised_and_was_tried() -> None:
    happened = [play_part(failures, 0) for failures in FAILURES]
    assert all(one["event handled"] for one in happened)
    missing = TRIED.difference(*happened)
    assert not missing, f"never tried: {sorted(missing)}"


@pytest.mark.parametrize("part", range(1, PARTS))
@pytest.mark.parametrize("failures", FAILURES)
def test_everything_keeps_what_is_promised(failures: int, part: int) -> None:
    assert play_part(failures, part)["event handled"]


@pytest.mark.parametrize("part", range(PARTS))
def test_one_object_keeps_what_is_promised(part: int) -> None:
    missing = TRIED_IN_ONE - play_part(0, part, is_split=False).keys()
    assert not missing, f"never tried: {sorted(missing)}"


def test_a_seed_repeats_its_run() -> None:
    first, second = (run(3, 0.2, LENGTH_OF_A_RUN).counts for _ in range(2))
    assert first == second


def test_a_run_in_which_something_does_not_hold_is_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(1, 0.0, 60)
    numbers = [number for number, step in plan.steps if step is open_client][:2]
    needed = [plan.steps[number] for number in numbers]

    def fail(shorter: Plan) -> bool:
        return set(needed) <= set(shorter.steps)

    monkeypatch.setattr("system_run._fails", fail)
    short = shrink(plan)
    assert list(short.steps) == needed
    names = " ".join(f"open_client:{number}" for number in numbers)
    kind = ", tight" * plan.is_tight + ", small" * plan.is_small
    assert str(short) == f"seed 1, failures 0.0, {plan.clients} clients{kind}: {names}"
    assert {step for _, step in plan.steps} <= STEPS.keys() | STEPS_BETWEEN_OBJECTS.keys()
    assert play(short).counts
