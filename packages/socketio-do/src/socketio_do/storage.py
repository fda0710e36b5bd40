"""The tables that survive sleep, restarts and deploys, and the only statements that touch them.

    sio_sessions  one row per announced Engine.IO session: its actor, its handshake
    sio_sockets   one row per connected socket (a session in a namespace): its session data
    sio_rooms     one row per socket and room it entered

Nothing else of the application's storage is touched: every table has our prefix. Lists are read as one JSON text: crossing from the
database to Python costs by the row.
"""

import json
from typing import Any, Final, Protocol

__all__ = ["SCHEMA", "Database", "Storage"]

#: The number of the tables' layout.
SCHEMA: Final = 1

_TABLES: Final = """
CREATE TABLE sio_sessions (engine_sid TEXT PRIMARY KEY, actor TEXT NOT NULL, environ TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE sio_sockets (socket_sid TEXT PRIMARY KEY, engine_sid TEXT NOT NULL, namespace TEXT NOT NULL, actor TEXT NOT NULL,
  data TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX sio_sockets_by_session ON sio_sockets (engine_sid, namespace);
CREATE TABLE sio_rooms (namespace TEXT NOT NULL, room TEXT NOT NULL, socket_sid TEXT NOT NULL,
  PRIMARY KEY (namespace, room, socket_sid)) WITHOUT ROWID;
CREATE INDEX sio_rooms_by_socket ON sio_rooms (socket_sid);
"""


class Database(Protocol):
    """SQLite, as the shell or a test brings it."""

    def execute(self, statement: str, *parameters: str) -> str | None:
        """Run one statement; returns the first column of the first row as text, if there is a row."""


class Storage:
    """Reads and writes rows; knows no rules."""

    def __init__(self, database: Database) -> None:
        """Take the database."""
        self._database = database

    def create_tables(self) -> None:
        """Make the tables, in an object that has none."""
        for statement in filter(str.strip, _TABLES.split(";")):
            self._database.execute(statement)

    def insert_session(self, engine_sid: str, actor: str, environ: dict[str, str]) -> None:
        """Keep a session that was announced; announcing it again changes nothing."""
        self._database.execute(
            "INSERT OR IGNORE INTO sio_sessions VALUES (?, ?, ?)", engine_sid, actor, json.dumps(environ)
        )

    def session(self, engine_sid: str) -> tuple[str, dict[str, str]] | None:
        """Read a session's actor and handshake."""
        row = self._read("SELECT json_array(actor, environ) FROM sio_sessions WHERE engine_sid = ?", engine_sid)
        return None if row is None else (row[0], json.loads(row[1]))

    def sessions_of(self, actor: str, after: str = "", until: str = "") -> list[str]:
        """List an actor's sessions with a sid in ``(after, until]``; ``until == ""`` means to the end."""
        listed: list[str] = self._read(
            "SELECT json_group_array(engine_sid) FROM sio_sessions"
            " WHERE actor = ? AND engine_sid > ? AND (? = '' OR engine_sid <= ?)",
            actor,
            after,
            until,
            until,
        )
        return listed

    def delete_session(self, engine_sid: str) -> None:
        """Forget a session."""
        self._database.execute("DELETE FROM sio_sessions WHERE engine_sid = ?", engine_sid)

    def insert_socket(
        self, socket_sid: str, engine_sid: str, namespace: str, actor: str, data: str, rooms: set[str]
    ) -> None:
        """Keep a socket that connected, and the rooms it is in by then."""
        self._database.execute(
            "INSERT INTO sio_sockets VALUES (?, ?, ?, ?, ?)", socket_sid, engine_sid, namespace, actor, data
        )
        if rooms:
            self._database.execute(
                "INSERT INTO sio_rooms SELECT ?, value, ? FROM json_each(?)",
                namespace,
                socket_sid,
                json.dumps(sorted(rooms)),
            )

    def socket(self, socket_sid: str) -> tuple[str, str, str, str] | None:
        """Read a socket's session, namespace, actor and data."""
        row = self._read(
            "SELECT json_array(engine_sid, namespace, actor, data) FROM sio_sockets WHERE socket_sid = ?", socket_sid
        )
        return None if row is None else tuple(row)

    def sockets_of(self, engine_sid: str) -> dict[str, str]:
        """Read a session's sockets by namespace."""
        sockets: dict[str, str] = self._read(
            "SELECT json_group_object(namespace, socket_sid) FROM sio_sockets WHERE engine_sid = ?", engine_sid
        )
        return sockets

    def update_data(self, socket_sid: str, data: str) -> None:
        """Keep a socket's session data."""
        self._database.execute("UPDATE sio_sockets SET data = ? WHERE socket_sid = ?", data, socket_sid)

    def delete_socket(self, socket_sid: str) -> None:
        """Forget a socket and its rooms."""
        self._database.execute("DELETE FROM sio_rooms WHERE socket_sid = ?", socket_sid)
        self._database.execute("DELETE FROM sio_sockets WHERE socket_sid = ?", socket_sid)

    def members(self, namespace: str) -> list[tuple[str, str, str]]:
        """List a namespace's sockets: socket sid, engine sid, actor."""
        listed: list[tuple[str, str, str]] = self._read(
            "SELECT json_group_array(json_array(socket_sid, engine_sid, actor)) FROM sio_sockets WHERE namespace = ?",
            namespace,
        )
        return listed

    def room_members(self, namespace: str, room: str) -> list[tuple[str, str, str]]:
        """List a room's sockets: socket sid, engine sid, actor."""
        listed: list[tuple[str, str, str]] = self._read(
            "SELECT json_group_array(json_array(s.socket_sid, s.engine_sid, s.actor)) FROM sio_rooms r"
            " JOIN sio_sockets s ON s.socket_sid = r.socket_sid WHERE r.namespace = ? AND r.room = ?",
            namespace,
            room,
        )
        return listed

    def rooms_of(self, socket_sid: str) -> list[str]:
        """List the rooms a socket entered."""
        listed: list[str] = self._read("SELECT json_group_array(room) FROM sio_rooms WHERE socket_sid = ?", socket_sid)
        return listed

    def insert_room(self, namespace: str, room: str, socket_sid: str) -> None:
        """Keep that a socket entered a room."""
        self._database.execute("INSERT OR IGNORE INTO sio_rooms VALUES (?, ?, ?)", namespace, room, socket_sid)

    def delete_room(self, namespace: str, room: str, socket_sid: str) -> None:
        """Keep that a socket left a room."""
        self._database.execute(
            "DELETE FROM sio_rooms WHERE namespace = ? AND room = ? AND socket_sid = ?", namespace, room, socket_sid
        )

    def delete_rooms(self, namespace: str, room: str) -> None:
        """Keep that everybody left a room."""
        self._database.execute("DELETE FROM sio_rooms WHERE namespace = ? AND room = ?", namespace, room)

    def _read(self, statement: str, *parameters: str) -> Any:
        text = self._database.execute(statement, *parameters)
        return None if text is None else json.loads(text)
