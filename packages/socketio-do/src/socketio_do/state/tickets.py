"""What a socket can be recovered with, as its row has it."""

import hmac
import json
from typing import NamedTuple

__all__ = ["Ticket"]


class Ticket(NamedTuple):
    """The secret that its client has, the log's offset when it connected, and when it was recovered last, in milliseconds."""

    secret: str
    since: str
    recovered_ms: int | None = None

    @classmethod
    def read(cls, text: str) -> "Ticket | None":
        """Read a ticket; none of a socket that has none. What a later release has appended is left out."""
        return cls(*json.loads(text)[: len(cls._fields)]) if text else None

    def write(self) -> str:
        """Return it as text."""
        return json.dumps(self)

    def is_of(self, secret: str) -> bool:
        """Return whether this is the secret."""
        return hmac.compare_digest(self.secret.encode(), secret.encode())
