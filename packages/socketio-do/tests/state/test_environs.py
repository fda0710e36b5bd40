import pytest
from server_fakes import FakeDatabase

from shared_wire.names import TRANSPORT
from socketio_do.state import environs as module
from socketio_do.state.environs import Environs
from socketio_do.state.tables import Storage


@pytest.fixture
def database() -> FakeDatabase:
    database = FakeDatabase()
    Storage(database).create_tables()
    return database


@pytest.fixture
def storage(database: FakeDatabase) -> Storage:
    return Storage(database)


def test_a_handshake_is_read_as_it_was_given_in_each_life(storage: Storage) -> None:
    environ = {"HTTP_USER_AGENT": 'caf\u00e9 "1" \0 \U0001f600', "PATH_INFO": ""}
    environs = Environs(storage)
    environs.insert("e1", "east", environ)
    assert environs.read("e1") == Environs(storage).read("e1") == environ
    assert storage.actor("e1") == "east"
    assert environs.read("unknown") is None


def test_what_is_read_is_a_fresh_copy(storage: Storage) -> None:
    environs = Environs(storage)
    environs.insert("e1", "east", {})
    read = environs.read("e1")
    assert read is not None
    read["user"] = "in memory only"
    assert environs.read("e1") == {}


def test_a_change_leaves_the_rest_and_survives(storage: Storage) -> None:
    environs = Environs(storage)
    environs.insert("e1", "east", {"a": "1", "b": "2"})
    environs.update("e1", {"b": "3", "c": "4"})
    environs.update("unknown", {"b": "3"})
    assert environs.read("e1") == Environs(storage).read("e1") == {"a": "1", "b": "3", "c": "4"}
    assert storage.sessions() == ["e1"]


def test_one_that_was_heard_of_is_not_read_again_until_it_is_dropped(storage: Storage, database: FakeDatabase) -> None:
    environs = Environs(storage)
    environs.insert("e1", "east", {})
    database.take()
    environs.read("e1")
    assert database.take() == []
    environs.drop("e1")
    environs.read("e1")
    environs.read("e1")
    assert len(database.take("SELECT environ")) == 1


def test_one_that_could_not_be_written_is_not_kept(storage: Storage, database: FakeDatabase) -> None:
    environs = Environs(storage)
    database.failing = ("INSERT",)
    with pytest.raises(Exception, match="full"):
        environs.insert("e1", "east", {})
    assert environs.read("e1") is None


def test_memory_holds_the_handshakes_of_some_sessions_and_all_are_read(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_HELD_ENVIRONS", 5_000)
    environs = Environs(storage)
    for number in range(100):
        environs.insert(f"e{number}", "east", {"HTTP_COOKIE": str(number) * 500})
    assert environs._cache._size <= 5_000
    assert environs.read("e7") == {"HTTP_COOKIE": "7" * 500}
    environs.update("e3", {TRANSPORT: "websocket"})
    assert Environs(storage).read("e3") == {"HTTP_COOKIE": "3" * 500, TRANSPORT: "websocket"}
