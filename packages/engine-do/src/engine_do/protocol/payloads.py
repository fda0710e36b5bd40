"""Several packets in one HTTP body.

Revision 4 separates them by U+001E; a binary message is ``b`` and base64. Revision 3 puts the length in front of each: of
characters in a text body, of bytes in a binary one. https://socket.io/docs/v4/engine-io-protocol/#from-http-long-polling,
https://github.com/socketio/engine.io-protocol/tree/v3#encoding
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from engine_do.errors import BAD_REQUEST, RemoteEngineError
from engine_do.protocol.packets import Frame, decode_base64, encode_base64, encode_frame_v3

__all__ = ["MAX_PACKETS", "decode_payload", "encode_payload"]

#: Packets in a payload of a client. JavaScript's client sends all it has waiting, so bytes are the limit in the first place.
MAX_PACKETS: Final = 10_000

_SEPARATOR: Final = "\x1e"
_MAX_LENGTH_DIGITS: Final = 10
_TEXT, _BINARY, _END_OF_LENGTH = 0, 1, 255


def encode_payload(frames: Sequence[Frame], revision: int, base64: bool) -> str | bytes:
    """Write packets as one body: bytes where revision 3 sends binary to a client that takes it, else text."""
    if revision == 4:
        return _SEPARATOR.join(frame if isinstance(frame, str) else "b" + encode_base64(frame) for frame in frames)
    if not base64 and any(isinstance(frame, bytes) for frame in frames):
        return b"".join(map(_binary_piece, frames))
    return "".join(
        f"{_utf16_length(text)}:{text}" for text in (str(encode_frame_v3(one, base64=True)) for one in frames)
    )


def decode_payload(body: bytes, revision: int, is_binary: bool) -> list[Frame]:
    """Read a body into the frames that a WebSocket would bring; ``is_binary``: its content type says so (revision 3 only).

    Raises `RemoteEngineError` when it is no payload, or has more than `MAX_PACKETS` packets.
    """
    if is_binary and revision == 3:
        return _bounded(_read_binary(body))
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise RemoteEngineError(BAD_REQUEST) from None
    if revision == 3:
        return _bounded(_read_lengths(text))
    if text.count(_SEPARATOR) >= MAX_PACKETS:
        raise RemoteEngineError(BAD_REQUEST)
    return [decode_base64(one[1:]) if one.startswith("b") else one for one in text.split(_SEPARATOR)]


def _bounded(frames: Iterable[Frame]) -> list[Frame]:
    found: list[Frame] = []
    for frame in frames:
        if len(found) == MAX_PACKETS:
            raise RemoteEngineError(BAD_REQUEST)
        found.append(frame)
    if not found:
        raise RemoteEngineError(BAD_REQUEST)
    return found


def _binary_piece(frame: Frame) -> bytes:
    kind, data = (
        (_TEXT, frame.encode(errors="replace"))
        if isinstance(frame, str)
        else (_BINARY, encode_frame_v3(frame, base64=False))
    )
    assert isinstance(data, bytes)
    return bytes([kind, *map(int, str(len(data))), _END_OF_LENGTH]) + data


def _read_binary(body: bytes) -> Iterator[Frame]:
    at = 0
    while at < len(body):
        end = body.find(_END_OF_LENGTH, at + 1, at + 2 + _MAX_LENGTH_DIGITS)
        digits = body[at + 1 : end]
        if end < 0 or not digits or max(digits) > 9 or body[at] not in (_TEXT, _BINARY):
            raise RemoteEngineError(BAD_REQUEST)
        length = int("".join(map(str, digits)))
        data = body[end + 1 : end + 1 + length]
        if len(data) != length:
            raise RemoteEngineError(BAD_REQUEST)
        yield _read_piece(body[at], data)
        at = end + 1 + length


def _read_piece(kind: int, data: bytes) -> Frame:
    if kind == _BINARY:
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise RemoteEngineError(BAD_REQUEST) from None


def _read_lengths(text: str) -> Iterator[str]:
    """Cut a text body; lengths count UTF-16 units, as JavaScript does. Where all is ASCII these are characters."""
    if text.isascii():
        yield from _read_ascii_lengths(text)
        return
    units = text.encode("utf-16-le")
    at = 0
    while at < len(units):
        end = units.find(b":\x00", at, at + 2 * _MAX_LENGTH_DIGITS + 2)
        digits = units[at:end].decode("utf-16-le", errors="replace") if end >= 0 else ""
        if end % 2 or not digits.isascii() or not digits.isdecimal():
            raise RemoteEngineError(BAD_REQUEST)
        piece = units[end + 2 : end + 2 + 2 * int(digits)]
        if len(piece) != 2 * int(digits):
            raise RemoteEngineError(BAD_REQUEST)
        try:
            yield piece.decode("utf-16-le")
        except UnicodeDecodeError:
            raise RemoteEngineError(BAD_REQUEST) from None
        at = end + 2 + len(piece)


def _read_ascii_lengths(text: str) -> Iterator[str]:
    at, size = 0, len(text)
    while at < size:
        end = text.find(":", at, at + _MAX_LENGTH_DIGITS + 1)
        digits = text[at:end] if end >= 0 else ""
        if not digits.isdecimal():
            raise RemoteEngineError(BAD_REQUEST)
        at = end + 1 + int(digits)
        if at > size:
            raise RemoteEngineError(BAD_REQUEST)
        yield text[end + 1 : at]


def _utf16_length(text: str) -> int:
    """Count a text as JavaScript does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
