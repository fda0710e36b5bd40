"""What can go wrong in engine-do.

EngineError
├── LocalEngineError      our caller misused the API; the message says what to write instead
│   └── ConfigError       an option or a binding is missing, unknown or contradictory
└── RemoteEngineError     a client broke the protocol; carries Engine.IO's code and the HTTP status to answer with

`EngineConfigWarning` is issued for a configuration that works but is not advisable.
"""

from typing import ClassVar, Final

__all__ = [
    "BAD_METHOD",
    "BAD_REQUEST",
    "FORBIDDEN",
    "TOO_LARGE",
    "UNKNOWN_SID",
    "UNKNOWN_TRANSPORT",
    "UNSUPPORTED_VERSION",
    "ConfigError",
    "EngineConfigWarning",
    "EngineError",
    "LocalEngineError",
    "RemoteEngineError",
]

#: Engine.IO's error codes, as Node's `engine.io` answers them.
UNKNOWN_TRANSPORT: Final = 0
UNKNOWN_SID: Final = 1
BAD_METHOD: Final = 2
BAD_REQUEST: Final = 3
FORBIDDEN: Final = 4
UNSUPPORTED_VERSION: Final = 5

#: The HTTP status of a body above `max_payload`.
TOO_LARGE: Final = 413

_MESSAGES: Final = {
    UNKNOWN_TRANSPORT: "Transport unknown",
    UNKNOWN_SID: "Session ID unknown",
    BAD_METHOD: "Bad handshake method",
    BAD_REQUEST: "Bad request",
    FORBIDDEN: "Forbidden",
    UNSUPPORTED_VERSION: "Unsupported protocol version",
}


class EngineError(Exception):
    """Root of everything this package raises."""


class LocalEngineError(EngineError):
    """The caller asked for something that cannot be done."""

    code: ClassVar[str] = "local"


class ConfigError(LocalEngineError):
    """The composition is wrong: an option, a binding, a handler."""

    code = "config"


class RemoteEngineError(EngineError):
    """A client's request cannot be served.

    ``code`` is Engine.IO's error code, ``status`` the HTTP status that goes with it, ``message`` the text the client sees: the
    code's own, with ``hint`` behind it where that helps a developer and tells nothing about us, or the ``message`` that the
    application's own check gave.
    """

    def __init__(self, code: int, hint: str = "", *, message: str = "", status: int | None = None) -> None:
        self.code = code
        self.status = status or (403 if code == FORBIDDEN else 400)
        self.message = message or (f"{_MESSAGES[code]}: {hint}" if hint else _MESSAGES[code])
        super().__init__(self.message)


class EngineConfigWarning(UserWarning):
    """A configuration that works but has a cost its author may not expect."""
