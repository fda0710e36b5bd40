"""Texts that share one hash in every Python Worker.

Pyodide starts with a fixed hash seed and hashes text to 32 bits by the algorithm FNV of CPython: four bytes at a time, each step a
function of the state before it. A piece of two steps leads from any state to any other if its second step is chosen for the first.
So pieces that all lead to one state may be combined: n pieces, put twice in a row, are n * n texts.
"""

import math
from collections.abc import Iterator
from itertools import islice, product

__all__ = ["colliding"]

#: What Pyodide sets `PYTHONHASHSEED` to.
_SEED = 111
_PRIME = 1_000_003
_MASK = 2**32 - 1
_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_IS_LETTER = bytes(byte in _LETTERS for byte in range(256))


def colliding(count: int, prefix: str = "key-") -> list[str]:
    """Make different texts with one hash: a prefix of four or eight characters, 16 letters and digits, and one more."""
    state = _FIRST_STATE ^ ord(prefix[0]) << 7
    for at in range(0, len(prefix), 4):
        state = _step(state, int.from_bytes(prefix[at : at + 4].encode(), "little"))
    end = _step(_step(state, _number(b"AAAA")), _number(b"AAAA"))
    wanted = math.isqrt(count - 1) + 1
    pieces = [list(islice(_find_pieces(begin, end), wanted)) for begin in (state, end)]
    return [f"{prefix}{first}{second}k" for first, second in islice(product(*pieces), count)]


def _find_pieces(begin: int, end: int) -> Iterator[str]:
    """Find pieces of letters and digits that lead from one state to another."""
    for letters in product(_LETTERS, repeat=4):
        first = bytes(letters)
        second = (end ^ _PRIME * _step(begin, _number(first)) & _MASK).to_bytes(4, "little")
        if all(_IS_LETTER[byte] for byte in second):
            yield (first + second).decode()


def _step(state: int, block: int) -> int:
    return (_PRIME * state & _MASK) ^ block


def _number(block: bytes) -> int:
    return int.from_bytes(block, "little")


def _make_secret() -> bytes:
    """Make the bytes that CPython's generator makes of the seed."""
    state, found = _SEED, bytearray()
    for _ in range(4):
        state = state * 214_013 + 2_531_011 & _MASK
        found.append(state >> 16 & 255)
    return bytes(found)


_FIRST_STATE = _number(_make_secret())
