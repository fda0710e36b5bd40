"""The log of recovery over several lives, against plain lists of what each client was sent.

What a client has missed is all of it, or told to be unknown: whatever was overwritten, emptied or could not be written.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from unittest import mock

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from server_fakes import FakeDatabase

from socketio_do.state import recovery_log
from socketio_do.state.recovery_log import Addressed, RecoveryLog
from socketio_do.state.recovery_rows import RecoveryRows
from socketio_do.state.tables import Storage

SIDS = [f"~socket-{number:012}" for number in range(4)]
NAMESPACES = ["/", "/chat"]
ROOMS = ['"a"', '"b"', "1"]
KEYS = [*ROOMS, *(json.dumps(sid) for sid in SIDS)]

sids = st.sampled_from(SIDS)
some_sids = st.lists(sids, max_size=2, unique=True)
keys = st.lists(st.sampled_from(KEYS), max_size=2, unique=True)
some_keys = st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True)


@dataclass
class Client:
    """What a client was sent, and each offset that it had with how much it had by then."""

    namespace: str
    since: str
    rooms: set[str] = field(default_factory=set)
    sent: list[str] = field(default_factory=list)
    offsets: list[tuple[str | None, int]] = field(default_factory=lambda: [(None, 0)])


class RecoveryModel(RuleBasedStateMachine):
    """Steps end as the application's do; a life ends where one has ended, and its rows are there."""

    def __init__(self) -> None:
        super().__init__()
        self.clients: dict[str, Client] = {}
        self.made = self.keys = 0
        self.timers: list[Callable[[], None]] = []

    @initialize(
        slots=st.sampled_from([1, 2, 3, 5, 1_000]),
        largest=st.sampled_from([300, 10**6]),
        is_deferred=st.booleans(),
        may_fail=st.booleans(),
    )
    def begin(self, slots: int, largest: int, is_deferred: bool, may_fail: bool) -> None:
        self.database, self.slots = FakeDatabase(), slots
        self.is_deferred, self.may_fail = is_deferred, may_fail
        Storage(self.database).create_tables()
        self.limit = mock.patch.object(recovery_log, "MAX_LOG", largest)
        self.limit.start()
        logging.getLogger("socketio_do").disabled = True  # that storage was full is said each time
        self.is_ample = slots == 1_000 and largest == 10**6 and not is_deferred and not may_fail
        self.begin_life()

    def teardown(self) -> None:
        if hasattr(self, "limit"):
            self.limit.stop()
            logging.getLogger("socketio_do").disabled = False

    def begin_life(self) -> None:
        self.timers.clear()
        rows = RecoveryRows(self.database, self.slots)
        later = self.wait if self.is_deferred else None
        self.log = RecoveryLog(rows, self.make_key, lambda action: None, later)

    def wait(self, seconds: float, action: Callable[[], None]) -> None:
        assert not self.timers
        self.timers.append(action)

    def make_key(self) -> str:
        self.keys += 1
        return f"key {self.keys}"

    @rule(sid=sids, namespace=st.sampled_from(NAMESPACES), rooms=st.sets(st.sampled_from(ROOMS)))
    def connect(self, sid: str, namespace: str, rooms: set[str]) -> None:
        if sid not in self.clients:
            self.clients[sid] = Client(namespace, self.log.since(), {*rooms})

    @rule(
        namespace=st.sampled_from(NAMESPACES),
        rooms=st.none() | some_keys,
        skipped=some_sids,
        excepted=keys,
        is_large=st.booleans(),
        is_last=st.booleans(),
    )
    def emit(
        self,
        namespace: str,
        rooms: list[str] | None,
        skipped: list[str],
        excepted: list[str],
        is_large: bool,
        is_last: bool,
    ) -> None:
        self.made += 1
        text = f"{self.made:0{100 if is_large else 1}}"
        to = Addressed(namespace, rooms, skipped, excepted)
        size = len(text)
        offset = self.log.place(size)
        self.log.add(to, (text,), size)
        for sid, client in self.clients.items():
            mine = {*client.rooms, json.dumps(sid)}
            is_meant = rooms is None or bool(mine & {*rooms})
            if client.namespace == namespace and is_meant and sid not in skipped and not mine & {*excepted}:
                client.sent.append(text)
                client.offsets.append((offset, len(client.sent)))
        if is_last:
            self.log.commit()

    @rule()
    def emit_what_is_volatile(self) -> None:
        offset = self.log.offset()
        for client in self.clients.values():
            client.offsets.append((offset, len(client.sent)))

    @rule(moved=st.lists(sids, min_size=1, unique=True), room=st.sampled_from(ROOMS), entered=st.booleans())
    def move(self, moved: list[str], room: str, entered: bool) -> None:
        for namespace in NAMESPACES:
            some = [
                sid
                for sid in moved
                if sid in self.clients
                and self.clients[sid].namespace == namespace
                and (room in self.clients[sid].rooms) != entered
            ]
            self.log.note_moved(namespace, room, some, entered=entered)
            for sid in some:
                (self.clients[sid].rooms.add if entered else self.clients[sid].rooms.discard)(room)

    @rule(room=st.sampled_from(ROOMS), namespace=st.sampled_from(NAMESPACES))
    def close_room(self, room: str, namespace: str) -> None:
        members = [
            sid for sid, client in self.clients.items() if client.namespace == namespace and room in client.rooms
        ]
        self.log.note_moved(namespace, room, members, entered=False)
        for sid in members:
            self.clients[sid].rooms.discard(room)

    @rule()
    def end_step(self) -> None:
        self.log.commit()

    @rule()
    def reset(self) -> None:
        self.log.commit()
        self.begin_life()

    @precondition(lambda self: self.timers)
    @rule()
    def a_second_goes_by(self) -> None:
        self.timers.pop()()

    @precondition(lambda self: self.may_fail)
    @rule()
    def end_step_while_storage_is_full(self) -> None:
        self.database.failing = ("INSERT INTO sio_log",)
        self.log.commit()
        self.database.failing = ()

    @precondition(lambda self: self.may_fail and self.database.rows("sio_log"))
    @rule()
    def reset_after_storage_was_full(self) -> None:
        self.end_step_while_storage_is_full()
        self.begin_life()

    @precondition(lambda self: self.may_fail and self.timers)
    @rule(failing=st.sampled_from(["INSERT INTO sio_log", "UPDATE sio_log"]))
    def a_second_goes_by_while_storage_is_full(self, failing: str) -> None:
        self.database.failing = (failing,)
        self.timers.pop()()
        self.database.failing = ()

    @rule(sid=sids, number=st.integers(0, 1_000))
    def ask(self, sid: str, number: int) -> None:
        client = self.clients.get(sid)
        if client is None:
            return
        offset, count = client.offsets[number % len(client.offsets)]
        missed = self.log.missed(sid, client.namespace, client.rooms, client.since, offset)
        assert missed is not None or not self.is_ample
        if missed is not None:
            assert missed == [(text,) for text in client.sent[count:]]


RecoveryModel.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestRecoveryModel = RecoveryModel.TestCase
