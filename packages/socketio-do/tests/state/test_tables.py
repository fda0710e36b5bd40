import inspect
import json
import re
import sqlite3
from typing import Any

import pytest
from server_fakes import FakeDatabase, Log

from socketio_do import limits
from socketio_do.state import layout, recovery_rows
from socketio_do.state import tables as module
from socketio_do.state.callbacks import Callbacks
from socketio_do.state.layout import SCHEMA
from socketio_do.state.rooms import MAX_ROOM_KEY
from socketio_do.state.tables import Storage


@pytest.fixture
def database() -> FakeDatabase:
    database = FakeDatabase()
    Storage(database).create_tables()
    return database


@pytest.fixture
def storage(database: FakeDatabase) -> Storage:
    return Storage(database)


def listed(members: list[tuple[str, str, str]]) -> list[tuple[str, ...]]:
    return sorted(map(tuple, members))


def fill(storage: Storage) -> None:
    """Two sessions of different actors, three sockets, some rooms."""
    storage.insert_session("e1", "east", '{"PATH_INFO":"/"}')
    storage.insert_session("e2", "west", "{}")
    storage.insert_socket("s1", "e1", "/", "east", "{}", {'"lobby"', "1"})
    storage.insert_socket("s2", "e2", "/", "west", '{"name":"Bo"}', {'"lobby"'})
    storage.insert_socket("s3", "e1", "/chat", "east", "{}", set())


def test_every_table_and_index_has_our_prefix(database: FakeDatabase) -> None:
    made = {str(row[1]) for row in database.rows("sqlite_master")}
    assert {"sio_sessions", "sio_sockets", "sio_rooms"} <= made
    assert all(name.startswith("sio_") for name in made)


def test_the_layout_of_this_schema_number(database: FakeDatabase) -> None:
    """Change `SCHEMA` with the tables: an object's rows may be from an earlier release."""
    assert SCHEMA == 4
    columns = {
        table: [column for (column,) in database.rows(f"(SELECT name FROM pragma_table_info('{table}'))")]
        for table in (
            *("sio_sessions", "sio_sockets", "sio_rooms", "sio_namespaces", "sio_callbacks", "sio_counts"),
            *("sio_log", "sio_parked"),
        )
    }
    assert columns == {
        "sio_sessions": ["actor", "engine_sid", "environ"],
        "sio_sockets": ["actor", "data", "engine_sid", "namespace", "socket_sid", "ticket"],
        "sio_rooms": ["namespace", "room", "socket_sid"],
        "sio_namespaces": ["namespace", "parent"],
        "sio_callbacks": ["context", "due_ms", "name", "number", "socket_sid"],
        "sio_counts": ["name", "number"],
        "sio_log": ["at_ms", "entries", "key", "number", "size", "slot", "tail", "targets"],
        "sio_parked": ["due_ms", "engine_sid", "reason"],
    }


def test_a_session_is_read_as_it_was_kept(storage: Storage) -> None:
    environ = json.dumps({"QUERY_STRING": "a='\"\u00fc\0", "HTTP_COOKIE": ""})
    storage.insert_session("e1", "east", environ)
    assert (storage.actor("e1"), storage.environ("e1")) == ("east", environ)
    assert storage.actor("unknown") is storage.environ("unknown") is None
    storage.update_environ("e1", "{}")
    assert (storage.actor("e1"), storage.environ("e1")) == ("east", "{}")


def test_a_session_announced_again_stays_what_it_was(storage: Storage, database: FakeDatabase) -> None:
    assert storage.insert_session("e1", "east", '{"a":"1"}')
    assert not storage.insert_session("e1", "west", "{}")
    assert (storage.actor("e1"), storage.environ("e1")) == ("east", '{"a":"1"}')
    assert len(database.rows("sio_sessions")) == 1


def test_a_session_is_forgotten(storage: Storage) -> None:
    storage.insert_session("e1", "east", "{}")
    storage.delete_session("e1")
    storage.delete_session("e1")
    assert storage.actor("e1") is None
    assert storage.sessions() == storage.sessions_of("east") == []


@pytest.mark.parametrize(
    ("after", "until", "found"),
    [
        ("", "", ["a", "b", "c"]),
        ("a", "", ["b", "c"]),
        ("", "b", ["a", "b"]),
        ("a", "b", ["b"]),
        ("c", "", []),
        ("aa", "bb", ["b"]),
    ],
)
def test_sessions_are_listed_by_actor_and_range(storage: Storage, after: str, until: str, found: list[str]) -> None:
    for engine_sid in "cab":
        storage.insert_session(engine_sid, "east", "{}")
    storage.insert_session("bz", "west", "{}")
    assert sorted(storage.sessions_of("east", after, until)) == found


def test_a_socket_is_read_as_it_was_kept(storage: Storage) -> None:
    fill(storage)
    assert storage.socket("s2") == ("e2", "/", "west", '{"name":"Bo"}', "")
    assert storage.socket("unknown") is None


def test_a_socket_goes_to_another_session_with_its_data_and_rooms(storage: Storage) -> None:
    fill(storage)
    storage.insert_session("e3", "north", "{}")
    storage.move_socket("s2", "e3", "north", "a ticket")
    storage.move_socket("unknown", "e3", "north", "a ticket")
    assert storage.socket("s2") == ("e3", "/", "north", '{"name":"Bo"}', "a ticket")
    assert (storage.sockets_of("e2"), storage.sockets_of("e3")) == ({}, {"/": "s2"})
    assert listed(storage.room_members("/", '"lobby"')) == [("s1", "e1", "east"), ("s2", "e3", "north")]


def test_a_parked_session_has_no_actor_and_is_not_listed_as_one_of_an_actor(
    storage: Storage, database: FakeDatabase
) -> None:
    fill(storage)
    rows = recovery_rows.RecoveryRows(database, 4)
    rows.park("e1", 5, "ping timeout")
    assert (storage.actor("e1"), storage.actor("e2"), storage.actor("unknown")) == ("", "west", None)
    assert (storage.sessions_of("east"), storage.sessions_of("west")) == ([], ["e2"])
    assert sorted(storage.sessions()) == ["e1", "e2"]
    rows.release("e1")
    assert (storage.actor("e1"), storage.sessions_of("east")) == ("east", ["e1"])


def test_a_sessions_sockets_by_namespace(storage: Storage) -> None:
    fill(storage)
    assert storage.sockets_of("e1") == {"/": "s1", "/chat": "s3"}
    assert storage.sockets_of("unknown") == {}


@pytest.mark.parametrize("namespace", ["/a'b", '/a"b', "/\0x", "/ü\U0001f600", "/%_"])
def test_any_namespace_can_be_kept(storage: Storage, namespace: str) -> None:
    storage.insert_socket("s1", "e1", namespace, "east", "{}", {'"r"'})
    assert storage.sockets_of("e1") == {namespace: "s1"}
    assert storage.socket("s1") == ("e1", namespace, "east", "{}", "")
    assert listed(storage.members(namespace)) == [("s1", "e1", "east")]
    assert listed(storage.room_members(namespace, '"r"')) == [("s1", "e1", "east")]


def test_one_socket_for_each_session_and_namespace(storage: Storage) -> None:
    fill(storage)
    with pytest.raises(sqlite3.IntegrityError):
        storage.insert_socket("s4", "e1", "/", "east", "{}", set())


def test_data_is_replaced(storage: Storage) -> None:
    fill(storage)
    storage.update_data("s1", '{"a":1}')
    storage.update_data("unknown", "{}")
    assert storage.socket("s1") == ("e1", "/", "east", '{"a":1}', "")
    assert storage.socket("s3") == ("e1", "/chat", "east", "{}", "")


def test_a_socket_is_forgotten_with_its_rooms(storage: Storage, database: FakeDatabase) -> None:
    fill(storage)
    storage.delete_socket("s1")
    assert storage.socket("s1") is None
    assert storage.rooms_of("s1", "/") == []
    assert database.rows("sio_rooms") == [("/", '"lobby"', "s2")]


def test_members_of_a_namespace(storage: Storage) -> None:
    fill(storage)
    assert listed(storage.members("/")) == [("s1", "e1", "east"), ("s2", "e2", "west")]
    assert storage.members("/empty") == []


def test_members_of_a_room_with_the_actors_to_reach_them(storage: Storage) -> None:
    fill(storage)
    assert listed(storage.room_members("/", '"lobby"')) == [("s1", "e1", "east"), ("s2", "e2", "west")]
    assert listed(storage.room_members("/", "1")) == [("s1", "e1", "east")]
    assert storage.room_members("/chat", '"lobby"') == []


def test_rooms_are_entered_and_left(storage: Storage) -> None:
    fill(storage)
    storage.insert_rooms("/chat", [('"x"', "s3"), ('"y"', "s3")])
    storage.insert_rooms("/chat", [('"x"', "s3")])
    assert sorted(storage.rooms_of("s3", "/chat")) == ['"x"', '"y"']
    storage.delete_memberships("/chat", [('"x"', "s3"), ('"y"', "s1"), ('"z"', "s3")])
    assert storage.rooms_of("s3", "/chat") == ['"y"']
    storage.delete_memberships("/", [('"lobby"', "s1"), ('"lobby"', "s2")])
    assert storage.rooms_of("s1", "/") == ["1"]
    assert storage.rooms_of("s2", "/") == []


@pytest.mark.parametrize("room", ["a'b", 'a"b', "\0", "ü\U0001f600", "\ud800", "%_"])
def test_any_room_is_entered_and_left(storage: Storage, room: str) -> None:
    fill(storage)
    key = json.dumps(room)
    storage.insert_rooms("/chat", [(key, "s3")])
    assert storage.rooms_of("s3", "/chat") == [key]
    assert listed(storage.room_members("/chat", key)) == [("s3", "e1", "east")]
    storage.delete_memberships("/chat", [(key, "s3")])
    assert storage.rooms_of("s3", "/chat") == []


def test_many_memberships_are_one_statement(storage: Storage, database: FakeDatabase) -> None:
    entered = [(f'"room-{number}"', f"s{number % 7}") for number in range(500)]
    storage.insert_rooms("/", entered)
    assert len(database.take("INSERT OR IGNORE INTO sio_rooms")) == 1
    assert len(database.rows("sio_rooms")) == 500
    storage.delete_memberships("/", entered)
    assert len(database.take("DELETE")) == 1
    assert database.rows("sio_rooms") == []


def test_the_namespaces_that_have_sockets_each_once(storage: Storage) -> None:
    assert storage.namespaces() == []
    fill(storage)
    assert sorted(storage.namespaces()) == ["/", "/chat"]


def test_a_namespace_keeps_the_first_predicate_that_let_it_in(storage: Storage) -> None:
    assert storage.parent("/a") is None
    storage.insert_namespace("/a", 'may"be')
    storage.insert_namespace("/a", "other")
    storage.insert_namespace("/b", "other")
    assert [storage.parent("/a"), storage.parent("/b"), storage.count_namespaces()] == ['may"be', "other", 2]
    storage.delete_namespace("/a")
    assert [storage.parent("/a"), storage.count_namespaces()] == [None, 1]


def test_a_room_is_emptied_in_its_namespace_only(storage: Storage) -> None:
    fill(storage)
    storage.insert_rooms("/chat", [('"lobby"', "s3")])
    storage.delete_rooms("/", '"lobby"')
    assert storage.room_members("/", '"lobby"') == []
    assert storage.rooms_of("s1", "/") == ["1"]
    assert storage.rooms_of("s3", "/chat") == ['"lobby"']


def test_the_number_of_children_stays_right(storage: Storage, database: FakeDatabase) -> None:
    for name in ("/a", "/b", "/a"):
        storage.insert_namespace(name, "door")
    for name in ("/a", "/a", "/unknown"):
        storage.delete_namespace(name)
    assert storage.count_namespaces() == len(database.rows("sio_namespaces")) == 1


def test_a_list_of_a_few_is_one_statement(storage: Storage, database: FakeDatabase) -> None:
    storage.insert_socket("s1", "e1", "/", "east", "{}", {f'"room-{number}"' for number in range(90)})
    assert len(database.take("INSERT OR IGNORE INTO sio_rooms")) == 1
    assert len(storage.rooms_of("s1", "/")) == 90
    assert len(storage.members("/")) == len(storage.namespaces()) == 1
    assert len(database.take()) == 3


def test_every_insert_names_its_columns() -> None:
    """The previous release inserts into the tables of the next one."""
    source = "".join(map(inspect.getsource, (module, layout, recovery_rows)))
    assert len(re.findall(r"INSERT [A-Z ]*INTO sio_\w+ \(", source)) == source.count("INTO sio_") == 9


def use_all(storage: Storage) -> None:
    """Call every method."""
    storage.put_off(None)
    storage.prepare(SCHEMA + 1)
    fill(storage)
    storage.update_environ("e1", "{}")
    storage.actor("e1")
    storage.environ("e1")
    storage.sessions_of("east")
    storage.sessions_of("east", "a", "z")
    storage.sessions()
    storage.socket("s1")
    storage.move_socket("s1", "e1", "east", "a ticket")
    storage.data("s1")
    storage.update_data("s1", "{}")
    storage.sockets_of("e1")
    storage.members("/")
    storage.room_members("/", '"lobby"')
    storage.rooms_of("s1", "/")
    storage.namespaces()
    storage.insert_namespace("/x", "door")
    storage.parent("/x")
    storage.count_namespaces()
    storage.delete_namespace("/x")
    storage.insert_callbacks({"s1": 1}, "paid", "null", 5)
    storage.callback("s1", 1)
    storage.some_callbacks("s1")
    storage.some_due_callbacks(5)
    storage.some_surplus_callbacks(["s1"], 0)
    storage.next_due_ms()
    storage.delete_callbacks([("s1", 1)])
    storage.insert_rooms("/", [("2", "s1")])
    storage.delete_memberships("/", [("2", "s1")])
    storage.delete_rooms("/", "1")
    storage.delete_socket("s1")
    storage.delete_session("e1")


def test_no_statement_scans_a_table(
    storage: Storage, database: FakeDatabase, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    methods = {name for name in vars(Storage) if not name.startswith("_")}
    called = set[str]()
    for name in methods:
        monkeypatch.setattr(Storage, name, noting(getattr(Storage, name), called))
    database.take()
    use_all(storage)
    assert called == methods - {"create_tables"}
    assert len(log.take("WARNING")) == 1
    plans = {statement: database.plan(statement) for statement in database.take()}
    scanned = {line.split()[1] for plan in plans.values() for line in plan if line.startswith("SCAN")}
    #: Rows of a text that was given; a piece that a LIMIT bounds; the rows found so far of a recursion; the rows of some sockets.
    unnamed = {name for name in scanned if re.fullmatch(r"\(?subquery.*", name, re.IGNORECASE)}
    assert scanned - unnamed <= {"json_each", "piece", "names", "ranked"}
    assert "json_each" in scanned
    assert max(statement.count("?") for statement in plans) <= 100


def noting(method: Any, called: set[str]) -> Any:
    def call(*args: Any) -> Any:
        called.add(method.__name__)
        return method(*args)

    return call


class TestMany:
    """On a SQLite that holds no more than a Durable Object's does: 2 MB in a text."""

    @pytest.fixture
    def database(self) -> FakeDatabase:
        connection = sqlite3.connect(":memory:", isolation_level=None)
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2_200_000)
        database = FakeDatabase(connection)
        Storage(database).create_tables()
        return database

    def test_sockets_of_a_namespace_and_rooms(self, storage: Storage, database: FakeDatabase) -> None:
        sids = [f"socket-{number:013}" for number in range(40_000)]
        for sid in sids:
            storage.insert_socket(sid, f"engine-{sid}", "/", "east", "{}", set())
        assert [member[0] for member in storage.members("/")] == sids
        entered = [(room, sid) for sid in sids[:30_000] for room in ('"a"', '"b"')]
        database.take()
        storage.insert_rooms("/", entered)
        assert len(database.take()) <= 20
        assert [member[0] for member in storage.room_members("/", '"b"')] == sids[:30_000]
        storage.delete_memberships("/", entered)
        assert storage.room_members("/", '"b"') == []

    def test_sessions_of_an_actor(self, storage: Storage) -> None:
        sids = [f"{number:06}{'x' * 200}" for number in range(20_000)]
        for sid in sids:
            storage.insert_session(sid, "east", "{}")
        storage.insert_session("of another", "west", "{}")
        assert storage.sessions_of("east") == sids
        assert storage.sessions_of("east", sids[10], sids[5_010]) == sids[11:5_011]
        assert len(storage.sessions()) == 20_001

    def test_namespaces_of_the_longest_names(self, storage: Storage) -> None:
        names = [f"/{number:05}".ljust(limits.MAX_NAMESPACE, "\1") for number in range(3_000)]
        for number, name in enumerate(names):
            storage.insert_socket(f"s{number}", f"e{number}", name, "east", "{}", set())
        assert storage.namespaces() == names
        assert listed(storage.members(names[7])) == [("s7", "e7", "east")]

    @pytest.mark.parametrize("character", ["r", '"', "\\", "\1", "\u00fc", "\U0001f600"])
    def test_rooms_of_the_longest_names(self, storage: Storage, character: str) -> None:
        keys = sorted(longest_key(f"{number:04}", character) for number in range(limits.MAX_ROOMS))
        storage.insert_socket("s1", "e1", "/", "east", "{}", set(keys))
        assert storage.rooms_of("s1", "/") == keys
        storage.delete_memberships("/", [(key, "s1") for key in keys])
        assert storage.rooms_of("s1", "/") == []

    @pytest.mark.parametrize("character", ["d", '"', "\\", "\1"])
    def test_the_largest_data(self, storage: Storage, character: str) -> None:
        data = json.dumps(character * 10_000)
        data = json.dumps([json.loads(data)] * (limits.MAX_DATA // (len(data) + 2)))
        assert len(data) <= limits.MAX_DATA
        storage.insert_socket("s1", "e1", "/", "east", data, set())
        assert storage.socket("s1") == ("e1", "/", "east", data, "")
        assert storage.data("s1") == data

    @pytest.mark.parametrize("character", ["c", '"', "\\", "\1"])
    def test_callbacks_with_the_largest_contexts(self, storage: Storage, character: str) -> None:
        context = json.dumps(character * ((limits.MAX_CONTEXT - 2) // len(json.dumps(character)[1:-1])))
        assert len(context) <= limits.MAX_CONTEXT
        storage.insert_callbacks({f"socket-{number:013}": 7 for number in range(300)}, "paid", context, 5)
        callbacks = Callbacks(storage)
        assert len(callbacks.due(5)) == 300

    def test_callbacks_of_many_sockets(self, storage: Storage, database: FakeDatabase) -> None:
        asked = {f"socket-{number:013}": 7 for number in range(30_000)}
        callbacks = Callbacks(storage)
        assert callbacks.add(asked, "paid", "null", 5) == []
        assert callbacks.next_ms() == 5
        storage.delete_callbacks([*asked.items()])
        assert callbacks.next_ms() is None


def longest_key(start: str, character: str) -> str:
    """Make the key of a room whose name begins so and goes on with one character as far as it may."""
    each = len(json.dumps(character)[1:-1])
    return json.dumps(start + character * ((MAX_ROOM_KEY - 2 - len(start)) // each))
