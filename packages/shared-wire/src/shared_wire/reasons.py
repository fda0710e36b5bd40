"""Why sessions end: engine-do says it, socketio-do tells it to `disconnect`."""

import enum

__all__ = ["Reason"]


class Reason(enum.StrEnum):
    """Why a session ended; the texts are python-engineio's."""

    SERVER_DISCONNECT = "server disconnect"
    CLIENT_DISCONNECT = "client disconnect"
    PING_TIMEOUT = "ping timeout"
    TRANSPORT_CLOSE = "transport close"
    TRANSPORT_ERROR = "transport error"
