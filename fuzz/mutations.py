"""Changes of an input, the same for text and for bytes: one function for each kind of change.

Chance comes from `random.Random.random` alone, which gives the same numbers in every release of Python, and is the fastest way
to a number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, AnyStr, Final, Generic

__all__ = ["BYTES", "TEXT", "Material", "lengthen", "mutate", "pick"]

#: How many times a piece is repeated by a mutation, at most.
_REPEATS: Final = 40


@dataclass(frozen=True, slots=True)
class Material(Generic[AnyStr]):
    """What is put into inputs: single characters or bytes, and the tokens that parsers look at."""

    units: tuple[AnyStr, ...]
    tokens: tuple[AnyStr, ...]


def _texts() -> tuple[str, ...]:
    numbers = ("0", "-0", "1", "9" * 15, "9" * 16, "9" * 17, "1" * 400, "1e5", "1e400", "-1E+999", "0.1", "1e-400")
    words = ("null", "true", "false", "NaN", "Infinity", "undefined", "connect", "disconnect", "__proto__", "message")
    brackets = ("[", "]", "{", "}", "[[", "]]", '{"":', "[]", "{}", ",", ":", '"a":', '""', '"')
    escapes = ("\\", '\\"', "\\\\", "\\u0000", "\\ud800", "\\udfff", "\\u", "\\x", "\ud800", "\udc00", "\x1e", "\x00")
    packets = ("0", "1", "2", "3", "4", "5", "6", "2probe", "3probe", "b", "b4", "51-", "511-", "60-", "/", "/a,", "?")
    holes = (
        '{"_placeholder":true,"num":0}',
        '{"_placeholder":true,"num":-1}',
        '"_placeholder"',
        '"num":',
        '{"_placeholder":0}',
    )
    records = ('{"engine-do":1,"s":', '"engine-do"', '"s":', '{"dict":', '{"extension":[1,0]}', '{"do":', '"with":')
    lengths = ("1:", "10:", "99999999999:", "-1:", "\uff11:", "b=", "====", "AAAA", "€", "\U0001f600", "\ufffd")
    heads = (
        "&",
        "=",
        "%00",
        "%ff",
        "+",
        ";q=0",
        "gzip",
        "transport=polling",
        "sid=",
        "EIO=4",
        "\r\n",
        "\n",
        ": ",
        "[::1]",
    )
    spaces = (" ", "\t", "\u2028", "\x7f", "\x85")
    return numbers + words + brackets + escapes + packets + holes + records + lengths + heads + spaces


def _bytes() -> tuple[bytes, ...]:
    texts = tuple(text.encode("utf-8", "surrogatepass") for text in _texts())
    numbers = tuple(
        number.to_bytes(size, "big")
        for size in (2, 4, 8)
        for number in (1, 255, 2 ** (8 * size - 1), 2 ** (8 * size) - 1, 2 ** (8 * size - 1) - 1)
    )
    heads = tuple(
        bytes([head]) for head in (0x80, 0x81, 0x8F, 0x90, 0x91, 0x9F, 0xA0, 0xA1, 0xBF, *range(0xC0, 0xE1), 0xFF)
    )
    sized = tuple(
        bytes([head]) + size for head in (0xC6, 0xC9, 0xDB, 0xDD, 0xDF) for size in (b"\0\0\0\1", b"\xff" * 4)
    )
    pieces = (
        b"\x00\x01\xff",
        b"\x01\x01\xff",
        b"\x00\x09\x09\xff",
        b"\x00" * 8,
        b"\xff\xfe",
        b"\xc0\x80",
        b"\xed\xa0\x80",
    )
    return texts + numbers + heads + sized + pieces


TEXT: Final = Material(
    units=(*map(chr, range(128)), "é", "€", "\U0001f600", "\ud800", "\udfff", "\uffff", "\xff"), tokens=_texts()
)
BYTES: Final = Material(units=tuple(bytes([value]) for value in range(256)), tokens=_bytes())


def pick(items: tuple[AnyStr, ...], chance: Random) -> AnyStr:
    """Choose one of the items."""
    return items[int(chance.random() * len(items))]


def mutate(one: AnyStr, other: AnyStr, material: Material[AnyStr], chance: Random, most: int) -> AnyStr:
    """Change an input in one to four ways, and cut it to ``most`` characters; ``other`` is what pieces are taken from."""
    random = chance.random
    for _ in range(1 + int(4 * random() * random())):
        one = _CHANGES[int(random() * len(_CHANGES))](one, other, material, chance)
    return one[:most]


def lengthen(one: AnyStr, size: int, chance: Random) -> AnyStr:
    """Repeat a piece of an input, in its place, until it has about so many characters."""
    begin, end = _span(one, chance)
    piece = one[begin:end]
    return one[:begin] + piece * (1 + size // max(len(piece), 1)) + one[end:] if piece else one


def _span(one: AnyStr, chance: Random) -> tuple[int, int]:
    """Choose a piece, short ones mostly."""
    size = len(one)
    begin = int(chance.random() * (size + 1))
    return begin, min(begin + 1 + int(size * chance.random() ** 4), size)


def _replace(one: AnyStr, _other: AnyStr, material: Material[AnyStr], chance: Random) -> AnyStr:
    at = int(chance.random() * (len(one) + 1))
    return one[:at] + pick(material.units, chance) + one[at + 1 :]


def _insert(one: AnyStr, _other: AnyStr, material: Material[AnyStr], chance: Random) -> AnyStr:
    at = int(chance.random() * (len(one) + 1))
    return one[:at] + pick(material.tokens, chance) + one[at:]


def _put(one: AnyStr, _other: AnyStr, material: Material[AnyStr], chance: Random) -> AnyStr:
    begin, end = _span(one, chance)
    return one[:begin] + pick(material.tokens, chance) + one[end:]


def _remove(one: AnyStr, _other: AnyStr, _material: Material[AnyStr], chance: Random) -> AnyStr:
    begin, end = _span(one, chance)
    return one[:begin] + one[end:]


def _cut(one: AnyStr, _other: AnyStr, _material: Material[AnyStr], chance: Random) -> AnyStr:
    at = int(chance.random() * (len(one) + 1))
    return one[:at] if chance.random() < 0.7 else one[at:]


def _repeat(one: AnyStr, _other: AnyStr, _material: Material[AnyStr], chance: Random) -> AnyStr:
    begin, end = _span(one, chance)
    return one[:begin] + one[begin:end] * (2 + int(_REPEATS * chance.random() ** 3)) + one[end:]


def _splice(one: AnyStr, other: AnyStr, _material: Material[AnyStr], chance: Random) -> AnyStr:
    begin, end = _span(other, chance)
    at = int(chance.random() * (len(one) + 1))
    return one[:at] + other[begin:end] + one[at:]


def _join(one: AnyStr, other: AnyStr, _material: Material[AnyStr], chance: Random) -> AnyStr:
    return one[: int(chance.random() * (len(one) + 1))] + other[int(chance.random() * (len(other) + 1)) :]


def _swap(one: AnyStr, _other: AnyStr, _material: Material[AnyStr], chance: Random) -> AnyStr:
    first, second = sorted((int(chance.random() * (len(one) + 1)), int(chance.random() * (len(one) + 1))))
    return one[first:second] + one[:first] + one[second:]


def _nest(one: AnyStr, _other: AnyStr, material: Material[AnyStr], chance: Random) -> AnyStr:
    """Repeat a token before a place and another behind it."""
    times, at = 1 + int(_REPEATS * chance.random() ** 2), int(chance.random() * (len(one) + 1))
    return one[:at] + pick(material.tokens, chance) * times + one[at:] + pick(material.tokens, chance) * times


# Of any type, since functions of a constrained type variable have no common one.
_CHANGES: Final[tuple[Callable[..., Any], ...]] = (
    *(
        _replace,
        _replace,
        _replace,
        _insert,
        _insert,
        _put,
        _put,
        _remove,
        _cut,
        _repeat,
        _splice,
        _splice,
        _join,
        _swap,
        _nest,
    ),
)
