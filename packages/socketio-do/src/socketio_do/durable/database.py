"""The object's SQLite, without the SDK's wrapper: its conversions cost ten times the statement."""

from typing import Any

__all__ = ["ObjectDatabase"]


class ObjectDatabase:
    """`socketio_do.storage.Database` over ``ctx.storage.sql``.

    Writes of one event without an ``await`` between them are one transaction, and nothing leaves the object before they are safe.
    """

    def __init__(self, sql: Any) -> None:
        """Take the raw JavaScript object."""
        self._sql = sql

    def execute(self, statement: str, *parameters: str) -> str | None:
        """Run one statement; returns the first column of the first row as text, if there is a row."""
        rows = self._sql.exec(statement, *parameters).raw().toArray()
        return str(rows[0][0]) if rows.length else None
