"""The options an application may give its server, and what to write instead of those that cannot work here."""

from collections.abc import Mapping
from typing import Any, Final

from socketio_do.errors import ConfigError

__all__ = ["KNOWN", "check_options"]

#: The options that work.
KNOWN: Final = frozenset(
    ["always_connect", "async_handlers", "cleanup_empty_child_namespaces", "logger", "namespaces", "serializer"]
)

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
