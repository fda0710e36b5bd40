"""The option `serializer`: which packet class the server encodes with, and what reads the messages of clients."""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from socketio.packet import Packet

from shared_wire import NestedTooDeep, RefusedJson, bounded_json
from socketio_do.errors import ConfigError, PacketError
from socketio_do.limits import MAX_DEPTH
from socketio_do.protocol.encoding import CheckedPacket
from socketio_do.protocol.packets import (
    ClientPacket,
    PacketType,
    check_packet,
    decode,
    read_namespace,
    weigh,
)

__all__ = ["Decode", "choose_serializer"]

#: Bytes in memory for each byte of a binary message of which nobody here knows what it holds.
_MOST_PER_BYTE: Final = 4

#: Reads a message of a client, or raises `PacketError`; a packet with attachments is not complete yet.
Decode: TypeAlias = Callable[[str | bytes], ClientPacket]


def choose_serializer(option: Any) -> tuple[type[Packet], Decode]:
    """Find what writes packets and what reads them.

    The option is "default", "msgpack", or a class derived from `socketio.packet.Packet`; anything else raises `ConfigError`.
    """
    if option == "default":
        return CheckedPacket, decode
    if option == "msgpack":
        from socketio_do.protocol import msgpack_packets

        return msgpack_packets.MsgPackPacket, msgpack_packets.decode
    if isinstance(option, type) and issubclass(option, Packet):
        return option, lambda message: _decode_by(option, message)
    raise ConfigError(
        f"serializer is {option!r}: write 'default', 'msgpack', or a class derived from socketio.packet.Packet"
    )


def _decode_by(packet_class: type[Packet], message: str | bytes) -> ClientPacket:
    """Have an application's class read a message: whatever it raises is the client's fault, and what it finds is checked as any.

    A text that is nested too deep for a parser in C, or has too many values, digits or keys with one hash, does not get to the
    class. Bytes do as they are: a class that reads them has to bound what it makes of them itself.
    """
    if packet_class.uses_binary_events and isinstance(message, bytes):
        raise PacketError("an attachment without its packet")
    try:
        if isinstance(message, str):
            bounded_json.check_text(message)
        found = packet_class(encoded_packet=message)
        bounded_json.check_depth(found.data, MAX_DEPTH + 1)
    except (RefusedJson, NestedTooDeep) as error:
        raise PacketError(f"message refused: {error}") from None
    except Exception as error:
        raise PacketError(f"{packet_class.__name__} cannot read it ({type(error).__name__})") from None
    if found.packet_type not in list(PacketType):
        raise PacketError("unknown packet type")
    packet = ClientPacket(
        type=PacketType(found.packet_type),
        namespace=read_namespace(found.namespace or "/"),
        id=found.id,
        data=found.data,
        attachments=found.attachment_count,
        weight=weigh(message) if isinstance(message, str) else _MOST_PER_BYTE * len(message),
    )
    return check_packet(packet, has_data=found.data is not None)
