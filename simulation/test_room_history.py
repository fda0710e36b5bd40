"""The judge of what members of rooms saw finds what is wrong, and nothing where all is right."""

from dataclasses import replace
from typing import Any

import pytest
from room_history import Connection, Entry, Verdict, judge


def _record() -> tuple[list[Entry], Connection, Connection]:
    """What two members do and see when all goes well: one enters a room, each tells something, over two lives."""
    to_room, to_all, to_others = ({"rooms": rooms, "skip": skip, "without": None} for rooms, skip in TOLD)
    rows = [
        [1, "first life", "a", "connect", "m0"],
        [2, "first life", "b", "connect", "m1"],
        [3, "first life", "a", "enter", 1, {"room": "r"}],
        [4, "first life", "b", "tell", 1, to_room],
        [5, "first life", "b", "tell", 2, to_all],
        [6, "second life", "a", "tell", 2, to_others],
    ]
    a = Connection("a", "e0", 2, [(1, 3, ["r"]), (2, 6, ["r"])], [4, 5])
    b = Connection("b", "e0", 2, [(1, 4, []), (2, 5, [])], [5, 6])
    return [*map(Entry.read, rows)], a, b


TOLD = ((["r"], False), (None, False), (None, True))


def _judge(aborted: bool = False, **changes: Any) -> Verdict:
    journal, a, b = _record()
    a = replace(a, **{key[2:]: value for key, value in changes.items() if key.startswith("a_")})
    b = replace(b, **{key[2:]: value for key, value in changes.items() if key.startswith("b_")})
    return judge(journal, [a, b], {"first life"} if aborted else set())


def test_the_judge_finds_nothing_where_all_is_right() -> None:
    found = _judge()
    assert found.faults == []
    assert (found.counts["deliveries"], found.counts["answers"], found.counts["lost in aborts"]) == (4, 4, 0)


def test_the_judge_tolerates_what_an_abort_loses_for_everybody_alike() -> None:
    found = _judge(aborted=True, a_told=[4], b_told=[6])
    assert found.faults == []
    assert found.counts["lost in aborts"] == 2


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"a_told": [5]}, "a: entry 4 is missing"),
        ({"a_told": [4]}, "a: entry 5 is missing"),
        ({"a_told": [4, 4, 5]}, "a: told 4"),
        ({"a_told": [5, 4]}, "a: told 4"),
        ({"b_told": [4, 5, 6]}, "b: told 4"),
        ({"a_told": [4, 5, 6]}, "a: told 6"),
        ({"a_answers": [(1, 3, []), (2, 6, ["r"])]}, "a: answer (1, 3, [])"),
        ({"a_sent": 3}, "a: 2 of 3 answered"),
        ({"a_sent": 1}, "a: of 1 messages were handled [1, 2]"),
        ({"a_closed": 1006}, "a: 0 disconnects"),
        ({"a_closed": 1011}, "a: closed with 1011"),
        ({"aborted": True, "a_told": [5]}, "('e0', 'first life'): some miss 4, and others have 5"),
        ({"aborted": True, "a_told": [4]}, "('e0', 'first life'): some miss 5, and others have 5"),
    ],
)
def test_the_judge_finds(changes: dict[str, Any], fault: str) -> None:
    faults = _judge(**changes).faults
    assert any(one.startswith(fault) for one in faults), faults
