"""Each row of the README's tables has a test against the whole system: `promises.toml` beside those tests says which."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import socketio
from manifests import missing_tests, unnamed_tests
from server_readme import names, table

from socketio_do import DurableServer
from socketio_do.server.options import KNOWN

END_TO_END = Path(__file__).parents[3] / "tests-e2e"
PROMISES: dict[str, dict[str, Any]] = tomllib.loads((END_TO_END / "promises.toml").read_text(encoding="utf-8"))

PARITY = {row[0].replace("`", ""): row[1] for row in table("python-socketio", "here")}
SURVIVES = table("survives sleep and resets", "does not survive a reset, nor sleep where it could")

#: What `SocketActor` calls, and no application.
OF_THE_ACTOR = {"expire", "has_log", "write_log", *(name for name in dir(DurableServer) if name.startswith("receive_"))}


def first_words(cell: str) -> str:
    """Return the part of a cell that names what the rest explains."""
    return cell.replace("`", "").replace(":", ",").partition(",")[0]


def lists_of(entry: Any) -> Iterator[list[str]]:
    yield from entry.values() if isinstance(entry, dict) else [entry]


LISTS = [
    (f"{kind}: {what}", tests) for kind, table in PROMISES.items() for what in table for tests in lists_of(table[what])
]
NAMED = [test for _, tests in LISTS for test in tests]


def test_every_row_of_the_parity_table_has_an_entry_and_no_other_has() -> None:
    assert sorted(PROMISES["rows"]) == sorted(row for row, status in PARITY.items() if status != "refused")
    refused = {
        "options" if row.startswith("option ") else "methods" for row, status in PARITY.items() if status == "refused"
    }
    assert set(PROMISES["refused"]) == refused


def test_all_there_is_besides_upstream_has_an_entry() -> None:
    methods = {name for name in {*dir(DurableServer)} - {*dir(socketio.AsyncServer)} if not name.startswith("_")}
    tables = [table("decorator", "called with"), table("option of `emit`", ""), table("method", "what it does", 1)]
    named = {name for rows in tables for row in rows for name in names(row[0])}
    options = KNOWN - {row.removeprefix("option ") for row in PARITY}
    assert set(PROMISES["besides"]) == methods - OF_THE_ACTOR | named | options


def test_what_survives_and_what_does_not_has_an_entry() -> None:
    assert sorted(PROMISES["survives"]) == sorted(first_words(row[0]) for row in SURVIVES if row[0])
    assert sorted(PROMISES["lost"]) == sorted(first_words(row[1]) for row in SURVIVES if row[1])
    assert {tuple(columns) for columns in PROMISES["survives"].values()} == {("reset", "sleep")}


def test_every_limit_has_an_entry() -> None:
    assert sorted(PROMISES["limits"]) == sorted(first_words(row[0]) for row in table("limit", "value"))


@pytest.mark.parametrize(("what", "tests"), LISTS, ids=[what for what, _ in LISTS])
def test_an_entry_names_tests_that_exist(what: str, tests: list[str]) -> None:
    assert tests != []
    assert missing_tests(tests, END_TO_END) == []
    assert len({*tests}) == len(tests)


def test_rows_and_what_survives_are_shown_by_clients() -> None:
    kinds = ("rows: ", "besides: ", "survives: ", "lost: ")
    assert not [what for what, tests in LISTS if what.startswith(kinds) and any("/" in test for test in tests)]


@pytest.mark.parametrize("file", ["test_parity_rows.py", "test_survival.py", "test_bad_input.py"])
def test_every_test_of_a_promise_is_named(file: str) -> None:
    assert unnamed_tests(END_TO_END / file, NAMED, END_TO_END) == []
