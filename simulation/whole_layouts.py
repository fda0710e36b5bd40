"""What another release leaves behind: attachments, a stored report, and tables, as it would have written them."""

import json
from collections.abc import Callable
from random import Random
from typing import Final

from server_fakes import FakeDatabase

__all__ = ["FUTURE", "rewrite_record", "rewrite_report", "rewrite_tables"]

#: A layout of tables that no release has yet.
FUTURE: Final = 99
_EARLIER: Final = 2
_PREVIOUS: Final = 3

#: What layout 4 has besides that of the release before: without these its sessions that were parked are ghosts.
_ADDED_BY_4: Final = (
    "DROP TABLE IF EXISTS sio_log",
    "DROP TABLE IF EXISTS sio_parked",
    "ALTER TABLE sio_sockets DROP COLUMN ticket",
)
_ADDED_BY_3: Final = (
    "DROP INDEX IF EXISTS sio_sessions_by_actor",
    "DROP INDEX IF EXISTS sio_sockets_by_namespace",
    "DROP TABLE IF EXISTS sio_counts",
)
#: What a release without recovery does to a parked session: its sweep ends it, and knows no row that says it is parked.
_PARKED: Final = "IN (SELECT engine_sid FROM sio_parked)"
_END_PARKED: Final = (
    f"DELETE FROM sio_rooms WHERE socket_sid IN (SELECT socket_sid FROM sio_sockets WHERE engine_sid {_PARKED})",
    f"DELETE FROM sio_sockets WHERE engine_sid {_PARKED}",
    f"DELETE FROM sio_sessions WHERE engine_sid {_PARKED}",
)

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
    """Leave what the previous layout has; a release of that layout also writes its number."""
    del number
    if _has(database, "ticket"):
        for statement in _ADDED_BY_4:
            database.execute(statement)
    return "tables of an earlier layout", _PREVIOUS


def _roll_back_further(database: FakeDatabase, number: int | None) -> tuple[str, int | None]:
    """Leave what layout 2 has."""
    what, _ = _roll_back(database, number)
    for statement in _ADDED_BY_3:
        database.execute(statement)
    return what, _EARLIER


def _work_before(database: FakeDatabase, number: int | None) -> tuple[str, int | None]:
    """Do what the previous release does on tables of this layout, whose number it leaves."""
    if not _has(database, "ticket"):
        return "tables of another release still", number
    for statement in _END_PARKED:
        database.execute(statement)
    return "tables that the release before has worked on", number


def _cut_migration_short(database: FakeDatabase, number: int | None) -> tuple[str, int | None]:
    """Leave a migration that came to its end but did not store its number."""
    del database
    return "migration cut short", None if number is None else min(number, _EARLIER)


def _go_ahead(database: FakeDatabase, number: int | None) -> tuple[str, int | None]:
    """Add what a later layout may add, a column with a default and a table, and raise the number."""
    del number
    if not _has(database, "region"):
        database.execute("ALTER TABLE sio_sockets ADD COLUMN region TEXT NOT NULL DEFAULT ''")
        database.execute("ALTER TABLE sio_sessions ADD COLUMN watched INTEGER NOT NULL DEFAULT 0")
    database.execute("CREATE TABLE IF NOT EXISTS sio_regions (place INTEGER PRIMARY KEY, region TEXT NOT NULL)")
    return "tables of a later layout", FUTURE


def _has(database: FakeDatabase, column: str) -> bool:
    """Return whether sockets have a column."""
    return column in {row[1] for row in database.rows("pragma_table_info('sio_sockets')")}


_REWRITES: Final[tuple[Callable[[FakeDatabase, int | None], tuple[str, int | None]], ...]] = (
    _roll_back,
    _roll_back_further,
    _work_before,
    _cut_migration_short,
    _go_ahead,
)
