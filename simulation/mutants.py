"""Does the simulation find bugs? Each mistake of `mutants.toml` is made in a copy of the packages, and looked for.

    python simulation/mutants.py [--steps 1000000] [--only NAME] [--unit]

Each mutant is run by seeds, as `test_system` runs the system, until something does not hold or the steps are used up; a run that
hangs counts as found. With ``--unit`` the packages' own tests, and those of the shells, look for those that are left. The exit code
is 0 only where enough are found.
"""

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = ["Mutant", "Outcome", "copied", "find_by_simulation", "find_by_units", "load", "main"]

ROOT: Final = Path(__file__).resolve().parents[1]
LIST: Final = Path(__file__).with_name("mutants.toml")
PACKAGES: Final = ("shared-wire", "engine-do", "socketio-do")
#: Tests of the shells, with all packages together.
SHELLS: Final = (
    "simulation/test_shells.py",
    "simulation/test_failing_calls.py",
    "simulation/test_streams.py",
    "simulation/test_moved_class.py",
)

STEPS: Final = 40_000
STEPS_OF_A_RUN: Final = 400
#: How often a call between actors fails; each seed is run with all of them.
FAILURES: Final = (0.0, 0.05, 0.2, 0.6)
#: A run takes a fraction of a second of the processor's time, so one that takes so much hangs. Memory is bounded, too: it may hang
#: in growing.
RUN_S: Final = 20
MEMORY: Final = 2 * 1024**3
#: The unit tests of one package take less than a minute.
UNITS_S: Final = 400
#: How a process ends that has found something.
FOUND: Final = 3

#: How many of a hundred mutants the simulation must find, and how many it and the unit tests together.
SIMULATION_FINDS: Final = 60
ALL_FIND: Final = 65


@dataclass(frozen=True, slots=True)
class Mutant:
    """One mistake: text that is there once in a file, and what takes its place."""

    name: str
    what: str
    file: str
    old: str
    new: str

    @property
    def package(self) -> str:
        """The package it is made in."""
        return Path(self.file).parts[1]

    def apply(self, text: str) -> str:
        """Make the mistake in the text of its file; raise `ValueError` where it does not fit."""
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: the old text is {text.count(self.old)} times in {self.file}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What looking for a mutant gave. ``steps``: how many it took, or all that there were."""

    is_found: bool
    steps: int = 0
    how: str = ""


def load() -> list[Mutant]:
    """Read the list."""
    return [Mutant(**fields) for fields in tomllib.loads(LIST.read_text(encoding="utf-8"))["mutant"]]


@contextmanager
def copied(mutant: Mutant | None) -> Iterator[dict[str, str]]:
    """Copy the packages, with a mistake or without; gives the environment of a process that uses the copies."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        for package in PACKAGES:
            source = Path("packages", package, "src")
            shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
        if mutant is not None:
            file = folder / Path(mutant.file)
            file.write_text(mutant.apply(file.read_text(encoding="utf-8")), encoding="utf-8")
        paths = (str(Path(folder, "packages", package, "src")) for package in PACKAGES)
        exact = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        yield {**os.environ, **exact}


def find_by_simulation(environment: dict[str, str], steps: int, failures: Iterable[float] = FAILURES) -> Outcome:
    """Run the simulation in a process of its own until it finds something."""
    command = [sys.executable, __file__, "--look", str(steps), *map(str, failures)]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = ended.stdout.splitlines()
    if ended.returncode == 0:
        return Outcome(is_found=False, steps=steps)
    if ended.returncode == FOUND:
        found = json.loads(lines[-1])
        return Outcome(True, found["steps"], found["how"])
    if ended.returncode < 0 and lines:
        return Outcome(True, json.loads(lines[-1])["steps"], f"ended by {signal.Signals(-ended.returncode).name}")
    raise RuntimeError(f"the simulation could not be run: {ended.stderr[-2_000:]}")


def find_by_units(environment: dict[str, str], package: str) -> Outcome:
    """Run tests until one fails: the package's own, those of the shells in the model, and those of the other packages."""
    own, *others = sorted((f"packages/{name}/tests" for name in PACKAGES), key=lambda path: package not in path)
    for tests in (own, *SHELLS, *others):
        command = [sys.executable, "-m", "pytest", tests, "-x", "-q", "-p", "no:cacheprovider"]
        try:
            ended = subprocess.run(
                command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=UNITS_S
            )
        except subprocess.TimeoutExpired:
            return Outcome(True, how=f"{tests}: hangs")
        if ended.returncode:
            failed = [line for line in ended.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
            return Outcome(True, how=(failed or [ended.stderr[-200:]])[0][:150])
    return Outcome(is_found=False)


def _look(steps: int, failures: list[float]) -> int:
    """Run the seeds in this process; writes a line before each run, and one of what was found."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    from system_run import play

    from shared_wire.testing.modules import install

    install()
    for number in range(-(-steps // STEPS_OF_A_RUN)):
        done = (number + 1) * STEPS_OF_A_RUN
        sys.stdout.write(json.dumps({"steps": done}) + "\n")
        sys.stdout.flush()
        signal.setitimer(signal.ITIMER_PROF, RUN_S)
        try:
            play(_choose_plan(number, failures))
        except BaseException as error:
            how = str(_root(error)).partition("\n")[0][:150] or type(error).__name__
            sys.stdout.write(json.dumps({"steps": done, "how": how}) + "\n")
            return FOUND
    return 0


def _choose_plan(number: int, failures: list[float]) -> Any:
    """Choose a run: a seed with each rate of failures in turn, and then in one object, where no call can fail."""
    from system_run import make_plan

    seed, which = divmod(number, len(failures) + 1)
    if which == len(failures):
        return make_plan(seed, 0.0, STEPS_OF_A_RUN, is_split=False)
    return make_plan(seed, failures[which], STEPS_OF_A_RUN)


def _root(error: BaseException) -> BaseException:
    """Find what was raised first: what a shell has caught, it logs."""
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    return error


def _check_baseline(steps: int, *, has_units: bool) -> bool:
    """Check that nothing is found where there is no mistake."""
    with copied(None) as environment:
        found = find_by_simulation(environment, min(steps, STEPS))
        if not found.is_found and has_units:
            found = find_by_units(environment, PACKAGES[0])
    _say(f"without a mutant: {found.how or 'nothing is found, as it must be'}")
    return not found.is_found


def _try(mutant: Mutant, steps: int, *, has_units: bool) -> str:
    """Look for a mutant; returns by what it was found: "simulation", "units", or ""."""
    with copied(mutant) as environment:
        found = find_by_simulation(environment, steps)
        if found.is_found:
            _say(f"{mutant.name}: found by the simulation after {found.steps} steps ({found.how})")
            return "simulation"
        if has_units and (by_units := find_by_units(environment, mutant.package)).is_found:
            _say(f"{mutant.name}: not found in {found.steps} steps; found by unit tests ({by_units.how})")
            return "units"
    _say(f"{mutant.name}: NOT FOUND in {found.steps} steps{' and by no unit test' if has_units else ''}")
    return ""


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Look for all mutants, or some; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of the simulation for each mutant")
    parser.add_argument("--only", action="append", help="the name of a mutant; may be repeated")
    parser.add_argument(
        "--unit", action="store_true", help="have unit tests look for what the simulation does not find"
    )
    parser.add_argument("--look", nargs="+", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.look:
        return _look(int(options.look[0]), options.look[1:])
    chosen = [one for one in load() if options.only is None or one.name in options.only]
    if not chosen:
        parser.error("there is no such mutant")
    if not _check_baseline(options.steps, has_units=options.unit):
        return 2
    by = [_try(mutant, options.steps, has_units=options.unit) for mutant in chosen]
    simulation, together = by.count("simulation"), len(by) - by.count("")
    _say(f"of {len(by)} mutants the simulation has found {simulation}, and together with the unit tests {together}")
    is_little = 100 * simulation < SIMULATION_FINDS * len(by) or (options.unit and 100 * together < ALL_FIND * len(by))
    return int(is_little)


if __name__ == "__main__":
    sys.exit(main())
