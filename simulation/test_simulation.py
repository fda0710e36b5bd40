"""Everything together: clients, both actors' real cores, the link, reports, layouts, clocks; lives end between any two steps.

What must hold is checked by `World` whenever somebody is told something, and by `whole_rest` whenever nothing is under way.
A run is exact: its seed repeats it.
"""

import os
from collections import Counter

from whole_run import run

#: Steps of all runs together.
STEPS = int(os.environ.get("SIMULATION_STEPS", "40000"))
STEPS_OF_A_RUN = 400
FAILURES = (0.0, 0.05, 0.2, 0.6)

#: What must have happened, or it is tested in name only.
TRIED = {
    *(
        "exchange",
        "open at rest",
        "event handled",
        "packet received",
        "suspended",
        "emitted",
        "binary",
        "refused",
        "kicked",
    ),
    *("nonsense", "left a namespace", "client left", "joined nothing", "found dead", "closed from above", "sweep"),
    *(
        "engine actor slept",
        "socket actor slept",
        "engine actor aborted",
        "socket actor aborted",
        "clock behind",
        "stray",
    ),
    *(
        "lost by the engine actor",
        "lost by the socket actor",
        "put off",
        "ghost ended",
        "parting suspended",
        "alarm lost",
    ),
    *("tables of an earlier layout", "tables of a later layout", "migration cut short"),
    *("attachments of another release", "report of another release", "work given up", "list asked for"),
}


def run_all(failures: float) -> Counter[str]:
    """Run all seeds; returns what has happened, and how often."""
    counts = Counter[str]()
    for seed in range(-(-STEPS // (len(FAILURES) * STEPS_OF_A_RUN))):
        try:
            counts += run(seed, failures, STEPS_OF_A_RUN).counts
        except BaseException as error:
            error.add_note(f"run({seed}, {failures}, {STEPS_OF_A_RUN})")
            raise
    return counts


def test_everything_keeps_what_is_promised_and_was_tried() -> None:
    happened = [run_all(failures) for failures in FAILURES]
    assert all(one["exchange"] for one in happened)
    missing = (TRIED | {"call lost", "reply lost", "all lost"}).difference(*happened)
    assert not missing, f"never tried: {sorted(missing)}"


def test_a_seed_repeats_its_run() -> None:
    assert run(3, 0.2, STEPS_OF_A_RUN).counts == run(3, 0.2, STEPS_OF_A_RUN).counts
