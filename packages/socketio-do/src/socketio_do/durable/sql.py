"""The object's SQLite, without the SDK's wrapper: its conversions cost ten times the statement."""

from collections import Counter
from functools import lru_cache
from typing import Any

__all__ = ["ObjectDatabase"]


class ObjectDatabase:
    """`socketio_do.state.tables.Database` over ``ctx.storage.sql``.

    Writes of one event without an ``await`` between them are one transaction, and nothing leaves the object before they are safe.
    """

    def __init__(self, sql: Any, counters: Counter[str]) -> None:
        """Initialise with the raw JavaScript object, and where to count ``rows_read`` and ``rows_written``."""
        self._sql = sql
        self._counters = counters

    def execute(self, statement: str, *parameters: str) -> str | None:
        """Run one statement; returns the first column of the first row as text, if there is a row."""
        cursor = self._sql.exec(statement, *parameters)
        rows = cursor.raw().toArray() if _gives_rows(statement) else None
        self._counters["rows_read"] += cursor.rowsRead
        self._counters["rows_written"] += cursor.rowsWritten
        return str(rows[0][0]) if rows is not None and rows.length else None


@lru_cache(maxsize=256)
def _gives_rows(statement: str) -> bool:
    """Return whether a statement gives rows. What gives none is done when it was begun, and nothing is asked of its cursor."""
    return statement.startswith(("SELECT", "WITH")) or " RETURNING " in statement
