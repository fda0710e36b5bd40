"""What can go wrong in socketio-do.

ServerError
├── LocalServerError      our caller misused the API; the message says what to write instead
│   ├── ConfigError       an option or a binding is missing, unknown or cannot work here
│   └── SessionDataError  session data or a room's name that cannot be stored
└── RemoteServerError     a client broke the protocol; its connection is closed
    └── PacketError       a packet that no well-behaved client sends

python-socketio's own exceptions (`socketio.exceptions`) keep their meaning; every error here carries a ``code``.
"""

from typing import ClassVar

__all__ = [
    "ConfigError",
    "LocalServerError",
    "PacketError",
    "RemoteServerError",
    "ServerError",
    "SessionDataError",
]


class ServerError(Exception):
    """Root of everything this package raises."""

    code: ClassVar[str] = "server"


class LocalServerError(ServerError):
    """The caller asked for something that cannot be done."""

    code = "local"


class ConfigError(LocalServerError):
    """The composition is wrong."""

    code = "config"


class SessionDataError(LocalServerError):
    """A value that must survive sleep is not one that JSON can hold."""

    code = "session-data"


class RemoteServerError(ServerError):
    """A client broke the protocol."""

    code = "remote"


class PacketError(RemoteServerError):
    """A packet of the wrong shape, or one that may not come now."""

    code = "packet"
