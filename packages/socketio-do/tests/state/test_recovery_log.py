import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from server_fakes import FakeDatabase, Log, connect

from socketio_do.limits import MAX_LOGGED, MAX_MISSED_PACKETS
from socketio_do.state import log_entries
from socketio_do.state import recovery_log as module
from socketio_do.state.found import Socket
from socketio_do.state.recovery_log import Addressed, RecoveryLog
from socketio_do.state.recovery_rows import RecoveryRows
from socketio_do.state.tables import Storage

S1, S2 = "~socket-0000000000001", "~socket-0000000000002"
ALL = Addressed("/", None)
LOBBY = Addressed("/", ['"lobby"'])


class Logs:
    """One log over the lives of its object."""

    def __init__(self, slots: int = 64, *, is_deferred: bool = False) -> None:
        connection = connect()
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2_000_000)
        self.database = FakeDatabase(connection)
        Storage(self.database).create_tables()
        self.slots = slots
        self.is_deferred = is_deferred
        self.keys = 0
        self.now = 0.0
        self.deferred: list[Callable[[], None]] = []
        self.begin()

    def begin(self) -> None:
        self.deferred.clear()
        self.timers: list[tuple[float, Callable[[], None]]] = []
        later = self._later if self.is_deferred else None
        self.log = RecoveryLog(RecoveryRows(self.database, self.slots), self._make_key, self.deferred.append, later)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self.timers.append((self.now + seconds, action))

    def wait(self, seconds: float) -> None:
        """Let time go by, and what is due then happen."""
        end = self.now + seconds
        while self.timers and min(self.timers)[0] <= end:
            due = min(self.timers)
            self.timers.remove(due)
            self.now = due[0]
            due[1]()
        self.now = end

    def count_writes(self) -> int:
        """Return how many rows were written since the last time."""
        return len([text for text in self.database.take() if text.startswith(("INSERT", "UPDATE"))])

    def _make_key(self) -> str:
        self.keys += 1
        return f"key {self.keys}"

    def end_step(self) -> None:
        deferred = [*self.deferred]
        self.deferred.clear()
        for action in deferred:
            action()

    def add(self, *packets: str | bytes, to: Addressed = ALL) -> str:
        """Add a packet in the running step; return its offset."""
        size = to.size() + sum(map(len, packets))
        offset = self.log.place(size)
        self.log.add(to, packets, size)
        return offset

    def send(self, *texts: str, to: Addressed = ALL) -> str:
        """Send packets in a step of their own; return the last one's offset."""
        offset = [self.add(text, to=to) for text in texts][-1]
        self.end_step()
        return offset

    def move(self, room: str, entered: bool, *socket_sids: str) -> None:
        self.log.note_moved("/", json.dumps(room), [*socket_sids], entered=entered)

    def missed(self, offset: str | None, *rooms: str, sid: str = S1, since: str = "") -> Any:
        return self.log.missed(sid, "/", [json.dumps(room) for room in rooms], since, offset)

    def texts(self, offset: str | None, *rooms: str, sid: str = S1, since: str = "") -> list[str] | None:
        missed = self.missed(offset, *rooms, sid=sid, since=since)
        return None if missed is None else ["".join(map(str, packets)) for packets in missed]


@pytest.fixture
def logs() -> Logs:
    return Logs()


def fail(logs: Logs, *texts: str) -> str:
    logs.database.failing = ("INSERT INTO sio_log",)
    offset = logs.send(*texts)
    logs.database.failing = ()
    return offset


def test_what_came_after_an_offset_in_order(logs: Logs) -> None:
    first = logs.send("1")
    second = logs.send("2", "3")
    last = logs.send("4")
    assert [logs.texts(offset) for offset in (None, first, second, last)] == [
        ["1", "2", "3", "4"],
        ["2", "3", "4"],
        ["4"],
        [],
    ]


def test_nothing_was_ever_sent(logs: Logs) -> None:
    assert logs.missed(None) == []
    assert logs.database.rows("sio_log") == []


def test_what_this_step_has_sent_is_counted(logs: Logs) -> None:
    offset = logs.add("1")
    logs.add("2")
    assert logs.texts(offset) == ["2"]


def test_a_step_is_one_row_and_one_without_packets_none(logs: Logs) -> None:
    logs.send(*map(str, range(100)))
    logs.log.commit()
    logs.end_step()
    assert len(logs.database.rows("sio_log")) == 1


def test_who_connected_in_the_middle_of_a_step_has_missed_what_followed(logs: Logs) -> None:
    logs.add("1")
    since = logs.log.since()
    logs.add("2")
    logs.end_step()
    after = logs.log.since()
    logs.send("3")
    assert logs.texts(None, since=since) == ["2", "3"]
    assert logs.texts(None, since=after) == ["3"]


def test_an_offset_from_before_it_connected_counts_for_nothing_more(logs: Logs) -> None:
    offset = logs.send("1")
    logs.send("2")
    since = logs.log.since()
    logs.send("3")
    assert logs.texts(offset, since=since) == ["3"]


def test_whom_it_was_for(logs: Logs) -> None:
    own = json.dumps(S1)
    for number, to in enumerate(
        (
            Addressed("/", None, skipped=[S1]),
            Addressed("/", None, excepted=['"lobby"']),
            Addressed("/", None, excepted=[own]),
            Addressed("/", ['"other"']),
            Addressed("/", [json.dumps(S2)]),
            Addressed("/chat", None),
            Addressed("/chat", ['"lobby"']),
            Addressed("/", ['"other"', '"lobby"']),
            Addressed("/", [own]),
            Addressed("/", None, skipped=[S2], excepted=['"other"']),
        )
    ):
        logs.send(str(number), to=to)
    assert logs.texts(None, "lobby") == ["7", "8", "9"]


def test_rooms_are_undone_on_the_way_back(logs: Logs) -> None:
    logs.send("before", to=LOBBY)
    logs.move("lobby", True, S2, S1)
    logs.send("in", to=LOBBY)
    logs.move("lobby", False, S1)
    logs.send("out", to=LOBBY)
    logs.move("lobby", False, S2)
    logs.end_step()
    assert logs.texts(None) == ["in"]
    assert logs.texts(None, sid=S2) == ["in", "out"]


def test_moves_of_sockets_are_noted_by_namespace_and_room_and_pending_ones_are_not(logs: Logs) -> None:
    sockets = [Socket(sid, f"e{sid}", "/", "east") for sid in (S1, S2, "plain-0000000000000x")]
    pending = Socket("~pending-00000000000", "e4", "/", "east", pending=True)
    memberships = [(socket, room) for socket in (*sockets, pending) for room in ('"a"', '"b"')]
    logs.log.note_moves(memberships, entered=True)
    logs.end_step()
    (row,) = logs.database.rows("(SELECT entries FROM sio_log)")
    assert json.loads(row[0]) == [["/", '"a"', [S1, S2], True], ["/", '"b"', [S1, S2], True]]


def test_moves_of_those_who_are_not_recovered_write_nothing(logs: Logs) -> None:
    logs.move("lobby", True, "plain-0000000000000x")
    logs.end_step()
    assert logs.database.rows("sio_log") == []


def test_thousands_who_move_at_once_fit_into_rows(logs: Logs) -> None:
    sids = [f"~{number:019}" for number in range(30_000)]
    namespace = "/" + "\u00fc" * 255
    logs.log.note_moved(namespace, json.dumps("\U0001f600" * 256), sids, entered=True)
    logs.end_step()
    assert 2 <= len(logs.database.rows("sio_log")) < 20
    logs.send("1", to=Addressed(namespace, ["1"]))
    assert logs.log.missed(sids[-1], namespace, [], "", None) == []


def test_many_rooms_entered_at_once_fit_into_rows(logs: Logs) -> None:
    rooms = [json.dumps(f"{number:04}" + "\U0001f600" * 252) for number in range(1_000)]
    for room in rooms:
        logs.log.note_moved("/", room, [S1], entered=True)
    logs.end_step()
    logs.send("1", to=Addressed("/", [rooms[0]]))
    assert logs.log.missed(S1, "/", rooms, "", None) == [("1",)]


def test_who_was_in_too_many_rooms_is_told(logs: Logs) -> None:
    for number in range(11_000):
        logs.move(str(number), True, S1)
        logs.move(str(number), False, S1)
    logs.end_step()
    logs.send("1")
    assert logs.texts(None) is None
    assert logs.texts(None, sid=S2) == ["1"]


def test_many_small_packets_and_packets_for_many_rooms_fit_into_rows(logs: Logs, log: Log) -> None:
    everywhere = Addressed("/", [json.dumps(f"room \\ {number}") for number in range(4_000)])
    for number in range(30_000):
        logs.add(f"{number}", to=LOBBY)
    for _ in range(20):
        logs.add("everywhere", to=everywhere)
    logs.end_step()
    assert log.take("ERROR") == []
    assert len(logs.database.rows("sio_log")) > 2


@pytest.mark.parametrize(
    "packets",
    [
        ('2["said","caf\u00e9 \U0001f600 \0"]',),
        ('51-["said",{"_placeholder":true,"num":0}]', b"\0\xff" * 100),
        (b"\xc0", b"", "text"),
        (json.dumps(["\ud800"]),),
    ],
)
def test_packets_come_as_they_were_sent_in_any_life(logs: Logs, packets: tuple[str | bytes, ...]) -> None:
    logs.add(*packets)
    logs.end_step()
    logs.begin()
    assert logs.missed(None) == [packets]


def test_a_packet_that_the_database_does_not_take_is_told(logs: Logs, log: Log) -> None:
    """Whose text has half a character; a packet class of the application may write it."""
    first = logs.send("1")
    logs.send("\ud800")
    logs.send("3")
    offset = logs.send("4")
    logs.send("5")
    assert (logs.texts(first), logs.texts(offset)) == (None, ["5"])
    assert len(log.take("ERROR")) == 1


@pytest.mark.parametrize("character", ["x", '"', "\\", "\u00fc", "\U0001f600"])
def test_rows_of_the_largest_packets(logs: Logs, log: Log, character: str) -> None:
    packet = character * (MAX_LOGGED - LOBBY.size())
    first = logs.send("1")
    logs.send(packet, packet, to=LOBBY)
    logs.begin()
    assert logs.missed(first, "lobby") == [(packet,), (packet,)]
    assert log.take("ERROR") == []


def test_a_packet_that_no_row_holds_is_told(logs: Logs) -> None:
    before = logs.send("1")
    large = logs.add("x" * (MAX_LOGGED + 1))
    logs.add("2")
    logs.end_step()
    logs.begin()
    assert (logs.texts(before), logs.texts(large)) == (None, ["2"])
    assert logs.texts(None, since=logs.log.since()) == []


def test_one_that_no_row_holds_after_some_that_could_not_be_written(logs: Logs, log: Log) -> None:
    """Who connected in the step that was lost has a place in a row that another one takes."""
    logs.send("1")
    logs.database.failing = ("INSERT INTO sio_log",)
    logs.add("2")
    since = logs.log.since()
    logs.add("3")
    logs.log.place(MAX_LOGGED + 1)
    logs.database.failing = ()
    logs.log.add(ALL, ("x",), MAX_LOGGED + 1)
    logs.end_step()
    assert logs.texts(None, since=since) is None
    assert len(log.take("ERROR")) == 1


@pytest.mark.parametrize("slots", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [1, 6, 7, 8, 20])
def test_what_was_overwritten_is_told(slots: int, count: int) -> None:
    logs = Logs(slots)
    offsets = [logs.send(str(number)) for number in range(count)]
    logs.begin()
    for number, offset in enumerate(offsets):
        expected = [str(later) for later in range(number + 1, count)]
        assert logs.texts(offset) == (expected if number >= count - slots else None)
    assert logs.texts(None) == ([str(number) for number in range(count)] if count <= slots else None)


def test_a_write_that_fails_is_told_to_those_before_it(logs: Logs, log: Log) -> None:
    before = logs.send("1")
    lost = fail(logs, "2")
    assert (logs.texts(before), logs.texts(lost)) == (None, None)
    after = logs.send("3")
    logs.send("4")
    for _ in range(2):
        assert [logs.texts(offset) for offset in (before, lost, after)] == [None, None, ["4"]]
        assert logs.texts(None) is None
        logs.begin()
    assert len(log.take("ERROR")) == 1


def test_the_first_write_of_all_fails(logs: Logs, log: Log) -> None:
    logs.database.failing = ("INSERT INTO sio_log",)
    logs.send("1")
    assert logs.texts(None) is None
    logs.database.failing = ()
    assert logs.texts(None) is None
    assert len(log.take("ERROR")) == 1


def test_the_first_packet_of_all_is_too_large(logs: Logs) -> None:
    offset = logs.send("x" * MAX_LOGGED)
    logs.send("1")
    for _ in range(2):
        assert (logs.texts(None), logs.texts(offset)) == (None, ["1"])
        logs.begin()


def test_that_a_write_has_failed_is_written_as_soon_as_that_goes(logs: Logs, log: Log) -> None:
    before = logs.send("1")
    logs.database.failing = ("INSERT INTO sio_log",)
    logs.send("2")
    logs.log.commit()
    logs.log.commit()
    assert len(log.take("ERROR")) == 1
    logs.database.failing = ()
    logs.log.commit()
    logs.database.take()
    logs.log.commit()
    assert logs.database.take() == []
    logs.begin()
    assert (logs.texts(before), logs.texts(None)) == (None, None)
    after = logs.send("3")
    logs.send("4")
    assert logs.texts(after) == ["4"]


def test_offsets_of_a_row_that_was_never_written_are_of_no_other(logs: Logs) -> None:
    logs.send("1")
    lost = logs.add("2")
    logs.begin()  # before the step's end
    assert logs.texts(lost) is None
    logs.send("another", "yet another")
    assert logs.texts(lost) is None
    assert logs.texts(None) == ["1", "another", "yet another"]


@pytest.mark.parametrize("lives", [0, 1, 3])
def test_the_log_stays_small_and_what_left_it_is_told(monkeypatch: pytest.MonkeyPatch, lives: int) -> None:
    """Whoever is recovered has all: what was emptied is what is oldest, also where a life begins over a log that was."""
    monkeypatch.setattr(module, "MAX_LOG", 20_000)
    logs = Logs(256)
    offsets = []
    for number in range(600):
        offsets.append(logs.send(f"{number:0200}"))
        if lives and number % (200 // lives) == 150 // lives:
            logs.begin()
        if number % 50 == 49:
            assert sum(len(row[0]) for row in logs.database.rows("(SELECT entries FROM sio_log)")) <= 21_000
            found = [logs.texts(offset) for offset in offsets]
            told = [texts is None for texts in found]
            assert told == sorted(told, reverse=True)
            for at, texts in enumerate(found):
                assert texts is None or texts == [f"{later:0200}" for later in range(at + 1, number + 1)]
            assert told.count(False) >= min(number + 1, 50)


def test_to_keep_it_small_costs_no_more_than_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LOG", 20_000)
    logs = Logs(4_096)
    logs.database.take()
    for number in range(1_000):
        logs.send(f"{number:0200}")
    assert len(logs.database.take()) <= 1_400
    logs.begin()
    logs.send("1")
    assert len(logs.database.take()) <= 120


def test_who_has_missed_too_much_is_told_and_not_all_of_it_is_read(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_entries, "MAX_MISSED", 1_000)
    first = logs.send("0")
    last = [logs.send("x" * 150_000) for _ in range(40)][-2]
    logs.database.take()
    assert logs.texts(first) is None
    assert len(logs.database.take("SELECT json_group_array(json_array(number, json(entries)))")) <= 1
    assert logs.texts(last) is None
    logs.send("x" * 1_000)
    assert logs.texts(logs.log.offset()) == []


def test_no_more_is_read_for_one_client_than_may_be(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are for its room, and in which what it is excepted from takes all the place, have to be read, too."""
    monkeypatch.setattr(module, "MAX_READ", 30_000)
    first = logs.send("0")
    for number in range(40):
        last = logs.send(f"{number}" + "x" * 1_000)
    assert logs.texts(first) is None
    assert logs.texts(last) == []


def test_many_packets_are_too_much_too(logs: Logs) -> None:
    first = logs.send("0")
    logs.send(*["1"] * MAX_MISSED_PACKETS)
    assert logs.texts(first) == ["1"] * MAX_MISSED_PACKETS
    logs.send("1")
    assert logs.texts(first) is None


def test_the_offset_of_all_until_now_before_and_after_anything(logs: Logs) -> None:
    """A volatile event has it, and is not logged."""
    begun = logs.log.offset()
    logs.end_step()
    logs.send("1")
    now = logs.log.offset()
    logs.add("2")
    within = logs.log.offset()
    logs.add("3")
    logs.end_step()
    logs.begin()
    assert [logs.texts(offset) for offset in (begun, now, within)] == [["1", "2", "3"], ["2", "3"], ["3"]]


@pytest.mark.parametrize("offset", ["hello", "0.0.000000000000", "0.1.000000000000", "ffff.0.000000000000"])
def test_what_nobody_was_given_is_told(logs: Logs, offset: str) -> None:
    logs.send("1")
    assert logs.missed(offset) is None


@pytest.fixture
def later() -> Logs:
    """A log whose writing may be put off."""
    logs = Logs(4_096, is_deferred=True)
    logs.count_writes()
    return logs


def test_sparse_traffic_is_one_row_for_each_event_and_nothing_waits(later: Logs) -> None:
    for number in range(100):
        later.send(str(number))
        later.wait(2)
    assert later.count_writes() == 100
    assert later.timers == []


def test_busy_traffic_is_few_rows(later: Logs) -> None:
    offsets = []
    for number in range(1_000):
        offsets.append(later.send(str(number)))
        later.wait(0.002)
    later.wait(2)
    assert later.count_writes() <= 20 + 4
    assert later.timers == []
    later.begin()
    for at in (0, 1, 2, 498, 998, 999):
        assert later.texts(offsets[at]) == [str(number) for number in range(at + 1, 1_000)]


@pytest.mark.parametrize("interval", [0.3, 0.5, 0.7, 0.9, 0.99])
def test_traffic_between_costs_hardly_more_than_a_row_for_each_event(later: Logs, interval: float) -> None:
    for number in range(100):
        later.send(str(number))
        later.wait(interval)
    later.wait(2)
    assert later.count_writes() <= 100 * min(1, interval) + 4


@pytest.mark.parametrize(
    ("count", "is_known"), [(0, True), (1, True), (2, False), (3, False), (40, False), (60, False)]
)
def test_a_reset_in_each_pace_recovers_nobody_with_a_gap(later: Logs, count: int, is_known: bool) -> None:
    """Quiet; one event within the second, which is written; more, of which some may not be."""
    before = later.send("before")
    later.wait(1)
    offsets = [before, *(later.send(str(number)) for number in range(count))]
    later.begin()
    expected = [[str(number) for number in range(at, count)] if is_known else None for at in range(count + 1)]
    assert [later.texts(offset) for offset in offsets] == expected
    after = later.send("after")
    later.send("and later")
    for _ in range(2):
        told = [None if texts is None else [*texts, "after", "and later"] for texts in expected]
        assert [later.texts(offset) for offset in offsets] == told
        later.wait(2)
    assert later.texts(after) == ["and later"]


def test_after_a_quiet_second_the_last_row_says_that_it_is_all(later: Logs) -> None:
    offsets = [later.send(str(number)) for number in range(3)]
    later.wait(1)  # the third is written
    assert later.count_writes() == 3
    later.wait(1)
    assert later.count_writes() == 1
    assert later.timers == []
    later.begin()
    assert [later.texts(offset) for offset in offsets] == [["1", "2"], ["2"], []]


def test_a_second_in_which_nothing_is_put_off_but_something_is_written_is_not_quiet(later: Logs) -> None:
    for number in range(3):
        later.send(str(number))
    later.wait(1)
    later.count_writes()
    for number in range(50):
        later.send(str(number))
    later.wait(1)
    assert later.count_writes() == 1
    later.send("more")
    assert later.count_writes() == 0


def test_what_is_put_off_is_missed_all_the_same(later: Logs) -> None:
    offsets = [later.send(str(number)) for number in range(5)]
    later.count_writes()
    assert [later.texts(offset) for offset in offsets] == [["1", "2", "3", "4"], ["2", "3", "4"], ["3", "4"], ["4"], []]
    assert later.count_writes() == 1
    later.begin()  # more may have been sent
    assert later.texts(offsets[0]) is None


def test_who_connected_in_what_a_reset_has_lost_is_not_skipped_what_came_after(later: Logs) -> None:
    """Another row has the number of the one that was lost, and its entries are others."""
    for number in range(6):
        later.send(str(number))
    since = later.log.since()
    later.begin()
    first = later.add("a")
    later.add("b")
    later.add("c")
    later.end_step()
    assert later.texts(None, since=since) is None
    assert later.texts(first, since=since) == ["b", "c"]


def test_a_volatile_event_has_the_offset_of_what_is_put_off(later: Logs) -> None:
    for number in range(3):
        later.send(str(number))
    offset = later.log.offset()
    later.send("4")
    assert later.texts(offset) == ["4"]


def test_a_step_that_is_not_over_when_the_second_is_goes_on_in_the_next_row(later: Logs) -> None:
    later.send("0")
    first = later.add("1")
    later.wait(1)
    later.add("2")
    later.end_step()
    later.begin()
    assert later.texts(first) == ["2"]


@pytest.mark.parametrize("failing", ["INSERT INTO sio_log", "UPDATE sio_log"])
def test_what_was_put_off_cannot_be_written(later: Logs, log: Log, failing: str) -> None:
    first = later.send("0")
    later.send("1")
    later.send("2")
    later.database.failing = (failing,)
    later.wait(3)
    later.database.failing = ()
    assert later.timers == []
    later.begin()
    assert later.texts(first) is None
    assert len(log.take("ERROR") + log.take("WARNING")) == 1


def test_a_reset_after_a_write_that_failed_recovers_nobody_with_a_gap(logs: Logs, log: Log) -> None:
    before = logs.send("1")
    fail(logs, "2")
    logs.begin()
    assert (logs.texts(before), logs.texts(None)) == (None, None)
    assert len(log.take("ERROR")) == 1


# What a later release has written


def rewrite(logs: Logs, change: Callable[[list[Any]], list[Any]]) -> None:
    """Change the entries of all rows, and begin a life that reads them."""
    for slot, *_, text, _ in logs.database.rows("sio_log"):
        entries = json.dumps([change(entry) for entry in json.loads(text)])
        logs.database.execute("UPDATE sio_log SET entries = ? WHERE slot = CAST(? AS INTEGER)", entries, str(slot))
    logs.begin()


def test_what_it_appends_to_entries_is_left_out(logs: Logs) -> None:
    first = logs.send("before")
    logs.send("in the lobby, before it entered", to=LOBBY)
    logs.move("lobby", True, S1)
    logs.move("elsewhere", True, S2)
    logs.end_step()
    logs.send("in the lobby", to=LOBBY)
    logs.add("binary", b"\x00\xff")
    logs.end_step()
    rewrite(logs, lambda entry: [*entry, {"region": "weur"}, 7])
    assert logs.missed(first, "lobby") == [("in the lobby",), ("binary", b"\x00\xff")]


@pytest.mark.parametrize(
    "unknown",
    [["/"], ["/", None, [], "ttl", ["text"]], ["/", "room", "everybody", True], ["/", None, [], [], [{"text": 1}]]],
)
def test_an_entry_of_another_kind_is_told_to_who_may_need_it(logs: Logs, unknown: list[Any]) -> None:
    first = logs.send("before")
    logs.send("this")
    last = logs.send("after")
    rewrite(logs, lambda entry: unknown if entry[4] == ["this"] else entry)
    assert logs.missed(first) is None
    assert logs.texts(last) == []


def test_an_entry_of_another_namespace_need_not_be_understood(logs: Logs) -> None:
    first = logs.send("before")
    logs.send("this")
    rewrite(logs, lambda entry: ["/other", {"new": 1}] if entry[4] == ["this"] else entry)
    assert logs.texts(first) == []
