"""python-socketio's AsyncServer on hibernating Durable Objects.

Here is what is pure: the server, its tables, its rules. What runs in a Worker is in `socketio_do.durable`.
"""

from socketio_do.cluster.routes import NamespaceRoutes
from socketio_do.errors import (
    CommandError,
    ConfigError,
    EventRefusedError,
    LimitError,
    LocalServerError,
    NestingError,
    OversizeError,
    PacketError,
    RemoteServerError,
    ServerError,
    SessionDataError,
)
from socketio_do.protocol.extension import Extension
from socketio_do.server.administration import SocketDescription
from socketio_do.server.emission import Answers
from socketio_do.server.server import DurableServer

__all__ = [
    "Answers",
    "CommandError",
    "ConfigError",
    "DurableServer",
    "EventRefusedError",
    "Extension",
    "LimitError",
    "LocalServerError",
    "NamespaceRoutes",
    "NestingError",
    "OversizeError",
    "PacketError",
    "RemoteServerError",
    "ServerError",
    "SessionDataError",
    "SocketDescription",
]
