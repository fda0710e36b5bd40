"""What other releases leave behind in an object that sleeps: attachments, a stored report, tables."""

import json
from collections.abc import Callable
from random import Random
from typing import Final

from shared_wire.testing import Actor
from socketio_do.state.tables import SCHEMA

__all__ = ["rewrite"]

#: A layout of tables that no release has yet, and one that a release before this had.
_FUTURE: Final = 99
_PREVIOUS: Final = 2
#: The number in a session's record of a later release.
_LATER: Final = 7
_LAYOUT_KEY: Final = "socketio_do:schema"
#: How many fields of a session's record the first release wrote.
_FIELDS_OF_FIRST: Final = 8


def rewrite(actor: Actor, random: Random) -> str:
    """Have an object's next life find what another release wrote; returns what was done, for the counts."""
    if actor.binding == "ENGINE" or (actor.binding == "CHAT" and random.random() < 0.5):
        return _rewrite_engine(actor, random)
    is_ours = actor.storage.kv.get(_LAYOUT_KEY) == SCHEMA
    return random.choice(_LAYOUTS)(actor) if is_ours else "tables of another release still"


def _rewrite_engine(actor: Actor, random: Random) -> str:
    for socket in actor.sockets:
        record = socket.deserializeAttachment()
        if isinstance(record, str) and record.startswith("{"):
            socket.serializeAttachment(_rewrite_record(record, random))
    for key, value in actor.storage.kv.list():
        if "report" in key and isinstance(value, str) and random.random() < 0.3:
            actor.storage.kv.put(key, f"2:{value}")
    return "records of another release"


def _rewrite_record(record: str, random: Random) -> str:
    """Write a session's record as a later release would, or as the first one did."""
    found = json.loads(record)
    fields = found["s"]
    if found["engine-do"] == _LATER:
        return record
    if random.random() < 0.5 and len(fields) == _FIELDS_OF_FIRST:
        return json.dumps({"engine-do": 1, "s": fields}, separators=(",", ":"))
    peers = [] if len(fields) > _FIELDS_OF_FIRST else ["", []]
    return json.dumps({"engine-do": _LATER, "s": [*fields, *peers, {"pid": "p1"}, 0], "m": [1]}, separators=(",", ":"))


def _roll_back(actor: Actor) -> str:
    """Leave what layout 2 has; a release of that layout also writes its number."""
    for statement in (
        "DROP INDEX IF EXISTS sio_sessions_by_actor",
        "DROP INDEX IF EXISTS sio_sockets_by_namespace",
        "DROP TABLE IF EXISTS sio_counts",
    ):
        actor.storage.sql.exec(statement)
    actor.storage.kv.put(_LAYOUT_KEY, _PREVIOUS)
    return "tables of an earlier layout"


def _cut_migration_short(actor: Actor) -> str:
    """Leave a migration that came to its end but did not store its number."""
    number = actor.storage.kv.get(_LAYOUT_KEY)
    if isinstance(number, int):
        actor.storage.kv.put(_LAYOUT_KEY, min(number, _PREVIOUS))
    return "migration cut short"


def _go_ahead(actor: Actor) -> str:
    """Add what a later layout may add, columns with a default and a table, and raise the number."""
    exec_ = actor.storage.sql.exec
    if "recovery" not in {row[1] for row in exec_("SELECT * FROM pragma_table_info('sio_sockets')").raw()}:
        exec_("ALTER TABLE sio_sockets ADD COLUMN recovery TEXT NOT NULL DEFAULT ''")
        exec_("ALTER TABLE sio_sessions ADD COLUMN parked INTEGER NOT NULL DEFAULT 0")
    exec_("CREATE TABLE IF NOT EXISTS sio_log (place INTEGER PRIMARY KEY, packets TEXT NOT NULL)")
    actor.storage.kv.put(_LAYOUT_KEY, _FUTURE)
    return "tables of a later layout"


_LAYOUTS: Final[tuple[Callable[[Actor], str], ...]] = (_roll_back, _cut_migration_short, _go_ahead)
