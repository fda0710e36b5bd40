"""The table of sessions, on the standard library's SQLite in place of an object's."""

import importlib.util
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import engine_do

PATH = Path(engine_do.__file__).parent / "durable" / "sessions" / "session_table.py"


class Rows(list[Any]):
    """JavaScript's array, as far as it is used."""

    @property
    def length(self) -> int:
        return len(self)


class Cursor:
    """What ``sql.exec`` returns."""

    def __init__(self, rows: list[Any], written: int) -> None:
        self._rows = rows
        self.rowsWritten = written

    def raw(self) -> "Cursor":
        return self

    def toArray(self) -> Rows:  # noqa: N802 - JavaScript's name
        return Rows(self._rows)


class Sql:
    """``ctx.storage.sql``, with the limit on texts that it has."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        self.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2_200_000)
        self.statements: list[str] = []

    def __del__(self) -> None:
        self.connection.close()

    def exec(self, statement: str, *arguments: Any) -> Cursor:
        self.statements.append(statement)
        cursor = self.connection.execute(statement, arguments)
        return Cursor(cursor.fetchall(), max(cursor.rowcount, 0))


@pytest.fixture
def sql() -> Sql:
    return Sql()


@pytest.fixture
def rows(sql: Sql) -> Any:
    spec = importlib.util.spec_from_file_location("engine_rows", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SessionTable(sql, Counter[str]())


def test_a_session_is_written_read_and_deleted(rows: Any) -> None:
    rows.write("s", "record")
    rows.write("t", None)
    assert rows.write_data("s", "{}")
    assert not rows.write_data("unknown", "{}")
    rows.write("s", "again")
    assert (rows.record("s"), rows.data("s"), rows.record("t"), rows.record("unknown")) == ("again", "{}", None, None)
    assert (rows.sids(), [*rows.polling()]) == ({"s", "t"}, ["again"])
    rows.delete(["s", "unknown"])
    assert rows.sids() == {"t"}
    rows.delete([])


@pytest.mark.parametrize("number", [0, 1, 7, 8, 9, 16, 17])
def test_all_that_poll_are_read_whatever_their_number(rows: Any, number: int) -> None:
    for one in range(number):
        rows.write(f"{one:03}", f"record {one}")
        rows.write(f"{one:03} on a socket", None)
    assert [*rows.polling()] == [f"record {one}" for one in range(number)]


def test_what_is_deleted_while_all_are_read_ends_nothing(rows: Any) -> None:
    for one in range(20):
        rows.write(f"{one:03}", f"{one:03}")
    for record in rows.polling():
        rows.delete([record])
    assert rows.sids() == set()


def test_many_are_listed_and_deleted_in_pieces(rows: Any, sql: Sql) -> None:
    sids = {f"{number:06}{'x' * 100}" for number in range(30_000)}
    sql.connection.executemany("INSERT INTO engine_do_sessions (engine_sid) VALUES (?)", [(sid,) for sid in sids])
    assert rows.sids() == sids
    rows.delete(iter(sids))
    assert rows.sids() == set()


def test_the_table_of_a_later_release_is_worked_on(rows: Any, sql: Sql) -> None:
    sql.connection.execute("ALTER TABLE engine_do_sessions ADD COLUMN later TEXT NOT NULL DEFAULT 'x'")
    rows.write("s", "record")
    assert [*rows.polling()] == ["record"]


def test_each_list_is_read_along_the_key(rows: Any, sql: Sql) -> None:
    sql.statements.clear()
    rows.sids()
    [*rows.polling()]
    for statement in sql.statements:
        plan = [row[3] for row in sql.connection.execute(f"EXPLAIN QUERY PLAN {statement}", ("",))]
        assert any(line.startswith("SEARCH engine_do_sessions USING PRIMARY KEY") for line in plan)
