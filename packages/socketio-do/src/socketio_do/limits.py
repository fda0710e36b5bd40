"""What one client may ask for, each limit with its reason."""

from typing import Final

__all__ = ["MAX_ATTACHMENTS", "MAX_ID", "MAX_NAMESPACE", "MAX_SOCKETS", "MAX_WAITING"]

#: Binary attachments of one packet; the JavaScript parser allows as many.
MAX_ATTACHMENTS: Final = 10

#: The largest ack id: what a JavaScript number holds exactly.
MAX_ID: Final = 2**53 - 1

#: Characters of a namespace's name.
MAX_NAMESPACE: Final = 256

#: Namespaces one session may be connected to.
MAX_SOCKETS: Final = 64

#: Packets of one socket that wait behind a suspended handler.
MAX_WAITING: Final = 1_000
