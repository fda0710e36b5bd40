"""The options an application may give its server, and what to write instead of those that cannot work here."""

import difflib
from collections.abc import Mapping
from typing import Any, Final

from socketio_do.errors import ConfigError

__all__ = ["check_options"]

_KNOWN: Final = frozenset(["always_connect", "logger", "namespaces"])

#: Options of python-socketio's AsyncServer that cannot work here, and why or what to write.
_REFUSED: Final = {
    "client_manager": "rooms and sessions are kept in the object's own storage; leave it out",
    "async_mode": "the runtime is the only mode; leave it out",
    "async_handlers": "handlers of one socket run in order and those of different sockets concurrently; leave it out",
    "serializer": "only the default packets are served yet; leave it out",
    "json": "it would change the JSON module of every server in the process; leave it out",
    "engineio_logger": 'configure logging.getLogger("engine_do") instead',
    "ping_interval": "write EngineConfig(ping_interval_ms=...)",
    "ping_timeout": "write EngineConfig(ping_timeout_ms=...)",
    "max_http_buffer_size": "write EngineConfig(max_payload=...)",
    "cors_allowed_origins": "write EngineConfig(cors_allowed_origins=...)",
    "cors_credentials": "it concerns polling, which is not served yet; leave it out",
    "allow_upgrades": "websocket is the only transport yet; leave it out",
    "transports": "websocket is the only transport yet; leave it out",
    "http_compression": "it concerns polling, which is not served yet; leave it out",
    "compression_threshold": "it concerns polling, which is not served yet; leave it out",
    "cookie": "it is not served yet; leave it out",
    "monitor_clients": "one alarm per engine actor watches all clients; leave it out",
}


def check_options(options: Mapping[str, Any]) -> None:
    """Raise `ConfigError` for an option that is unknown or cannot work here."""
    for name in options:
        if name in _REFUSED:
            raise ConfigError(f"option {name!r} cannot work here: {_REFUSED[name]}")
        if name not in _KNOWN:
            close = difflib.get_close_matches(name, _KNOWN, n=1)
            advice = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(_KNOWN))}"
            raise ConfigError(f"there is no option {name!r}; {advice}")
