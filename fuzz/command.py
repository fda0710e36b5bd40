"""`python fuzz`: what runs, what is said of it, and how it ends."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from fuzz.campaign import Campaign, Finding, Tally
from fuzz.cases import CASES
from fuzz.costs import Scale
from fuzz.inputs import Target, find_input
from fuzz.meter import Meter
from fuzz.targets import TARGETS
from fuzz.traps import GROWTH, Trap, growth, pattern_traps, target_traps

__all__ = ["main"]

#: Seconds between two words on a terminal.
_TELL_EVERY: Final = 3.0

#: Of the many things that may grow too fast, one in so many is tried in a short run, the next time another.
_FEW: Final = 40

#: Inputs from which on all of them are tried.
_MANY: Final = 2_000_000

#: Characters of an input that are shown.
_SHOWN: Final = 200


def main(arguments: list[str]) -> int:
    """Run what the arguments say; returns 1 where something was found."""
    options = _parser().parse_args(arguments)
    chosen = {name: TARGETS[name] for name in options.target or TARGETS}
    if options.show is not None:
        return _show(chosen, options.seed, options.show)
    begun = time.monotonic()
    findings = list(_run_traps(chosen, options.seed, 1 if options.inputs >= _MANY else _FEW))
    campaign = Campaign(chosen, CASES, options.seed, options.inputs)
    campaign.run(options.processes or os.cpu_count() or 1, _teller(len(campaign.jobs)))
    for name, tally in campaign.tallies.items():
        _print_tally(name, tally)
        findings += tally.findings
    inputs = sum(tally.inputs for tally in campaign.tallies.values())
    print(f"{inputs:,} inputs, seed {options.seed}, {time.monotonic() - begun:.0f} s, {len(findings)} findings")
    for finding in findings:
        _print_finding(finding, options.seed)
    return 1 if findings else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python fuzz", description="Fuzz what reads the bytes and texts of others.")
    parser.add_argument("--inputs", type=int, default=100_000, help="how many inputs, of all targets together")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same inputs")
    parser.add_argument("--target", action="append", choices=list(TARGETS), help="only this one; may be given again")
    parser.add_argument("--processes", type=int, help="how many at once; by default as many as there are cores")
    parser.add_argument(
        "--show", type=int, metavar="NUMBER", help="handle this one input of the target again, and print it"
    )
    return parser


def _show(chosen: dict[str, Target[Any]], seed: int, number: int) -> int:
    """Reproduce an input: print it whole, and let what it raises be seen."""
    if len(chosen) > 1:
        sys.exit("--show needs one --target")
    [target] = chosen.values()
    one = find_input(target, seed, number)
    print(repr(one))
    with Meter().running() as meter:
        outcome, ratio = Scale(target, meter).weigh(one)
    print(f"{ratio:.2f} times the cost of a harmless input of its size: {outcome}")
    print(target.run(one))
    return 0


def _run_traps(chosen: dict[str, Target[Any]], seed: int, every: int) -> Iterator[Finding]:
    traps = [*pattern_traps(), *(trap for target in chosen.values() for trap in target_traps(target))]
    for trap in traps[seed % every :: every]:
        found = _grown(trap)
        if found > GROWTH:
            yield Finding(trap.name, None, f"four times the input takes {found:.0f} times the CPU", trap.make(100))


def _grown(trap: Trap) -> float:
    """Measure, and measure again before anything is said: a busy machine must not decide it."""
    return min(growth(trap), growth(trap)) if (found := growth(trap)) > GROWTH else found


def _teller(jobs: int) -> Callable[[int], None]:
    """Make what says how far it is, every few seconds, where somebody may be looking."""
    if not sys.stderr.isatty():
        return lambda _: None
    last = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last
        if time.monotonic() - last >= _TELL_EVERY:
            last = time.monotonic()
            print(f"\r{done:,} of {jobs:,} batches", end="", file=sys.stderr, flush=True)

    return tell


def _print_tally(name: str, tally: Tally) -> None:
    ratio, number = tally.worst
    outcomes = ", ".join(f"{what} {count:,}" for what, count in tally.outcomes.most_common(8))
    print(
        f"{name}: {tally.inputs:,} inputs, {tally.weighed:,} weighed, the dearest {ratio:.1f} times a harmless one (#{number})"
    )
    print(f"    {outcomes}")


def _print_finding(finding: Finding, seed: int) -> None:
    shown = repr(finding.input)
    print(
        f"\n{finding.target}: {finding.what}\n  {shown[:_SHOWN]}{'...' if len(shown) > _SHOWN else ''} ({len(finding.input)} long)"
    )
    if finding.number is not None:
        print(f"  python fuzz --target {finding.target} --seed {seed} --show {finding.number}")
