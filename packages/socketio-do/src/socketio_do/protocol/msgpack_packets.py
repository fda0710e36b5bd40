"""Packets in msgpack, each a message of its own. https://github.com/socketio/socket.io-msgpack-parser"""

from typing import Final

from socketio.packet import Packet

from socketio_do.errors import PacketError
from socketio_do.limits import MAX_DEPTH
from socketio_do.protocol.msgpack_codec import pack, unpack_counted
from socketio_do.protocol.packets import ClientPacket, PacketType, check_packet, read_namespace

__all__ = ["MsgPackPacket", "decode"]


#: Bytes that a value takes in memory, besides those it is written with.
_VALUE_WEIGHT: Final = 64


class MsgPackPacket(Packet):
    """What python-socketio encodes packets with.

    Its own writes ``data`` also where there is none, which npm's parser refuses: a client that is disconnected would take that for
    a fault of the transport, and come back.
    """

    uses_binary_events = False

    def encode(self) -> bytes:
        """Encode the packet."""
        fields = {"type": self.packet_type, "nsp": self.namespace or "/", "data": self.data, "id": self.id}
        return pack({name: value for name, value in fields.items() if value is not None})

    def decode(self, encoded_packet: str | bytes) -> int:
        """Decode a packet as `decode` does; returns the number of attachments to come, which is 0."""
        packet = decode(encoded_packet)
        self.packet_type, self.namespace = packet.type, packet.namespace
        self.data, self.id = packet.data, packet.id
        return 0


def decode(message: str | bytes) -> ClientPacket:
    """Read a client's packet; raises `PacketError` for anything a client may not send.

    The packet is a dict itself, so its data may be nested as deeply as in JSON. What nobody knows in it is not looked at: npm's
    client sends its ``options`` along. Nil stands for nothing, as PyPI's has it.
    """
    if isinstance(message, str):
        raise PacketError("text in place of msgpack")
    fields, values = unpack_counted(message, max_depth=MAX_DEPTH + 1)
    if not isinstance(fields, dict):
        raise PacketError("msgpack that is no packet")
    kind, namespace, number, data = (fields.get(name) for name in ("type", "nsp", "id", "data"))
    if type(kind) is not int or not PacketType.CONNECT <= kind <= PacketType.CONNECT_ERROR:
        raise PacketError("unknown packet type")
    packet = ClientPacket(
        type=PacketType(kind),
        namespace=read_namespace(namespace),
        id=number,
        data=data,
        weight=len(message) + _VALUE_WEIGHT * values,
    )
    return check_packet(packet, has_data=data is not None)
