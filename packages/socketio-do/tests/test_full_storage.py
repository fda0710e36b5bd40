"""Writes that fail: what concerns one session closes it, memory and rows stay the same, and the end of a session is tried again."""

import functools
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from server_fakes import ENGINE, FakeDatabase, Log, World, finish, socket_sid

from shared_wire import CloseSessions, EngineSid, SessionsRange, digest
from socketio_do.state import tables
from socketio_do.state.callbacks import Callbacks, Expected
from socketio_do.state.namespaces import Namespaces
from socketio_do.state.rooms import ROOM_EVENTS
from socketio_do.state.tables import Storage

S1, S2 = socket_sid(1), socket_sid(2)
CLOSED = (ENGINE, CloseSessions((EngineSid("e1"),), "transport error"))


class Told:
    """An application that writes down who comes and goes, and what rooms do."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []

    def __call__(self, sio: Any) -> None:
        sio.on("connect", lambda sid, environ: self.calls.append(("connect", sid)))
        sio.on("disconnect", lambda sid, reason: self.calls.append(("disconnect", sid)))
        sio.on("enter", lambda sid, room: sio.enter_room(sid, room))
        sio.on("say", lambda sid: self.calls.append(("say", sid)))
        for kind in ROOM_EVENTS:
            sio.on_room(kind, functools.partial(self.note, f"room {kind}"))

    def note(self, *call: str) -> None:
        self.calls.append(call)

    def take(self) -> list[tuple[str, ...]]:
        calls, self.calls = self.calls, []
        return calls


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def world(told: Told) -> World:
    return World(told)


def sweep(world: World, *engine_sids: str) -> None:
    """Say which sessions the engine actor has, in full."""
    world.sio.receive_range(ENGINE, SessionsRange("", "", tuple(map(EngineSid, engine_sids))))
    world.runtime.settle()


def all_rows(world: World) -> list[Any]:
    return [world.database.rows(table) for table in ("sio_sessions", "sio_sockets", "sio_rooms")]


@pytest.mark.parametrize("statement", ["INSERT INTO sio_sockets", "INSERT OR IGNORE INTO sio_rooms"])
def test_a_session_whose_socket_is_not_stored_is_closed(told: Told, log: Log, statement: str) -> None:
    def register(sio: Any) -> None:
        told(sio)
        sio.on("connect", lambda sid, environ: sio.enter_room(sid, "red"))

    world = World(register)
    world.open("e1")
    world.database.failing = (statement,)
    world.receive("e1", "0")
    assert CLOSED in world.closes()
    world.receive("e1", '2["say"]')
    assert [call for call in told.take() if "room" not in call[0]] == [("disconnect", S1)]
    world.close("e1")
    assert all_rows(world) == [[], [], []]
    assert len(log.take("ERROR")) == 1


@pytest.mark.parametrize(
    "leave", [lambda world: world.receive("e1", "1"), lambda world: world.close("e1")], ids=["it leaves", "it is gone"]
)
@pytest.mark.parametrize("statement", ["DELETE FROM sio_rooms", "DELETE FROM sio_sockets"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_socket_that_is_not_deleted_takes_its_leave_once_and_is_deleted_by_the_next_sweep(
    world: World, told: Told, log: Log, leave: Callable[[World], None], statement: str, times: int
) -> None:
    world.connect("e1")
    world.receive("e1", '2["enter","red"]')
    told.take()
    world.database.failing = (statement,)
    leave(world)
    world.receive("e1", "0", '2["say"]')
    for _ in range(times):
        sweep(world)
    world.database.failing = ()
    assert world.database.rows("sio_sessions"), "it is not forgotten, or nobody would try again"
    sweep(world)
    assert all_rows(world) == [[], [], []]
    assert told.take() == [("disconnect", S1), ("room leave", "red", S1), ("room delete", "red")]
    assert [world.sio._ended, world.sio._stuck, world.sio._departed] == [set(), set(), set()]
    assert log.take("ERROR")


def test_a_session_whose_socket_is_not_deleted_is_closed_and_its_end_is_what_tries_again(
    world: World, told: Told, log: Log
) -> None:
    world.connect("e1")
    world.database.failing = ("DELETE",)
    world.receive("e1", "1")
    assert world.closes() == [CLOSED]
    world.database.failing = ()
    world.close("e1")
    assert all_rows(world) == [[], [], []]
    assert told.take() == [("connect", S1), ("disconnect", S1)]
    assert log.take("ERROR")


def test_a_session_that_is_not_deleted_is_asked_for_by_the_next_sweep(world: World, log: Log) -> None:
    world.connect("e1")
    world.database.failing = ("DELETE",)
    world.close("e1")
    world.forget()
    world.sio.receive_digest(ENGINE, digest((), 1))
    assert [type(operation).__name__ for _, operation in world.sent] == ["ListSessions"]
    assert log.take("ERROR")


@pytest.mark.parametrize(
    ("statement", "work"),
    [
        ("INSERT OR IGNORE INTO sio_rooms", lambda sio: sio.enter_room(S1, "blue")),
        ("DELETE FROM sio_rooms", lambda sio: sio.leave_room(S1, "red")),
        ("DELETE FROM sio_rooms", lambda sio: sio.close_room("red")),
        ("UPDATE sio_sockets", lambda sio: sio.save_session(S1, {"a": 2})),
    ],
    ids=["enter", "leave", "close", "save"],
)
def test_what_is_not_written_has_not_happened(
    world: World, told: Told, statement: str, work: Callable[[Any], Any]
) -> None:
    world.connect("e1")
    world.receive("e1", '2["enter","red"]')
    finish(world.sio.save_session(S1, {"a": 1}))
    told.take()
    world.database.failing = (statement,)
    with pytest.raises(Exception, match="full"):
        finish(work(world.sio))
    world.database.failing = ()
    assert world.sio.rooms(S1) == [S1, "red"]
    assert finish(world.sio.get_session(S1)) == {"a": 1}
    assert json.loads(world.database.rows("sio_sockets")[0][4]) == {"a": 1}
    assert world.database.rows("sio_rooms") == [("/", '"red"', S1)]
    finish(world.sio.enter_room(S1, "green"))
    assert told.take() == [("room create", "green"), ("room join", "green", S1)], "of the others nobody is told"


def test_a_namespace_that_is_not_stored_stays_let_in_for_those_who_are_connecting() -> None:
    database = FakeDatabase()
    Storage(database).create_tables()

    def let_in(namespace: str, environ: Any, auth: Any) -> bool:
        del environ, auth
        return re.fullmatch(r"/room-\d", namespace) is not None

    made = Namespaces(Storage(database), {let_in: {}}, {}, (), cleanup=True)
    assert finish(made.admit("/room-1", None, None))
    database.failing = ("INSERT",)
    with pytest.raises(Exception, match="full"):
        made.keep("/room-1")
    assert made.parent("/room-1") is let_in
    database.failing = ()
    made.keep("/room-1")
    database.failing = ("DELETE",)
    with pytest.raises(Exception, match="full"):
        made.release("/room-1", lambda: True)
    assert (made.parent("/room-1"), database.rows("sio_namespaces")) == (let_in, [("/room-1", let_in.__qualname__)])


def test_answers_whose_rows_are_deleted_are_told_of_though_the_next_ones_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables, "_CONTEXTS", 1)
    database = FakeDatabase()
    Storage(database).create_tables()
    callbacks = Callbacks(Storage(database))
    for number, sid in enumerate(("s1", "s2", "s3")):
        callbacks.add({sid: 7}, "paid", "null", number)
    execute = database.execute

    def fail_later(statement: str, *parameters: str) -> str | None:
        found = execute(statement, *parameters)
        database.failing = ("DELETE",) if statement.startswith("DELETE") else database.failing
        return found

    monkeypatch.setattr(database, "execute", fail_later)
    assert callbacks.due(1_000) == [Expected("s1", "paid", None)]
    with pytest.raises(Exception, match="full"):
        callbacks.due(1_000)
    database.failing = ()
    assert [one.socket_sid for one in callbacks.drop("s2")] == ["s2"]


def test_a_ghost_that_is_not_deleted_keeps_no_other_from_its_end(world: World, told: Told, log: Log) -> None:
    for engine_sid in ("e1", "e2", "e3"):
        world.connect(engine_sid)
    told.take()
    world.receive("e2", "1")
    world.receive("e3", "1")
    world.forget()
    world.database.failing = ("DELETE FROM sio_sessions",)
    sweep(world, "e1", "e9")
    assert [operation.engine_sids for _, operation in world.closes()] == [("e9",)], "e1 has nothing to do with it"
    assert [row[0] for row in world.database.rows("sio_sessions")] == ["e1", "e2", "e3"]
    world.database.failing = ()
    sweep(world, "e1")
    assert [row[0] for row in world.database.rows("sio_sessions")] == ["e1"]
    assert len(log.take("ERROR")) == 2
