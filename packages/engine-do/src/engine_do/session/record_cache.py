"""Sessions by the records they were written as, so that few frames have to read one.

The record's text is the key, and it is read anew at every event: what is found can never be out of date.
"""

from collections import OrderedDict
from typing import Final

from engine_do.session.session import Session

__all__ = ["RecordCache"]

#: Records that are kept, and the characters of one of them. A longer one has a handshake in it, which a client chooses and leaves
#: behind: of those so many are kept as may be between handshake and first message.
_MOST_SHORT: Final = 1_024
_SHORT: Final = 512
_MOST_LONG: Final = 64


class RecordCache:
    """Keeps the latest records; the caller asks `short` and `long` itself, which spares each frame a call."""

    def __init__(self) -> None:
        self.short: OrderedDict[str, Session] = OrderedDict()
        self.long: OrderedDict[str, Session] = OrderedDict()

    def keep(self, record: str, session: Session) -> None:
        """Keep a session that was written as, or read from, a record."""
        kept, most = (self.short, _MOST_SHORT) if len(record) <= _SHORT else (self.long, _MOST_LONG)
        kept[record] = session
        if len(kept) > most:
            kept.popitem(last=False)
