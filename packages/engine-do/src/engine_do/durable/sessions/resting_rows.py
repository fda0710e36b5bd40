"""Sessions that poll, in front of an application, while their object may sleep.

There a session lives in memory, since nobody could tell after a reset which of its messages had been taken. A row says that
nothing of its session is under way: it is written when that is so, and deleted before anything happens to the session. So a
session whose row is there has missed nothing, as one whose socket is there (rule 7 of the link).
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from engine_do.protocol.ids import EngineSid

__all__ = ["RestingRows"]

#: Sids in one text, and records read at once: one may take 2 MB.
_SIDS: Final = 2_000
_RECORDS: Final = 8

_TABLE: Final = """CREATE TABLE IF NOT EXISTS engine_do_resting (
    engine_sid TEXT PRIMARY KEY,
    record TEXT
) WITHOUT ROWID"""


class RestingRows:
    """Reads and writes the rows. There is no table before the first."""

    def __init__(self, sql: Any, counters: Counter[str]) -> None:
        """Initialise with the storage's SQL, and where to count what is written."""
        self._sql = sql
        self._counters = counters

    def records(self) -> Iterator[str]:
        """Read all sessions, as `polling_to_record` wrote them."""
        if not self._rows("SELECT 1 FROM sqlite_master WHERE name = 'engine_do_resting'"):
            return
        rows: list[Any] = [("", "")]
        while rows:
            rows = self._rows(
                "SELECT engine_sid, record FROM engine_do_resting WHERE engine_sid > ? ORDER BY engine_sid"
                f" LIMIT {_RECORDS}",
                rows[-1][0],
            )
            yield from (row[1] for row in rows)

    def make_table(self) -> None:
        """Make the table, unless there is one."""
        self._sql.exec(_TABLE)

    def write(self, records: Iterable[tuple[EngineSid, str]]) -> None:
        """Write sessions down; there is a table."""
        for engine_sid, record in records:
            self._run("INSERT OR REPLACE INTO engine_do_resting (engine_sid, record) VALUES (?, ?)", engine_sid, record)

    def delete(self, engine_sids: Iterable[EngineSid]) -> None:
        """Delete sessions."""
        sids = [*engine_sids]
        for start in range(0, len(sids), _SIDS):
            self._run(
                "DELETE FROM engine_do_resting WHERE engine_sid IN (SELECT value FROM json_each(?))",
                json.dumps(sids[start : start + _SIDS]),
            )

    def _rows(self, statement: str, *arguments: str) -> list[Any]:
        return [*self._sql.exec(statement, *arguments).raw().toArray()]

    def _run(self, statement: str, *arguments: str) -> None:
        self._counters["rows_written"] += int(self._sql.exec(statement, *arguments).rowsWritten)
