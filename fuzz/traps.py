"""What code in C costs, which no count of instructions sees: pieces repeated n and 4n times, for each target and each pattern.

Four times the input may cost ten times as much, never sixteen: that is between linear and quadratic, so that a busy machine decides
nothing. Where a thing can be counted (comparisons of keys), it is.
"""

import ast
import importlib
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import engine_do
import shared_wire
import socketio_do
from fuzz.inputs import Target
from shared_wire.bounded_json import has_collisions
from shared_wire.limits import MAX_COLLISIONS

__all__ = ["GROWTH", "Trap", "count_comparisons", "find_patterns", "growth", "pattern_traps", "target_traps"]

#: How many times as much four times the input may cost.
GROWTH: Final = 10

#: Seconds of CPU below which nothing is said: it may be anything.
_MEASURABLE: Final = 0.004
_ROUNDS: Final = 3

#: Characters of the shorter input.
_SIZE: Final = 15_000

#: The methods of a pattern that look at a text.
_METHODS: Final = ("match", "fullmatch", "search", "findall", "sub", "split")


@dataclass(frozen=True, slots=True)
class Trap:
    """Something that may grow faster than its input."""

    name: str
    make: Callable[[int], Any]
    run: Callable[[Any], Any]


def growth(trap: Trap, size: int = _SIZE) -> float:
    """Return how many times as much CPU four times the input takes; 0 where that is too little to be measured."""
    long = trap.make(4 * size)
    if _seconds(trap, long) < _MEASURABLE:
        return 0.0
    short = trap.make(size)
    before = min(_seconds(trap, short) for _ in range(_ROUNDS))
    after = min(_seconds(trap, long) for _ in range(_ROUNDS))
    return after / max(before, 1e-6)


def _seconds(trap: Trap, one: Any) -> float:
    begun = time.process_time()
    with suppress(Exception):  # what a target raises is found where inputs are read
        trap.run(one)
    return time.process_time() - begun


def target_traps(target: Target[Any]) -> Iterator[Trap]:
    """Repeat what a target's material has, at the end of each of some examples and by itself."""
    first, second, *_ = target.examples
    beginnings = {first[:0], first[:-1], second[: len(second) // 2]}
    for before in sorted(beginnings):
        for token in target.material.tokens:
            yield Trap(
                f"{target.name}: {before!r:.60} and {token!r:.40} again and again",
                _repeat(before, token, scale=target.scale),
                target.weigh,
            )


def _repeat(before: Any, piece: Any, after: Any = None, scale: float = 1.0) -> Callable[[int], Any]:
    end = before[:0] if after is None else after
    return lambda size: before + piece * int(scale * size / len(piece)) + end


def find_patterns() -> Iterator[tuple[str, "re.Pattern[Any]", frozenset[str]]]:
    """List the patterns of all modules but shells and what is for tests, with the methods that their modules call.

    All methods, where none is seen.
    """
    for package in (shared_wire, engine_do, socketio_do):
        [folder] = package.__path__
        for file in sorted(Path(folder).rglob("*.py")):
            parts = file.relative_to(folder).with_suffix("").parts
            if {"durable", "testing"} & {*parts}:
                continue
            module = importlib.import_module(".".join((package.__name__, *parts)).removesuffix(".__init__"))
            calls = _calls(ast.parse(file.read_text(encoding="utf-8")))
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern):
                    yield f"{module.__name__}.{name}", value, frozenset(calls.get(name, _METHODS))


def _calls(tree: ast.AST) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr in _METHODS:
            found.setdefault(node.value.id, set()).add(node.attr)
    return found


def pattern_traps() -> Iterator[Trap]:
    """Repeat what a pattern itself has, in ones and twos, with ends that do not match."""
    for name, pattern, methods in find_patterns():
        for before, piece, after in _pathological(pattern.pattern):
            for method in sorted(methods):
                yield Trap(
                    f"{name}.{method}: {before!r}, {piece!r} again and again, {after!r}",
                    *_try(pattern, method, before, piece, after),
                )


def _pathological(source: "str | bytes") -> Iterator[tuple[Any, Any, Any]]:
    text = source if isinstance(source, str) else source.decode()
    characters = sorted({*re.sub(r"\\[dsSwW]", "0 a", text), '"', "0", "a", " "} - set("()^$|"))
    pieces = [
        *characters,
        *(one + other for one in characters[:6] for other in characters[:6]),
        '\\"',
        '":',
        '"a":',
        "0-",
        "e1",
    ]
    for piece in pieces:
        for before, after in (("", ""), ("", "\n!"), ('"', ""), ("2", "!"), ("51-/", "")):
            yield (
                (before, piece, after) if isinstance(source, str) else (before.encode(), piece.encode(), after.encode())
            )


def _try(
    pattern: "re.Pattern[Any]", method: str, before: Any, piece: Any, after: Any
) -> tuple[Callable[[int], Any], Callable[[Any], Any]]:
    if method == "sub":
        return _repeat(before, piece, after), lambda text: pattern.sub(before[:0], text)
    return _repeat(before, piece, after), getattr(pattern, method)


class _Key(str):
    """A key that counts how often one is compared with another."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        _Key.compared += 1
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__


def count_comparisons(hashes: Iterable[int]) -> tuple[bool, float]:
    """Look for collisions among keys with these hashes: returns whether there are too many, and the comparisons for each key."""
    numbers = list(hashes)
    keys = [_Key(f"{at}") for at in range(len(numbers))]
    given = dict(zip(map(str, keys), numbers, strict=True))
    _Key.compared = 0
    found = has_collisions(list(keys), lambda key: given[str(key)])
    return found, _Key.compared / (len(keys) * MAX_COLLISIONS)
