"""What we rely on in python-socketio beyond its documentation, in one place that a contract test checks.

Everything here is private to upstream and may move in any release; the supported range in `pyproject.toml` is as narrow as that
asks for.
"""

from typing import Any, Final

from socketio import packet
from socketio.packet import Packet

from shared_wire import NestedTooDeep
from shared_wire.bounded_json import find_kinds
from socketio_do.errors import NestingError, OversizeError
from socketio_do.limits import MAX_EMITTED
from socketio_do.packet_json import PacketJson

__all__ = [
    "ACKS",
    "ENCODED_TYPES",
    "ENGINE",
    "OVERRIDDEN_MANAGER",
    "OVERRIDDEN_SERVER",
    "USED_ELSEWHERE",
    "USED_MANAGER",
    "USED_PACKET",
    "USED_SERVER",
    "CheckedPacket",
    "encode_packet",
    "find_nesting",
]

#: Methods of `socketio.AsyncServer` that `DurableServer` overrides, with the parameters they must have.
OVERRIDDEN_SERVER: Final = {
    "_engineio_server_class": (),
    "_send_packet": ("eio_sid", "pkt"),
    "_trigger_event": ("event", "namespace", "args"),
    "disconnect": ("sid", "namespace", "ignore_queue"),
    "emit": ("event", "data", "to", "room", "skip_sid", "namespace", "callback", "ignore_queue"),
    "call": ("event", "data", "to", "sid", "namespace", "timeout", "ignore_queue"),
    "get_environ": ("sid", "namespace"),
    "get_session": ("sid", "namespace"),
    "instrument": ("auth", "mode", "read_only", "server_id", "namespace", "server_stats_interval"),
    "save_session": ("sid", "session", "namespace"),
}

#: Attributes and private methods of `socketio.AsyncServer` that are used as they are.
USED_SERVER: Final = (
    "_handle_event_internal",
    "always_connect",
    "async_handlers",
    "eio",
    "environ",
    "handlers",
    "manager",
    "manager_initialized",
    "namespace_handlers",
    "namespaces",
    "not_handled",
    "packet_class",
    "reason",
)

#: Methods of `socketio.AsyncManager` that `DurableManager` overrides.
OVERRIDDEN_MANAGER: Final = {
    "can_disconnect": ("sid", "namespace"),
    "close_room": ("room", "namespace"),
    "connect": ("sid", "namespace"),
    "disconnect": ("sid", "namespace", "kwargs"),
    "eio_sid_from_sid": ("sid", "namespace"),
    "emit": ("event", "data", "namespace", "room", "skip_sid", "callback", "to", "kwargs"),
    "enter_room": ("sid", "namespace", "room", "eio_sid"),
    "get_namespaces": (),
    "get_participants": ("namespace", "room"),
    "get_rooms": ("sid", "namespace"),
    "is_connected": ("sid", "namespace"),
    "is_pre_connected": ("sid", "namespace"),
    "leave_room": ("sid", "namespace", "room"),
    "pre_connect": ("eio_sid", "namespace"),
    "pre_disconnect": ("sid", "namespace"),
    "sid_from_eio_sid": ("eio_sid", "namespace"),
    "trigger_callback": ("sid", "id", "data"),
}

#: Attributes of `socketio.AsyncManager` that are used, or have another value here.
USED_MANAGER: Final = ("rooms", "server")

#: What `socketio.AsyncServer` asks of its `engineio.AsyncServer`, which is an `EngineProxy` here.
ENGINE: Final = (
    "async_mode",
    "attach",
    "create_event",
    "handle_request",
    "on",
    "send",
    "shutdown",
    "sleep",
    "start_background_task",
    "transport",
)

#: What else of the package is used and not in its documentation.
USED_ELSEWHERE: Final = (
    "exceptions.ConnectionRefusedError.error_args",
    "packet.ACK",
    "packet.BINARY_ACK",
    "packet.CONNECT",
    "packet.CONNECT_ERROR",
    "packet.DISCONNECT",
    "packet.EVENT",
    "packet.Packet.data_is_binary",
    "packet.Packet.encode",
)

#: Attributes of `socketio.packet.Packet`, which an application may derive from, that are read.
USED_PACKET: Final = ("attachment_count", "data", "id", "namespace", "packet_type", "uses_binary_events")

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
