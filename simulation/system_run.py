"""A run of the simulated system by a seed: what happens in it, and how little of that shows a fault."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Final

import pytest
from error_log import ErrorLog
from mixed_builds import load_next
from seeded import seed_packages
from system_limits import make_small, make_tight
from system_steps import STEPS, STEPS_BETWEEN_OBJECTS, STEPS_OF_BUILDS, Step, deploy, fill
from system_world import PROJECT, System

from shared_wire.testing.modules import install

__all__ = ["Plan", "make_plan", "play", "run", "shrink", "surroundings"]

#: How many clients there are at most, and how often: few that do much, or a crowd.
_CLIENTS: Final = {4: 3, 12: 3, 30: 1}


@contextmanager
def surroundings(random: Random, counts: Counter[str], *, is_tight: bool, is_small: bool) -> Iterator[ErrorLog]:
    """Watch the log; have chance come from the seed, and limits be small where a plan says so."""
    install()
    log = ErrorLog()
    loggers = [logging.getLogger(name) for name in ("shared_wire", "engine_do", "socketio_do", "asyncio")]
    with pytest.MonkeyPatch.context() as patch:
        seed_packages(patch, random)
        if is_tight:
            make_tight(patch)
        if is_small:
            make_small(patch, random, counts)
        for logger in loggers:
            patch.setattr(logger, "level", logging.ERROR)
            logger.addHandler(log)
        try:
            yield log
        finally:
            for logger in loggers:
                logger.removeHandler(log)


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: what happens, each step with a number from which its chance comes, so that others can be left out."""

    seed: int
    failures: float
    steps: tuple[tuple[int, Step], ...]
    is_tight: bool
    is_small: bool
    clients: int
    is_split: bool
    #: Whether each object's next life may run another build.
    is_mixed: bool = False

    def __str__(self) -> str:
        """Write it so that a person can read it."""
        names = " ".join(f"{step.__name__}:{number}" for number, step in self.steps)
        kind = f"failures {self.failures}, {self.clients} clients{', tight' * self.is_tight}{', small' * self.is_small}"
        kind += f"{', one object' * (not self.is_split)}{', two builds' * self.is_mixed}"
        return f"seed {self.seed}, {kind}: {names}"


def make_plan(seed: int, failures: float, length: int, *, is_split: bool = True, is_mixed: bool = False) -> Plan:
    """Choose what happens. What happens often in one run is rare in another."""
    random = Random(seed)
    is_tight, is_small = random.random() < 0.2, random.random() < 0.3
    [clients] = random.choices(list(_CLIENTS), list(_CLIENTS.values()))
    known = STEPS | STEPS_BETWEEN_OBJECTS if is_split else STEPS
    if is_mixed:
        known = {step: weight for step, weight in known.items() if step not in (deploy, fill)} | STEPS_OF_BUILDS
    weights = [weight * random.choice((0.2, 1, 3)) for weight in known.values()]
    steps = random.choices(list(known), weights, k=length)
    return Plan(seed, failures, tuple(enumerate(steps)), is_tight, is_small, clients, is_split, is_mixed)


def play(plan: Plan) -> System:
    """Do what a plan says, and check everything; raises what does not hold."""
    random, counts = Random(plan.seed), Counter[str]()
    entry = load_next(PROJECT) if plan.is_mixed else None
    with surroundings(random, counts, is_tight=plan.is_tight, is_small=plan.is_small) as log:
        system = System(random, plan.failures, plan.clients, is_tight=plan.is_tight, is_split=plan.is_split)
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


def run(seed: int, failures: float, length: int, *, is_split: bool = True, is_mixed: bool = False) -> System:
    """Make a plan and play it; what does not hold is raised with the shortest plan that was found to show it."""
    plan = make_plan(seed, failures, length, is_split=is_split, is_mixed=is_mixed)
    try:
        return play(plan)
    except Exception as error:
        error.add_note(str(shrink(plan)))
        raise


def shrink(plan: Plan) -> Plan:
    """Leave steps out as long as something does not hold: halves first, single ones last."""
    size = len(plan.steps) // 2
    while size:
        first = 0
        while first < len(plan.steps):
            shorter = replace(plan, steps=plan.steps[:first] + plan.steps[first + size :])
            if _fails(shorter):
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
