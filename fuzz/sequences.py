"""Inputs that are sequences: events one behind the other, 255 between two. The first byte of each says what happens."""

from collections.abc import Callable, Iterator
from typing import Final

__all__ = ["END", "MESSAGE", "fill", "many", "message_of", "read_events"]

END: Final = b"\xff"

#: The kind of an event that is a message: text where it is even, bytes where it is odd.
MESSAGE: Final = 0


def read_events(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Read a sequence: what happens, and the data that comes with it."""
    for event in data.split(END):
        if event:
            yield event[0], event[1:]


def message_of(kind: int, data: bytes) -> str | bytes:
    """Make a message as the runtime hands it on: bad UTF-8 arrives as replacement characters."""
    return data if kind & 1 else data.decode(errors="replace")


def fill(before: bytes, unit: bytes, after: bytes = b"") -> Callable[[int], bytes]:
    """Make a maker of inputs of about a size: ``unit`` again and again between two ends."""

    def make(size: int) -> bytes:
        return before + unit * max((size - len(before) - len(after)) // len(unit), 1) + after

    return make


def many(before: str, unit: str, after: str = "") -> Callable[[int], str]:
    """Make a maker of texts as `fill` makes one of bytes."""

    def make(size: int) -> str:
        return before + unit * max((size - len(before) - len(after)) // len(unit), 1) + after

    return make
