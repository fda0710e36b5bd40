"""python-socketio's AsyncServer on hibernating Durable Objects.

Here is what is pure: the server, its tables, its rules. What runs in a Worker is in `socketio_do.durable`.
"""

from socketio_do.errors import (
    ConfigError,
    LocalServerError,
    PacketError,
    RemoteServerError,
    ServerError,
    SessionDataError,
)
from socketio_do.server import DurableServer

__all__ = [
    "ConfigError",
    "DurableServer",
    "LocalServerError",
    "PacketError",
    "RemoteServerError",
    "ServerError",
    "SessionDataError",
]
