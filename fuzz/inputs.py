"""Inputs of a target, by number: a seed and a number make the same input on every machine.

Inputs come in batches, each with a chance of its own: what a batch made before is material for what comes next, so that changes
add up. Nothing of it depends on what a target did.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any, AnyStr, Final, Generic

from fuzz.mutations import Material, lengthen, mutate

__all__ = ["BATCH", "Target", "find_input", "make_batch"]

#: Inputs of one batch.
BATCH: Final = 500

#: Of all inputs, how many are: an example as it stands, a changed one, one that the grammar makes, the same changed, one of some
#: thousand characters. The rest has hundreds of thousands.
_SHARES: Final = (0.05, 0.66, 0.86, 0.992, 0.9998)

#: Sizes of long inputs.
_LONG: Final = (500, 5_000)
_HUGE: Final = (20_000, 300_000)

#: A mutated input is cut there: longer ones are made by `lengthen`, and rarely.
_MUTATED: Final = 2_000

#: Inputs of a batch that later ones are made from.
_KEPT: Final = 48
_KEPT_SIZE: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Generic[AnyStr]):
    """Something that reads what others wrote."""

    name: str
    material: Material[AnyStr]
    #: Valid inputs.
    examples: tuple[AnyStr, ...]
    #: The grammar: makes one input, most of them valid.
    make: Callable[[Random], AnyStr]
    #: Reads an input. What it raises besides the documented ``refusals`` is a finding.
    read: Callable[[AnyStr], Any]
    refusals: tuple[type[Exception], ...] = ()
    #: Checks what was read, which is no part of an input's cost; returns what it is in a word.
    check: Callable[[Any], str] = str
    #: Make harmless inputs of about so many characters. The dearest of them is what others are compared with.
    harmless: tuple[Callable[[int], AnyStr], ...]
    #: Long inputs are so many times as long as those of others: less where each byte may be an event.
    scale: float = 1.0
    #: Of so many batches it gets one: more where each input is a sequence that takes long.
    every: int = 1

    def run(self, one: AnyStr) -> str:
        """Read an input and check what it is; returns what came of it in a word."""
        try:
            found = self.read(one)
        except self.refusals as error:
            return type(error).__name__
        return self.check(found)

    def weigh(self, one: AnyStr) -> str:
        """Read an input, and nothing else; returns what came of it in a word."""
        try:
            self.read(one)
        except self.refusals as error:
            return type(error).__name__
        return "read"


def make_batch(target: Target[AnyStr], seed: int, batch: int, upto: int = BATCH) -> Iterator[AnyStr]:
    """Make the inputs of a batch, in order."""
    chance = Random(f"{seed} {target.name} {batch}")
    random, material, make = chance.random, target.material, target.make
    pool = list(target.examples)
    fixed, most = len(pool), int(_MUTATED * target.scale)
    kept = min(_KEPT_SIZE, most // 2)
    plain, changed, made, both, long = _SHARES
    for _ in range(upto):
        kind = random()
        known = pool[int(random() * len(pool))]
        if kind < plain:
            yield known
            continue
        if kind < changed:
            one = mutate(known, pool[int(random() * len(pool))], material, chance, most)
        elif kind < made:
            one = make(chance)
        elif kind < both:
            one = mutate(make(chance), known, material, chance, most)
        else:
            low, high = _LONG if kind < long else _HUGE
            size = target.scale * (low + random() ** 2 * (high - low))
            one = lengthen(make(chance) if random() < 0.3 else known, int(size), chance)
        if len(one) <= kept and random() < 0.2:
            _keep(one, pool, fixed, chance)
        yield one


def find_input(target: Target[AnyStr], seed: int, number: int) -> AnyStr:
    """Make input number ``number`` again."""
    *_, found = make_batch(target, seed, number // BATCH, number % BATCH + 1)
    return found


def _keep(one: AnyStr, pool: list[AnyStr], fixed: int, chance: Random) -> None:
    if len(pool) < fixed + _KEPT:
        pool.append(one)
    else:
        pool[fixed + int(chance.random() * _KEPT)] = one
