"""The mistakes of `mutants.toml` fit the packages as they are, and the simulation finds one of them at once."""

from collections import Counter

import mutants
import pytest
from mutants import ROOT, Mutant

MUTANTS = {one.name: one for one in mutants.load()}
#: Found in the first run.
SOON = ("a socket's rooms kept",)


def test_the_list_is_long_and_names_everything_once() -> None:
    listed = mutants.load()
    twice = [name for name, number in Counter(one.name for one in listed).items() if number > 1]
    assert not twice
    assert len(listed) >= 30
    assert sum("/durable/" in one.file for one in listed) >= 5
    assert all(one.what.endswith(".") for one in listed)


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_a_mutant_fits(mutant: Mutant) -> None:
    before = (ROOT / mutant.file).read_text(encoding="utf-8")
    after = mutant.apply(before)
    assert after != before
    compile(after, mutant.file, "exec")


@pytest.mark.parametrize("name", SOON)
def test_a_mutant_is_found(name: str) -> None:
    with mutants.copied(MUTANTS[name]) as environment:
        assert mutants.find_by_simulation(environment, 2_000).is_found
