"""MessagePack as Socket.IO's clients speak it: npm's notepack, and PyPI's msgpack. https://github.com/msgpack/msgpack

What is read is what JSON can hold, bytes, and `Extension`. Loaded only where ``serializer="msgpack"`` asks for it.
"""

import json
import math
import struct
from collections.abc import Callable
from typing import Any, Final

from shared_wire.bounded_json import has_collisions
from shared_wire.limits import FEW_KEYS
from socketio_do.errors import PacketError
from socketio_do.limits import MAX_CONTAINERS, MAX_DEPTH, MAX_VALUES
from socketio_do.protocol.extension import Extension

__all__ = ["pack", "unpack", "unpack_counted"]


#: What one packet may hold: reading a value costs Python many times what reading one of JSON costs the parser in C.
_MAX_VALUES: Final = MAX_VALUES // 5
_MAX_CONTAINERS: Final = MAX_CONTAINERS // 5


def pack(value: Any) -> bytes:
    """Write a value as clients would get it by JSON: keys become text, NaN and the infinities None.

    Halves of characters, which UTF-8 cannot hold, become U+FFFD. Raises `TypeError` for what cannot be sent, `ValueError` for an
    integer beyond 64 bits, `RecursionError` for what has no end.
    """
    out = bytearray()
    _pack(value, out)
    return bytes(out)


def unpack(data: bytes, *, max_depth: int = MAX_DEPTH) -> Any:
    """Read the value that is all of ``data``; raises `PacketError` for anything else, and for what is beyond a limit.

    NaN and the infinities are read as None, which is what JSON makes of them, and so is ``undefined``.
    """
    return unpack_counted(data, max_depth=max_depth)[0]


def unpack_counted(data: bytes, *, max_depth: int = MAX_DEPTH) -> tuple[Any, int]:
    """Read as `unpack` does, and count the values that lists and dicts hold."""
    reader = _Reader(data, max_depth)
    try:
        value = reader.read()
    except UnicodeDecodeError:
        raise PacketError("text is not UTF-8") from None
    if reader.left():
        raise PacketError("msgpack with something behind it")
    return value, reader.values


class _Reader:
    """Reads from the front. No list, dict or text is made before the bytes it is made of are known to be there."""

    __slots__ = ("_at", "_containers", "_data", "_depth", "_max_depth", "values")

    def __init__(self, data: bytes, max_depth: int) -> None:
        self._data = data
        self._at = 0
        self._depth = 0
        self._max_depth = max_depth
        self.values = 0
        self._containers = 0

    def left(self) -> int:
        return len(self._data) - self._at

    def read(self) -> Any:
        if self._at >= len(self._data):
            raise PacketError("msgpack is cut short")
        head = self._data[self._at]
        self._at += 1
        if head < 0x80:
            return head
        if 0xA0 <= head < 0xC0:
            return str(self.take(head & 0x1F), "utf-8")
        if head < 0x90:
            return self.mapping(head & 0x0F)
        if head < 0xA0:
            return self.array(head & 0x0F)
        if head >= 0xE0:
            return head - 0x100
        if head in _CONSTANTS:
            return _CONSTANTS[head]
        if head not in _READ:
            raise PacketError("not msgpack")
        read, size = _READ[head]
        return read(self, size)

    def take(self, size: int) -> bytes:
        begin, end = self._at, self._at + size
        if end > len(self._data):
            raise PacketError("msgpack is cut short")
        self._at = end
        return self._data[begin:end]

    def array(self, count: int) -> list[Any]:
        self._open(count, count)
        found = [self.read() for _ in range(count)]
        self._depth -= 1
        return found

    def mapping(self, count: int) -> dict[str, Any]:
        self._open(count, 2 * count)
        if not count:
            self._depth -= 1
            return {}
        keys: list[str] = []
        values: list[Any] = []
        for _ in range(count):
            key = self.read()
            if type(key) is not str:
                raise PacketError("a key is not text")
            keys.append(key)
            values.append(self.read())
        self._depth -= 1
        if count > FEW_KEYS and has_collisions(keys):
            raise PacketError("too many keys, or with one hash")
        return dict(zip(keys, values, strict=True))

    def _open(self, count: int, least: int) -> None:
        """Begin a list or dict of so many values, which take so many bytes at least."""
        self._depth += 1
        self._containers += 1
        self.values += count
        if self._depth > self._max_depth:
            raise PacketError("data nested too deep")
        if self.values > _MAX_VALUES or self._containers > _MAX_CONTAINERS:
            raise PacketError("too many values")
        if least > self.left():
            raise PacketError("msgpack is cut short")

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def signed(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big", signed=True)

    def real(self, size: int) -> float | None:
        found: float = struct.unpack(">f" if size == 4 else ">d", self.take(size))[0]
        return found if math.isfinite(found) else None

    def binary(self, size: int) -> bytes:
        return self.take(self.unsigned(size))

    def text(self, size: int) -> str:
        return str(self.binary(size), "utf-8")

    def sized_array(self, size: int) -> list[Any]:
        return self.array(self.unsigned(size))

    def sized_mapping(self, size: int) -> dict[str, Any]:
        return self.mapping(self.unsigned(size))

    def extension(self, size: int) -> bytes | Extension:
        """Read an extension with its size before it. Of code 0, it is how notepack writes an ``ArrayBuffer`` in Node."""
        length = self.unsigned(size)
        code = self.signed(1)
        data = self.take(length)
        return Extension(code, data) if code else data

    def fixed_extension(self, size: int) -> Extension | None:
        """Read an extension of a fixed size. Of code 0 and one byte, it is how notepack writes ``undefined``."""
        code = self.signed(1)
        data = self.take(size)
        return Extension(code, data) if code or size > 1 else None


_CONSTANTS: Final = {0xC0: None, 0xC2: False, 0xC3: True}

#: How a value is read, by its first byte: a method, and how many bytes of the value, or of its length, come next. Where the first
#: byte holds either, `_Reader.read` does it. 0xC1 is never used.
_READ: Final[dict[int, tuple[Callable[[_Reader, int], Any], int]]] = {
    **{0xC4 + width: (_Reader.binary, 1 << width) for width in range(3)},
    **{0xC7 + width: (_Reader.extension, 1 << width) for width in range(3)},
    **{0xCA + width: (_Reader.real, 4 << width) for width in range(2)},
    **{0xCC + width: (_Reader.unsigned, 1 << width) for width in range(4)},
    **{0xD0 + width: (_Reader.signed, 1 << width) for width in range(4)},
    **{0xD4 + width: (_Reader.fixed_extension, 1 << width) for width in range(5)},
    **{0xD9 + width: (_Reader.text, 1 << width) for width in range(3)},
    **{0xDC + width: (_Reader.sized_array, 2 << width) for width in range(2)},
    **{0xDE + width: (_Reader.sized_mapping, 2 << width) for width in range(2)},
}


def _pack(value: Any, out: bytearray) -> None:
    write = _WRITE.get(type(value))
    if write is None:
        write = next((write for kind, write in _WRITE.items() if isinstance(value, kind)), None)
    if write is None:
        raise TypeError(f"{type(value).__name__} cannot be sent as msgpack")
    write(value, out)


def _width(bits: int) -> int:
    """Return which of 1, 2, 4, 8 bytes (0, 1, 2, 3) hold so many bits."""
    return (max(bits - 1, 0) // 8).bit_length()


def _pack_size(size: int, code: int, narrowest: int, out: bytearray) -> None:
    """Write what stands before a value of a size; ``code`` is that of one with a size of one byte."""
    width = max(_width(size.bit_length()), narrowest)
    if width > 2:
        raise ValueError("too large for msgpack")
    out.append(code + width)
    out += size.to_bytes(1 << width, "big")


def _pack_number(value: int, out: bytearray) -> None:
    if -0x20 <= value < 0x80:
        out.append(value & 0xFF)
        return
    signed = value < 0
    width = _width((~value).bit_length() + 1 if signed else value.bit_length())
    if width > 3:
        raise ValueError("an integer beyond 64 bits cannot be sent as msgpack")
    out.append((0xD0 if signed else 0xCC) + width)
    out += value.to_bytes(1 << width, "big", signed=signed)


def _pack_float(value: float, out: bytearray) -> None:
    if math.isfinite(value):
        out.append(0xCB)
        out += struct.pack(">d", value)
    else:
        out.append(0xC0)


def _pack_text(value: str, out: bytearray) -> None:
    try:
        encoded = value.encode()
    except UnicodeEncodeError:
        encoded = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()
    if len(encoded) < 0x20:
        out.append(0xA0 | len(encoded))
    else:
        _pack_size(len(encoded), 0xD9, 0, out)
    out += encoded


def _pack_binary(value: bytes | bytearray, out: bytearray) -> None:
    _pack_size(len(value), 0xC4, 0, out)
    out += value


def _pack_array(value: list[Any] | tuple[Any, ...], out: bytearray) -> None:
    if len(value) < 0x10:
        out.append(0x90 | len(value))
    else:
        _pack_size(len(value), 0xDB, 1, out)
    for item in value:
        _pack(item, out)


def _pack_mapping(value: dict[Any, Any], out: bytearray) -> None:
    if len(value) < 0x10:
        out.append(0x80 | len(value))
    else:
        _pack_size(len(value), 0xDD, 1, out)
    for key, item in value.items():
        _pack_text(key if isinstance(key, str) else _key(key), out)
        _pack(item, out)


def _key(key: Any) -> str:
    if key is None or isinstance(key, int | float):
        return json.dumps(key)
    raise TypeError(f"a key is text, not {type(key).__name__}")


def _pack_extension(value: Extension, out: bytearray) -> None:
    if len(value.data) in (1, 2, 4, 8, 16):
        out.append(0xD4 + len(value.data).bit_length() - 1)
    else:
        _pack_size(len(value.data), 0xC7, 0, out)
    out += value.code.to_bytes(1, "big", signed=True)
    out += value.data


def _pack_constant(value: bool | None, out: bytearray) -> None:
    out.append(0xC0 if value is None else 0xC3 if value else 0xC2)


_WRITE: Final[dict[type, Callable[[Any, bytearray], None]]] = {
    str: _pack_text,
    bool: _pack_constant,
    int: _pack_number,
    float: _pack_float,
    type(None): _pack_constant,
    dict: _pack_mapping,
    list: _pack_array,
    tuple: _pack_array,
    bytes: _pack_binary,
    bytearray: _pack_binary,
    Extension: _pack_extension,
}
