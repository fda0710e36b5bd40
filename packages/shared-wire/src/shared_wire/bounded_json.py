"""JSON of others, checked before any code in C sees it.

Inside workerd a deeply nested text or value overflows the interpreter's stack and ends the process with every client in it. Hashes
of text can be predicted there, and keys that share one make a dict quadratic. Both are refused here before they can do harm; an
ordinary short text costs a search.

A text is cut at its quotes. The pieces lie outside and inside of strings by turns, so what a string holds is no structure.
"""

import json
import re
from collections.abc import Callable, Iterable
from itertools import accumulate, islice, tee
from operator import ne, sub
from typing import Any, Final, NoReturn

from shared_wire.errors import NestedTooDeep, RefusedJson, UnwritableValue
from shared_wire.limits import (
    FEW_KEYS,
    MAX_COLLISIONS,
    MAX_CONTAINERS,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_LOOKUPS,
    MAX_VALUES,
)

__all__ = ["check_depth", "check_text", "find_kinds", "has_collisions", "parse", "write"]

#: A text of so many characters has no room for anything but an exponent that overflows.
_TINY: Final = 100

#: A text of so many characters has no room for too many values or digits, and few keys where there are few colons.
_SHORT: Final = MAX_DIGITS

#: Every so many characters one is looked at; ten digits in a row are a reason to look at all.
_SAMPLE: Final = 20
_SAMPLED_DIGITS: Final = re.compile("[0-9]{10}")
_SAMPLED_DIGITS_BYTES: Final = re.compile(_SAMPLED_DIGITS.pattern.encode())

#: What may overflow a float; below `_SAMPLE` * 10 digits nothing else does.
_EXPONENT: Final = re.compile(r"[eE]\+?[0-9]{3}")
_EXPONENT_BYTES: Final = re.compile(_EXPONENT.pattern.encode())

#: What stands between two quotes with a colon behind them. No key of JSON begins behind a backslash, so each search ends where the
#: next begins, however many quotes are escaped. Only the quote is consumed: the one that ends a value may seem to begin a key, and
#: must not hide the key that follows.
_PLAIN_KEYS: Final = re.compile(r'"(?=([^"]*+)"[ \t\n\r]*+:)')
_KEYS: Final = re.compile(r'"(?<!\\")(?=([^"\\]*+(?:\\.[^"\\]*+)*+)"[ \t\n\r]*+:)', re.DOTALL)

#: Brackets as steps down and up, read as signed bytes.
_STEPS: Final = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[{]}"))

#: What is opened and closed at once, and how often such pairs are taken out before the steps that are left are counted.
_PAIR: Final = b"\x01\xff"
_ROUNDS: Final = 8

_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")
_MANY_DIGITS: Final = b"0" * 200
_TOO_MANY_DIGITS: Final = b"0" * (MAX_DIGITS + 1)

#: Values of one level that may be looked at twice: to find out which are the same takes longer.
_FEW: Final = 50

_CONTAINERS: Final = (dict, list, tuple)
_SCALARS: Final = frozenset({str, int, float, bool, type(None), bytes})


def parse(
    text: str,
    *,
    max_depth: int = MAX_DEPTH,
    max_containers: int = MAX_CONTAINERS,
    max_values: int = MAX_VALUES,
) -> Any:
    """Read a JSON text.

    Raises `RefusedJson` for what is not JSON (NaN, the infinities and numbers that overflow to them included), and beyond a limit.
    """
    if len(text) > min(_TINY, max_depth):
        may_overflow = _check(text, max_depth, max_containers, max_values)
    else:
        may_overflow = _EXPONENT.search(text) is not None
    try:
        return (_CAREFUL_DECODER if may_overflow else _DECODER).decode(text)
    except (ValueError, RecursionError):
        raise RefusedJson("not JSON") from None


def _check(text: str, max_depth: int, max_containers: int, max_values: int) -> bool:
    """Check a text; returns whether it may have numbers that overflow.

    Counted are all characters first, those of strings too. Only where these are too many it matters which stand outside of strings.
    """
    containers = text.count("[") + text.count("{")
    is_plain = containers <= max_depth and (
        len(text) <= _SHORT
        or not (containers + text.count(",") > max_values or _SAMPLED_DIGITS.search(text[::_SAMPLE]))
    )
    if not is_plain or text.count(":") > FEW_KEYS:
        return _check_reading(text, _pieces(text)[::2], max_depth, max_containers, max_values, is_json=True)
    return bool(_EXPONENT.search(text) or _SAMPLED_DIGITS.search(text[::_SAMPLE]))


def check_text(text: str) -> None:
    """Check a text of which JSON may be any part, from any character on; raises `RefusedJson` for what is beyond a limit.

    Nobody knows which of its pieces are strings, so both readings must be harmless. Whether there is JSON in it is not checked.
    """
    if len(text) > MAX_DEPTH:
        pieces = _pieces(text)
        _check_reading(text, pieces[::2], MAX_DEPTH, MAX_CONTAINERS, MAX_VALUES)
        _check_reading(text, pieces[1::2], MAX_DEPTH, MAX_CONTAINERS, MAX_VALUES)


def has_collisions(keys: list[str], hash_of: Callable[[str], int] = hash) -> bool:
    """Return whether keys are slow to look up in a dict that holds them all. To be asked before they become keys of one.

    They are where more than `MAX_COLLISIONS` different ones share one hash. Keys whose hashes only lead to each other's places can
    be chosen too, and then each lookup may visit all: so `MAX_LOOKUPS` limits different keys times all keys.
    """
    if len(keys) ** 2 > MAX_LOOKUPS and _count_different(keys) * len(keys) > MAX_LOOKUPS:
        return True
    hashes = list(map(hash_of, keys))
    found = dict(zip(hashes, keys, strict=False))
    if len(keys) - len(found) < MAX_COLLISIONS or list(map(found.__getitem__, hashes)) == keys:
        return False
    return _is_any_shared((number, key) for number, key in zip(hashes, keys, strict=False) if key != found[number])


def check_depth(value: Any, max_depth: int = MAX_DEPTH) -> None:
    """Check how deep dicts, lists and tuples lie within each other; raises `NestedTooDeep` beyond ``max_depth``."""
    if isinstance(value, _CONTAINERS):
        find_kinds(value, max_depth)


def find_kinds(value: Any, max_depth: int = MAX_DEPTH) -> set[type]:
    """Name the types of all that is in a value, of itself too; raises `NestedTooDeep` as `check_depth` does.

    Level by level. Of more than a few values in one each is looked into once, and so is each container with as many: cycles and
    what is used in many places make it no more.
    """
    level, kinds = [value], {type(value)}
    found = set(kinds)
    for _ in range(max_depth + 1):
        if not kinds - _SCALARS:
            return found
        inner: list[Any] = []
        large = set[int]()
        for one in level:
            if isinstance(one, _CONTAINERS):
                if len(one) > _FEW:
                    if id(one) in large:
                        continue
                    large.add(id(one))
                inner += one.values() if isinstance(one, dict) else one
        if not inner and not any(isinstance(one, _CONTAINERS) for one in level):
            return found
        kinds = set(map(type, inner))
        found |= kinds
        level = inner if len(inner) <= _FEW else list(dict(zip(map(id, inner), inner, strict=True)).values())
    raise NestedTooDeep(
        f"lists and dicts lie more than {max_depth} deep within each other, or one is in itself: make it flatter"
    )


def write(value: Any, *, max_depth: int = MAX_DEPTH) -> str:
    """Write a value as JSON without spaces; raises `UnwritableValue` for what JSON cannot hold, and for what is nested too deep."""
    check_depth(value, max_depth)
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnwritableValue(f"not a value that JSON can hold ({error}): use dicts, lists, text and numbers") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError(digits)
    return number


#: Made once: `json.loads` and `json.dumps` with an option make one for each text.
_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)
_CAREFUL_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def _pieces(text: str) -> list[str]:
    """Cut a text at its quotes. No JSON has an escape outside of a string, so all are taken for escapes."""
    if "\\" in text:
        text = text.replace("\\\\", "").replace('\\"', "")
    return text.split('"')


def _check_reading(
    text: str, pieces: list[str], max_depth: int, max_containers: int, max_values: int, *, is_json: bool = False
) -> bool:
    """Check a text by those of its pieces that lie outside of strings; returns whether it may have numbers that overflow.

    In what ``is_json``, a bracket or comma stands before each key.
    """
    outside = "".join(pieces).encode("ascii", "replace")
    containers = outside.count(b"[") + outside.count(b"{")
    if (
        max(containers, outside.count(b"]") + outside.count(b"}")) > max_containers
        or containers + outside.count(b",") > max_values
    ):
        raise RefusedJson("too many values")
    colons = outside.count(b":")
    if is_json and colons > containers + outside.count(b","):
        raise RefusedJson("not JSON")
    if containers > max_depth and _count_levels(outside.translate(_STEPS, _NO_BRACKETS)) > max_depth:
        raise RefusedJson("nested too deep")
    digits = outside.translate(_ZEROS) if _SAMPLED_DIGITS_BYTES.search(outside[::_SAMPLE]) else b""
    if _TOO_MANY_DIGITS in digits:
        raise RefusedJson("a number with too many digits")
    if colons > FEW_KEYS and has_collisions(_keys(text)):
        raise RefusedJson("too many keys, or with one hash")
    return _MANY_DIGITS in digits or _EXPONENT_BYTES.search(outside) is not None


def _count_levels(steps: bytes) -> int:
    """Count how far the steps lead down, from any point: what closes nothing is not counted."""
    rounds = 0
    while rounds < _ROUNDS and _PAIR in steps:
        steps, rounds = steps.replace(_PAIR, b""), rounds + 1
    depths, again = tee(accumulate(memoryview(steps).cast("b"), initial=0))
    rises: Iterable[int] = map(sub, depths, accumulate(again, min))
    return rounds + max(rises)


def _keys(text: str) -> list[str]:
    """Find what stands between two quotes with a colon behind them: all keys, whichever of the pieces are strings."""
    if "\\" not in text:
        return _PLAIN_KEYS.findall(text)
    found: list[str] = _KEYS.findall(text)
    try:
        escaped: list[str] = json.loads('["' + '","'.join(key for key in found if "\\" in key) + '"]', strict=False)
    except ValueError:
        raise RefusedJson("not JSON") from None
    return [key for key in found if "\\" not in key] + escaped


def _count_different(keys: list[str]) -> int:
    """Count without a dict or set, in which they would meet."""
    ordered = sorted(keys)
    changes: Iterable[bool] = map(ne, ordered, islice(ordered, 1, None))
    return 1 + sum(changes)


def _is_any_shared(strangers: Iterable[tuple[int, str]]) -> bool:
    """Return whether one hash has `MAX_COLLISIONS` different keys besides the one that is no stranger; no set grows beyond that."""
    kinds: dict[int, set[str]] = {}
    for number, key in strangers:
        same = kinds.setdefault(number, set())
        same.add(key)
        if len(same) == MAX_COLLISIONS:
            return True
    return False
