"""Names that engine-do and socketio-do have agreed on."""

import re
from typing import Final

__all__ = ["DEFAULT_PEER", "PEER_NAME", "TRANSPORT"]

#: The name of the socket actor, where a composition names none.
DEFAULT_PEER: Final = "main"

#: What names of socket actors may be.
PEER_NAME: Final = re.compile(r"[A-Za-z0-9_./:-]{1,100}")

#: The field of ``environ`` that says how the client's packets travel.
TRANSPORT: Final = "engine_do.transport"
