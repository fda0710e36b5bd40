"""The rows of recovery, and the only statements that touch them: the log of what was sent, and who is parked.

    sio_log       a ring of rows, overwritten in place: the packets of one event each
    sio_parked    one row per session whose connection broke, and which may be recovered until then

A row of the log has neither index nor delete: to write it is one billed row. A parked session is 2 rows, and 2 when it is gone.
"""

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from socketio_do.limits import MAX_READ
from socketio_do.state.layout import Database

__all__ = ["ParkedSession", "RecoveryRows", "Row"]

#: Numbers of rows in one text, and characters of the rows that are read at once.
_NUMBERS: Final = 2_000
_READ: Final = 400_000

#: Rows that are looked at for whom they are for.
_YOUNG: Final = 1_000

#: Parked sessions taken at once when their time is over; more are taken by another alarm.
_AT_ONCE: Final = 50

_WANTED: Final = "EXISTS (SELECT 1 FROM json_each(targets) WHERE value IN (SELECT value FROM json_each(?)))"


class Row(NamedTuple):
    """A row of the log, without its entries."""

    number: int
    #: The first row after what was sent and could not be written.
    tail: int
    #: Characters of all rows until this one, since the first one ever.
    size: int
    #: What the offsets of its entries are proven with.
    key: str
    #: How many entries it has.
    length: int
    #: When it was written, in milliseconds.
    at_ms: int = 0


class ParkedSession(NamedTuple):
    """A session whose connection broke."""

    engine_sid: str
    reason: str


class RecoveryRows:
    """Reads and writes rows; knows no rules."""

    def __init__(self, database: Database, slots: int) -> None:
        """Initialise with the database, and the number of rows that the log has at most."""
        self._database = database
        #: How many rows the log has at most.
        self.slots = slots

    def head(self) -> Row | None:
        """Find the row that was written last: the ring is in order but for one place, so half of it is left out each time."""
        first = self._number_at(0)
        if first is None:
            return None
        low, high = 0, self.slots
        while high - low > 1:
            middle = (low + high) // 2
            if self._number_at(middle) == first + middle:
                low = middle
            else:
                high = middle
        return self.row(first + low)

    def row(self, number: int) -> Row | None:
        """Return the row with a number, unless it was overwritten."""
        found = self._read(
            "SELECT json_array(number, tail, size, key, json_array_length(entries), at_ms) FROM sio_log"
            " WHERE slot = CAST(? AS INTEGER) AND number = CAST(? AS INTEGER)",
            *(str(number % self.slots), str(number)),
        )
        return None if found is None else Row(*found)

    def write(self, row: Row, targets: str, entries: str) -> None:
        """Write a row in place of the one that was there; whom it is for, and its entries, are JSON."""
        self._database.execute(
            "INSERT INTO sio_log (slot, number, tail, size, key, targets, entries, at_ms) VALUES"
            " (CAST(? AS INTEGER), CAST(? AS INTEGER), CAST(? AS INTEGER), CAST(? AS INTEGER), ?, ?, ?, CAST(? AS INTEGER))"
            " ON CONFLICT (slot) DO UPDATE SET number = excluded.number, tail = excluded.tail, size = excluded.size,"
            " key = excluded.key, targets = excluded.targets, entries = excluded.entries, at_ms = excluded.at_ms",
            *(str(row.number % self.slots), str(row.number), str(row.tail), str(row.size), row.key, targets, entries),
            str(row.at_ms),
        )

    def targets_since(self, last: int, since_ms: int) -> list[str] | None:
        """Return whom the rows until ``last`` are for that were written after a time; none where these are too many to tell."""
        first = max(0, last + 1 - _YOUNG)
        if first and (row := self.row(first)) is not None and row.at_ms > since_ms:
            return None
        found: list[str] = []
        for low, high in self._spans(first, last):
            found += self._read(
                "SELECT json_group_array(value) FROM (SELECT DISTINCT value FROM sio_log, json_each(targets)"
                " WHERE slot BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER) AND at_ms > CAST(? AS INTEGER)"
                f" LIMIT {_NUMBERS}) AS piece",
                *(str(low), str(high), str(since_ms)),
            )
        return found if len(found) < _NUMBERS else None

    def change_tail(self, number: int, tail: int) -> None:
        """Change which is the first row that is whole, in the row with this number."""
        self._database.execute(
            "UPDATE sio_log SET tail = CAST(? AS INTEGER) WHERE slot = CAST(? AS INTEGER)",
            *(str(tail), str(number % self.slots)),
        )

    def entries(
        self, first: int, last: int, targets: list[str], most: int = MAX_READ
    ) -> Iterator[tuple[int, list[Any] | None]]:
        """Yield the entries of the rows ``first`` to ``last`` that are for one of ``targets``: by number, the newest first.

        They are read as they are asked for: all together may be more than memory holds. In place of what is beyond ``most``
        characters there is nothing.
        """
        batch: list[int] = []
        size = read = 0
        for number, length in reversed(self._sizes(first, last, json.dumps(targets))):
            read += length
            if read > most:
                yield from self._entries(batch)
                yield number, None
                return
            if batch and size + length > _READ:
                yield from self._entries(batch)
                batch, size = [], 0
            batch.append(number)
            size += length
        if batch:
            yield from self._entries(batch)

    def clear(self, first: int, last: int) -> None:
        """Empty the rows ``first`` to ``last`` that are not; their numbers stay, since the ring is found by them."""
        for low, high in self._spans(first, last):
            self._database.execute(
                "UPDATE sio_log SET key = '', targets = '[]', entries = '[]'"
                " WHERE slot BETWEEN CAST(? AS INTEGER) AND CAST(? AS INTEGER) AND key <> ''",
                *(str(low), str(high)),
            )

    def park(self, engine_sid: str, due_ms: int, reason: str) -> None:
        """Insert a session that may be recovered until a time."""
        self._database.execute(
            "INSERT OR REPLACE INTO sio_parked (engine_sid, due_ms, reason) VALUES (?, CAST(? AS INTEGER), ?)",
            *(engine_sid, str(due_ms), reason),
        )

    def release(self, engine_sid: str) -> None:
        """Delete a session that may not be recovered any more, or has been."""
        self._database.execute("DELETE FROM sio_parked WHERE engine_sid = ?", engine_sid)

    def some_due(self, now_ms: int) -> list[ParkedSession]:
        """Return some of the sessions whose time is over, the earliest first."""
        found = self._read(
            "SELECT json_group_array(json_array(engine_sid, reason)) FROM (SELECT engine_sid, reason FROM sio_parked"
            f" WHERE due_ms <= CAST(? AS INTEGER) ORDER BY due_ms LIMIT {_AT_ONCE}) AS piece",
            str(now_ms),
        )
        return [ParkedSession(*one) for one in found]

    def count_parked(self, most: int) -> int:
        """Count the parked sessions, up to a number."""
        number: int = self._read(f"SELECT count(*) FROM (SELECT 1 FROM sio_parked LIMIT {most}) AS piece")
        return number

    def next_due_ms(self) -> int | None:
        """Return when the first session's time is over."""
        next_ms: int | None = self._read("SELECT json_quote(min(due_ms)) FROM sio_parked")
        return next_ms

    def _number_at(self, slot: int) -> int | None:
        number: int | None = self._read("SELECT number FROM sio_log WHERE slot = CAST(? AS INTEGER)", str(slot))
        return number

    def _sizes(self, first: int, last: int, wanted: str) -> list[tuple[int, int]]:
        sizes: list[tuple[int, int]] = []
        for low, high in self._spans(first, last):
            after = low - 1
            while True:
                piece = self._read(
                    "SELECT json_group_array(json_array(number, length(entries))) FROM (SELECT number, entries FROM sio_log"
                    " WHERE slot > CAST(? AS INTEGER) AND slot <= CAST(? AS INTEGER)"
                    f" AND {_WANTED} ORDER BY slot LIMIT {_NUMBERS}) AS piece",
                    *(str(after), str(high), wanted),
                )
                sizes += [(number, length) for number, length in piece]
                if len(piece) < _NUMBERS:
                    break
                after = piece[-1][0] % self.slots
        return sizes

    def _entries(self, numbers: list[int]) -> list[tuple[int, list[Any]]]:
        slots = json.dumps([number % self.slots for number in numbers])
        found = self._read(
            "SELECT json_group_array(json_array(number, json(entries))) FROM (SELECT number, entries FROM sio_log"
            " WHERE slot IN (SELECT value FROM json_each(?)) ORDER BY number DESC) AS piece",
            slots,
        )
        return [(number, entries) for number, entries in found]

    def _spans(self, first: int, last: int) -> list[tuple[int, int]]:
        """Return the slots of rows in the order of their numbers: one span, or two where the ring closes between."""
        if first > last:
            return []
        low, high = first % self.slots, last % self.slots
        return [(low, high)] if low <= high else [(low, self.slots - 1), (0, high)]

    def _read(self, statement: str, *parameters: str) -> Any:
        text = self._database.execute(statement, *parameters)
        return None if text is None else json.loads(text)
