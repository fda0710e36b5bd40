"""Worlds whose clients speak msgpack as PyPI's package does, driven and read with the packets of the default serializer."""

from collections import defaultdict
from typing import Any

import msgpack
from server_fakes import World
from server_stock import StockWorld
from socketio import packet
from socketio.msgpack_packet import MsgPackPacket

from shared_wire import Packet
from socketio_do.protocol.encoding import encode_packet

__all__ = ["MsgPackStockWorld", "MsgPackWorld", "ext", "pack", "to_default", "to_msgpack", "unpack"]

_Default: Any = packet.Packet
_MsgPack: Any = MsgPackPacket

#: The codec of the clients.
pack: Any = msgpack.packb
unpack: Any = msgpack.unpackb
ext: Any = msgpack.ExtType


def to_msgpack(messages: list[Packet]) -> bytes:
    """Translate a packet of the default serializer, with its attachments."""
    read = _Default(encoded_packet=messages[0])
    for attachment in messages[1:]:
        read.add_attachment(attachment)
    kind = {packet.BINARY_EVENT: packet.EVENT, packet.BINARY_ACK: packet.ACK}.get(read.packet_type, read.packet_type)
    encoded: bytes = _MsgPack(kind, data=read.data, namespace=read.namespace or "/", id=read.id).encode()
    return encoded


def to_default(message: Packet) -> tuple[Packet, ...]:
    """Translate a packet in msgpack."""
    read = _MsgPack(encoded_packet=message)
    return encode_packet(_Default(read.packet_type, data=read.data, namespace=read.namespace, id=read.id))


class _Translator:
    """Keeps what is half sent. What is not a packet of the default serializer goes as it is."""

    def __init__(self) -> None:
        self._begun: defaultdict[str, list[Packet]] = defaultdict(list)

    def add(self, engine_sid: str, message: Packet) -> Packet | None:
        """Handle a message; returns what is to be sent, if anything is."""
        begun = self._begun[engine_sid]
        if not begun and not isinstance(message, str):
            return message
        begun.append(message)
        if len(begun) <= self._attachments(begun[0]):
            return None
        del self._begun[engine_sid]
        try:
            return to_msgpack(begun)
        except Exception:
            return message

    @staticmethod
    def _attachments(header: Packet) -> int:
        try:
            count: int = _Default(encoded_packet=header).attachment_count
        except Exception:
            return 0
        return count


def _speaking_msgpack(kind: Any) -> Any:
    """Make a kind of world whose clients speak msgpack."""

    class Translated(kind):
        def __init__(self, *args: Any, **options: Any) -> None:
            self._translator = _Translator()
            super().__init__(*args, serializer="msgpack", **options)

        def receive(self, engine_sid: str, *messages: Packet, **where: Any) -> None:
            for message in messages:
                if (translated := self._translator.add(engine_sid, message)) is not None:
                    super().receive(engine_sid, translated, **where)

        def take(self, engine_sid: str) -> list[Packet]:
            return [part for message in super().take(engine_sid) for part in to_default(message)]

    return Translated


MsgPackWorld: Any = _speaking_msgpack(World)
MsgPackStockWorld: Any = _speaking_msgpack(StockWorld)
