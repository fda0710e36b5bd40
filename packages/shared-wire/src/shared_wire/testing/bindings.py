"""Bindings that are no objects, as far as a test needs them: KV, D1 and queues."""

import json
import sqlite3
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from shared_wire.testing.values import JsArray, JsException

__all__ = ["D1Database", "KvNamespace", "Message", "Queue", "make_bindings"]


class KvNamespace:
    """A KV namespace, in memory. What was written is there at once."""

    def __init__(self) -> None:
        """Initialise empty."""
        self._values: dict[str, str] = {}

    async def get(self, key: str, *_options: Any) -> str | None:
        """Return a value."""
        return self._values.get(key)

    async def put(self, key: str, value: str, *_options: Any, **_more: Any) -> None:
        """Store a value."""
        self._values[key] = value

    async def delete(self, key: str) -> None:
        """Forget a value."""
        self._values.pop(key, None)

    async def list(self, options: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """List the keys, of a ``prefix`` if one is given; there is one page."""
        prefix = {**(options or {}), **more}.get("prefix") or ""
        keys = JsArray(SimpleNamespace(name=key) for key in sorted(self._values) if key.startswith(prefix))
        return SimpleNamespace(keys=keys, list_complete=True)


class D1Database:
    """A D1 database, on the standard library's SQLite: its tables are made by ``exec``, or by a test."""

    def __init__(self) -> None:
        """Initialise empty."""
        self.connection = sqlite3.connect(":memory:", isolation_level=None)

    def prepare(self, statement: str) -> "_Statement":
        """Prepare a statement."""
        return _Statement(self.connection, statement, ())

    async def exec(self, statements: str) -> None:
        """Run statements without parameters."""
        try:
            self.connection.executescript(statements)
        except sqlite3.Error as error:
            raise JsException(f"D1_EXEC_ERROR: {error}") from error

    async def batch(self, statements: Any) -> JsArray:
        """Run prepared statements, all or none; returns the result of each."""
        self.connection.execute("BEGIN")
        try:
            results = JsArray([await one.run() for one in statements])
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        return results


class _Statement:
    def __init__(self, connection: sqlite3.Connection, statement: str, parameters: tuple[Any, ...]) -> None:
        self._connection, self._statement, self._parameters = connection, statement, parameters

    def bind(self, *parameters: Any) -> "_Statement":
        return _Statement(self._connection, self._statement, parameters)

    def _execute(self) -> tuple[list[str], list[tuple[Any, ...]], sqlite3.Cursor]:
        try:
            found = self._connection.execute(self._statement, self._parameters)
            rows = found.fetchall()
        except (sqlite3.Error, sqlite3.Warning) as error:
            raise JsException(f"D1_ERROR: {error}") from error
        return [one[0] for one in found.description or ()], rows, found

    async def run(self) -> Any:
        columns, rows, found = self._execute()
        results = JsArray(SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in rows)
        meta = SimpleNamespace(changes=max(found.rowcount, 0), last_row_id=found.lastrowid)
        return SimpleNamespace(results=results, success=True, meta=meta)

    all = run

    async def first(self, column: str | None = None) -> Any:
        columns, rows, _ = self._execute()
        if not rows:
            return None
        found = dict(zip(columns, rows[0], strict=True))
        return found[column] if column else SimpleNamespace(**found)

    async def raw(self) -> JsArray:
        return JsArray(JsArray(row) for row in self._execute()[1])


class Message:
    """A message of a queue, as its consumer gets it; ``outcome`` is "acked", "retried", or none."""

    def __init__(self, number: int, body: Any) -> None:
        """Initialise as new."""
        self.id = str(number)
        self.body = body
        self.attempts = 1
        self.outcome: str | None = None

    def ack(self) -> None:
        """Mark it as done."""
        self.outcome = self.outcome or "acked"

    def retry(self, *_options: Any) -> None:
        """Ask for it again."""
        self.outcome = self.outcome or "retried"


class Queue:
    """A queue's producer; what was sent waits in ``sent`` for `World.deliver`."""

    def __init__(self, name: str) -> None:
        """Initialise empty."""
        self.name = name
        self.sent: list[Any] = []

    async def send(self, body: Any, *_options: Any) -> None:
        """Send a message."""
        self.sent.append(body)

    async def sendBatch(self, messages: Any, *_options: Any) -> None:  # noqa: N802 - JavaScript's name
        """Send messages, each with its ``body``."""
        self.sent += [one["body"] if isinstance(one, Mapping) else one.body for one in messages]


def make_bindings(config: Mapping[str, Any]) -> dict[str, Any]:
    """Make fakes of a project's KV namespaces, D1 databases and queues, and its variables; by the bindings' names."""
    found: dict[str, Any] = json.loads(json.dumps(config.get("vars", {})))
    found |= {one["binding"]: KvNamespace() for one in config.get("kv_namespaces", [])}
    found |= {one["binding"]: D1Database() for one in config.get("d1_databases", [])}
    return found | {one["binding"]: Queue(one["queue"]) for one in config.get("queues", {}).get("producers", [])}
