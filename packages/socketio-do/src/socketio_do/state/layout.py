"""The layout of the tables that survive sleep, restarts and deploys, and its changes.

**A layout only ever adds tables, indexes, and columns with defaults**, and each INSERT names its columns: so the previous release
works on the tables of the next one, and a rollback loses nothing. `Layout.prepare` migrates.
"""

import logging
from typing import Final, Protocol

from socketio_do.errors import ConfigError

__all__ = ["SCHEMA", "Database", "Layout"]

_logger = logging.getLogger("socketio_do")

#: The number of the tables' layout.
SCHEMA: Final = 4

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS sio_sessions (engine_sid TEXT PRIMARY KEY, actor TEXT NOT NULL, environ TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sio_sessions_by_actor ON sio_sessions (actor, engine_sid);
CREATE TABLE IF NOT EXISTS sio_sockets (socket_sid TEXT PRIMARY KEY, engine_sid TEXT NOT NULL, namespace TEXT NOT NULL,
  actor TEXT NOT NULL, data TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS sio_sockets_by_session ON sio_sockets (engine_sid, namespace);
CREATE INDEX IF NOT EXISTS sio_sockets_by_namespace ON sio_sockets (namespace, socket_sid, engine_sid, actor);
CREATE TABLE IF NOT EXISTS sio_rooms (namespace TEXT NOT NULL, room TEXT NOT NULL, socket_sid TEXT NOT NULL,
  PRIMARY KEY (namespace, room, socket_sid)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sio_rooms_by_socket ON sio_rooms (socket_sid);
CREATE TABLE IF NOT EXISTS sio_callbacks (socket_sid TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
  context TEXT NOT NULL, due_ms INTEGER NOT NULL, PRIMARY KEY (socket_sid, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sio_callbacks_by_due ON sio_callbacks (due_ms);
CREATE TABLE IF NOT EXISTS sio_namespaces (namespace TEXT PRIMARY KEY, parent TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sio_counts (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO sio_counts (name, number) SELECT 'namespaces', count(*) FROM sio_namespaces;
CREATE TABLE IF NOT EXISTS sio_log (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, tail INTEGER NOT NULL, size INTEGER NOT NULL,
  key TEXT NOT NULL, targets TEXT NOT NULL, entries TEXT NOT NULL, at_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sio_parked (engine_sid TEXT PRIMARY KEY, due_ms INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sio_parked_by_due ON sio_parked (due_ms)
"""

#: Columns that tables of earlier layouts lack.
_ADDED: Final = {("sio_sockets", "ticket"): "TEXT NOT NULL DEFAULT ''"}

#: The columns that the statements below use, the first of a key first.
_COLUMNS: Final = {
    "sio_sessions": "engine_sid, actor, environ",
    "sio_sockets": "socket_sid, engine_sid, namespace, actor, data, ticket",
    "sio_rooms": "namespace, room, socket_sid",
    "sio_callbacks": "socket_sid, number, name, context, due_ms",
    "sio_namespaces": "namespace, parent",
    "sio_counts": "name, number",
    "sio_log": "slot, number, tail, size, key, targets, entries, at_ms",
    "sio_parked": "engine_sid, due_ms, reason",
}


class Database(Protocol):
    """SQLite, as the shell or a test brings it."""

    def execute(self, statement: str, *parameters: str) -> str | None:
        """Run one statement; return the first column of the first row as text, if there is a row."""


class Layout:
    """Makes the tables fit this release."""

    def __init__(self, database: Database) -> None:
        """Initialise with the database."""
        #: The database, for the rows of recovery.
        self.database = database

    def prepare(self, stored: float | None) -> int | None:
        """Make the tables fit this release; return the number to store, or None to leave the stored one.

        ``stored`` is the number of the layout that an earlier life stored. Tables of an earlier layout, of none, or of a migration
        that was cut short, get what they lack. Tables of a later layout are left alone and used as this release knows them; where
        they lack what it needs, `ConfigError` is raised and nothing has changed.
        """
        if stored == SCHEMA:
            return None
        if stored is None or stored < SCHEMA:
            self.create_tables()
            return SCHEMA
        self._check_columns(stored)
        _logger.warning("= the tables have layout %g, of a later release; this release knows %d", stored, SCHEMA)
        return None

    def create_tables(self) -> None:
        """Create the tables, indexes and columns that are missing; rows stay."""
        for statement in _TABLES.split(";"):
            self.database.execute(statement)
        for (table, column), kind in _ADDED.items():
            if not self._has_columns(table, column):
                self.database.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    def _check_columns(self, stored: float) -> None:
        for table, columns in _COLUMNS.items():
            if not self._has_columns(table, columns):
                raise ConfigError(
                    f"this object's tables have layout {stored:g}, in which this release of socketio-do (layout {SCHEMA}) misses "
                    f"{table} ({columns}): deploy the release that wrote them, or a later one"
                )

    def _has_columns(self, table: str, columns: str) -> bool:
        """Return whether a table has columns; no row is read."""
        try:
            self.database.execute(f"SELECT {columns} FROM {table} WHERE {_COLUMNS[table].partition(',')[0]} = ''")
        except Exception as error:
            if "no such" not in str(error):
                raise
            return False
        return True
