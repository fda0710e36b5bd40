"""What middleware decides. That it stands before the handlers is shown end to end: stock python-socketio has none."""

import pytest

import checks
from doors import SPOKEN_LIMIT, WINDOW_S, Pace, check_nick


@pytest.mark.parametrize("nick", ["Dormouse", "  DORMOUSE ", "dormouse"])
def test_nobody_comes_in_under_the_servers_name(nick: str) -> None:
    with pytest.raises(checks.Invalid, match="Please choose another"):
        check_nick({"nick": nick})


def test_any_other_proper_nickname_may_come_in() -> None:
    check_nick({"nick": "Dormouse 2"})
    with pytest.raises(checks.Invalid, match="1 to 24 printable"):
        check_nick(None)


def test_each_client_may_say_so_much_in_a_window() -> None:
    pace = Pace()

    assert [pace.allows("ada", 100) for _ in range(SPOKEN_LIMIT + 1)] == [True] * SPOKEN_LIMIT + [False]
    assert pace.allows("bob", 100.1)
    assert not pace.allows("ada", 99.9 + WINDOW_S)
    assert pace.allows("ada", 100 + WINDOW_S)


def test_a_clock_that_goes_back_locks_nobody_out() -> None:
    pace = Pace()
    for _ in range(SPOKEN_LIMIT + 1):
        pace.allows("ada", 100)

    assert pace.allows("ada", 1)
