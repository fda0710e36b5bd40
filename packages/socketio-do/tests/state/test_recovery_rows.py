import json
import sqlite3

import pytest
from server_fakes import FakeDatabase

from socketio_do.limits import MAX_LOGGED
from socketio_do.state import recovery_rows as module
from socketio_do.state.recovery_rows import ParkedSession, RecoveryRows, Row
from socketio_do.state.tables import Storage


@pytest.fixture
def database() -> FakeDatabase:
    """A SQLite that holds no more than a Durable Object's does: 2 MB in a text."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2_000_000)
    database = FakeDatabase(connection)
    Storage(database).create_tables()
    return database


def write(rows: RecoveryRows, number: int, target: str = "all", text: str = "") -> None:
    rows.write(
        Row(number, 0, number, f"key {number}", 1), json.dumps([target]), json.dumps([text or f"entry {number}"])
    )


def filled(database: FakeDatabase, slots: int, count: int) -> RecoveryRows:
    rows = RecoveryRows(database, slots)
    for number in range(count):
        write(rows, number, "even" if number % 2 == 0 else "odd")
    return rows


def numbers(rows: RecoveryRows, first: int, last: int, *targets: str) -> list[int]:
    return [number for number, _ in rows.entries(first, last, [*targets])]


@pytest.mark.parametrize("slots", range(1, 10))
def test_the_row_that_was_written_last_is_found_after_any_number(database: FakeDatabase, slots: int) -> None:
    rows = RecoveryRows(database, slots)
    assert rows.head() is None
    for number in range(3 * slots + 1):
        write(rows, number)
        head = rows.head()
        assert head is not None
        assert head.number == number


def test_to_find_it_a_few_rows_are_read(database: FakeDatabase) -> None:
    rows = filled(database, 1_024, 1_500)
    database.take()
    head = rows.head()
    assert (head and head.number, len(database.take()) <= 12) == (1_499, True)


def test_a_row_is_read_as_it_was_written_until_it_is_overwritten(database: FakeDatabase) -> None:
    rows = RecoveryRows(database, 4)
    row = Row(5, 3, 2**50, 'k"\u00fc', 2)
    rows.write(row, "[]", json.dumps([1, 2]))
    assert rows.row(5) == row
    assert [rows.row(number) for number in (1, 9, 4)] == [None] * 3
    write(rows, 9)
    assert rows.row(5) is None


def test_to_write_one_is_one_statement_on_a_table_without_index(database: FakeDatabase) -> None:
    rows = filled(database, 2, 2)
    database.take()
    write(rows, 2)
    assert len(database.take()) == 1
    assert database.rows("(SELECT name FROM sqlite_master WHERE tbl_name = 'sio_log' AND type = 'index')") == []


@pytest.mark.parametrize("count", [5, 8, 11, 16, 17])
def test_rows_are_found_by_whom_they_are_for_the_newest_first(database: FakeDatabase, count: int) -> None:
    rows = filled(database, 8, count)
    for first in range(max(0, count - 8), count):
        whole = [*reversed(range(first, count))]
        assert numbers(rows, first, count - 1, "even", "odd") == whole
        assert numbers(rows, first, count - 1, "odd", "nobody") == [number for number in whole if number % 2]
        assert numbers(rows, first, count - 1, "nobody") == numbers(rows, first, count - 1) == []
    assert numbers(rows, count, count - 1, "even", "odd") == []


def test_long_lists_are_read_in_pieces(database: FakeDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_NUMBERS", 3)
    monkeypatch.setattr(module, "_READ", 40)
    rows = filled(database, 16, 30)
    assert numbers(rows, 14, 29, "even", "odd") == [*range(29, 13, -1)]
    assert [entries for _, entries in rows.entries(28, 29, ["even", "odd"])] == [["entry 29"], ["entry 28"]]


def test_what_is_not_asked_for_is_not_read(database: FakeDatabase) -> None:
    """All that somebody has missed may be more than memory holds."""
    rows = RecoveryRows(database, 64)
    for number in range(64):
        write(rows, number, text="x" * 100_000)
    database.take()
    assert next(rows.entries(0, 63, ["all"]))[0] == 63
    assert len(database.take("SELECT json_group_array(json_array(number, json(entries)))")) == 1


@pytest.mark.parametrize("character", ["x", '"', "\\", "\x01", "\u00fc", "\U0001f600"])
def test_the_largest_rows_are_written_and_read(database: FakeDatabase, character: str) -> None:
    """What is measured are the characters of a packet, which has what JSON escapes escaped."""
    packet = json.dumps(character, ensure_ascii=False)[1:-1]
    packet *= MAX_LOGGED // len(packet)
    rows = RecoveryRows(database, 4)
    for number in range(3):
        rows.write(Row(number, 0, 0, "key", 1), '["all"]', json.dumps([packet], ensure_ascii=False))
    assert [entries == [packet] for _, entries in rows.entries(0, 2, ["all"])] == [True] * 3


def test_rows_are_emptied_and_keep_their_numbers(database: FakeDatabase) -> None:
    rows = filled(database, 8, 12)
    rows.clear(6, 9)
    assert numbers(rows, 4, 11, "even", "odd") == [11, 10, 5, 4]
    found = [rows.row(number) for number in range(4, 12)]
    assert [row and (row.number, row.size, bool(row.key), row.length) for row in found] == [
        (number, number, number not in range(6, 10), 0 if number in range(6, 10) else 1) for number in range(4, 12)
    ]
    head = rows.head()
    assert (head and head.number) == 11
    before = database.rows("(SELECT total_changes())")
    rows.clear(6, 9)
    assert database.rows("(SELECT total_changes())") == before


def test_who_is_parked_is_found_when_the_time_is_over(database: FakeDatabase) -> None:
    rows = RecoveryRows(database, 4)
    assert (rows.next_due_ms(), rows.some_due(10**15)) == (None, [])
    rows.park("e1", 2**41 + 5, "ping timeout")
    rows.park("e2", 7, "transport close")
    assert rows.next_due_ms() == 7
    assert rows.some_due(6) == []
    assert rows.some_due(7) == [ParkedSession("e2", "transport close")]
    assert rows.some_due(2**42) == [("e2", "transport close"), ("e1", "ping timeout")]
    rows.park("e2", 2**42, "transport close")
    assert rows.next_due_ms() == 2**41 + 5
    rows.release("e1")
    rows.release("unknown")
    assert rows.next_due_ms() == 2**42


def test_of_many_some_are_due_at_once(database: FakeDatabase) -> None:
    rows = RecoveryRows(database, 4)
    for number in range(500):
        rows.park(f"e{number}", number, "ping timeout")
    found = set()
    while due := rows.some_due(1_000):
        assert len(due) <= 200
        for session in due:
            rows.release(session.engine_sid)
            found.add(session.engine_sid)
    assert len(found) == 500


def test_no_statement_scans_a_table(database: FakeDatabase) -> None:
    """A range of slots is searched, which the log bounds; the alarm, and each look at a session, touch what is concerned."""
    database.take()
    rows = filled(database, 8, 12)
    rows.head()
    assert numbers(rows, 4, 11, "even", "odd")
    rows.clear(4, 5)
    rows.park("e1", 5, "ping timeout")
    rows.some_due(5)
    rows.next_due_ms()
    rows.release("e1")
    statements = {*database.take()}
    assert len(statements) == 10
    plans = [line for statement in statements for line in database.plan(statement)]
    scanned = {line.split()[1] for line in plans if line.startswith("SCAN")}
    assert {name for name in scanned if not name.lower().startswith(("subquery", "(subquery"))} <= {
        "json_each",
        "piece",
    }
    ranges = [line for line in plans if "sio_log" in line]
    assert all("USING INTEGER PRIMARY KEY" in line for line in ranges)
