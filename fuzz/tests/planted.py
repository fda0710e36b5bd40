"""Targets with a known fault in them."""

from collections.abc import Callable
from typing import Any

from fuzz.grammar import any_json
from fuzz.inputs import Target
from fuzz.mutations import TEXT

__all__ = ["compare_all", "crash", "hang", "planted", "read_once"]


def planted(read: Callable[[str], Any], refusals: tuple[type[Exception], ...] = ()) -> Target[str]:
    """Make a target of a function of a text."""
    return Target(
        name="planted",
        material=TEXT,
        examples=('{"a":1}', "[1,2]"),
        make=any_json,
        read=read,
        refusals=refusals,
        harmless=(lambda size: "x" * size,),
    )


def read_once(text: str) -> int:
    """Look at each character once."""
    return sum(character == "[" for character in text)


def compare_all(text: str) -> int:
    """Compare each bracket with all others: quadratic where there are many."""
    brackets = [at for at, character in enumerate(text) if character == "["]
    return sum(one > other for one in brackets for other in brackets)


def crash(text: str) -> int:
    """Look behind the end of a text that ends with a backslash."""
    return sum(ord(text[at + 1]) for at, character in enumerate(text) if character == "\\")


def hang(text: str) -> int:
    """Wait for ever for the end of a text that has a quote and no other."""
    at = 0
    while text.count('"') == 1:
        at += 1
    return at
