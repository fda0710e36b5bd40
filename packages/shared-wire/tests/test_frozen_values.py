"""Frozen values made from their fields: what their `__init__` makes."""

from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from shared_wire.frozen_values import make


@dataclass(frozen=True, kw_only=True)
class Point:
    x: int
    y: int
    name: str = ""


def test_a_value_is_equal_to_what_its_class_makes() -> None:
    made = make(Point, {"x": 1, "y": 2})
    assert made == Point(x=1, y=2)
    assert hash(made) == hash(Point(x=1, y=2))
    assert repr(made) == repr(Point(x=1, y=2))
    assert replace(made, name="corner") == Point(x=1, y=2, name="corner")


def test_a_value_is_frozen() -> None:
    made = make(Point, {"x": 1, "y": 2})
    with pytest.raises(FrozenInstanceError):
        made.x = 3  # type: ignore[misc]
