"""The tables over real rows. What resets do to them is in `property/test_membership_model.py`, too."""

import json
from typing import Any

import pytest
from server_fakes import FakeDatabase, socket_sid

from shared_wire.bounded_json import has_collisions
from socketio_do.errors import LimitError, SessionDataError
from socketio_do.limits import MAX_ROOM_NAME, MAX_ROOMS
from socketio_do.state import rooms
from socketio_do.state.membership import (
    SID_BYTES,
    Membership,
)
from socketio_do.state.tables import Storage

S1, S2, S3 = socket_sid(1), socket_sid(2), socket_sid(3)


class Setup:
    """Membership over rows that survive it."""

    def __init__(self) -> None:
        self.database = FakeDatabase()
        Storage(self.database).create_tables()
        self.reset()

    def reset(self) -> Membership:
        self.membership = Membership(Storage(self.database))
        self.database.take()
        return self.membership

    def add(self, socket_sid: str, engine_sid: str, namespace: str = "/", actor: str = "east") -> None:
        self.membership.open_session(engine_sid, actor, {"from": engine_sid})
        assert self.membership.begin(socket_sid, engine_sid, namespace)
        self.membership.connect(socket_sid)


@pytest.fixture
def setup() -> Setup:
    return Setup()


class TestSessions:
    def test_an_announced_session_is_known_before_and_after_a_reset(self, setup: Setup) -> None:
        setup.membership.open_session("e1", "east", {"a": "1"})
        for membership in (setup.membership, setup.reset()):
            assert membership.has_session("e1")
            assert membership.actor("e1") == "east"
            assert membership.environ("e1") == {"a": "1"}
            assert membership.sockets_of("e1") == {}

    def test_an_unknown_session_is_nothing(self, setup: Setup) -> None:
        assert not setup.membership.has_session("e1")
        assert setup.membership.actor("e1") is None
        assert setup.membership.environ("e1") is None
        assert setup.membership.sockets_of("e1") == {}
        assert setup.membership.socket_in("e1", "/") is None
        assert not setup.membership.begin(S1, "e1", "/")

    def test_that_a_session_does_not_exist_is_not_remembered(self, setup: Setup) -> None:
        assert not setup.membership.has_session("e1")
        setup.membership.open_session("e1", "east", {})
        assert setup.membership.has_session("e1")

    @pytest.mark.parametrize("reset", [False, True])
    def test_announcing_again_changes_nothing(self, setup: Setup, reset: bool) -> None:
        setup.add(S1, "e1")
        membership = setup.reset() if reset else setup.membership
        membership.open_session("e1", "west", {})
        assert membership.actor("e1") == "east"
        assert membership.environ("e1") == {"from": "e1"}
        assert membership.socket_in("e1", "/") == S1

    def test_a_session_comes_and_goes_in_one_statement_for_each_row(self, setup: Setup) -> None:
        setup.membership.open_session("e1", "east", {})
        setup.membership.begin(S1, "e1", "/")
        setup.membership.connect(S1)
        assert [one.split()[0] for one in setup.database.take()] == ["INSERT", "INSERT"]
        setup.membership.disconnect(S1)
        setup.membership.close_session("e1")
        assert setup.database.take() == [
            "DELETE FROM sio_sockets WHERE socket_sid = ?",
            "DELETE FROM sio_sessions WHERE engine_sid = ?",
        ]

    def test_a_socket_that_is_met_as_it_goes_takes_its_rooms_with_it(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.membership.enter(S1, "lobby")
        setup.reset().disconnect(S1)
        assert setup.database.rows("sio_rooms") == []

    def test_a_closed_session_is_forgotten(self, setup: Setup) -> None:
        setup.membership.open_session("e1", "east", {})
        setup.membership.close_session("e1")
        assert not setup.membership.has_session("e1")
        assert setup.membership.actor("e1") is None
        assert setup.database.rows("sio_sessions") == []

    def test_sessions_are_listed_by_actor(self, setup: Setup) -> None:
        for engine_sid, actor in (("e1", "east"), ("e2", "west"), ("e3", "east")):
            setup.membership.open_session(engine_sid, actor, {})
        assert setup.membership.sessions_of("east") == ["e1", "e3"]
        assert setup.membership.sessions_of("east", "e1", "e3") == ["e3"]


class TestSockets:
    def test_the_sids_are_as_long_as_the_random_bytes_make_them(self) -> None:
        assert SID_BYTES * 8 >= 120
        assert len(S1) * 3 == SID_BYTES * 4

    def test_a_pending_socket_is_in_memory_only(self, setup: Setup) -> None:
        setup.membership.open_session("e1", "east", {})
        assert setup.membership.begin(S1, "e1", "/")
        socket = setup.membership.socket(S1)
        assert socket is not None
        assert socket.pending
        assert setup.membership.socket_in("e1", "/") == S1
        assert setup.database.rows("sio_sockets") == []

    def test_a_connected_socket_survives(self, setup: Setup) -> None:
        setup.add(S1, "e1", "/chat")
        socket = setup.reset().socket(S1)
        assert socket is not None
        assert (socket.engine_sid, socket.namespace, socket.actor) == ("e1", "/chat", "east")
        assert (socket.pending, socket.leaving) == (False, False)
        assert setup.membership.sockets_of("e1") == {"/chat": S1}

    @pytest.mark.parametrize("reset", [False, True])
    def test_a_socket_is_found_as_connected_while_it_is_neither_pending_nor_leaving(
        self, setup: Setup, reset: bool
    ) -> None:
        setup.add(S1, "e1")
        setup.membership.begin(S2, "e1", "/chat")
        assert setup.membership.connected("e1", "/chat") is None
        membership = setup.reset() if reset else setup.membership
        assert membership.connected("e1", "/") == S1
        assert membership.connected("e1", "/other") is membership.connected("e2", "/") is None
        socket = membership.socket(S1)
        assert socket is not None
        socket.leaving = True
        assert membership.connected("e1", "/") is None

    def test_a_session_has_one_socket_in_a_namespace(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        assert not setup.membership.begin(S2, "e1", "/")
        assert setup.membership.socket(S2) is None
        assert setup.membership.begin(S2, "e1", "/chat")
        assert not setup.reset().begin(S3, "e1", "/")

    def test_a_socket_that_is_gone_leaves_nothing(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.membership.enter(S1, "lobby")
        setup.membership.disconnect(S1)
        setup.membership.disconnect(S1)
        assert setup.membership.socket(S1) is None
        assert setup.membership.sockets_of("e1") == {}
        assert setup.membership.participants("/", ["lobby", None, S1]) == {}
        assert setup.database.rows("sio_sockets") == setup.database.rows("sio_rooms") == []
        assert setup.membership.has_session("e1")

    def test_a_socket_may_outlive_its_session(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.membership.close_session("e1")
        setup.membership.disconnect(S1)
        assert setup.membership.socket(S1) is None
        assert setup.database.rows("sio_sockets") == []

    def test_a_refused_socket_writes_no_row(self, setup: Setup) -> None:
        setup.membership.open_session("e1", "east", {})
        setup.membership.begin(S1, "e1", "/")
        setup.membership.enter(S1, "lobby")
        setup.database.take()
        setup.membership.disconnect(S1)
        assert setup.database.take("INSERT") == setup.database.take("DELETE") == []
        assert setup.membership.participants("/", ["lobby", None]) == {}

    def test_a_namespace_can_be_joined_again(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.membership.disconnect(S1)
        setup.add(S2, "e1")
        assert setup.membership.participants("/", [None]) == {S2: "e1"}


class TestData:
    def test_it_is_empty_at_first_and_a_copy_each_time(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.membership.data(S1)["lost"] = True
        assert setup.membership.data(S1) == {}

    @pytest.mark.parametrize("data", [{"a": [1, None, {"ü": "\ud800\0"}]}, [], "text", 1.5, None, {}])
    def test_what_json_can_hold_survives(self, setup: Setup, data: Any) -> None:
        setup.add(S1, "e1")
        setup.membership.save_data(S1, data)
        assert setup.membership.data(S1) == data
        assert setup.reset().data(S1) == data

    def test_it_is_what_json_makes_of_it_before_a_reset_too(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.membership.save_data(S1, {1: (2, 3)})
        assert setup.membership.data(S1) == {"1": [2, 3]} == setup.reset().data(S1)

    @pytest.mark.parametrize("data", [{"a": {1}}, {"a": b"x"}, {"a": object()}, {(1,): 2}])
    def test_what_json_cannot_hold_is_refused_and_the_old_data_stays(self, setup: Setup, data: Any) -> None:
        setup.add(S1, "e1")
        setup.membership.save_data(S1, {"old": 1})
        with pytest.raises(SessionDataError, match="JSON"):
            setup.membership.save_data(S1, data)
        assert setup.membership.data(S1) == {"old": 1}

    def test_what_refers_to_itself_is_refused(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        loop: list[Any] = []
        loop.append(loop)
        with pytest.raises(SessionDataError):
            setup.membership.save_data(S1, loop)

    def test_a_socket_that_is_not_connected_has_none(self, setup: Setup) -> None:
        with pytest.raises(KeyError):
            setup.membership.data(S1)
        with pytest.raises(KeyError):
            setup.membership.save_data(S1, {})

    def test_data_of_a_pending_socket_is_kept_with_it(self, setup: Setup) -> None:
        setup.membership.open_session("e1", "east", {})
        setup.membership.begin(S1, "e1", "/")
        setup.membership.save_data(S1, {"nick": "Bo"})
        assert setup.database.take("UPDATE") == []
        setup.membership.connect(S1)
        assert setup.reset().data(S1) == {"nick": "Bo"}

    def test_data_that_did_not_change_is_not_written(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.membership.save_data(S1, {"a": 1})
        setup.database.take()
        setup.membership.save_data(S1, {"a": 1})
        assert setup.database.take() == []


class TestRooms:
    @pytest.mark.parametrize("reset", [False, True])
    def test_members_are_found(self, setup: Setup, reset: bool) -> None:
        setup.add(S1, "e1")
        setup.add(S2, "e2", actor="west")
        setup.membership.enter(S1, "lobby")
        setup.membership.enter(S2, "lobby")
        membership = setup.reset() if reset else setup.membership
        assert membership.participants("/", ["lobby"]) == {S1: "e1", S2: "e2"}
        assert [membership.actor("e1"), membership.actor("e2")] == ["east", "west"]

    def test_a_room_belongs_to_its_namespace(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.add(S2, "e1", "/chat")
        setup.membership.enter(S1, "lobby")
        assert setup.membership.participants("/chat", ["lobby"]) == {}
        assert setup.membership.participants("/chat", [None]) == {S2: "e1"}

    @pytest.mark.parametrize("rooms", [[1, "1", True, 1.5, "true", ""]])
    @pytest.mark.parametrize("reset", [False, True])
    def test_names_of_different_types_are_different_rooms(self, setup: Setup, rooms: list[Any], reset: bool) -> None:
        setup.add(S1, "e1")
        for room in rooms:
            assert setup.membership.participants("/", [room]) == {}
            setup.membership.enter(S1, room)
        membership = setup.reset() if reset else setup.membership
        found = membership.rooms_of(S1)
        assert found[0] == S1
        assert sorted(map(json.dumps, found[1:])) == sorted(map(json.dumps, rooms))

    @pytest.mark.parametrize("room", [None, ["a"], ("a",), {"a": 1}, b"a", object()])
    def test_what_storage_cannot_name_is_no_room(self, setup: Setup, room: Any) -> None:
        setup.add(S1, "e1")
        with pytest.raises(SessionDataError, match="a room is named by text or a number"):
            setup.membership.enter(S1, room)

    def test_entering_and_leaving_twice_is_written_once(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.database.take()
        setup.membership.enter(S1, "lobby")
        setup.membership.enter(S1, "lobby")
        assert len(setup.database.take("INSERT")) == 1
        setup.membership.leave(S1, "lobby")
        setup.membership.leave(S1, "lobby")
        assert len(setup.database.take("DELETE")) == 1
        assert setup.membership.participants("/", ["lobby"]) == {}

    @pytest.mark.parametrize("loaded", [False, True])
    def test_changes_show_whether_the_room_was_loaded_or_not(self, setup: Setup, loaded: bool) -> None:
        setup.add(S1, "e1")
        setup.add(S2, "e2")
        setup.membership.enter(S1, "lobby")
        membership = setup.reset()
        if loaded:
            assert membership.participants("/", ["lobby"]) == {S1: "e1"}
        membership.enter(S2, "lobby")
        membership.leave(S1, "lobby")
        assert membership.participants("/", ["lobby"]) == {S2: "e2"}

    def test_a_pending_member_is_in_the_room_with_those_in_storage(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.membership.enter(S1, "lobby")
        membership = setup.reset()
        membership.open_session("e2", "west", {})
        membership.begin(S2, "e2", "/")
        membership.enter(S2, "lobby")
        assert membership.participants("/", ["lobby"]) == {S1: "e1", S2: "e2"}
        assert membership.participants("/", [None]) == {S1: "e1", S2: "e2"}
        membership.connect(S2)
        assert setup.reset().participants("/", ["lobby"]) == {S1: "e1", S2: "e2"}

    def test_a_pending_member_may_leave(self, setup: Setup) -> None:
        setup.membership.open_session("e1", "east", {})
        setup.membership.begin(S1, "e1", "/")
        setup.membership.enter(S1, "lobby")
        setup.membership.leave(S1, "lobby")
        setup.membership.connect(S1)
        assert setup.membership.rooms_of(S1) == [S1]
        assert setup.database.rows("sio_rooms") == []

    def test_a_pending_socket_shows_in_a_namespace_loaded_before(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        assert setup.membership.participants("/", [None]) == {S1: "e1"}
        setup.membership.open_session("e2", "east", {})
        setup.membership.begin(S2, "e2", "/")
        assert setup.membership.participants("/", [None]) == {S1: "e1", S2: "e2"}

    def test_everybody_is_found_once_in_several_rooms(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.add(S2, "e2")
        setup.membership.enter(S1, "a")
        setup.membership.enter(S1, "b")
        setup.membership.enter(S2, "b")
        assert setup.membership.participants("/", ["a", "b", S1, "none"]) == {S1: "e1", S2: "e2"}

    @pytest.mark.parametrize("reset", [False, True])
    def test_a_sockets_own_room(self, setup: Setup, reset: bool) -> None:
        setup.add(S1, "e1")
        setup.add(S2, "e2", "/chat")
        membership = setup.reset() if reset else setup.membership
        assert membership.participants("/", [S1]) == {S1: "e1"}
        assert membership.participants("/", [S2]) == {}
        assert membership.rooms_of(S1) == [S1]
        membership.enter(S1, S1)
        assert setup.database.rows("sio_rooms") == []

    def test_nobody_enters_or_closes_another_sockets_room(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.add(S2, "e2")
        with pytest.raises(ValueError, match="cannot enter a sid room"):
            setup.membership.enter(S2, S1)
        with pytest.raises(ValueError, match="cannot close a sid room"):
            setup.membership.close("/", S1)

    def test_a_room_of_a_sids_length_is_an_ordinary_room(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.membership.enter(S1, "x" * len(S1))
        assert setup.reset().participants("/", ["x" * len(S1)]) == {S1: "e1"}

    @pytest.mark.parametrize("reset", [False, True])
    def test_a_closed_room_is_empty_and_can_be_entered_again(self, setup: Setup, reset: bool) -> None:
        setup.add(S1, "e1")
        setup.add(S2, "e2")
        setup.membership.enter(S1, "lobby")
        setup.membership.enter(S1, "other")
        membership = setup.reset() if reset else setup.membership
        membership.close("/", "lobby")
        assert membership.participants("/", ["lobby"]) == {}
        assert membership.rooms_of(S1) == [S1, "other"]
        membership.enter(S2, "lobby")
        assert setup.reset().participants("/", ["lobby"]) == {S2: "e2"}

    def test_closing_a_room_takes_pending_members_out(self, setup: Setup) -> None:
        setup.membership.open_session("e1", "east", {})
        setup.membership.begin(S1, "e1", "/")
        setup.membership.enter(S1, "lobby")
        setup.membership.close("/", "lobby")
        setup.membership.connect(S1)
        assert setup.reset().rooms_of(S1) == [S1]

    def test_a_socket_that_is_not_connected_is_in_no_room(self, setup: Setup) -> None:
        with pytest.raises(ValueError, match="not connected"):
            setup.membership.enter(S1, "lobby")
        setup.membership.leave(S1, "lobby")
        assert setup.membership.rooms_of(S1) == []


class TestReads:
    """After a wake, an event reads what it touches and nothing else."""

    def test_a_message_reads_its_own_session_and_socket_whatever_the_number_of_others(self, setup: Setup) -> None:
        for number in range(1, 51):
            setup.add(socket_sid(number), f"e{number}")
            setup.membership.enter(socket_sid(number), "lobby")
        membership = setup.reset()
        assert membership.socket_in("e7", "/") == socket_sid(7)
        assert membership.socket(socket_sid(7)) is not None
        membership.enter(socket_sid(7), "other")
        assert len(setup.database.take("SELECT")) == 4

    def test_what_was_read_is_not_read_again(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        setup.membership.enter(S1, "lobby")
        membership = setup.reset()
        read(membership)
        assert setup.database.take() != []
        read(membership)
        assert setup.database.take() == []


def read(membership: Membership) -> None:
    membership.socket_in("e1", "/")
    membership.participants("/", ["lobby", None])
    membership.rooms_of(S1)
    membership.data(S1)
    membership.actor("e1")
    membership.environ("e1")


@pytest.mark.parametrize("name", ["user-{}", "socket-{:013}"])
def test_a_room_nobody_is_in_takes_no_memory(setup: Setup, name: str) -> None:
    setup.add(S1, "e1")
    for number in range(2, 1_002):
        setup.membership.participants("/", [name.format(number)])
        setup.membership.close("/", name.format(number))
    assert setup.membership._rooms == {}


def test_a_sids_own_room_is_not_looked_up_as_any_other(setup: Setup) -> None:
    setup.add(S1, "e1")
    setup.database.take()
    assert setup.membership.participants("/", [S1]) == {S1: "e1"}
    assert setup.database.take() == []


@pytest.mark.parametrize("others", [False, True])
def test_a_pending_socket_in_a_room_is_found_with_the_others(setup: Setup, others: bool) -> None:
    """Storage does not know it: the room stays in memory as long as it is in."""
    setup.add(S2, "e2")
    if others:
        setup.membership.enter(S2, "lobby")
    membership = setup.reset()
    membership.open_session("e1", "east", {})
    membership.begin(S1, "e1", "/")
    membership.enter(S1, "lobby")
    assert membership.participants("/", ["lobby"]) == {S1: "e1"} | ({S2: "e2"} if others else {})
    membership.leave(S2, "lobby")
    assert membership.participants("/", ["lobby"]) == {S1: "e1"}
    membership.disconnect(S1)
    assert membership.participants("/", ["lobby"]) == {}


def test_what_a_handler_does_to_its_environ_is_not_seen_by_the_next(setup: Setup) -> None:
    setup.add(S1, "e1")
    given = setup.membership.environ("e1")
    assert given is not None
    given["user"] = "in memory only"
    assert setup.membership.environ("e1") == setup.reset().environ("e1")


def test_an_event_of_a_session_does_not_read_its_handshake(setup: Setup) -> None:
    setup.add(S1, "e1")
    setup.reset().socket_in("e1", "/")
    assert not [statement for statement in setup.database.take() if "environ" in statement]


class TestNames:
    """Clients often name rooms."""

    def test_a_name_has_a_length(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        longest = "\N{SLIGHTLY SMILING FACE}" * MAX_ROOM_NAME
        setup.membership.enter(S1, longest)
        for room in (longest + "r", 10**1_000):
            with pytest.raises(LimitError, match="a room's name has at most 256 characters"):
                setup.membership.enter(S1, room)
        assert setup.reset().rooms_of(S1) == [S1, longest]

    def test_nobody_is_looked_for_under_a_longer_name(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        membership = setup.reset()
        assert membership.participants("/", ["r" * 1_000_000]) == {}
        membership.leave(S1, "r" * 1_000_000)
        membership.close("/", "r" * 1_000_000)
        assert max(map(len, setup.database.statements)) < 1_000

    def test_a_socket_whose_rooms_collide_enters_no_more(self, setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rooms, "has_collisions", lambda keys: has_collisions(keys, lambda key: 5))
        setup.add(S1, "e1")
        for number in range(127):
            setup.membership.enter(S1, f"room {number}")
        with pytest.raises(LimitError, match="in too many rooms whose names have the same hash"):
            setup.membership.enter(S1, "one more")
        setup.add(S2, "e2")
        assert setup.membership.join([S1, S2], ["for all"]) == 1
        assert setup.membership.join([S1, S2], [f"more {number}" for number in range(200)]) == 2
        membership = setup.reset()
        assert [len(membership.rooms_of(sid)) for sid in (S1, S2)] == [128, 2]

    def test_hashes_are_looked_at_when_the_number_of_rooms_has_doubled(
        self, setup: Setup, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked: list[int] = []

        def collide(keys: list[str]) -> bool:
            looked.append(len(keys))
            return False

        monkeypatch.setattr(rooms, "has_collisions", collide)
        setup.add(S1, "e1")
        for number in range(MAX_ROOMS):
            setup.membership.enter(S1, number)
        assert looked == [128, 256, 512]

    def test_no_more_names_are_looked_at_than_a_socket_may_have(self, setup: Setup) -> None:
        setup.add(S1, "e1")
        assert setup.membership.join([S1], range(10_000)) == 1
        assert len(rooms.some_keys([*range(10_000)])) == MAX_ROOMS + 1
        assert setup.membership.rooms_of(S1) == [S1]
