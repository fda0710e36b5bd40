"""Frozen values of many fields, made as often as there are events."""

from typing import Any, TypeVar

__all__ = ["make"]

T = TypeVar("T")


def make(kind: type[T], fields: dict[str, Any]) -> T:
    """Make a frozen dataclass without slots from all of its fields that have no default, in a third of the time of its `__init__`.

    ``fields`` becomes the value's own.
    """
    made = object.__new__(kind)
    object.__setattr__(made, "__dict__", fields)
    return made
