"""What we rely on in python-socketio beyond its documentation, in one place that a contract test checks.

Everything here is private to upstream and may move in any release; the supported range in `pyproject.toml` is as narrow as that
asks for.
"""

from typing import Final

__all__ = [
    "ENGINE",
    "OVERRIDDEN_MANAGER",
    "OVERRIDDEN_SERVER",
    "USED_ELSEWHERE",
    "USED_MANAGER",
    "USED_PACKET",
    "USED_SERVER",
]

#: Methods of `socketio.AsyncServer` that `DurableServer` overrides, with the parameters they must have.
OVERRIDDEN_SERVER: Final = {
    "_engineio_server_class": (),
    "_handle_event_internal": ("server", "sid", "eio_sid", "data", "namespace", "id"),
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
