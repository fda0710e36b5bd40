"""What another release leaves behind: attachments, a stored report, and tables, as it would have written them."""

import json
from collections.abc import Callable
from random import Random
from typing import Final

from server_fakes import FakeDatabase

__all__ = ["FUTURE", "rewrite_record", "rewrite_report", "rewrite_tables"]

#: A layout of tables that no release has yet.
FUTURE: Final = 99
_PREVIOUS: Final = 2

_FIELDS_OF_FIRST: Final = 8


def rewrite_record(record: str, random: Random) -> str:
    """Write a session's record as a later release would, or as the first one did."""
    found = json.loads(record)
    fields = found["s"][:_FIELDS_OF_FIRST]
    if random.random() < 0.5:
        return json.dumps({"engine-do": 1, "s": fields}, separators=(",", ":"))
    more = [*fields, "", [], {"pid": "p1"}, 0]
    return json.dumps({"engine-do": 7, "s": more, "m": [1]}, separators=(",", ":"))


def rewrite_report(stored: str) -> str:
    """Write a stored report as a later release might."""
    return f"2:{stored}"


def rewrite_tables(database: FakeDatabase, number: int | None, random: Random) -> tuple[str, int | None]:
    """Leave tables as another release would; return what was done, and the number that is stored."""
    return random.choice(_REWRITES)(database, number)


def _roll_back(database: FakeDatabase, number: int | None) -> tuple[str, int | None]:
    """Leave what layout 2 has; a release of that layout also writes its number."""
    del number
    for statement in (
        "DROP INDEX IF EXISTS sio_sessions_by_actor",
        "DROP INDEX IF EXISTS sio_sockets_by_namespace",
        "DROP TABLE IF EXISTS sio_counts",
    ):
        database.execute(statement)
    return "tables of an earlier layout", _PREVIOUS


def _cut_migration_short(database: FakeDatabase, number: int | None) -> tuple[str, int | None]:
    """Leave a migration that came to its end but did not store its number."""
    del database
    return "migration cut short", None if number is None else min(number, _PREVIOUS)


def _go_ahead(database: FakeDatabase, number: int | None) -> tuple[str, int | None]:
    """Add what a later layout may add, a column with a default and a table, and raise the number."""
    del number
    if "recovery" not in {row[1] for row in database.rows("pragma_table_info('sio_sockets')")}:
        database.execute("ALTER TABLE sio_sockets ADD COLUMN recovery TEXT NOT NULL DEFAULT ''")
        database.execute("ALTER TABLE sio_sessions ADD COLUMN parked INTEGER NOT NULL DEFAULT 0")
    database.execute("CREATE TABLE IF NOT EXISTS sio_log (place INTEGER PRIMARY KEY, packets TEXT NOT NULL)")
    return "tables of a later layout", FUTURE


_REWRITES: Final[tuple[Callable[[FakeDatabase, int | None], tuple[str, int | None]], ...]] = (
    _roll_back,
    _cut_migration_short,
    _go_ahead,
)
