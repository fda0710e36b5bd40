"""Everything an engine can be told, checked once, when it is written down."""

import difflib
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

from engine_do.errors import ConfigError, EngineConfigWarning

__all__ = ["ALARM_SLACK_MS", "EngineConfig"]

#: An alarm may be a minute late, and a client must not be given up for our lateness.
ALARM_SLACK_MS: Final = 60_000

_PATH: Final = re.compile(r"/(?:[^?#/\s]+/)*")
#: What browsers send: no capitals, nothing behind host and port.
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@*\sA-Z]+")

#: Names users bring from other servers, and what to write here.
_RENAMED: Final = {
    "ping_interval": "ping_interval_ms, in milliseconds",
    "ping_timeout": "ping_timeout_ms, in milliseconds",
    "pingInterval": "ping_interval_ms",
    "pingTimeout": "ping_timeout_ms",
    "max_http_buffer_size": "max_payload",
    "maxHttpBufferSize": "max_payload",
    "connectTimeout": "connect_timeout_ms",
    "cors": "cors_allowed_origins",
    "socketio_path": "path",
    "transports": "nothing: websocket is the only transport yet",
    "allow_upgrades": "nothing: websocket is the only transport yet",
    "async_mode": "nothing: the runtime is the only mode",
    "monitor_clients": "nothing: one alarm per object watches all clients",
}


@dataclass(frozen=True, kw_only=True)
class EngineConfig:
    """How an engine serves its clients. The entrypoint and the actor are given the same one.

    Unknown, impossible and contradictory options raise `ConfigError` here, at construction.
    """

    #: Where clients find the engine; Socket.IO's clients ask for "/socket.io/" unless told otherwise.
    path: str = "/engine.io/"
    #: Milliseconds between two pings to a client. Intervals of 10 s or less never let the object sleep.
    ping_interval_ms: int = 25_000
    #: Milliseconds a client has to answer a ping before it counts as dead.
    ping_timeout_ms: int = 85_000
    #: The largest message a client may send, in bytes.
    max_payload: int = 1_000_000
    #: Milliseconds a client has to join the application above before its socket is closed. Not used by an engine alone.
    connect_timeout_ms: int = 45_000
    #: How many engine actors new sessions are spread over, at random. Raising it keeps the sessions there are.
    actors: int = 1
    #: Origins of pages that may connect: none means the same host only, "*" any. Requests without an Origin are let through.
    cors_allowed_origins: str | Sequence[str] | None = None

    def __new__(cls, **options: object) -> Self:
        """Name what is wrong with an unknown option before Python does."""
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise ConfigError(f"EngineConfig has no option {name!r}{_advice(name, known)}")
        return super().__new__(cls)

    def __post_init__(self) -> None:
        """Check every option; see the class."""
        if not isinstance(self.path, str) or not _PATH.fullmatch(self.path):
            raise ConfigError(f"path must begin and end with '/', like \"/socket.io/\"; got {self.path!r}")
        _check_origins(self.cors_allowed_origins)
        for name in ("ping_interval_ms", "ping_timeout_ms", "max_payload", "connect_timeout_ms", "actors"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
                raise ConfigError(f"{name} must be a whole number above 0; got {value!r}")
        if self.ping_timeout_ms < self.ping_interval_ms + ALARM_SLACK_MS:
            warnings.warn(
                f"ping_timeout_ms={self.ping_timeout_ms} is below ping_interval_ms + {ALARM_SLACK_MS}: alarms can be a minute "
                "late, and then clients leave although nothing is wrong",
                EngineConfigWarning,
                stacklevel=3,
            )

    @property
    def allowed_origins(self) -> frozenset[str] | None:
        """The origins given, as a set; none when only the same host is allowed."""
        origins = self.cors_allowed_origins
        if origins is None:
            return None
        return frozenset([origins] if isinstance(origins, str) else origins)


def _check_origins(origins: object) -> None:
    if origins is None:
        return
    listed = [origins] if isinstance(origins, str) else origins
    if not isinstance(listed, Sequence) or isinstance(listed, bytes) or not all(isinstance(one, str) for one in listed):
        raise ConfigError(f'cors_allowed_origins is an origin, a list of origins, "*" or nothing; got {origins!r}')
    for one in listed:
        if one not in ("*", "null") and not _ORIGIN.fullmatch(one):
            raise ConfigError(
                f'cors_allowed_origins: a scheme and a host, like "https://example.com", with nothing behind; got {one!r}'
            )


def _advice(name: str, known: list[str]) -> str:
    if name in _RENAMED:
        return f"; write {_RENAMED[name]}"
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(known)}"
