"""The parity table: what becomes of each public member and option of python-socketio's `AsyncServer` and `AsyncNamespace`.

`test_members.py` compares it with the installed release, and writes it into its page, `docs/socketio-do/parity.md`.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Status: TypeAlias = Literal["works", "differs", "refused"]


@dataclass(frozen=True)
class Member:
    """What becomes of a member: whether it works as documented upstream, and what else is to be known."""

    status: Status
    how: str


def works(how: str) -> Member:
    return Member("works", how)


def differs(how: str) -> Member:
    return Member("differs", how)


def refused(how: str) -> Member:
    return Member("refused", how)


METHODS: Final[dict[str, Member]] = {
    "attach": refused("`ConfigError`: the Worker's entrypoint calls `engine_do.durable.route`"),
    "call": works(
        "in handlers too, also where they run in order; a client that is gone ends the wait; `timeout` is bounded by "
        "`handler_timeout_s`"
    ),
    "close_room": works("durable"),
    "disconnect": works("the handlers run once, and the socket is gone also when one raises"),
    "emit": works(
        "encoded once, one message for each engine actor; `except_rooms`, `volatile`, `compress`, and callbacks by name besides"
    ),
    "enter_room": works("durable; a room is named by text or a number"),
    "event": works("for a parent namespace too"),
    "get_environ": works("a copy; `None` for a sid of another namespace"),
    "get_session": works("a copy; `KeyError` for a sid of another namespace"),
    "handle_request": refused("`ConfigError`: the Worker's entrypoint calls `engine_do.durable.route`"),
    "instrument": refused(
        "`ConfigError`: the admin page would keep the object awake; `fetch_sockets` tells what there is"
    ),
    "is_asyncio_based": works("`True`"),
    "leave_room": works("durable"),
    "on": works('functions and coroutine functions; `"*"` for events and namespaces; a parent namespace'),
    "register_namespace": works("`AsyncNamespace`, for a parent namespace too"),
    "rooms": works("exact after sleep, too"),
    "save_session": differs("durable; the data is JSON, anything else is a `SessionDataError`"),
    "send": works("as `emit`"),
    "session": works("saved at the end of the block"),
    "shutdown": works("nothing runs that would have to be stopped"),
    "sleep": works("the object stays awake, and is billed"),
    "start_background_task": works(
        "the object stays awake, and is billed, until it is done; a reset ends it; for what never ends see "
        '"Instead of a background task"'
    ),
    "transport": works(
        "kept with the handshake; an upgrade costs one row and one RPC, and goes unnoticed if a reset cuts these"
    ),
}

ATTRIBUTES: Final[dict[str, Member]] = {
    "always_connect": works("the option"),
    "async_handlers": works("the option"),
    "async_mode": differs("`durable`: this runtime is the only mode"),
    "eio": differs(
        "not an Engine.IO server but the way to the actors that hold the sockets; no `handlers`, no `sockets`"
    ),
    "environ": works("read from storage, copies; `get_environ` is cheaper"),
    "handlers": works("what is registered"),
    "logger": works("`socketio_do`'s, unless the option says otherwise"),
    "manager": differs(
        "its methods work; `rooms` is a copy, read from the rows of all sockets; `callbacks` and other tables are empty"
    ),
    "manager_initialized": works("`True`"),
    "namespace_handlers": works("what is registered"),
    "namespaces": works("the option"),
    "not_handled": works("what an event without a handler returns"),
    "packet_class": works("as the serializer says"),
    "reason": works("`CLIENT_DISCONNECT` and the others"),
    "reserved_events": works("`connect` and `disconnect`; a client can raise neither, nor `disconnecting`"),
}

OPTIONS: Final[dict[str, Member]] = {
    "always_connect": works("middleware still comes first"),
    "async_handlers": differs(
        "`False` unless given: handlers of one socket run in order, and `call` works nevertheless"
    ),
    "logger": works("a `logging.Logger`; `True` and `False` configure python-socketio's own for the whole process"),
    "namespaces": works('`["/"]` unless given; `"*"` for all'),
    "serializer": works(
        '`"default"`, `"msgpack"` (PyPI\'s is not needed), or a class derived from `socketio.packet.Packet`; all is checked alike'
    ),
}

#: Their reasons are what the error says.
REFUSED_OPTIONS: Final = (
    *("allow_upgrades", "async_mode", "client_manager", "compression_threshold", "cookie", "cors_allowed_origins"),
    *("cors_credentials", "engineio_logger", "http_compression", "json", "max_http_buffer_size", "monitor_clients"),
    *("ping_interval", "ping_timeout", "transports"),
)

NAMESPACE: Final[dict[str, Member]] = {
    "call": works("as the server's"),
    "close_room": works("as the server's"),
    "disconnect": works("as the server's"),
    "emit": works("as the server's; for `except_rooms` call `self.server.emit`"),
    "enter_room": works("as the server's"),
    "get_session": works("as the server's"),
    "is_asyncio_based": works("`True`; `Namespace`, which is not, cannot be registered"),
    "leave_room": works("as the server's"),
    "namespace": works('a name, `"*"`, or a parent'),
    "rooms": works("as the server's"),
    "save_session": works("as the server's"),
    "send": works("as the server's"),
    "server": works("`sio`"),
    "session": works("as the server's"),
    "trigger_event": works("may be overridden; then it is not told `disconnecting`"),
}
