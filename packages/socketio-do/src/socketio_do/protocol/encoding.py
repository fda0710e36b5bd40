"""From packets to what is sent: checked before python-socketio's own code walks it, and measured after."""

from typing import Any, Final, Literal, TypeAlias

from socketio import packet
from socketio.packet import Packet

from shared_wire import NestedTooDeep
from shared_wire.bounded_json import find_kinds
from socketio_do.errors import NestingError, OversizeError
from socketio_do.limits import MAX_EMITTED
from socketio_do.protocol.packet_json import PacketJson

__all__ = ["ACKS", "ENCODED_TYPES", "CheckedPacket", "Kind", "encode", "encode_packet", "find_nesting"]

#: What is sent to clients.
Kind: TypeAlias = Literal["CONNECT", "CONNECT_ERROR", "DISCONNECT", "EVENT", "ACK"]

#: Their packet types.
ENCODED_TYPES: Final[dict[Kind, int]] = {
    "CONNECT": packet.CONNECT,
    "CONNECT_ERROR": packet.CONNECT_ERROR,
    "DISCONNECT": packet.DISCONNECT,
    "EVENT": packet.EVENT,
    "ACK": packet.ACK,
}

#: The same as text.
ENCODED_TEXTS: Final[dict[Kind, str]] = {kind: str(number) for kind, number in ENCODED_TYPES.items()}

#: Bytes that a character has at most.
_MOST_BYTES: Final = 4

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
        strange = find_nesting(data) - _PLAIN
        return bool(strange) and any(issubclass(kind, _BINARY) for kind in strange)


def find_nesting(data: Any) -> set[type]:
    """Name the types of all that is in the data of a packet; raises `NestingError` for data that is nested too deep."""
    try:
        return find_kinds(data)
    except NestedTooDeep as error:
        raise NestingError(f"what is emitted or returned cannot be sent: {error}") from None


def encode(
    packet_class: Any, kind: Kind, data: Any, namespace: str, number: int | None = None
) -> tuple[str | bytes, ...]:
    """Encode a packet as its class does, and raise what `encode_packet` raises.

    A packet of our own class without bytes is text and JSON, and needs no object.
    """
    if packet_class is not CheckedPacket or (data is not None and not find_nesting(data) <= _PLAIN):
        return encode_packet(packet_class(ENCODED_TYPES[kind], data=data, namespace=namespace, id=number))
    prefix = ENCODED_TEXTS[kind] if namespace == "/" else f"{ENCODED_TEXTS[kind]}{namespace},"
    if number is not None:
        prefix = f"{prefix}{number}"
    text = prefix if data is None else prefix + PacketJson.dumps(data)
    if _MOST_BYTES * len(text) > MAX_EMITTED:
        _check_size((text,))
    return (text,)


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
    """Count bytes only where there may be too many."""
    if _MOST_BYTES * sum(map(len, parts)) > MAX_EMITTED:
        size = sum(len(part.encode("utf-8", "replace") if isinstance(part, str) else part) for part in parts)
        if size > MAX_EMITTED:
            raise OversizeError(
                f"an event has {size:,} bytes, and {MAX_EMITTED:,} can be sent at once: send it in pieces, "
                "or put it where clients can fetch it"
            )
