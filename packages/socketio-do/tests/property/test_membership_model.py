"""Membership, reset at any time, against plain dictionaries and sets.

A reset forgets pending sockets, as if they had never come; nothing else can be told from outside.
"""

from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from server_fakes import FakeDatabase, socket_sid

from socketio_do.state.membership import Membership
from socketio_do.state.tables import Storage

ENGINES = ["e1", "e2", "e3", "e4"]
NAMESPACES = ["/", "/chat"]
#: Names that must stay different rooms, and one of a sid's length.
ROOMS: list[Any] = ["lobby", "1", 1, "true", "x" * 20]

engines = st.sampled_from(ENGINES)
namespaces = st.sampled_from(NAMESPACES)
rooms = st.sampled_from(ROOMS)
sids = st.integers(1, 12).map(socket_sid)


@dataclass
class ModelSocket:
    """What the model knows of a socket."""

    engine_sid: str
    namespace: str
    pending: bool = True
    data: Any = field(default_factory=dict)
    rooms: list[Any] = field(default_factory=list)


class MembershipModel(RuleBasedStateMachine):
    """Every rule does the same to both; reads are rules too, since reading is what fills the caches."""

    def __init__(self) -> None:
        super().__init__()
        self.sessions: dict[str, str] = {}
        self.sockets: dict[str, ModelSocket] = {}
        self.made = 0

    @initialize()
    def begin_first_life(self) -> None:
        self.database = FakeDatabase()
        Storage(self.database).create_tables()
        self.told: set[tuple[str, Any, str]] = set()
        self.existing: set[tuple[str, Any]] = set()
        self.begin_life()

    def begin_life(self) -> None:
        self.membership = Membership(Storage(self.database))
        self.membership.room_changes.is_watched = lambda namespace: namespace != NAMESPACES[-1]

    def of(self, engine_sid: str) -> dict[str, str]:
        return {one.namespace: sid for sid, one in self.sockets.items() if one.engine_sid == engine_sid}

    def in_room(self, namespace: str, room: Any) -> dict[str, str]:
        return {
            sid: one.engine_sid
            for sid, one in self.sockets.items()
            if one.namespace == namespace and (room is None or room == sid or any(same(room, its) for its in one.rooms))
        }

    @rule()
    def reset(self) -> None:
        self.sockets = {sid: one for sid, one in self.sockets.items() if not one.pending}
        self.begin_life()

    @rule(engine_sid=engines, actor=st.sampled_from(["east", "west"]))
    def open_session(self, engine_sid: str, actor: str) -> None:
        self.sessions.setdefault(engine_sid, actor)
        self.membership.open_session(engine_sid, actor, {"sid": engine_sid})

    @rule(engine_sid=engines)
    def close_session(self, engine_sid: str) -> None:
        """As the server does: sockets first."""
        for sid in self.of(engine_sid).values():
            del self.sockets[sid]
            self.membership.disconnect(sid)
        self.sessions.pop(engine_sid, None)
        self.membership.close_session(engine_sid)

    @precondition(lambda self: self.made < 12)
    @rule(engine_sid=engines, namespace=namespaces)
    def begin(self, engine_sid: str, namespace: str) -> None:
        self.made += 1
        sid = socket_sid(self.made)
        may = engine_sid in self.sessions and namespace not in self.of(engine_sid)
        assert self.membership.begin(sid, engine_sid, namespace) == may
        if may:
            self.sockets[sid] = ModelSocket(engine_sid, namespace)

    @precondition(lambda self: any(one.pending for one in self.sockets.values()))
    @rule(choice=st.integers(0, 11))
    def connect(self, choice: int) -> None:
        pending = [sid for sid, one in self.sockets.items() if one.pending]
        sid = pending[choice % len(pending)]
        self.sockets[sid].pending = False
        self.membership.connect(sid)

    @rule(sid=sids)
    def disconnect(self, sid: str) -> None:
        self.sockets.pop(sid, None)
        self.membership.disconnect(sid)

    @rule(sid=sids, room=rooms)
    def enter(self, sid: str, room: Any) -> None:
        if sid not in self.sockets:
            return
        self.membership.enter(sid, room)
        if not any(same(room, its) for its in self.sockets[sid].rooms):
            self.sockets[sid].rooms.append(room)

    @rule(sid=sids, room=rooms)
    def leave(self, sid: str, room: Any) -> None:
        self.membership.leave(sid, room)
        if sid in self.sockets:
            self.sockets[sid].rooms = [its for its in self.sockets[sid].rooms if not same(room, its)]

    @rule(namespace=namespaces, chosen=st.sets(sids), wanted=st.lists(rooms, max_size=3))
    def join(self, namespace: str, chosen: set[str], wanted: list[Any]) -> None:
        some = sorted(sid for sid in chosen if sid in self.sockets and self.sockets[sid].namespace == namespace)
        assert self.membership.join(some, wanted) == 0
        for sid in some:
            mine = self.sockets[sid].rooms
            mine += [room for at, room in enumerate(wanted) if not any(same(room, its) for its in mine + wanted[:at])]

    @rule(namespace=namespaces, chosen=st.sets(sids), wanted=st.lists(rooms, max_size=3))
    def part(self, namespace: str, chosen: set[str], wanted: list[Any]) -> None:
        some = sorted(sid for sid in chosen if sid in self.sockets and self.sockets[sid].namespace == namespace)
        self.membership.part(some, wanted)
        for sid in some:
            mine = self.sockets[sid]
            mine.rooms = [its for its in mine.rooms if not any(same(room, its) for room in wanted)]

    @rule()
    def look_at_namespaces(self) -> None:
        assert self.membership.namespaces() >= {one.namespace for one in self.sockets.values()}

    @rule(namespace=namespaces, room=rooms)
    def close_room(self, namespace: str, room: Any) -> None:
        self.membership.close(namespace, room)
        for one in self.sockets.values():
            if one.namespace == namespace:
                one.rooms = [its for its in one.rooms if not same(room, its)]

    @rule(sid=sids, data=st.dictionaries(st.sampled_from("ab"), st.integers(0, 2), max_size=2))
    def save_data(self, sid: str, data: dict[str, int]) -> None:
        if sid in self.sockets:
            self.sockets[sid].data = data
            self.membership.save_data(sid, data)

    @rule(namespace=namespaces, wanted=st.lists(rooms | sids | st.none(), max_size=3))
    def participants(self, namespace: str, wanted: list[Any]) -> None:
        expected: dict[str, str] = {}
        for room in wanted:
            expected.update(self.in_room(namespace, room))
        assert self.membership.participants(namespace, wanted) == expected
        assert {engine_sid: self.membership.actor(engine_sid) for engine_sid in expected.values()} == {
            engine_sid: self.sessions[engine_sid] for engine_sid in expected.values()
        }

    @rule(sid=sids)
    def look_at_a_socket(self, sid: str) -> None:
        socket, expected = self.membership.socket(sid), self.sockets.get(sid)
        if expected is None:
            assert socket is None
            assert self.membership.rooms_of(sid) == []
            return
        assert socket is not None
        assert (socket.engine_sid, socket.namespace, socket.pending) == (
            expected.engine_sid,
            expected.namespace,
            expected.pending,
        )
        assert sorted(map(repr, self.membership.rooms_of(sid))) == sorted(map(repr, [sid, *expected.rooms]))
        assert self.membership.data(sid) == expected.data

    @rule(engine_sid=engines)
    def look_at_a_session(self, engine_sid: str) -> None:
        known = engine_sid in self.sessions
        assert self.membership.has_session(engine_sid) == known
        assert self.membership.actor(engine_sid) == self.sessions.get(engine_sid)
        assert self.membership.environ(engine_sid) == ({"sid": engine_sid} if known else None)
        assert self.membership.sockets_of(engine_sid) == self.of(engine_sid)

    @invariant()
    def what_is_told_of_rooms_adds_up_to_what_they_are(self) -> None:
        """Applied one by one, the events lead from one state to the next; none comes twice or for nothing."""
        for change in self.membership.room_changes.take():
            place = (change.namespace, repr(change.room))
            match change.event:
                case "create":
                    assert place not in self.existing
                    self.existing.add(place)
                case "join":
                    assert place in self.existing
                    assert (*place, change.socket_sid) not in self.told
                    self.told.add((*place, str(change.socket_sid)))
                case "leave":
                    self.told.remove((*place, str(change.socket_sid)))
                case "delete":
                    assert not [one for one in self.told if one[:2] == place]
                    self.existing.remove(place)
        assert self.told == {
            (one.namespace, repr(room), sid)
            for sid, one in self.sockets.items()
            for room in one.rooms
            if not one.pending and one.namespace != NAMESPACES[-1]
        }
        assert self.existing == {place[:2] for place in self.told}

    @invariant()
    def rows_are_what_must_survive(self) -> None:
        """Reads tables, not caches, so that looking changes nothing."""
        rows = self.database.rows
        connected = {sid: one for sid, one in self.sockets.items() if not one.pending}
        assert {row[0]: row[1] for row in rows("sio_sessions")} == self.sessions
        assert {row[0] for row in rows("sio_sockets")} == set(connected)
        assert len(rows("sio_rooms")) == sum(len(one.rooms) for one in connected.values())


def same(one: Any, other: Any) -> bool:
    """Return whether two names are one room: 1 and "1" are not."""
    return type(one) is type(other) and one == other


MembershipModel.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestMembershipModel = MembershipModel.TestCase
