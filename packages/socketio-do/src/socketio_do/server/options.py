"""The options an application may give its server, and what to write instead of those that cannot work here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from socketio_do.errors import ConfigError
from socketio_do.protocol.offsets import understands_recovery

__all__ = ["KNOWN", "RecoveryOptions", "check_options", "read_recovery"]

#: The options that work.
KNOWN: Final = frozenset(
    [
        "always_connect",
        "async_handlers",
        "cleanup_empty_child_namespaces",
        "connection_state_recovery",
        "logger",
        "namespaces",
        "serializer",
    ]
)

#: Seconds that a client may be away at most: until then the application takes it for connected.
_MAX_AWAY_S: Final = 86_400

#: Options of python-socketio's AsyncServer that cannot work here, and why or what to write.
_REFUSED: Final = {
    "client_manager": "rooms and sessions are kept in the object's own storage; leave it out",
    "async_mode": "the runtime is the only mode; leave it out",
    "json": "it would change the JSON module of every server in the process; leave it out, or give `serializer` a packet class "
    "with a `json` of its own",
    "engineio_logger": 'configure logging.getLogger("engine_do") instead',
    "ping_interval": "write EngineConfig(ping_interval_ms=...)",
    "ping_timeout": "write EngineConfig(ping_timeout_ms=...)",
    "max_http_buffer_size": "write EngineConfig(max_payload=...)",
    "cors_allowed_origins": "write EngineConfig(cors_allowed_origins=...)",
    "cors_credentials": "write EngineConfig(cors_credentials=...)",
    "allow_upgrades": "write EngineConfig(allow_upgrades=...)",
    "transports": "write EngineConfig(transports=...)",
    "http_compression": "write EngineConfig(compression_threshold=...), None for no compression",
    "compression_threshold": "write EngineConfig(compression_threshold=...)",
    "cookie": "write EngineConfig(cookie=...)",
    "monitor_clients": "one alarm per engine actor watches all clients; leave it out",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryOptions:
    """The option `connection_state_recovery`: as Node's, with what Python's clients need."""

    #: How long a client may be away.
    max_disconnection_s: float = 120
    #: Whether a client that comes back passes no middleware of `use`.
    skip_middlewares: bool = True
    #: The namespaces whose sockets are recovered; None for all.
    namespaces: tuple[str, ...] | None = None
    #: When the log is written: with each "event" that sends something, in one row; or "deferred", from the third event of a second
    #: on once a second or with 50 packets, which a reset loses: then clients that are away are not recovered.
    write: Literal["event", "deferred"] = "event"
    #: Whether a client takes an offset for one, by its handshake.
    clients: Callable[[dict[str, str]], bool] = understands_recovery

    def __post_init__(self) -> None:
        """Raise `ConfigError` for what cannot be."""
        if not 0 < self.max_disconnection_s <= _MAX_AWAY_S:
            raise ConfigError(
                f"max_disconnection_s is {self.max_disconnection_s!r}: write seconds, {_MAX_AWAY_S:,} at most; whoever is away "
                "longer reads the state anew"
            )
        if self.write not in ("event", "deferred"):
            raise ConfigError(f"write is {self.write!r}: write 'event' or 'deferred'")
        if isinstance(self.namespaces, str):
            raise ConfigError(f"namespaces is {self.namespaces!r}: write a list of names")


def read_recovery(option: Any) -> RecoveryOptions | None:
    """Read the option `connection_state_recovery`: a mapping, True for what is usual, or nothing."""
    if option in (None, False):
        return None
    try:
        return RecoveryOptions(**({} if option is True else option))
    except TypeError as error:
        raise ConfigError(
            f"connection_state_recovery is {option!r} ({error}): write True, or a mapping of "
            f"{', '.join(RecoveryOptions.__dataclass_fields__)}"
        ) from None


def check_options(options: Mapping[str, Any]) -> None:
    """Raise `ConfigError` for an option that is unknown or cannot work here."""
    for name in options:
        if name in _REFUSED:
            raise ConfigError(f"option {name!r} cannot work here: {_REFUSED[name]}")
        if name not in KNOWN:
            import difflib  # it takes 30 ms to import, and is for mistakes only

            close = difflib.get_close_matches(name, KNOWN, n=1)
            advice = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(KNOWN))}"
            raise ConfigError(f"there is no option {name!r}; {advice}")
