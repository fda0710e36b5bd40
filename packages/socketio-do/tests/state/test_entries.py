"""Entries into rooms that wait for the end of a step: one statement, and nobody can tell."""

import sqlite3
from collections.abc import Callable

import pytest
from server_fakes import FakeDatabase, Log, World, socket_sid

from socketio_do.state.entries import LateDatabase
from socketio_do.state.membership import Membership
from socketio_do.state.tables import Storage

S1, S2, S3 = socket_sid(1), socket_sid(2), socket_sid(3)
INSERT = "INSERT OR IGNORE INTO sio_rooms"
MANY = f"{INSERT} (namespace, room, socket_sid) SELECT"


class Setup:
    """Three sockets, two of them in a namespace; a step has begun."""

    def __init__(self) -> None:
        self.steps = 0
        self.database = FakeDatabase()
        Storage(self.database).create_tables()
        self.reset()
        for sid, namespace in ((S1, "/"), (S2, "/"), (S3, "/other")):
            self.membership.open_session(f"e-{sid}", "east", {})
            self.membership.begin(sid, f"e-{sid}", namespace)
            self.membership.connect(sid)
        self.begin()

    def reset(self) -> Membership:
        self.membership = Membership(Storage(self.database))
        return self.membership

    def begin(self) -> None:
        """Begin a step, which has made an entry already."""
        self.membership.entries.in_step = True
        self.steps += 1
        self.membership.enter(S2, f"first of step {self.steps}")
        self.database.take()

    def end(self) -> None:
        self.membership.entries.end_step()


@pytest.fixture
def setup() -> Setup:
    return Setup()


def test_what_is_put_off_is_written_before_any_statement() -> None:
    done: list[str] = []
    late = LateDatabase(
        lambda statement, *parameters: done.append(" ".join([statement, *parameters])), lambda: done.append("written")
    )
    late.execute("SELECT", "a")
    assert done == ["written", "SELECT a"]


def test_entries_of_one_step_are_one_statement_for_each_namespace(setup: Setup) -> None:
    for number in range(20):
        setup.membership.enter(S1, f"room {number}")
    setup.membership.enter(S2, "room 1")
    setup.membership.enter(S3, "room 1")
    assert setup.database.take() == []
    setup.end()
    assert [one.startswith(INSERT) for one in setup.database.take()] == [True, True]
    assert len(setup.database.rows("sio_rooms")) == 23
    setup.end()
    assert setup.database.take() == []


def test_one_entry_is_a_plain_insert_and_written_at_once(setup: Setup) -> None:
    setup.end()
    setup.membership.entries.in_step = True
    setup.membership.enter(S1, "red")
    assert setup.database.take() == [f"{INSERT} (namespace, room, socket_sid) VALUES (?, ?, ?)"]
    setup.end()
    assert setup.database.take() == []


def test_outside_of_a_step_nothing_waits(setup: Setup) -> None:
    setup.end()
    setup.membership.enter(S1, "red")
    assert len(setup.database.rows("sio_rooms")) == 2


@pytest.mark.parametrize("known", [False, True], ids=["rooms not met", "rooms in memory"])
@pytest.mark.parametrize(
    ("work", "left"),
    [
        (lambda on: on.participants("/", ["red"]), {S1, S2}),
        (lambda on: on.leave(S1, "red"), {S2}),
        (lambda on: on.close("/", "red"), set()),
        (lambda on: on.disconnect(S1), {S2}),
        (lambda on: on.join([S1, S2], ["red"]), {S1, S2}),
        (lambda on: on.save_data(S1, {"a": 1}), {S1, S2}),
        (lambda on: on.rooms_of(S2), {S1, S2}),
    ],
)
def test_whatever_follows_in_the_step_sees_them(
    setup: Setup, known: bool, work: Callable[[Membership], object], left: set[str]
) -> None:
    if known:
        setup.membership.enter(S3, "red")
        setup.membership.participants("/", ["red"])
    else:
        setup.reset()
        setup.begin()
    setup.membership.enter(S1, "red")
    setup.membership.enter(S2, "red")
    work(setup.membership)
    assert setup.membership.participants("/", ["red"]).keys() == left
    setup.end()
    assert setup.reset().participants("/", ["red"]).keys() == left
    assert {
        sid for namespace, room, sid in setup.database.rows("sio_rooms") if (namespace, room) == ("/", '"red"')
    } == left


@pytest.mark.parametrize("pending", [False, True])
def test_where_writing_fails_nobody_has_entered(setup: Setup, pending: bool) -> None:
    setup.membership.enter(S1, "blue")
    setup.end()
    if pending:
        setup.membership.open_session("e4", "east", {})
        setup.membership.begin(socket_sid(4), "e4", "/")
        setup.membership.enter(socket_sid(4), "red")
    setup.begin()
    setup.membership.enter(S1, "red")
    setup.database.failing = (INSERT,)
    with pytest.raises(sqlite3.OperationalError):
        setup.end()
    setup.database.failing = ()
    assert setup.membership.rooms_of(S1) == [S1, "blue"]
    assert setup.membership.participants("/", ["red"]).keys() == ({socket_sid(4)} if pending else set())
    setup.membership.enter(S1, "red")
    assert setup.reset().rooms_of(S1) == [S1, "blue", "red"]


class TestServer:
    """In a handler."""

    @pytest.fixture
    def world(self) -> World:
        def register(sio: object) -> None:
            on = sio.on  # type: ignore[attr-defined]
            enter, emit, sleep = sio.enter_room, sio.emit, sio.sleep  # type: ignore[attr-defined]

            async def many(sid: str, until: str) -> str:
                for number in range(20):
                    await enter(sid, f"room {number}")
                if until == "suspends":
                    await sleep(3_600)
                if until == "raises":
                    raise RuntimeError
                if until == "sends":
                    await emit("came", room="room 7")
                return "done"

            on("many", many)

        world = World(register)
        world.connect("e1")
        world.database.take()
        return world

    @pytest.mark.parametrize("until", ["ends", "suspends", "raises", "sends"])
    def test_a_step_of_a_handler_writes_its_entries_together(self, world: World, log: Log, until: str) -> None:
        world.receive("e1", f'2["many","{until}"]')
        assert len(world.database.take(INSERT)) == 2, "the first one, and the others"
        assert len(world.database.rows("sio_rooms")) == 20
        assert world.take("e1") == (['2["came"]'] if until == "sends" else [])
        assert bool(log.take("ERROR")) is (until == "raises")

    def test_they_are_written_before_the_answer_leaves(self, world: World, log: Log) -> None:
        world.database.failing = (MANY,)
        world.receive("e1", '27["many","ends"]')
        assert world.take("e1") == []
        assert log.take("ERROR")
        assert world.membership.rooms_of(S1) == [S1, "room 0"]
        world.database.failing = ()
        world.receive("e1", '28["many","ends"]')
        assert world.take("e1") == ['38["done"]']

    def test_a_handler_that_suspends_on_what_is_not_written_loses_its_session(self, world: World, log: Log) -> None:
        world.database.failing = (MANY,)
        with pytest.raises(sqlite3.OperationalError):
            world.receive("e1", '2["many","suspends"]')
        assert world.membership.rooms_of(S1) == [S1, "room 0"]
