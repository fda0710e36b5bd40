"""The storage of one object, on the standard library's SQLite: it outlives every life."""

import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Final

from shared_wire.testing.values import JsArray, JsException

__all__ = ["ObjectStorage"]

#: Cloudflare's limits. https://developers.cloudflare.com/durable-objects/platform/limits/
_MAX_PARAMETERS: Final = 100
_MAX_STATEMENT: Final = 100_000
_MAX_ROW: Final = 2_000_000


class _Cursor:
    """What a statement gave."""

    def __init__(self, columns: list[str], rows: list[tuple[Any, ...]], written: int) -> None:
        self._columns = columns
        self._rows = rows
        self.rowsRead = len(rows)  # JavaScript's names
        self.rowsWritten = written

    def raw(self) -> JsArray:
        return JsArray(JsArray(row) for row in self._rows)

    def toArray(self) -> JsArray:  # noqa: N802 - JavaScript's name
        return JsArray(dict(zip(self._columns, row, strict=True)) for row in self._rows)

    def one(self) -> dict[str, Any]:
        if len(self._rows) != 1:
            raise JsException(f"Expected exactly one result from SQL query, but got {len(self._rows)}")
        return dict(zip(self._columns, self._rows[0], strict=True))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.toArray())


#: Told of every write; returns what it fails with, or none.
_Failing = Callable[[str], str | None]


class _Sql:
    def __init__(self, connection: sqlite3.Connection, failing: _Failing) -> None:
        self._connection = connection
        self._failing = failing

    def exec(self, statement: str, *parameters: Any) -> _Cursor:
        if why := self._failing(statement):
            raise JsException(why)
        if len(parameters) > _MAX_PARAMETERS or len(statement) > _MAX_STATEMENT:
            raise JsException("too many SQL variables" if len(parameters) > _MAX_PARAMETERS else "statement too long")
        try:
            if not parameters and ";" in statement.strip().rstrip(";"):
                self._connection.executescript(statement)
                return _Cursor([], [], 0)
            found = self._connection.execute(statement, parameters)
            rows = found.fetchall()
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            raise JsException(f"Error: {error}: SQLITE_ERROR") from error
        columns = [one[0] for one in found.description or ()]
        return _Cursor(columns, rows, max(found.rowcount, 0))


class _Kv:
    def __init__(self, failing: _Failing) -> None:
        self._values: dict[str, Any] = {}
        self._failing = failing

    def get(self, key: str) -> Any:
        return self._values.get(key)

    def put(self, key: str, value: Any) -> None:
        if why := self._failing(f"put {key}"):
            raise JsException(why)
        self._values[key] = value

    def delete(self, key: str) -> bool:
        if why := self._failing(f"delete {key}"):
            raise JsException(why)
        return self._values.pop(key, None) is not None

    def copy(self) -> dict[str, Any]:
        return dict(self._values)

    def restore(self, values: dict[str, Any]) -> None:
        self._values = values

    def list(self, options: dict[str, Any] | None = None) -> list[tuple[str, Any]]:
        prefix = (options or {}).get("prefix", "")
        return sorted((key, value) for key, value in self._values.items() if key.startswith(prefix))


class ObjectStorage:
    """``ctx.storage``."""

    def __init__(self, arm: Callable[[float | None], None], failing: _Failing) -> None:
        """Initialise empty; ``arm`` is called with the time of the alarm in milliseconds, or none, ``failing`` before a write."""
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_ROW)
        self._arm = arm
        #: When the alarm is set to, if it is.
        self.alarm_ms: float | None = None
        self.sql = _Sql(self._connection, failing)
        self.kv = _Kv(failing)

    def setAlarm(self, at: Any) -> "_Done":  # noqa: N802 - JavaScript's name
        """Set the one alarm, to a time in milliseconds."""
        self.alarm_ms = at.getTime() if hasattr(at, "getTime") else at
        self._arm(self.alarm_ms)
        return _Done(None)

    def getAlarm(self) -> "_Done":  # noqa: N802 - JavaScript's name
        """Return when it is set to."""
        return _Done(self.alarm_ms)

    def deleteAlarm(self) -> "_Done":  # noqa: N802 - JavaScript's name
        """Set it no more."""
        self.alarm_ms = None
        self._arm(None)
        return _Done(None)

    @contextmanager
    def as_one(self) -> Iterator[None]:
        """Write all of the block or, where it raises, nothing: a construction that fails leaves nothing behind."""
        keys = self.kv.copy()
        self._connection.execute("BEGIN")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            self.kv.restore(keys)
            raise
        self._connection.execute("COMMIT")

    def rang(self) -> None:
        """Forget the alarm: it rings."""
        self.alarm_ms = None

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()


class _Done:
    """A promise that is resolved."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __await__(self) -> Generator[None, None, Any]:
        yield from ()
        return self._value
