"""A run of clients that come back, by a seed."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

import pytest
from mixed_builds import load_next, patch_builds
from return_steps import STEPS, STEPS_BETWEEN_OBJECTS, Step, deploy, fill
from return_world import PROJECT, Returning
from system_run import surroundings
from system_steps import STEPS_OF_BUILDS

__all__ = ["Plan", "make_plan", "play", "run", "shrink"]

#: Limits of recovery that are small in some runs, and how small they may be.
_SMALL: Final = {
    "socketio_do.server.server.MAX_LOG_ROWS": (3, 40),
    "socketio_do.state.recovery_log.MAX_LOGGED": (300, 1_200),
    "socketio_do.state.log_entries.MAX_MISSED": (200, 2_000),
    "socketio_do.state.log_entries.MAX_MISSED_PACKETS": (2, 10),
    "socketio_do.state.recovery_log.MAX_LOG": (1_000, 8_000),
}
#: Those that no client can notice.
_PIECES: Final = {
    "socketio_do.state.recovery_log._MOVED_AT_ONCE": (1, 3),
    "socketio_do.state.recovery_rows._NUMBERS": (1, 3),
    "socketio_do.state.recovery_rows._READ": (1, 300),
    "socketio_do.state.recovery_rows._AT_ONCE": (1, 2),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: what happens, each step with a number from which its chance comes, so that others can be left out."""

    seed: int
    failures: float
    steps: tuple[tuple[int, Step], ...]
    is_split: bool
    is_tight: bool
    is_small: bool
    has_small_log: bool
    away_s: float
    is_deferred: bool
    #: Whether each object's next life may run another build.
    is_mixed: bool = False

    def __str__(self) -> str:
        """Write it so that a person can read it."""
        names = " ".join(f"{step.__name__}:{number}" for number, step in self.steps)
        kind = f"failures {self.failures}, away {self.away_s}{', tight' * self.is_tight}{', small' * self.is_small}"
        kind += f"{', small log' * self.has_small_log}{', deferred' * self.is_deferred}"
        kind += f"{', one object' * (not self.is_split)}{', two builds' * self.is_mixed}"
        return f"seed {self.seed}, {kind}: {names}"


def make_plan(seed: int, failures: float, length: int, *, is_split: bool = True, is_mixed: bool = False) -> Plan:
    """Choose what happens. What happens often in one run is rare in another."""
    random = Random(seed)
    is_tight, is_small, has_small_log = random.random() < 0.1, random.random() < 0.4, random.random() < 0.25
    known = STEPS | STEPS_BETWEEN_OBJECTS if is_split else STEPS
    if is_mixed:
        known = {step: weight for step, weight in known.items() if step not in (deploy, fill)} | STEPS_OF_BUILDS
    weights = [weight * random.choice((0.2, 1, 3)) for weight in known.values()]
    steps = random.choices(list(known), weights, k=length)
    away_s, is_deferred = random.choice((5, 40, 400)), random.random() < 0.4
    kinds = (is_tight, is_small, has_small_log, away_s, is_deferred)
    return Plan(seed, failures, tuple(enumerate(steps)), is_split, *kinds, is_mixed)


def play(plan: Plan) -> Returning:
    """Do what a plan says, and check everything; raises what does not hold."""
    random, counts = Random(plan.seed), Counter[str]()
    recovery: dict[str, Any] = {
        "max_disconnection_s": plan.away_s,
        "write": "deferred" if plan.is_deferred else "event",
        **({"skip_middlewares": False} if plan.seed % 3 == 0 else {}),
        **({"namespaces": ["/"]} if plan.seed % 5 == 0 else {}),
    }
    entry = load_next(PROJECT) if plan.is_mixed else None
    limits_of_all = {"is_tight": plan.is_tight, "is_small": plan.is_small}
    with pytest.MonkeyPatch.context() as patch, surroundings(random, counts, **limits_of_all) as log:
        limits = (_PIECES if plan.is_small else {}) | (_SMALL if plan.has_small_log else {})
        for name, (least, most) in limits.items():
            patch_builds(patch, name, random.randrange(least, most + 1))
        kind = {"is_split": plan.is_split, "is_small": plan.has_small_log, "is_tight": plan.is_tight}
        system = Returning(random, plan.failures, recovery, **kind)
        with system.world:
            if entry is not None:
                system.mix_builds(entry)
            for actor in system.actors:
                system.watch_sleep(actor)
            for number, step in plan.steps:
                random.seed(plan.seed << 32 | number)
                step(system)
                if random.random() < 0.5:
                    for _ in range(random.randrange(6)):
                        system.world.loop.turn()
                log.check()
                system.check()
            system.settle()
            log.check()
            system.check()
    system.counts += counts
    return system


def run(seed: int, failures: float, length: int, *, is_split: bool = True, is_mixed: bool = False) -> Returning:
    """Make a plan and play it; what does not hold is raised with the shortest plan that was found to show it."""
    plan = make_plan(seed, failures, length, is_split=is_split, is_mixed=is_mixed)
    try:
        return play(plan)
    except Exception as error:
        error.add_note(str(shrink(plan)))
        raise


def shrink(plan: Plan, fails: "Callable[[Plan], bool] | None" = None) -> Plan:
    """Leave steps out as long as something does not hold: halves first, single ones last."""
    fails = fails or _fails
    size = len(plan.steps) // 2
    while size:
        first = 0
        while first < len(plan.steps):
            shorter = replace(plan, steps=plan.steps[:first] + plan.steps[first + size :])
            if fails(shorter):
                plan = shorter
            else:
                first += size
        size //= 2
    return plan


def _fails(plan: Plan) -> bool:
    try:
        play(plan)
    except Exception:
        return True
    return False
