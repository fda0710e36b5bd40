"""What can go wrong in socketio-do.

ServerError
├── LocalServerError      our caller misused the API; the message says what to write instead
│   ├── CommandError      what an Emitter was asked for cannot be asked, or not be sent
│   ├── ConfigError       an option or a binding is missing, unknown or cannot work here
│   ├── EventRefusedError raised by packet middleware: the event is not handled
│   ├── NestingError      data to send is nested too deep
│   ├── OversizeError     an event to send is too large
│   └── SessionDataError  session data or a room's name that cannot be stored
└── RemoteServerError     a client broke the protocol; its connection is closed
    ├── LimitError        a client has more of something than one client may have
    └── PacketError       a packet that no well-behaved client sends

python-socketio's own exceptions (`socketio.exceptions`) keep their meaning; every error here carries a ``code``.
"""

from typing import Any, ClassVar

__all__ = [
    "CommandError",
    "ConfigError",
    "EventRefusedError",
    "LimitError",
    "LocalServerError",
    "NestingError",
    "OversizeError",
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


class CommandError(LocalServerError):
    """An `Emitter` was asked for what cannot be asked, or given what cannot be sent."""

    code = "command"


class ConfigError(LocalServerError):
    """The composition is wrong."""

    code = "config"


class EventRefusedError(LocalServerError):
    """Raised by packet middleware to refuse an event; a client that asked for an acknowledgement gets ``answer``."""

    code = "event-refused"

    def __init__(self, *answer: Any) -> None:
        """Initialise with the arguments of the acknowledgement."""
        super().__init__(*answer)
        self.answer = answer


class NestingError(LocalServerError):
    """Data to send has lists and dicts that lie too deep within each other, or one that is in itself."""

    code = "nesting"


class OversizeError(LocalServerError):
    """An event to send is larger than what can be sent: it would close the connections of its recipients."""

    code = "oversize"


class SessionDataError(LocalServerError):
    """A value that must survive sleep is not one that JSON can hold."""

    code = "session-data"


class RemoteServerError(ServerError):
    """A client broke the protocol."""

    code = "remote"


class LimitError(RemoteServerError):
    """A client has more of something than one client may have.

    Where it leaves a handler, the connection of the client whose event that was is closed.
    """

    code = "limit"


class PacketError(RemoteServerError):
    """A packet of the wrong shape, or one that may not come now."""

    code = "packet"
