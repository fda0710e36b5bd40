"""Tables that other releases wrote: `golden/` has one SQL text per layout, made with the statements of its release, never changed.

Layout 4 is one that a later release might write.
"""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from server_fakes import FakeDatabase, Log

from socketio_do.errors import ConfigError
from socketio_do.state.callbacks import Callbacks, Expected
from socketio_do.state.membership import Membership
from socketio_do.state.tables import SCHEMA, Storage

GOLDEN = Path(__file__).parent / "golden"
LAYOUTS = [1, 2, 3, 4]
LATER = 4

TABLES = ("sio_sessions", "sio_sockets", "sio_rooms", "sio_callbacks", "sio_namespaces", "sio_counts")


def written(layout: int) -> FakeDatabase:
    """Make the tables as a release left them."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript((GOLDEN / f"layout_{layout}.sql").read_text())
    return FakeDatabase(connection)


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
    assert sorted(storage.sessions()) == ["session-a", "session-b"]
    assert membership.sessions_of("engine-0") == ["session-a"]
    assert membership.environ("session-a") == {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/socket.io/",
        "HTTP_USER_AGENT": 'caf\u00e9 "1"',
    }
    assert membership.sockets_of("session-a") == {"/": "socket-a-main", "/room-1": "socket-a-room"}
    assert membership.actor("session-b") == "engine-1"
    assert membership.namespaces() == {"/", "/room-1"}
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
    assert Callbacks(storage).due(1) == [Expected("socket-c-main", "paid", 5)]


@pytest.mark.parametrize("layout", [1, 2])
def test_an_earlier_layout_gets_what_it_lacks_and_keeps_its_rows(layout: int) -> None:
    database = written(layout)
    before = content(database)
    Storage(database).prepare(layout)
    after = content(database)
    assert before["rows"].items() <= after["rows"].items()
    fresh = FakeDatabase()
    Storage(fresh).create_tables()
    assert after["made"].keys() == content(fresh)["made"].keys()


@pytest.mark.parametrize("layout", [1, 2, SCHEMA])
@pytest.mark.parametrize("stored", [None, 1, 2])
def test_a_migration_that_was_cut_short_before_its_number_was_stored_is_made_again(
    layout: int, stored: int | None
) -> None:
    database = written(layout)
    Storage(database).prepare(layout)
    before = content(database)
    assert Storage(database).prepare(stored) == SCHEMA
    assert content(database) == before


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
    with pytest.raises(ConfigError, match=rf"layout 4, .* misses {table} .*: deploy the release that wrote them"):
        Storage(database).prepare(LATER)
    assert content(database) == before


@pytest.mark.parametrize(
    ("table", "column"), [("sio_rooms", "room"), ("sio_sockets", "data"), ("sio_counts", "number")]
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
    assert database.execute("SELECT recovery FROM sio_sockets WHERE socket_sid = 'socket-a-main'") == "r1"
    assert json.loads(storage.data("socket-a-main") or "") == 5
