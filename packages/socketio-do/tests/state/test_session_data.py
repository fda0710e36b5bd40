import pytest
from server_fakes import FakeDatabase

from socketio_do.errors import SessionDataError
from socketio_do.limits import MAX_DATA
from socketio_do.state import session_data as module
from socketio_do.state.session_data import SessionData
from socketio_do.state.tables import Storage


@pytest.fixture
def database() -> FakeDatabase:
    return FakeDatabase()


@pytest.fixture
def storage(database: FakeDatabase) -> Storage:
    storage = Storage(database)
    storage.create_tables()
    storage.insert_socket("s1", "e1", "/", "east", '{"a":1}', set())
    storage.insert_socket("s2", "e2", "/", "east", "{}", set())
    database.take()
    return storage


def test_a_row_is_read_once(storage: Storage, database: FakeDatabase) -> None:
    data = SessionData(storage)
    assert data.read("s1") == data.read("s1") == {"a": 1}
    assert len(database.take()) == 1


def test_what_was_read_with_the_row_is_not_read_again(storage: Storage, database: FakeDatabase) -> None:
    data = SessionData(storage)
    data.note("s1", "[5]")
    assert data.read("s1") == [5]
    assert database.take() == []


def test_what_changed_is_written_and_what_did_not_is_not(storage: Storage, database: FakeDatabase) -> None:
    data = SessionData(storage)
    data.write("s1", {"a": 1})
    assert database.take("UPDATE") == []
    data.write("s1", {"a": 2})
    assert len(database.take("UPDATE")) == 1
    assert data.read("s1") == SessionData(storage).read("s1") == {"a": 2}


def test_data_of_a_pending_socket_is_in_no_row(storage: Storage, database: FakeDatabase) -> None:
    data = SessionData(storage)
    data.begin("s3")
    assert (data.read("s3"), list(data.pending)) == ({}, ["s3"])
    data.write("s3", {"nick": "Bo"})
    assert data.read("s3") == {"nick": "Bo"}
    assert database.take() == []
    assert data.connect("s3") == '{"nick":"Bo"}'
    assert list(data.pending) == []


def test_a_socket_that_is_gone_has_none(storage: Storage) -> None:
    data = SessionData(storage)
    data.begin("s3")
    data.note("s4", "{}")
    for sid in ("s3", "s4", "unknown"):
        data.drop(sid)
        with pytest.raises(KeyError):
            data.read(sid)
        with pytest.raises(KeyError):
            data.write(sid, 1)
    assert list(data.pending) == []


def test_memory_holds_some_and_all_are_read(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_HELD_DATA", 1_000)
    data = SessionData(storage)
    for sid, size in (("s1", 700), ("s2", 700), ("s1", 2_000)):
        data.write(sid, "d" * size)
        assert data._cache._size <= 1_000
    assert [len(data.read(sid)) for sid in ("s1", "s2")] == [2_000, 700]


def test_data_has_a_size_and_the_old_data_stays(storage: Storage) -> None:
    data = SessionData(storage)
    data.write("s1", "d" * (MAX_DATA - 2))
    with pytest.raises(SessionDataError, match="session data takes 900,001 characters"):
        data.write("s1", "d" * (MAX_DATA - 1))
    assert len(SessionData(storage).read("s1")) == MAX_DATA - 2
