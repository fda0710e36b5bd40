"""From packets to what is sent: checked before python-socketio's own code walks it, and measured after."""

from typing import Any, Final

from socketio import packet
from socketio.packet import Packet

from shared_wire import NestedTooDeep
from shared_wire.bounded_json import find_kinds
from socketio_do.errors import NestingError, OversizeError
from socketio_do.limits import MAX_EMITTED
from socketio_do.protocol.packet_json import PacketJson

__all__ = ["ACKS", "ENCODED_TYPES", "CheckedPacket", "encode_packet", "find_nesting"]

#: The packet types we have upstream encode.
ENCODED_TYPES: Final = {
    "CONNECT": packet.CONNECT,
    "CONNECT_ERROR": packet.CONNECT_ERROR,
    "DISCONNECT": packet.DISCONNECT,
    "EVENT": packet.EVENT,
    "ACK": packet.ACK,
}

#: The types of what acknowledges an event.
ACKS: Final = (packet.ACK, packet.BINARY_ACK)

#: The types of bytes, and those of which nobody needs to ask whether they are derived from one.
_BINARY: Final = (bytes, bytearray)
_PLAIN: Final = frozenset({str, int, float, bool, type(None), dict, list, tuple})


class CheckedPacket(Packet):
    """A packet whose data is checked before upstream walks it: there each level costs several frames of the interpreter's stack."""

    json = PacketJson  # type: ignore[assignment]  # to upstream, a module

    @classmethod
    def data_is_binary(cls, data: Any) -> bool:
        """Return whether there are bytes in lists and dicts; raises `NestingError` for data that is nested too deep."""
        kinds = find_nesting(data)
        return not kinds.isdisjoint(_BINARY) or any(issubclass(kind, _BINARY) for kind in kinds - _PLAIN)


def find_nesting(data: Any) -> set[type]:
    """Name the types of all that is in the data of a packet; raises `NestingError` for data that is nested too deep."""
    try:
        return find_kinds(data)
    except NestedTooDeep as error:
        raise NestingError(f"what is emitted or returned cannot be sent: {error}") from None


def encode_packet(pkt: Any) -> tuple[str | bytes, ...]:
    """Encode an upstream packet: the packet itself, then its attachments as bytes.

    Raises `NestingError` for data that is nested too deep, `OversizeError` for what is too large to be sent, what its class raises
    for data it cannot encode, and `TypeError` where that gives what cannot be sent.
    """
    if not isinstance(pkt, CheckedPacket):
        find_nesting(pkt.data)
    encoded = pkt.encode()
    parts = encoded if isinstance(encoded, list) else [encoded]
    sent = tuple(bytes(part) if isinstance(part, bytearray) else part for part in parts)
    if not sent or not all(isinstance(part, str | bytes) for part in sent):
        raise TypeError(
            f"{type(pkt).__name__}.encode() gives text, bytes, or a list of them, not {type(encoded).__name__}"
        )
    _check_size(sent)
    return sent


def _check_size(parts: tuple[str | bytes, ...]) -> None:
    """Count bytes only where there may be too many: a character has up to four."""
    if 4 * sum(map(len, parts)) > MAX_EMITTED:
        size = sum(len(part.encode("utf-8", "replace") if isinstance(part, str) else part) for part in parts)
        if size > MAX_EMITTED:
            raise OversizeError(
                f"an event has {size:,} bytes, and {MAX_EMITTED:,} can be sent at once: send it in pieces, "
                "or put it where clients can fetch it"
            )
