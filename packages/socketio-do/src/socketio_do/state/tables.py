"""The tables that survive sleep, restarts and deploys, and the only statements that touch them.

    sio_sessions    one row per announced Engine.IO session: its actor, its handshake
    sio_sockets     one row per connected socket (a session in a namespace): its session data
    sio_rooms       one row per socket and room it entered
    sio_callbacks   one row per acknowledgement that is expected durably: whose, the handler, its context, the deadline
    sio_namespaces  one row per namespace that a predicate has let in: which predicate
    sio_counts      one row: how many rows sio_namespaces has, since counting them would read them all
    sio_log, sio_parked    what recovery needs (`recovery_rows.py`)

Nothing else of the application's storage is touched: every table has our prefix.

An index costs one more billed row for each insert; a delete, and an update of what it does not hold, cost no more for it.
A session writes 2 rows (its own, its actor's list), a socket 3 (its own, its session's list, its namespace's list), a room 2, an
expected acknowledgement 2, a new child of a predicate 2, a change of a handshake or of session data 1.

**Lists are read and written in pieces.** Crossing from the database to Python costs by the row, so a piece is one JSON text; a text
or row of a Durable Object's SQLite holds 2 MB, so no piece grows with the number of clients. No statement scans a table.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias, TypeVar

from socketio_do.state.entries import LateDatabase
from socketio_do.state.layout import Database, Layout

__all__ = ["MAX_SIDS", "CallbackRow", "Member", "Storage"]

T = TypeVar("T")

#: A socket as lists of members have it: socket sid, engine sid, actor ("" where its session is parked).
Member: TypeAlias = tuple[str, str, str]

#: An expected acknowledgement: socket sid, ack id, the handler's name, its context as JSON text.
CallbackRow: TypeAlias = tuple[str, int, str, str]

#: Sids in one text. Beside the sids stands an actor's name, so one takes some 100 bytes, 600 at most.
MAX_SIDS: Final = 2_000
#: Namespaces in one text: a name has `MAX_NAMESPACE` characters, 6 bytes each when they are escaped.
_NAMES: Final = 500
#: Rooms of a socket in one text: `MAX_ROOM_NAME` characters each, 14 bytes when they are escaped twice.
_ROOMS: Final = 100
#: Contexts of callbacks in one text: `MAX_CONTEXT` characters each, 2 bytes when they are quotes or backslashes.
_CONTEXTS: Final = 25
#: Characters of one text that is written. One item that is longer travels alone.
_WRITTEN: Final = 500_000
#: Characters of the second of a pair, a socket's sid or an ack id, with all that stands around it.
_SECOND: Final = 64


#: The actor of a socket; one whose session may be parked (`is_recoverable`) is looked up among those that are.
_ACTOR: Final = (
    "iif(substr(sio_sockets.socket_sid, 1, 1) = '~' AND EXISTS (SELECT 1 FROM sio_parked"
    " WHERE sio_parked.engine_sid = sio_sockets.engine_sid), '', actor)"
)


class Storage(Layout):
    """Reads and writes rows; knows no rules."""

    def __init__(self, database: Database) -> None:
        """Initialise with the database."""
        super().__init__(database)
        self._plain = database

    def put_off(self, write: Callable[[], None] | None) -> None:
        """Have ``write`` called before the next statement, whatever it is; none: nothing any more."""
        self.database = self._plain if write is None else LateDatabase(self._plain.execute, write)

    def insert_session(self, engine_sid: str, actor: str, environ: str) -> bool:
        """Insert a session that was announced, with its handshake; return whether it is new: one that is not stays as it is."""
        statement = "INSERT OR IGNORE INTO sio_sessions (engine_sid, actor, environ) VALUES (?, ?, ?) RETURNING actor"
        return self.database.execute(statement, engine_sid, actor, environ) is not None

    def update_environ(self, engine_sid: str, environ: str) -> None:
        """Replace a session's handshake."""
        self.database.execute("UPDATE sio_sessions SET environ = ? WHERE engine_sid = ?", environ, engine_sid)

    def actor(self, engine_sid: str) -> str | None:
        """Return the actor that announced a session, "" for a parked one; None for an unknown session."""
        return self.database.execute(
            "SELECT iif(EXISTS (SELECT 1 FROM sio_parked WHERE sio_parked.engine_sid = sio_sessions.engine_sid), '', actor)"
            " FROM sio_sessions WHERE engine_sid = ?",
            engine_sid,
        )

    def environ(self, engine_sid: str) -> str | None:
        """Return a session's handshake, as JSON text."""
        return self.database.execute("SELECT environ FROM sio_sessions WHERE engine_sid = ?", engine_sid)

    def sessions_of(self, actor: str, after: str = "", until: str = "") -> list[str]:
        """Return an actor's sessions with a sid in ``(after, until]``, in order; ``until == ""`` means to the end.

        Without those that are parked.
        """
        condition = "actor = ?" + (" AND engine_sid <= ?" if until else "")
        condition += " AND NOT EXISTS (SELECT 1 FROM sio_parked WHERE sio_parked.engine_sid = sio_sessions.engine_sid)"
        return self._sids("sio_sessions", condition, (actor, until) if until else (actor,), after)

    def sessions(self) -> list[str]:
        """Return all sessions."""
        return self._sids("sio_sessions", "true", (), "")

    def delete_session(self, engine_sid: str) -> None:
        """Delete a session."""
        self.database.execute("DELETE FROM sio_sessions WHERE engine_sid = ?", engine_sid)

    def insert_socket(
        self, socket_sid: str, engine_sid: str, namespace: str, actor: str, data: str, rooms: set[str], ticket: str = ""
    ) -> None:
        """Insert a socket that connected, and the rooms it is in by then."""
        self.database.execute(
            "INSERT INTO sio_sockets (socket_sid, engine_sid, namespace, actor, data, ticket) VALUES (?, ?, ?, ?, ?, ?)",
            *(socket_sid, engine_sid, namespace, actor, data, ticket),
        )
        if rooms:
            self.insert_rooms(namespace, [(room, socket_sid) for room in sorted(rooms)])

    def move_socket(self, socket_sid: str, engine_sid: str, actor: str, ticket: str) -> None:
        """Give a socket to another session."""
        self.database.execute(
            "UPDATE sio_sockets SET engine_sid = ?, actor = ?, ticket = ? WHERE socket_sid = ?",
            *(engine_sid, actor, ticket, socket_sid),
        )

    def socket(self, socket_sid: str) -> tuple[str, str, str, str, str] | None:
        """Return a socket's session, namespace, actor, data and ticket."""
        row = self._read(
            "SELECT json_array(engine_sid, namespace, actor, data, ticket) FROM sio_sockets WHERE socket_sid = ?",
            socket_sid,
        )
        return None if row is None else tuple(row)

    def data(self, socket_sid: str) -> str | None:
        """Return a socket's session data, as JSON text."""
        return self.database.execute("SELECT data FROM sio_sockets WHERE socket_sid = ?", socket_sid)

    def sockets_of(self, engine_sid: str) -> dict[str, str]:
        """Return a session's sockets by namespace; there are `MAX_SOCKETS` at most."""
        sockets: dict[str, str] = self._read(
            "SELECT json_group_object(namespace, socket_sid) FROM sio_sockets WHERE engine_sid = ?", engine_sid
        )
        return sockets

    def update_data(self, socket_sid: str, data: str) -> None:
        """Replace a socket's session data."""
        self.database.execute("UPDATE sio_sockets SET data = ? WHERE socket_sid = ?", data, socket_sid)

    def delete_socket(self, socket_sid: str, *, has_rooms: bool = True) -> None:
        """Delete a socket, and its rooms, if it may be in any."""
        if has_rooms:
            self.database.execute("DELETE FROM sio_rooms WHERE socket_sid = ?", socket_sid)
        self.database.execute("DELETE FROM sio_sockets WHERE socket_sid = ?", socket_sid)

    def members(self, namespace: str) -> list[Member]:
        """Return a namespace's sockets."""
        statement = (
            "SELECT json_group_array(json_array(socket_sid, engine_sid, actor)) FROM"
            f" (SELECT socket_sid, engine_sid, {_ACTOR} AS actor FROM sio_sockets"
            f" WHERE namespace = ? AND socket_sid > ? ORDER BY socket_sid LIMIT {MAX_SIDS}) AS piece"
        )
        return self._listed(MAX_SIDS, _sid_of, lambda last: self._read(statement, namespace, last))

    def room_members(self, namespace: str, room: str) -> list[Member]:
        """Return a room's sockets."""
        statement = (
            "SELECT json_group_array(json_array(socket_sid, engine_sid, actor)) FROM"
            f" (SELECT sio_rooms.socket_sid, engine_sid, {_ACTOR} AS actor FROM sio_rooms JOIN sio_sockets USING (socket_sid)"
            " WHERE sio_rooms.namespace = ? AND room = ? AND sio_rooms.socket_sid > ?"
            f" ORDER BY sio_rooms.socket_sid LIMIT {MAX_SIDS}) AS piece"
        )
        return self._listed(MAX_SIDS, _sid_of, lambda last: self._read(statement, namespace, room, last))

    def rooms_of(self, socket_sid: str, namespace: str) -> list[str]:
        """Return the rooms that a socket of a namespace entered."""
        statement = (
            "SELECT json_group_array(room) FROM (SELECT room FROM sio_rooms INDEXED BY sio_rooms_by_socket"
            f" WHERE socket_sid = ? AND namespace = ? AND room > ? ORDER BY room LIMIT {_ROOMS}) AS piece"
        )
        return self._listed(_ROOMS, str, lambda last: self._read(statement, socket_sid, namespace, last))

    def insert_rooms(self, namespace: str, entered: list[tuple[str, str]]) -> None:
        """Insert that sockets entered rooms: pairs of room and socket sid."""
        if len(entered) == 1:
            statement = "INSERT OR IGNORE INTO sio_rooms (namespace, room, socket_sid) VALUES (?, ?, ?)"
            self.database.execute(statement, namespace, *entered[0])
            return
        for text in _texts(entered):
            self.database.execute(
                "INSERT OR IGNORE INTO sio_rooms (namespace, room, socket_sid)"
                " SELECT ?, json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?)",
                namespace,
                text,
            )

    def delete_memberships(self, namespace: str, left: list[tuple[str, str]]) -> None:
        """Delete that sockets are in rooms: pairs of room and socket sid."""
        for text in _texts(left):
            self.database.execute(
                "DELETE FROM sio_rooms WHERE namespace = ? AND (room, socket_sid) IN"
                " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))",
                namespace,
                text,
            )

    def delete_rooms(self, namespace: str, room: str) -> None:
        """Delete everybody from a room."""
        self.database.execute("DELETE FROM sio_rooms WHERE namespace = ? AND room = ?", namespace, room)

    def namespaces(self) -> list[str]:
        """Return the namespaces that have sockets. Reads one row for each, however many sockets it has."""
        statement = (
            "WITH RECURSIVE names (name) AS (SELECT min(namespace) FROM sio_sockets WHERE namespace > ? UNION ALL"
            " SELECT (SELECT min(namespace) FROM sio_sockets WHERE namespace > name) FROM names WHERE name IS NOT NULL)"
            f" SELECT json_group_array(name) FROM (SELECT name FROM names WHERE name IS NOT NULL LIMIT {_NAMES}) AS piece"
        )
        return self._listed(_NAMES, str, lambda last: self._read(statement, last))

    def insert_namespace(self, namespace: str, parent: str) -> None:
        """Insert which predicate let a namespace in; the first one stays."""
        statement = "INSERT OR IGNORE INTO sio_namespaces (namespace, parent) VALUES (?, ?) RETURNING namespace"
        if self.database.execute(statement, namespace, parent) is not None:
            self._count_namespaces("+ 1")

    def parent(self, namespace: str) -> str | None:
        """Return which predicate let a namespace in."""
        return self.database.execute("SELECT parent FROM sio_namespaces WHERE namespace = ?", namespace)

    def count_namespaces(self) -> int:
        """Return the number of namespaces that predicates have let in."""
        number: int | None = self._read("SELECT number FROM sio_counts WHERE name = 'namespaces'")
        return number or 0

    def delete_namespace(self, namespace: str) -> None:
        """Delete a namespace that a predicate has let in."""
        statement = "DELETE FROM sio_namespaces WHERE namespace = ? RETURNING namespace"
        if self.database.execute(statement, namespace) is not None:
            self._count_namespaces("- 1")

    def _count_namespaces(self, change: str) -> None:
        self.database.execute(f"UPDATE sio_counts SET number = number {change} WHERE name = 'namespaces'")

    def insert_callbacks(self, asked: dict[str, int], name: str, context: str, due_ms: int) -> None:
        """Insert the acknowledgements that are expected: socket sid -> ack id."""
        for text in _texts(asked.items()):
            self.database.execute(
                "INSERT OR REPLACE INTO sio_callbacks (socket_sid, number, name, context, due_ms) SELECT"
                " json_extract(value, '$[0]'), json_extract(value, '$[1]'), ?, ?, CAST(? AS INTEGER) FROM json_each(?)",
                name,
                context,
                str(due_ms),
                text,
            )

    def callback(self, socket_sid: str, number: int) -> list[CallbackRow]:
        """Return the acknowledgement that is expected of a socket with an ack id, if it is."""
        return self._callbacks("socket_sid = ? AND number = CAST(? AS INTEGER)", socket_sid, str(number))

    def some_callbacks(self, socket_sid: str) -> list[CallbackRow]:
        """Return some of the acknowledgements that are expected of a socket."""
        return self._callbacks(f"socket_sid = ? ORDER BY number LIMIT {_CONTEXTS}", socket_sid)

    def some_due_callbacks(self, now_ms: int) -> list[CallbackRow]:
        """Return some of the acknowledgements whose deadline has passed, the earliest first."""
        return self._callbacks(f"due_ms <= CAST(? AS INTEGER) ORDER BY due_ms LIMIT {_CONTEXTS}", str(now_ms))

    def some_surplus_callbacks(self, socket_sids: list[str], most: int) -> list[CallbackRow]:
        """Return some of what sockets, `MAX_SIDS` at most, have beyond ``most`` acknowledgements each: the earliest deadlines."""
        return self._callbacks(
            "(socket_sid, number) IN (SELECT socket_sid, number FROM (SELECT socket_sid, number, row_number() OVER"
            " (PARTITION BY socket_sid ORDER BY due_ms DESC, number DESC) AS place FROM sio_callbacks"
            " WHERE socket_sid IN (SELECT value FROM json_each(?))) AS ranked"
            f" WHERE place > CAST(? AS INTEGER) LIMIT {_CONTEXTS})",
            json.dumps(socket_sids),
            str(most),
        )

    def delete_callbacks(self, taken: list[tuple[str, int]]) -> None:
        """Delete expected acknowledgements: pairs of socket sid and ack id."""
        for text in _texts(taken):
            self.database.execute(
                "DELETE FROM sio_callbacks WHERE (socket_sid, number) IN"
                " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))",
                text,
            )

    def next_due_ms(self) -> int | None:
        """Return the earliest deadline."""
        next_ms: int | None = self._read("SELECT json_quote(min(due_ms)) FROM sio_callbacks")
        return next_ms

    def _callbacks(self, condition: str, *parameters: str) -> list[CallbackRow]:
        listed: list[CallbackRow] = self._read(
            "SELECT json_group_array(json_array(socket_sid, number, name, context)) FROM"
            f" (SELECT socket_sid, number, name, context FROM sio_callbacks WHERE {condition}) AS piece",
            *parameters,
        )
        return listed

    def _sids(self, table: str, condition: str, parameters: tuple[str, ...], after: str) -> list[str]:
        statement = (
            f"SELECT json_group_array(engine_sid) FROM (SELECT engine_sid FROM {table}"
            f" WHERE {condition} AND engine_sid > ? ORDER BY engine_sid LIMIT {MAX_SIDS}) AS piece"
        )
        return self._listed(MAX_SIDS, str, lambda last: self._read(statement, *parameters, last), after)

    @staticmethod
    def _listed(size: int, key: Callable[[T], str], read: Callable[[str], list[T]], after: str = "") -> list[T]:
        """Read a list in pieces: ``read`` returns up to ``size`` items with a key above the one it is given, in order."""
        listed = piece = read(after)
        while len(piece) == size:
            piece = read(key(piece[-1]))
            listed += piece
        return listed

    def _read(self, statement: str, *parameters: str) -> Any:
        text = self.database.execute(statement, *parameters)
        return None if text is None else json.loads(text)


def _sid_of(member: Member) -> str:
    return member[0]


def _texts(pairs: Iterable[tuple[str, object]]) -> Iterator[str]:
    """Write pairs as JSON texts of `_WRITTEN` characters at most, each a list of pairs."""
    piece: list[tuple[str, object]] = []
    length = 0
    for pair in pairs:
        # The first is ASCII; a text escapes its quotes and backslashes.
        size = 2 * len(pair[0]) + _SECOND
        if piece and length + size > _WRITTEN:
            yield json.dumps(piece)
            piece, length = [], 0
        piece.append(pair)
        length += size
    if piece:
        yield json.dumps(piece)
