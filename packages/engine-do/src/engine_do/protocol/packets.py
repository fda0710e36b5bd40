"""Engine.IO packets in WebSocket frames.

Inside this package a packet is always the frame that revision 4 makes of it: text is one packet, a digit for its type and then its
data; bytes are the data of a binary message. https://socket.io/docs/v4/engine-io-protocol/#from-websocket

A client that takes no binary, or sends none, has the text ``b`` and base64 instead, as in polling: Node's server takes and gives it
on a WebSocket as well (`forceBase64` and ``b64=1`` of engine.io-client).

Revision 3 differs for binary only: a binary frame begins with a byte for the type, and so does the text behind ``b``.
https://github.com/socketio/engine.io-protocol/tree/v3
"""

import binascii
import enum
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final, TypeAlias

from engine_do.errors import BAD_REQUEST, RemoteEngineError

__all__ = [
    "CLOSE",
    "NOOP",
    "PING",
    "PONG",
    "Frame",
    "Packet",
    "PacketType",
    "decode_base64",
    "decode_frame",
    "decode_frame_v3",
    "encode_base64",
    "encode_frame",
    "encode_frame_v3",
    "encode_message",
]

Frame: TypeAlias = str | bytes


class PacketType(enum.StrEnum):
    """The packet types, by the character that stands for them."""

    OPEN = "0"
    CLOSE = "1"
    PING = "2"
    PONG = "3"
    MESSAGE = "4"
    UPGRADE = "5"
    NOOP = "6"


#: Whole frames that carry no data.
CLOSE: Final = "1"
PING: Final = "2"
PONG: Final = "3"
NOOP: Final = "6"

_MESSAGE_V3: Final = b"\x04"


@dataclass(frozen=True, slots=True)
class Packet:
    """One decoded packet; ``data`` is bytes only for a binary message."""

    type: PacketType
    data: str | bytes = ""


def decode_frame(frame: Frame) -> Packet:
    """Read one WebSocket frame; raises `RemoteEngineError` when it begins with no packet type, or for bad base64."""
    if isinstance(frame, bytes):
        return Packet(PacketType.MESSAGE, frame)
    if frame.startswith("b"):
        return Packet(PacketType.MESSAGE, decode_base64(frame[1:]))
    try:
        return Packet(PacketType(frame[:1]), frame[1:])
    except ValueError:
        raise RemoteEngineError(BAD_REQUEST) from None


def encode_message(data: str | bytes) -> Frame:
    """Write a message packet as one WebSocket frame."""
    return data if isinstance(data, bytes) else PacketType.MESSAGE + data


def encode_frame(frame: Frame, base64: bool) -> Frame:
    """Write a packet for a client, which may take no binary."""
    return "b" + encode_base64(frame) if base64 and isinstance(frame, bytes) else frame


def decode_frame_v3(frame: Frame) -> Frame:
    """Read what revision 3 makes of a packet; raises `RemoteEngineError` for a binary that is no message, or for bad base64."""
    if isinstance(frame, bytes):
        if frame[:1] != _MESSAGE_V3:
            raise RemoteEngineError(BAD_REQUEST)
        return frame[1:]
    if frame.startswith("b"):
        if frame[1:2] != PacketType.MESSAGE:
            raise RemoteEngineError(BAD_REQUEST)
        return decode_base64(frame[2:])
    return frame


def encode_frame_v3(frame: Frame, base64: bool) -> Frame:
    """Write a packet as revision 3 does."""
    if isinstance(frame, str):
        return frame
    return "b4" + encode_base64(frame) if base64 else _MESSAGE_V3 + frame


def encode_base64(data: bytes) -> str:
    """Write bytes as text."""
    return b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Read bytes written as text; raises `RemoteEngineError` when they are not. Padding may be missing."""
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise RemoteEngineError(BAD_REQUEST) from None
