import re

import pytest
from planted import compare_all, read_once

from fuzz import traps
from fuzz.targets import TARGETS
from fuzz.traps import GROWTH, Trap, count_comparisons, find_patterns, growth, pattern_traps, target_traps
from shared_wire.limits import MAX_COLLISIONS

#: A busy machine may spoil a measurement, in either direction: a planted fault must be seen in one of so many.
TRIES = 3


def test_what_is_quadratic_grows_too_fast() -> None:
    planted = Trap("brackets", lambda size: "[" * size, compare_all)
    assert any(growth(planted, 400) > GROWTH for _ in range(TRIES))


def test_a_pattern_that_backtracks_is_caught() -> None:
    # Each run of letters is tried from each of its letters on.
    planted = Trap("letters", lambda size: "a" * size, re.compile("[a-z]+!").search)
    assert any(growth(planted, 4_000) > GROWTH for _ in range(TRIES))


def test_what_is_linear_does_not() -> None:
    harmless = Trap("brackets", lambda size: "[" * size, read_once)
    assert any(growth(harmless, 20_000) < GROWTH for _ in range(TRIES))


def test_what_takes_no_time_says_nothing() -> None:
    assert growth(Trap("nothing", lambda size: size, abs)) == 0


def test_all_patterns_of_the_packages_are_found_with_how_they_are_used() -> None:
    found = {name: methods for name, _, methods in find_patterns()}
    assert found["socketio_do.protocol.packets._PACKET"] == {"fullmatch"}
    assert found["shared_wire.bounded_json._KEYS"] == {"findall"}
    assert len(found) > 12


def test_each_pattern_and_each_target_has_traps() -> None:
    named = {trap.name.partition(":")[0].rpartition(".")[0] for trap in pattern_traps()}
    assert named == {name for name, _, _ in find_patterns()}
    assert all(any(True for _ in target_traps(target)) for target in TARGETS.values())


@pytest.mark.parametrize("size", [1_000, 5_000])
def test_colliding_keys_are_compared_in_proportion_to_their_number(size: int) -> None:
    """What the hash is, is given: so no key has to be found that collides under one."""
    found, compared = count_comparisons([7] * size)
    assert found
    assert compared <= 1
    found, compared = count_comparisons(at // (MAX_COLLISIONS - 2) for at in range(size))
    assert not found
    assert compared <= 1
    found, compared = count_comparisons(range(size))
    assert not found
    assert compared <= 1


def test_the_table_of_methods_has_those_that_search() -> None:
    assert {"match", "search", "findall"} <= set(traps._METHODS)
