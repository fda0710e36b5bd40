import pytest

from shared_wire import Holdings


@pytest.fixture
def holdings() -> Holdings:
    return Holdings(of_one=100, of_all=250)


def test_what_is_within_both_limits_costs_nobody(holdings: Holdings) -> None:
    assert [holdings.add(name, 80) for name in "abc"] == [None, None, None]
    assert (holdings.total, holdings.held("a"), holdings.held("z")) == (240, 80, 0)


def test_a_holder_over_its_own_limit_gives_way_itself(holdings: Holdings) -> None:
    assert holdings.add("a", 100) is None
    assert holdings.add("a", 1) == "a"


def test_over_the_limit_of_all_the_largest_gives_way_whoever_came_last(holdings: Holdings) -> None:
    for name, size in (("a", 70), ("b", 90), ("c", 80)):
        assert holdings.add(name, size) is None
    assert holdings.add("d", 20) == "b"


def test_what_is_released_makes_room(holdings: Holdings) -> None:
    holdings.add("a", 100)
    holdings.release("a", 40)
    assert holdings.held("a") == holdings.total == 60
    assert holdings.add("a", 40) is None
    holdings.release("a", 100)
    assert (holdings.held("a"), holdings.total) == (0, 0)


def test_who_was_dropped_holds_nothing_and_may_release_it_still(holdings: Holdings) -> None:
    holdings.add("a", 60)
    holdings.add("b", 50)
    holdings.drop("a")
    holdings.drop("a")
    holdings.release("a", 60)
    assert (holdings.held("a"), holdings.total) == (0, 50)


def test_a_dropped_holder_that_comes_back_is_never_counted_below_nothing(holdings: Holdings) -> None:
    holdings.add("a", 60)
    holdings.drop("a")
    holdings.add("a", 10)
    holdings.release("a", 60)
    assert (holdings.held("a"), holdings.total) == (0, 0)
