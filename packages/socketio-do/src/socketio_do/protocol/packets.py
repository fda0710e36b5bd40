"""Socket.IO packets from clients, checked by type before anything else sees them.

The outcome is that of Node's `socket.io-parser`: what it refuses raises `PacketError`, and the connection is closed.
https://socket.io/docs/v4/socket-io-protocol/#packet-encoding
"""

import enum
import re
from dataclasses import dataclass, field
from typing import Any, Final

from shared_wire import RefusedJson, bounded_json
from socketio_do.errors import PacketError
from socketio_do.limits import MAX_ATTACHMENTS, MAX_CONTAINERS, MAX_DEPTH, MAX_EVENT, MAX_ID, MAX_NAMESPACE, MAX_VALUES

__all__ = [
    "ACKS",
    "EVENTS",
    "ClientPacket",
    "PacketType",
    "check_packet",
    "decode",
    "read_namespace",
    "reconstruct",
    "weigh",
]


class PacketType(enum.IntEnum):
    """The packet types of protocol revision 5."""

    CONNECT = 0
    DISCONNECT = 1
    EVENT = 2
    ACK = 3
    CONNECT_ERROR = 4
    BINARY_EVENT = 5
    BINARY_ACK = 6


#: Events, and answers to ours, with and without attachments.
EVENTS: Final = (PacketType.EVENT, PacketType.BINARY_EVENT)
ACKS: Final = (PacketType.ACK, PacketType.BINARY_ACK)
_BINARY: Final = (PacketType.BINARY_EVENT, PacketType.BINARY_ACK)

#: The types as they are written.
_TYPES: Final = {str(kind.value): kind for kind in PacketType}

#: Bytes that a list or dict, and any other value, takes in memory besides those it is written with.
_CONTAINER_WEIGHT: Final = 100
_VALUE_WEIGHT: Final = 24

#: Events that only the server itself raises.
_RESERVED_EVENTS: Final = frozenset(
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]
)

#: type, attachments, namespace, ack id, data; every part but the first may be missing.
_PACKET: Final = re.compile(r"([0-6])(?:(\d{1,3})-)?(/[^,]*,?)?(\d{1,16})?(.*)", re.DOTALL | re.ASCII)


_CONTAINERS: Final = (dict, list)

#: How JSON is read. A placeholder is a dict only until its attachment is there, so it may lie one level deeper.
_PLAIN: Final = dict[str, int]()
_WITH_ATTACHMENTS: Final = {"max_depth": MAX_DEPTH + 1, "max_containers": MAX_CONTAINERS // 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPacket:
    """One packet. ``data`` is JSON's; where ``attachments`` is above 0 it holds placeholders until `reconstruct`."""

    type: PacketType
    namespace: str = "/"
    id: int | None = None
    data: Any = None
    attachments: int = 0
    #: About how many bytes it takes in memory.
    weight: int = field(default=0, compare=False)

    @property
    def is_event(self) -> bool:
        """Whether the packet is an event, with or without attachments."""
        return self.type in EVENTS

    @property
    def is_ack(self) -> bool:
        """Whether the packet answers one of ours, with or without attachments."""
        return self.type in ACKS


def decode(message: str | bytes) -> ClientPacket:
    """Read a packet; raises `PacketError` for anything a client may not send."""
    if isinstance(message, bytes):
        raise PacketError("an attachment without its packet")
    match = _PACKET.fullmatch(message)
    if match is None:
        raise PacketError("unknown packet type")
    kind, attachments, namespace, number, payload = match.groups()
    try:
        data = (
            bounded_json.parse(payload, **(_PLAIN if attachments is None else _WITH_ATTACHMENTS)) if payload else None
        )
    except RefusedJson as error:
        raise PacketError(f"payload refused: {error}") from None
    packet = ClientPacket(
        type=_TYPES[kind],
        namespace="/" if namespace is None else read_namespace(namespace.removesuffix(",")),
        id=None if number is None else int(number),
        data=data,
        attachments=int(attachments or 0),
        weight=weigh(message),
    )
    if attachments is not None and not packet.attachments:
        raise PacketError("illegal attachments")
    return check_packet(packet, has_data=bool(payload))


def weigh(text: str) -> int:
    """Estimate the bytes that a JSON text takes in memory when it is read.

    Commas and brackets in its strings count as values: to count is all that it may cost.
    """
    containers = min(text.count("[") + text.count("{"), MAX_CONTAINERS)
    return len(text) + _CONTAINER_WEIGHT * containers + _VALUE_WEIGHT * min(text.count(","), MAX_VALUES)


def read_namespace(name: object) -> str:
    """Check a namespace's name, without what follows a question mark: in older protocols that was a query."""
    if not isinstance(name, str) or not name.startswith("/"):
        raise PacketError("not a namespace")
    name = name.partition("?")[0]
    if len(name) > MAX_NAMESPACE:
        raise PacketError("namespace too long")
    return name


def check_packet(packet: ClientPacket, *, has_data: bool) -> ClientPacket:
    """Check what any decoder has made of a client's message; returns it, or raises `PacketError`."""
    binary, number = packet.type in _BINARY, packet.id
    if type(packet.attachments) is not int or not binary <= packet.attachments <= binary * MAX_ATTACHMENTS:
        raise PacketError("illegal attachments")
    if number is not None and (type(number) is not int or not 0 <= number <= MAX_ID):
        raise PacketError("illegal ack id")
    if not (_is_event(packet.data) if packet.type in EVENTS else _is_payload_valid(packet, has_data=has_data)):
        raise PacketError("invalid payload")
    return packet


def reconstruct(data: Any, attachments: list[bytes]) -> Any:
    """Put attachments in the places of their placeholders.

    Raises `PacketError` for a placeholder of none of them, and for data that is nested too deep.
    """
    left: list[bytes | None] = [*attachments]
    return _reconstruct(data, left, 1) if isinstance(data, _CONTAINERS) else data


def _is_event(data: Any) -> bool:
    """Return whether data is an event's: its name, and its arguments."""
    if not isinstance(data, list) or not data:
        return False
    name = data[0]
    if isinstance(name, str):
        return len(name) <= MAX_EVENT and name not in _RESERVED_EVENTS
    return isinstance(name, int | float) and not isinstance(name, bool)


def _is_payload_valid(packet: ClientPacket, *, has_data: bool) -> bool:
    """Return whether what is no event has the data of its type."""
    match packet.type:
        case PacketType.CONNECT:
            return not has_data or isinstance(packet.data, dict)
        case PacketType.DISCONNECT:
            return not has_data
        case PacketType.ACK | PacketType.BINARY_ACK:
            return isinstance(packet.data, list) and packet.id is not None
        case _:
            return False


def _reconstruct(data: Any, left: list[bytes | None], depth: int) -> Any:
    """Rebuild a list or dict that lies so deep; what is neither is not visited."""
    if isinstance(data, dict) and data.get("_placeholder") is True:
        return _find_attachment(data.get("num"), left)
    if depth > MAX_DEPTH:
        raise PacketError("data nested too deep")
    inner = depth + 1
    if isinstance(data, list):
        return [_reconstruct(item, left, inner) if isinstance(item, _CONTAINERS) else item for item in data]
    return {
        key: _reconstruct(value, left, inner) if isinstance(value, _CONTAINERS) else value
        for key, value in data.items()
    }


def _find_attachment(number: object, left: list[bytes | None]) -> bytes:
    """Find an attachment. It may be used once, as every encoder does: an answer would repeat it as often as it is used."""
    if type(number) is not int or not 0 <= number < len(left) or (found := left[number]) is None:
        raise PacketError("illegal attachments")
    left[number] = None
    return found
