"""What members of rooms decide to do: the same on the model and on workerd."""

import random
from collections.abc import Sequence
from typing import Any

__all__ = ["choose_act"]


def choose_act(chance: random.Random, rooms: Sequence[str], present: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Choose what to do, and its arguments; ``present`` are the sids of those who are connected."""
    what = chance.choices(("enter", "leave", "close", "tell"), (45, 18, 0.3, 37))[0]
    if what != "tell":
        return what, {"room": chance.choice(rooms)}
    without = chance.sample(rooms, chance.choice((1, 2))) if chance.random() < 0.3 else None
    told = _choose_rooms(chance, rooms, present)
    return what, {"rooms": told, "skip": chance.random() < 0.5, "without": without}


def _choose_rooms(chance: random.Random, rooms: Sequence[str], present: Sequence[str]) -> list[str] | None:
    """Choose some rooms, everybody, or one other member."""
    how = chance.choices((1, 2, 3, "all", "member"), (50, 15, 10, 5, 20))[0]
    if how == "member":
        return [chance.choice(present)]
    return None if how == "all" else chance.sample(rooms, int(how))
