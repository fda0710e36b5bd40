"""Many inputs of many targets, in batches that any process can do by itself."""

import math
import multiprocessing
import signal
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Final

from fuzz.costs import MAX_RATIO, Scale
from fuzz.inputs import BATCH, Target, make_batch
from fuzz.meter import Meter

__all__ = ["Campaign", "Finding", "Job", "Tally", "run_batch", "weigh_batch", "weigh_cases"]

#: One batch in so many is weighed as well: an instruction that is counted costs some fifty that are not.
_WEIGHED: Final = 32

#: Seconds of CPU after which a batch counts as hanging. The slowest, with the cases of its target, takes seven.
_MAX_SECONDS: Final = 120

#: Findings that are kept of each batch.
_KEPT: Final = 3

#: A batch: of which target, and its number. The first of a target has the cases with it.
Job = tuple[str, int]


class HangingError(BaseException):
    """A batch does not end."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that is handled wrongly."""

    target: str
    #: Its number, where it is one that a seed makes.
    number: int | None
    what: str
    input: "str | bytes"


@dataclass(slots=True)
class Tally:
    """What came of some inputs of a target."""

    inputs: int = 0
    weighed: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    #: The highest ratio to a harmless input, and the number of the input.
    worst: tuple[float, int] = (0.0, -1)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Add what came of other inputs."""
        self.inputs += other.inputs
        self.weighed += other.weighed
        self.outcomes.update(other.outcomes)
        self.worst = max(self.worst, other.worst)
        self.findings += other.findings


def run_batch(target: Target[Any], seed: int, batch: int) -> Tally:
    """Handle the inputs of a batch."""
    tally, run = Tally(), target.run
    outcomes: list[str] = []
    for number, one in enumerate(make_batch(target, seed, batch), batch * BATCH):
        try:
            outcomes.append(run(one))
        except (Exception, HangingError) as error:
            _note(tally, target.name, number, error, one)
    tally.inputs += BATCH
    tally.outcomes.update(outcomes)
    return tally


def weigh_batch(target: Target[Any], seed: int, batch: int, scale: Scale[Any]) -> Tally:
    """Weigh the inputs of a batch."""
    inputs = list(make_batch(target, seed, batch))
    with scale.meter.running():
        return _weigh(target, scale, inputs, batch * BATCH)


def weigh_cases(target: Target[Any], cases: Iterable["str | bytes"], scale: Scale[Any]) -> Tally:
    """Weigh, and then check, the inputs of a target that always run: its examples, nothing, and its cases."""
    inputs = [*target.examples, target.examples[0][:0], *cases]
    with scale.meter.running():
        tally = _weigh(target, scale, inputs, None)
    for one in inputs:
        try:
            target.run(one)
        except Exception as error:
            _note(tally, target.name, None, error, one)
    return tally


def _weigh(target: Target[Any], scale: Scale[Any], inputs: list[Any], first: int | None) -> Tally:
    tally = Tally(inputs=len(inputs), weighed=len(inputs))
    for at, one in enumerate(inputs):
        number = None if first is None else first + at
        try:
            outcome, ratio = scale.weigh(one)
        except (Exception, HangingError) as error:
            _note(tally, target.name, number, error, one)
            continue
        tally.outcomes[outcome] += 1
        tally.worst = max(tally.worst, (ratio, -1 if number is None else number))
        if ratio > MAX_RATIO:
            _note(tally, target.name, number, f"costs {ratio:.1f} times a harmless input of its size", one)
    return tally


def _note(tally: Tally, target: str, number: int | None, what: "BaseException | str", one: "str | bytes") -> None:
    said = what if isinstance(what, str) else f"{type(what).__name__}: {what}"
    tally.outcomes[said.partition(":")[0] if not isinstance(what, str) else "too dear"] += 1
    if len(tally.findings) < _KEPT:
        tally.findings.append(Finding(target, number, f"{said:.500}", one))


@contextmanager
def _limited() -> Iterator[None]:
    """Raise `HangingError` in what takes too long by its own CPU time; the count of instructions finds most of it much earlier."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise HangingError(f"a batch took more than {_MAX_SECONDS} s of CPU")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _MAX_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


class Campaign:
    """So many inputs, spread over targets as they ask for, and the cases of each."""

    def __init__(
        self, targets: dict[str, Target[Any]], cases: Mapping[str, Iterable["str | bytes"]], seed: int, inputs: int
    ) -> None:
        self.tallies = {name: Tally() for name in targets}
        self._targets = targets
        self._cases = cases
        self._seed = seed
        meter = Meter()
        self._scales = {name: Scale(target, meter) for name, target in targets.items()}
        rounds = max(math.ceil(inputs / BATCH / sum(1 / target.every for target in targets.values())), 1)
        # Those that take longest come first, so that all processes end at about the same time.
        slow_first = sorted(targets, key=lambda name: -targets[name].every)
        self.jobs: list[Job] = [
            (name, at // targets[name].every)
            for at in range(rounds)
            for name in slow_first
            if at % targets[name].every == 0
        ]

    def run(self, processes: int, tell: Callable[[int], None]) -> None:
        """Do all batches; ``tell`` is told after each how many are done."""
        if processes == 1:
            self._gather(map(self.do, self.jobs), tell)
            return
        _RUNNING[:] = [self]
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            self._gather(pool.imap(_do, self.jobs, chunksize=1), tell)

    def do(self, job: Job) -> tuple[str, Tally]:
        """Do one batch, as any process can."""
        name, batch = job
        target = self._targets[name]
        with _limited():
            if batch % _WEIGHED:
                return name, run_batch(target, self._seed, batch)
            scale = self._scales[name]
            tally = Tally() if batch else weigh_cases(target, self._cases.get(name, ()), scale)
            tally.add(weigh_batch(target, self._seed, batch, scale))
            return name, tally

    def _gather(self, results: Iterable[tuple[str, Tally]], tell: Callable[[int], None]) -> None:
        for done, (name, tally) in enumerate(results, 1):
            self.tallies[name].add(tally)
            tell(done)


#: What the processes have by being forked from this one: targets are functions, which cannot be sent to them.
_RUNNING: Final[list[Campaign]] = []


def _do(job: Job) -> tuple[str, Tally]:
    return _RUNNING[0].do(job)
