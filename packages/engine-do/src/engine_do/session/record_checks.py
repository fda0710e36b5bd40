"""Checks of what stands in a stored record; each returns the value, or raises `TypeError` or `ValueError`."""

from typing import Any, Final

__all__ = ["facts", "listed", "text", "whole"]

#: The latest moment that a record may name: what a JavaScript number holds exactly.
_MOST: Final = 2**53


def whole(value: object, most: int = _MOST) -> int:
    """Return a number that counts something: neither negative nor absurd, and no boolean."""
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError
    return value


def text(value: object) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise TypeError
    return value


def listed(value: object) -> list[Any]:
    """Return a list; a text, which is a sequence too, is none."""
    if not isinstance(value, list):
        raise TypeError
    return value


def facts(pairs: object) -> tuple[tuple[str, str], ...]:
    """Return the facts of a handshake, each a name and a value. There are dozens of them: checked without a call for each."""
    found = []
    for pair in listed(pairs):
        if not isinstance(pair, list):
            raise TypeError
        key, value = pair
        if not (isinstance(key, str) and isinstance(value, str)):
            raise TypeError
        found.append((key, value))
    return tuple(found)
