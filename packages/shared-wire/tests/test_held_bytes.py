import pytest

from shared_wire import HeldBytes


@pytest.fixture
def held_bytes() -> HeldBytes:
    return HeldBytes(of_one=100, of_all=250)


def test_what_is_within_both_limits_costs_nobody(held_bytes: HeldBytes) -> None:
    assert [held_bytes.add(name, 80) for name in "abc"] == [None, None, None]
    assert (held_bytes.total, held_bytes.held("a"), held_bytes.held("z")) == (240, 80, 0)


def test_a_holder_over_its_own_limit_gives_way_itself(held_bytes: HeldBytes) -> None:
    assert held_bytes.add("a", 100) is None
    assert held_bytes.add("a", 1) == "a"


def test_over_the_limit_of_all_the_largest_gives_way_whoever_came_last(held_bytes: HeldBytes) -> None:
    for name, size in (("a", 70), ("b", 90), ("c", 80)):
        assert held_bytes.add(name, size) is None
    assert held_bytes.add("d", 20) == "b"


def test_what_is_released_makes_room(held_bytes: HeldBytes) -> None:
    held_bytes.add("a", 100)
    held_bytes.release("a", 40)
    assert held_bytes.held("a") == held_bytes.total == 60
    assert held_bytes.add("a", 40) is None
    held_bytes.release("a", 100)
    assert (held_bytes.held("a"), held_bytes.total) == (0, 0)


def test_who_was_dropped_holds_nothing_and_may_release_it_still(held_bytes: HeldBytes) -> None:
    held_bytes.add("a", 60)
    held_bytes.add("b", 50)
    held_bytes.drop("a")
    held_bytes.drop("a")
    held_bytes.release("a", 60)
    assert (held_bytes.held("a"), held_bytes.total) == (0, 50)


def test_a_dropped_holder_that_comes_back_is_never_counted_below_nothing(held_bytes: HeldBytes) -> None:
    held_bytes.add("a", 60)
    held_bytes.drop("a")
    held_bytes.add("a", 10)
    held_bytes.release("a", 60)
    assert (held_bytes.held("a"), held_bytes.total) == (0, 0)
