"""Tables that other releases wrote: `golden/` has one SQL text per layout, made with the statements of its release, never changed.

Layout 5 is one that a later release might write.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from server_fakes import FakeDatabase, Log

from socketio_do.errors import ConfigError
from socketio_do.limits import MAX_LOG_ROWS
from socketio_do.state.callbacks import Callbacks, Expected
from socketio_do.state.layout import SCHEMA
from socketio_do.state.membership import Membership
from socketio_do.state.recovery_log import RecoveryLog
from socketio_do.state.recovery_rows import RecoveryRows
from socketio_do.state.tables import Storage
from socketio_do.state.tickets import Ticket

GOLDEN = Path(__file__).parent.parent / "golden"
LAYOUTS = [1, 2, 3, 4, 5]
EARLIER = [layout for layout in LAYOUTS if layout < SCHEMA]
LATER = 5

TABLES = (
    *("sio_sessions", "sio_sockets", "sio_rooms", "sio_callbacks", "sio_namespaces", "sio_counts"),
    *("sio_log", "sio_parked"),
)

#: A parked session of layouts that have those: its socket, and the offset of the first event that its client had.
PARKED = "~socket-parked-00000"
OFFSET = "0.0.34c43ac035bf"
MISSED = [
    ('51-/parked,["said",{"_placeholder":true,"num":0}]', b"\0\xff"),
    ('2/parked,["said","caf\u00e9 \U0001f600"]',),
]


def written(layout: int) -> FakeDatabase:
    """Make the tables as a release left them."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript((GOLDEN / f"layout_{layout}.sql").read_text())
    return FakeDatabase(connection)


class StopsAfter:
    """A database whose object is reset after so many statements."""

    def __init__(self, database: FakeDatabase, number: int) -> None:
        self.rest, self._number = database, number

    def execute(self, statement: str, *parameters: str) -> str | None:
        if not self._number:
            raise KeyboardInterrupt
        self._number -= 1
        return self.rest.execute(statement, *parameters)


def content(database: FakeDatabase) -> dict[str, Any]:
    """Read all tables and indexes there are, with their rows."""
    made = {str(row[1]): " ".join(str(row[4]).split()) for row in database.rows("sqlite_master")}
    tables = (name for name, statement in made.items() if statement.startswith("CREATE TABLE"))
    return {"made": made, "rows": {table: database.rows(table) for table in tables}}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_a_release_wrote_is_read_after_preparing(layout: int) -> None:
    database = written(layout)
    storage = Storage(database)
    assert storage.prepare(layout) == (SCHEMA if layout < SCHEMA else None)
    membership = Membership(storage)
    sessions = {*storage.sessions()} - {"session-p"}
    assert sorted(sessions) == ["session-a", "session-b"]
    assert membership.sessions_of("engine-0") == ["session-a"]
    assert membership.sessions_of("engine-1") == ["session-b"]
    assert membership.environ("session-a") == {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/socket.io/",
        "HTTP_USER_AGENT": 'caf\u00e9 "1"',
    }
    assert membership.sockets_of("session-a") == {"/": "socket-a-main", "/room-1": "socket-a-room"}
    assert membership.actor("session-b") == "engine-1"
    assert membership.namespaces() - {"/parked"} == {"/", "/room-1"}
    both = {"socket-a-main": "session-a", "socket-b-main": "session-b"}
    assert membership.participants("/", [None]) == both
    assert membership.participants("/", ["lobby"]) == both
    assert membership.participants("/", ["\u00fc"]) == {"socket-b-main": "session-b"}
    assert membership.rooms_of("socket-a-main") == ["socket-a-main", "lobby", 1]
    assert membership.data("socket-a-main") == {"name": "Bo", "tags": ['x"y', None]}


@pytest.mark.parametrize("layout", LAYOUTS[1:])
def test_callbacks_and_children_that_a_release_wrote_are_read(layout: int) -> None:
    storage = Storage(written(layout))
    storage.prepare(layout)
    callbacks = Callbacks(storage)
    assert (storage.parent("/room-1"), storage.count_namespaces()) == ("may_enter", 1)
    assert callbacks.next_ms() == 60_000
    assert callbacks.take("socket-b-main", 7) == Expected("socket-b-main", "paid", {"order": 5})
    assert callbacks.drop("socket-a-main") == [
        Expected("socket-a-main", "paid", {"order": 5}),
        Expected("socket-a-main", "paid", None),
    ]


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout >= 4])
def test_a_client_whose_connection_a_release_parked_is_recovered_by_what_it_logged(layout: int) -> None:
    database = written(layout)
    storage = Storage(database)
    storage.prepare(layout)
    rows, membership = RecoveryRows(database, MAX_LOG_ROWS), Membership(storage)
    log = RecoveryLog(rows, lambda: "key-of-a-later-life", lambda action: None)
    socket = membership.socket(PARKED)
    assert socket is not None
    ticket = Ticket.read(socket.ticket)
    assert ticket is not None
    assert ticket.is_of("secret-of-the-parked")
    keys = membership.room_keys(PARKED)
    assert log.missed(PARKED, "/parked", keys, ticket.since, OFFSET) == MISSED
    assert log.missed(PARKED, "/parked", keys, ticket.since, None) == [('2/parked,["said","one"]',), *MISSED]
    assert (rows.next_due_ms(), rows.some_due(60_000)) == (60_000, [("session-p", "ping timeout")])
    assert membership.is_parked("session-p")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tables_of_any_layout_are_written(layout: int) -> None:
    database = written(layout)
    storage = Storage(database)
    storage.prepare(layout)
    membership = Membership(storage)
    membership.open_session("session-c", "engine-0", {})
    membership.begin("socket-c-main", "session-c", "/")
    membership.connect("socket-c-main")
    membership.enter("socket-c-main", "lobby")
    membership.save_data("socket-c-main", [1])
    storage.insert_namespace("/room-2", "may_enter")
    Callbacks(storage).add({"socket-c-main": 1}, "paid", "5", 1)
    again = Membership(storage)
    assert again.participants("/", ["lobby"]).keys() == {"socket-a-main", "socket-b-main", "socket-c-main"}
    assert again.data("socket-c-main") == [1]
    assert storage.count_namespaces() == (1 if layout == 1 else 2)
    assert [again.socket(sid) is not None for sid in ("socket-a-main", "socket-c-main")] == [True, True]
    RecoveryRows(database, MAX_LOG_ROWS).park("session-c", 5, "ping timeout")
    assert Membership(storage).is_parked("session-c")
    assert Callbacks(storage).due(1) == [Expected("socket-c-main", "paid", 5)]


@pytest.mark.parametrize("layout", EARLIER)
def test_an_earlier_layout_gets_what_it_lacks_and_keeps_its_rows(layout: int) -> None:
    database = written(layout)
    before = content(database)
    Storage(database).prepare(layout)
    after = content(database)
    sockets = [(*row, "") for row in before["rows"].pop("sio_sockets")]
    assert after["rows"]["sio_sockets"] == sockets
    assert before["rows"].items() <= after["rows"].items()
    fresh = FakeDatabase()
    Storage(fresh).create_tables()
    assert after["made"].keys() == content(fresh)["made"].keys()


@pytest.mark.parametrize("layout", [*EARLIER, SCHEMA])
@pytest.mark.parametrize("stored", [None, *EARLIER])
def test_a_migration_that_was_cut_short_before_its_number_was_stored_is_made_again(
    layout: int, stored: int | None
) -> None:
    database = written(layout)
    Storage(database).prepare(layout)
    before = content(database)
    assert Storage(database).prepare(stored) == SCHEMA
    assert content(database) == before


@pytest.mark.parametrize("layout", EARLIER)
def test_a_migration_that_is_cut_short_at_any_statement_is_made_again(layout: int) -> None:
    whole = written(layout)
    Storage(whole).prepare(layout)
    expected, number = content(whole), len(whole.take())
    for done in range(number):
        database = StopsAfter(written(layout), done)
        with pytest.raises(KeyboardInterrupt):
            Storage(database).prepare(layout)
        assert Storage(database.rest).prepare(layout) == SCHEMA
        assert content(database.rest) == expected


@pytest.mark.parametrize("rolled_back_to", EARLIER)
def test_what_a_release_before_this_did_after_a_rollback_is_read(rolled_back_to: int) -> None:
    """Its statements know no tickets and nobody who is parked: it ends that session as a ghost, and its sockets have none."""
    database = written(SCHEMA)
    for statement in (
        "INSERT INTO sio_sessions (engine_sid, actor, environ) VALUES ('e3', 'e0', '{}')",
        "INSERT INTO sio_sockets (socket_sid, engine_sid, namespace, actor, data) VALUES ('socket-c', 'e3', '/', 'e0', '{}')",
        f"DELETE FROM sio_rooms WHERE socket_sid = '{PARKED}'",
        f"DELETE FROM sio_sockets WHERE socket_sid = '{PARKED}'",
        "DELETE FROM sio_sessions WHERE engine_sid = 'session-p'",
    ):
        database.execute(statement)
    storage = Storage(database)
    assert storage.prepare(rolled_back_to) == SCHEMA
    membership, rows = Membership(storage), RecoveryRows(database, MAX_LOG_ROWS)
    socket = membership.socket("socket-c")
    assert (socket and socket.ticket, membership.actor("e3")) == ("", "e0")
    assert membership.socket(PARKED) is None
    assert not membership.is_parked("session-p")
    assert rows.some_due(60_000) == [("session-p", "ping timeout")]


def test_tables_of_this_layout_are_not_looked_at() -> None:
    database = written(SCHEMA)
    assert Storage(database).prepare(SCHEMA) is None
    assert database.take() == []


def test_this_release_writes_the_golden_layout() -> None:
    """Where this fails the layout has changed: raise `SCHEMA`, and add a golden file."""
    fresh = FakeDatabase()
    Storage(fresh).prepare(None)
    golden = content(written(SCHEMA))["made"]
    golden = {name: statement.replace("IF NOT EXISTS ", "") for name, statement in golden.items()}
    assert content(fresh)["made"] == golden


def test_a_layout_of_a_later_release_is_left_alone_and_the_log_says_so_once(log: Log) -> None:
    database = written(LATER)
    before = content(database)
    assert Storage(database).prepare(LATER) is None
    assert content(database) == before
    assert log.take("WARNING") == [f"= the tables have layout {LATER}, of a later release; this release knows {SCHEMA}"]


@pytest.mark.parametrize("table", TABLES)
def test_a_later_layout_that_lacks_a_table_is_refused_with_what_to_deploy(table: str) -> None:
    database = written(LATER)
    database.execute(f"DROP TABLE {table}")
    before = content(database)
    with pytest.raises(ConfigError, match=rf"layout 5, .* misses {table} .*: deploy the release that wrote them"):
        Storage(database).prepare(LATER)
    assert content(database) == before


@pytest.mark.parametrize(
    ("table", "column"),
    [("sio_rooms", "room"), ("sio_sockets", "ticket"), ("sio_counts", "number"), ("sio_log", "tail")],
)
def test_a_later_layout_that_lacks_a_column_is_refused(table: str, column: str) -> None:
    database = written(LATER)
    database.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO other")
    with pytest.raises(ConfigError, match=f"misses {table}"):
        Storage(database).prepare(LATER)


def test_a_fault_of_the_database_is_not_taken_for_a_layout() -> None:
    class Failing(FakeDatabase):
        def execute(self, statement: str, *parameters: str) -> str | None:
            raise OSError("storage is away")

    with pytest.raises(OSError, match="storage is away"):
        Storage(Failing()).prepare(LATER)


def test_rows_of_a_later_layout_keep_what_only_it_knows() -> None:
    database = written(LATER)
    storage = Storage(database)
    storage.update_data("socket-a-main", "5")
    assert database.execute("SELECT region FROM sio_sockets WHERE socket_sid = 'socket-a-main'") == "r1"
    assert json.loads(storage.data("socket-a-main") or "") == 5
