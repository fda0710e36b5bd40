"""Engine.IO packets in WebSocket frames, protocol revision 4.

A text frame is one packet: a digit for its type, then its data. A binary frame is the data of a message packet.
https://socket.io/docs/v4/engine-io-protocol/#from-websocket
"""

import enum
from dataclasses import dataclass
from typing import Final

from engine_do.errors import BAD_REQUEST, RemoteEngineError

__all__ = ["NOOP", "PING", "PONG", "Packet", "PacketType", "decode_frame", "encode_message"]


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
PING: Final = "2"
PONG: Final = "3"
NOOP: Final = "6"


@dataclass(frozen=True, slots=True)
class Packet:
    """One decoded packet; ``data`` is bytes only for a binary message."""

    type: PacketType
    data: str | bytes = ""


def decode_frame(frame: str | bytes) -> Packet:
    """Read one WebSocket frame; raises `RemoteEngineError` when it begins with no packet type."""
    if isinstance(frame, bytes):
        return Packet(PacketType.MESSAGE, frame)
    try:
        return Packet(PacketType(frame[:1]), frame[1:])
    except ValueError:
        raise RemoteEngineError(BAD_REQUEST) from None


def encode_message(data: str | bytes) -> str | bytes:
    """Write a message packet as one WebSocket frame."""
    return data if isinstance(data, bytes) else PacketType.MESSAGE + data
