import json
import sqlite3

import pytest
from server_fakes import FakeDatabase

from socketio_do.storage import SCHEMA, Storage


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
    storage.insert_session("e1", "east", {"PATH_INFO": "/"})
    storage.insert_session("e2", "west", {})
    storage.insert_socket("s1", "e1", "/", "east", "{}", {'"lobby"', "1"})
    storage.insert_socket("s2", "e2", "/", "west", '{"name":"Bo"}', {'"lobby"'})
    storage.insert_socket("s3", "e1", "/chat", "east", "{}", set())


def test_every_table_and_index_has_our_prefix(database: FakeDatabase) -> None:
    made = {str(row[1]) for row in database.rows("sqlite_master")}
    assert {"sio_sessions", "sio_sockets", "sio_rooms"} <= made
    assert all(name.startswith("sio_") for name in made)


def test_the_layout_of_this_schema_number(database: FakeDatabase) -> None:
    """Change `SCHEMA` with the tables: an object's rows may be from an earlier release."""
    assert SCHEMA == 2
    columns = {
        table: [column for (column,) in database.rows(f"(SELECT name FROM pragma_table_info('{table}'))")]
        for table in ("sio_sessions", "sio_sockets", "sio_rooms", "sio_namespaces", "sio_callbacks")
    }
    assert columns == {
        "sio_sessions": ["actor", "engine_sid", "environ"],
        "sio_sockets": ["actor", "data", "engine_sid", "namespace", "socket_sid"],
        "sio_rooms": ["namespace", "room", "socket_sid"],
        "sio_namespaces": ["namespace", "parent"],
        "sio_callbacks": ["context", "due_ms", "name", "number", "socket_sid"],
    }


def test_an_object_of_an_earlier_layout_gets_the_tables_it_lacks_and_keeps_its_rows(database: FakeDatabase) -> None:
    fill(Storage(database))
    database.execute("DROP TABLE sio_namespaces")
    Storage(database).create_tables()
    assert len(database.rows("sio_sockets")) == 3
    assert database.rows("sio_namespaces") == []


def test_a_session_is_read_as_it_was_kept(storage: Storage) -> None:
    environ = {"QUERY_STRING": "a='\"ü\0", "HTTP_COOKIE": ""}
    storage.insert_session("e1", "east", environ)
    assert storage.session("e1") == ("east", environ)
    assert storage.session("unknown") is None


def test_a_session_announced_again_stays_what_it_was(storage: Storage, database: FakeDatabase) -> None:
    storage.insert_session("e1", "east", {"a": "1"})
    storage.insert_session("e1", "west", {})
    assert storage.session("e1") == ("east", {"a": "1"})
    assert len(database.rows("sio_sessions")) == 1


def test_a_session_is_forgotten(storage: Storage) -> None:
    storage.insert_session("e1", "east", {})
    storage.delete_session("e1")
    storage.delete_session("e1")
    assert storage.session("e1") is None


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
        storage.insert_session(engine_sid, "east", {})
    storage.insert_session("bz", "west", {})
    assert sorted(storage.sessions_of("east", after, until)) == found


def test_a_socket_is_read_as_it_was_kept(storage: Storage) -> None:
    fill(storage)
    assert storage.socket("s2") == ("e2", "/", "west", '{"name":"Bo"}')
    assert storage.socket("unknown") is None


def test_a_sessions_sockets_by_namespace(storage: Storage) -> None:
    fill(storage)
    assert storage.sockets_of("e1") == {"/": "s1", "/chat": "s3"}
    assert storage.sockets_of("unknown") == {}


@pytest.mark.parametrize("namespace", ["/a'b", '/a"b', "/\0x", "/ü\U0001f600", "/%_"])
def test_any_namespace_can_be_kept(storage: Storage, namespace: str) -> None:
    storage.insert_socket("s1", "e1", namespace, "east", "{}", {'"r"'})
    assert storage.sockets_of("e1") == {namespace: "s1"}
    assert storage.socket("s1") == ("e1", namespace, "east", "{}")
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
    assert storage.socket("s1") == ("e1", "/", "east", '{"a":1}')
    assert storage.socket("s3") == ("e1", "/chat", "east", "{}")


def test_a_socket_is_forgotten_with_its_rooms(storage: Storage, database: FakeDatabase) -> None:
    fill(storage)
    storage.delete_socket("s1")
    assert storage.socket("s1") is None
    assert storage.rooms_of("s1") == []
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
    assert sorted(storage.rooms_of("s3")) == ['"x"', '"y"']
    storage.delete_memberships("/chat", [('"x"', "s3"), ('"y"', "s1"), ('"z"', "s3")])
    assert storage.rooms_of("s3") == ['"y"']
    storage.delete_memberships("/", [('"lobby"', "s1"), ('"lobby"', "s2")])
    assert storage.rooms_of("s1") == ["1"]
    assert storage.rooms_of("s2") == []


@pytest.mark.parametrize("room", ["a'b", 'a"b', "\0", "ü\U0001f600", "\ud800", "%_"])
def test_any_room_is_entered_and_left(storage: Storage, room: str) -> None:
    fill(storage)
    key = json.dumps(room)
    storage.insert_rooms("/chat", [(key, "s3")])
    assert storage.rooms_of("s3") == [key]
    assert listed(storage.room_members("/chat", key)) == [("s3", "e1", "east")]
    storage.delete_memberships("/chat", [(key, "s3")])
    assert storage.rooms_of("s3") == []


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
    assert storage.rooms_of("s1") == ["1"]
    assert storage.rooms_of("s3") == ['"lobby"']


def test_a_list_of_any_length_is_one_row_read(storage: Storage, database: FakeDatabase) -> None:
    storage.insert_socket("s1", "e1", "/", "east", "{}", {f'"room-{number}"' for number in range(500)})
    assert len(database.take("INSERT INTO sio_rooms")) == 1
    assert len(storage.rooms_of("s1")) == 500
    assert len(database.take("SELECT")) == 1
