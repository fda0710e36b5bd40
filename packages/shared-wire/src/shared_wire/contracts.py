"""What the two packages have agreed on besides frames: words and names that both of them use."""

import enum
import re
from typing import Final

__all__ = ["DEFAULT_PEER", "PEER_NAME", "TRANSPORT", "Reason"]

#: The name of the socket actor, where a composition names none.
DEFAULT_PEER: Final = "main"

#: What names of socket actors may be.
PEER_NAME: Final = re.compile(r"[A-Za-z0-9_./:-]{1,100}")

#: The field of ``environ`` that says how the client's packets travel.
TRANSPORT: Final = "engine_do.transport"


class Reason(enum.StrEnum):
    """Why a session ended; the texts are python-engineio's."""

    SERVER_DISCONNECT = "server disconnect"
    CLIENT_DISCONNECT = "client disconnect"
    PING_TIMEOUT = "ping timeout"
    TRANSPORT_CLOSE = "transport close"
    TRANSPORT_ERROR = "transport error"
