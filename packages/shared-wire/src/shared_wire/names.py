"""Names that engine-do and socketio-do have agreed on."""

import re
from typing import Final

__all__ = ["DEFAULT_PEER", "PEER_NAME", "STREAM_FORMAT", "STREAM_HEADER", "STREAM_SENDER", "STREAM_URL", "TRANSPORT"]

#: The name of the socket actor, where a composition names none.
DEFAULT_PEER: Final = "main"

#: What names of socket actors may be.
PEER_NAME: Final = re.compile(r"[A-Za-z0-9_./:-]{1,100}")

#: The field of ``environ`` that says how the client's packets travel.
TRANSPORT: Final = "engine_do.transport"

#: The request with which an engine actor opens a stream to a socket actor: its address, the header that says which format the
#: messages have, and the one that names the engine actor.
STREAM_URL: Final = "http://socket-actor/stream"
STREAM_HEADER: Final = "x-shared-wire-stream"
STREAM_SENDER: Final = "x-shared-wire-sender"

#: The only format of a stream's messages so far (`link.stream_messages`).
STREAM_FORMAT: Final = "1"
