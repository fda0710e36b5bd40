"""The tables that survive sleep, restarts and deploys, and the only statements that touch them.

    sio_sessions  one row per announced Engine.IO session: its actor, its handshake
    sio_sockets   one row per connected socket (a session in a namespace): its session data
    sio_rooms     one row per socket and room it entered
    sio_callbacks   one row per answer that is expected durably: whose, the handler, what it is told, the deadline
    sio_namespaces  one row per namespace that a predicate has let in: which predicate

Nothing else of the application's storage is touched: every table has our prefix. Lists are read as one JSON text: crossing from the
database to Python costs by the row.
"""

import json
from typing import Any, Final, Protocol

__all__ = ["SCHEMA", "Database", "Storage"]

#: The number of the tables' layout.
SCHEMA: Final = 2

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS sio_sessions (engine_sid TEXT PRIMARY KEY, actor TEXT NOT NULL, environ TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sio_sockets (socket_sid TEXT PRIMARY KEY, engine_sid TEXT NOT NULL, namespace TEXT NOT NULL,
  actor TEXT NOT NULL, data TEXT NOT NULL) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS sio_sockets_by_session ON sio_sockets (engine_sid, namespace);
CREATE TABLE IF NOT EXISTS sio_rooms (namespace TEXT NOT NULL, room TEXT NOT NULL, socket_sid TEXT NOT NULL,
  PRIMARY KEY (namespace, room, socket_sid)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sio_rooms_by_socket ON sio_rooms (socket_sid);
CREATE TABLE IF NOT EXISTS sio_callbacks (socket_sid TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
  context TEXT NOT NULL, due_ms INTEGER NOT NULL, PRIMARY KEY (socket_sid, number)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sio_callbacks_by_due ON sio_callbacks (due_ms);
CREATE TABLE IF NOT EXISTS sio_namespaces (namespace TEXT PRIMARY KEY, parent TEXT NOT NULL) WITHOUT ROWID;
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
        """Make the tables that an object does not have: each layout so far only adds some."""
        for statement in filter(str.strip, _TABLES.split(";")):
            self._database.execute(statement)

    def insert_session(self, engine_sid: str, actor: str, environ: dict[str, str]) -> None:
        """Keep a session that was announced; announcing it again changes nothing."""
        self._database.execute(
            "INSERT OR IGNORE INTO sio_sessions VALUES (?, ?, ?)", engine_sid, actor, json.dumps(environ)
        )

    def update_environ(self, engine_sid: str, environ: dict[str, str]) -> None:
        """Keep a session's handshake as it is now."""
        self._database.execute(
            "UPDATE sio_sessions SET environ = ? WHERE engine_sid = ?", json.dumps(environ), engine_sid
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

    def sessions(self) -> list[str]:
        """List all sessions."""
        listed: list[str] = self._read("SELECT json_group_array(engine_sid) FROM sio_sessions")
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

    def insert_rooms(self, namespace: str, entered: list[tuple[str, str]]) -> None:
        """Keep that sockets entered rooms: pairs of room and socket sid."""
        self._database.execute(
            "INSERT OR IGNORE INTO sio_rooms"
            " SELECT ?, json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)",
            namespace,
            json.dumps(entered),
        )

    def delete_memberships(self, namespace: str, left: list[tuple[str, str]]) -> None:
        """Keep that sockets left rooms: pairs of room and socket sid."""
        self._database.execute(
            "DELETE FROM sio_rooms WHERE namespace = ? AND (room, socket_sid) IN"
            " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))",
            namespace,
            json.dumps(left),
        )

    def delete_rooms(self, namespace: str, room: str) -> None:
        """Keep that everybody left a room."""
        self._database.execute("DELETE FROM sio_rooms WHERE namespace = ? AND room = ?", namespace, room)

    def namespaces(self) -> list[str]:
        """List the namespaces that have sockets."""
        listed: list[str] = self._read(
            "SELECT json_group_array(namespace) FROM (SELECT DISTINCT namespace FROM sio_sockets)"
        )
        return listed

    def insert_namespace(self, namespace: str, parent: str) -> None:
        """Keep which predicate let a namespace in."""
        self._database.execute("INSERT OR IGNORE INTO sio_namespaces VALUES (?, ?)", namespace, parent)

    def parent(self, namespace: str) -> str | None:
        """Read which predicate let a namespace in."""
        name: str | None = self._read("SELECT json_quote(parent) FROM sio_namespaces WHERE namespace = ?", namespace)
        return name

    def count_namespaces(self) -> int:
        """Count the namespaces that predicates have let in."""
        number: int = self._read("SELECT count(*) FROM sio_namespaces")
        return number

    def delete_namespace(self, namespace: str) -> None:
        """Forget a namespace that a predicate has let in."""
        self._database.execute("DELETE FROM sio_namespaces WHERE namespace = ?", namespace)

    def insert_callbacks(self, asked: dict[str, int], name: str, context: str, due_ms: int) -> None:
        """Keep the answers that are expected: socket sid -> ack id."""
        self._database.execute(
            "INSERT OR REPLACE INTO sio_callbacks SELECT key, value, ?, ?, CAST(? AS INTEGER) FROM json_each(?)",
            name,
            context,
            str(due_ms),
            json.dumps(asked),
        )

    def callbacks(self, socket_sid: str, number: int | None = None) -> list[tuple[str, int, str, str]]:
        """List the answers expected of a socket, or the one with an ack id: socket sid, ack id, handler's name, context."""
        return self._callbacks(
            "socket_sid = ? AND (? = '' OR number = CAST(? AS INTEGER))",
            socket_sid,
            *(2 * ("" if number is None else str(number),)),
        )

    def due_callbacks(self, now_ms: int, most: int) -> list[tuple[str, int, str, str]]:
        """List the answers whose time has passed, the earliest first."""
        return self._callbacks(
            "due_ms <= CAST(? AS INTEGER) ORDER BY due_ms LIMIT CAST(? AS INTEGER)", str(now_ms), str(most)
        )

    def surplus_callbacks(self, socket_sids: list[str], most: int) -> list[tuple[str, int, str, str]]:
        """List what each of some sockets has beyond a number of expected answers, those whose time would come first."""
        return self._callbacks(
            "(socket_sid, number) IN (SELECT socket_sid, number FROM (SELECT socket_sid, number, row_number() OVER"
            " (PARTITION BY socket_sid ORDER BY due_ms DESC, number DESC) AS place FROM sio_callbacks"
            " WHERE socket_sid IN (SELECT value FROM json_each(?))) WHERE place > CAST(? AS INTEGER))",
            json.dumps(socket_sids),
            str(most),
        )

    def delete_callbacks(self, taken: list[tuple[str, int]]) -> None:
        """Forget expected answers: pairs of socket sid and ack id."""
        self._database.execute(
            "DELETE FROM sio_callbacks WHERE (socket_sid, number) IN"
            " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))",
            json.dumps(taken),
        )

    def next_due_ms(self) -> int | None:
        """Read the earliest deadline."""
        next_ms: int | None = self._read("SELECT json_quote(min(due_ms)) FROM sio_callbacks")
        return next_ms

    def _callbacks(self, condition: str, *parameters: str) -> list[tuple[str, int, str, str]]:
        listed: list[tuple[str, int, str, str]] = self._read(
            "SELECT json_group_array(json_array(socket_sid, number, name, context)) FROM"
            f" (SELECT * FROM sio_callbacks WHERE {condition})",
            *parameters,
        )
        return listed

    def _read(self, statement: str, *parameters: str) -> Any:
        text = self._database.execute(statement, *parameters)
        return None if text is None else json.loads(text)
