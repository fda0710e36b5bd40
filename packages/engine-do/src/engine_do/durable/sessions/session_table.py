"""The table of sessions in an object's storage: those that poll, and of an engine alone all of them.

A later release may add columns with defaults, and each INSERT names its columns, so this one works on its table. Lists are read and
written in pieces: a text of an object's SQLite holds 2 MB.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from engine_do.protocol.ids import EngineSid

__all__ = ["SessionTable"]

#: Sids in one text; one takes some 100 bytes.
_SIDS: Final = 2_000

#: Records read at once: one may take 2 MB.
_RECORDS: Final = 8

_TABLE: Final = """CREATE TABLE IF NOT EXISTS engine_do_sessions (
    engine_sid TEXT PRIMARY KEY,
    record TEXT,
    data TEXT
) WITHOUT ROWID"""


class SessionTable:
    """Reads and writes rows. ``record`` is the session as `polling_to_record` wrote it; none for one on a WebSocket."""

    def __init__(self, sql: Any, counters: Counter[str]) -> None:
        """Initialise with the storage's SQL, and where to count what is written."""
        self._sql = sql
        self._counters = counters
        sql.exec(_TABLE)

    def write(self, engine_sid: EngineSid, record: str | None) -> None:
        """Write a session down; what the application stored with it stays."""
        self._run(
            "INSERT INTO engine_do_sessions (engine_sid, record) VALUES (?, ?) "
            "ON CONFLICT (engine_sid) DO UPDATE SET record = excluded.record",
            engine_sid,
            record,
        )

    def delete(self, engine_sids: Iterable[EngineSid]) -> None:
        """Delete sessions."""
        sids = [*engine_sids]
        for start in range(0, len(sids), _SIDS):
            self._run(
                "DELETE FROM engine_do_sessions WHERE engine_sid IN (SELECT value FROM json_each(?))",
                json.dumps(sids[start : start + _SIDS]),
            )

    def record(self, engine_sid: EngineSid) -> str | None:
        """Read a session that polls; none when there is no such session."""
        found = self._sql.exec("SELECT record FROM engine_do_sessions WHERE engine_sid = ?", engine_sid).raw().toArray()
        return found[0][0] if found.length and isinstance(found[0][0], str) else None

    def polling(self) -> Iterator[str]:
        """Read all sessions that poll."""
        last = ""
        while True:
            piece = self._sql.exec(
                "SELECT engine_sid, record FROM engine_do_sessions WHERE record IS NOT NULL AND engine_sid > ?"
                f" ORDER BY engine_sid LIMIT {_RECORDS}",
                last,
            )
            rows = piece.raw().toArray()
            for row in rows:
                last = row[0]
                yield row[1]
            if rows.length < _RECORDS:
                return

    def sids(self) -> set[str]:
        """Read the ids of all sessions."""
        found = set[str]()
        piece: list[str] = [""]
        while piece:
            rows = self._sql.exec(
                "SELECT json_group_array(engine_sid) FROM (SELECT engine_sid FROM engine_do_sessions WHERE engine_sid > ?"
                f" ORDER BY engine_sid LIMIT {_SIDS})",
                piece[-1],
            )
            piece = json.loads(rows.raw().toArray()[0][0])
            found.update(piece)
        return found

    def data(self, engine_sid: EngineSid) -> str | None:
        """Read what the application stored with a session."""
        found = self._sql.exec("SELECT data FROM engine_do_sessions WHERE engine_sid = ?", engine_sid).raw().toArray()
        return found[0][0] if found.length and isinstance(found[0][0], str) else None

    def write_data(self, engine_sid: EngineSid, data: str) -> bool:
        """Store something with a session; tells whether there is such a session."""
        return bool(self._run("UPDATE engine_do_sessions SET data = ? WHERE engine_sid = ?", data, engine_sid))

    def _run(self, statement: str, *arguments: str | None) -> int:
        written = int(self._sql.exec(statement, *arguments).rowsWritten)
        self._counters["rows_written"] += written
        return written
