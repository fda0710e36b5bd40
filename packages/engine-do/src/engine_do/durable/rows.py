"""The table of sessions in an object's storage: those that poll, and of an engine alone all of them."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from engine_do.ids import EngineSid

__all__ = ["Rows"]

_TABLE = """CREATE TABLE IF NOT EXISTS engine_do_sessions (
    engine_sid TEXT PRIMARY KEY,
    record TEXT,
    data TEXT
) WITHOUT ROWID"""


class Rows:
    """Reads and writes rows. ``record`` is the session as `polling_to_record` wrote it; none for one on a WebSocket."""

    def __init__(self, sql: Any, counters: Counter[str]) -> None:
        """Take the storage's SQL, and where to count what is written."""
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
        """Forget sessions."""
        self._run(
            "DELETE FROM engine_do_sessions WHERE engine_sid IN (SELECT value FROM json_each(?))",
            json.dumps([*engine_sids]),
        )

    def record(self, engine_sid: EngineSid) -> str | None:
        """Read a session that polls; none when there is no such session."""
        found = self._sql.exec("SELECT record FROM engine_do_sessions WHERE engine_sid = ?", engine_sid).raw().toArray()
        return found[0][0] if found.length and isinstance(found[0][0], str) else None

    def polling(self) -> Iterator[str]:
        """Read all sessions that poll."""
        for row in self._sql.exec("SELECT record FROM engine_do_sessions WHERE record IS NOT NULL").raw().toArray():
            yield row[0]

    def sids(self) -> set[str]:
        """Read the ids of all sessions."""
        found = self._sql.exec("SELECT json_group_array(engine_sid) FROM engine_do_sessions").raw().toArray()
        return set(json.loads(found[0][0]))

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
