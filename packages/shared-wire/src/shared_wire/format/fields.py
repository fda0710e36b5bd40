"""Bounded readers and writers for a frame's primitive fields; knows offsets, not messages."""

import struct
from collections.abc import Callable
from typing import Final, TypeVar

from shared_wire.errors import FrameTooLarge, LocalWireError, MalformedFrame
from shared_wire.limits import MAX_ITEMS

__all__ = ["Reader", "lone_surrogate", "pack_bytes", "pack_count", "pack_packet", "pack_text", "pack_texts", "too_many"]

T = TypeVar("T")
_U32: Final = struct.Struct(">I")


def pack_count(count: int) -> bytes:
    """Write a list's length; raises `LocalWireError` beyond `MAX_ITEMS`."""
    if count > MAX_ITEMS:
        raise too_many(count)
    return _U32.pack(count)


def too_many(count: int) -> LocalWireError:
    """Make the error for a list beyond `MAX_ITEMS`."""
    return LocalWireError(f"a list of {count} entries; split it, at most {MAX_ITEMS} fit in one operation")


def lone_surrogate() -> LocalWireError:
    """Make the error for text that is not UTF-8."""
    return LocalWireError("text with a lone surrogate; escape it (JSON does) or send bytes")


def pack_bytes(value: bytes) -> bytes:
    """Write length and content."""
    return _U32.pack(len(value)) + value


def pack_text(value: str) -> bytes:
    """Write text as UTF-8; raises `LocalWireError` for lone surrogates, which no WebSocket text frame can carry."""
    try:
        return pack_bytes(value.encode())
    except UnicodeEncodeError as error:
        raise lone_surrogate() from error


def pack_texts(values: tuple[str, ...]) -> bytes:
    """Write a list of texts in one pass: a broadcast's sids are thousands of them. Raises as `pack_count` and `pack_text` do."""
    if len(values) > MAX_ITEMS:
        raise too_many(len(values))
    parts = [len(values).to_bytes(4)]
    try:
        for value in values:
            raw = value.encode()
            parts += len(raw).to_bytes(4), raw
    except UnicodeEncodeError as error:
        raise lone_surrogate() from error
    return b"".join(parts)


def pack_packet(packet: str | bytes) -> bytes:
    """Write a packet with its kind, so that text stays text and bytes stay bytes."""
    return b"t" + pack_text(packet) if isinstance(packet, str) else b"b" + pack_bytes(packet)


class Reader:
    """Reads fields from the front of ``data``; every read checks what is left before it takes anything."""

    __slots__ = ("data", "offset")

    def __init__(self, data: bytes, offset: int = 0) -> None:
        self.data = data
        self.offset = offset

    def take(self, size: int) -> bytes:
        """Read ``size`` bytes; raises `MalformedFrame` when fewer are left."""
        end = self.offset + size
        if end > len(self.data):
            raise MalformedFrame(f"{size} bytes expected at offset {self.offset}, {len(self.data) - self.offset} left")
        taken = self.data[self.offset : end]
        self.offset = end
        return taken

    def unpack(self, layout: struct.Struct) -> tuple[int, ...]:
        """Read one fixed layout of integers."""
        return layout.unpack(self.take(layout.size))

    def byte(self) -> int:
        """Read one byte as a number."""
        return self.take(1)[0]

    def sized(self) -> bytes:
        """Read bytes that are preceded by their length; in one piece, since a broadcast's sids are thousands of them."""
        start = self.offset + 4
        end = start + int.from_bytes(self.data[self.offset : start])
        if end > len(self.data):
            return self.take(self.count())
        self.offset = end
        return self.data[start:end]

    def count(self) -> int:
        """Read a u32."""
        offset = self.offset
        if offset + 4 > len(self.data):
            raise MalformedFrame(f"4 bytes expected at offset {offset}, {len(self.data) - offset} left")
        self.offset = offset + 4
        return int.from_bytes(self.data[offset : offset + 4])

    def text(self) -> str:
        """Read UTF-8 text; raises `MalformedFrame` when it is not."""
        start = self.offset
        try:
            return self.sized().decode()
        except UnicodeDecodeError as error:
            raise MalformedFrame(f"text at offset {start} is not UTF-8") from error

    def packet(self) -> str | bytes:
        """Read a packet of either kind."""
        kind = self.take(1)
        if kind == b"t":
            return self.text()
        if kind == b"b":
            return self.sized()
        raise MalformedFrame(f"packet kind {kind!r} at offset {self.offset - 1}")

    def length(self) -> int:
        """Read a list's length, which is checked against the limit and against what can be left before any entry is read."""
        count = self.count()
        if count > MAX_ITEMS:
            raise FrameTooLarge(f"a list of {count} entries at offset {self.offset - 4}, at most {MAX_ITEMS}")
        if count > len(self.data) - self.offset:
            raise MalformedFrame(f"a list of {count} entries at offset {self.offset - 4} cannot fit")
        return count

    def items(self, read: Callable[[], T]) -> tuple[T, ...]:
        """Read a list."""
        return tuple([read() for _ in range(self.length())])

    def end(self) -> None:
        """Check that nothing is left over."""
        if self.offset != len(self.data):
            raise MalformedFrame(f"{len(self.data) - self.offset} bytes left over at offset {self.offset}")
