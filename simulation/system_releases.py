"""What other releases leave behind in an object that sleeps: attachments, a stored report, tables."""

import json
from collections.abc import Callable
from random import Random
from typing import Final

from shared_wire.testing import Actor
from socketio_do.state.layout import SCHEMA

__all__ = ["rewrite"]

#: A layout of tables that no release has yet, the one of the release before this, and an earlier one.
_FUTURE: Final = 99
_PREVIOUS: Final = 3
_EARLIER: Final = 2
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
    """Leave what the previous layout has; a release of that layout also writes its number."""
    for statement in _ADDED_BY_4:
        actor.storage.sql.exec(statement)
    actor.storage.kv.put(_LAYOUT_KEY, _PREVIOUS)
    return "tables of an earlier layout"


def _roll_back_further(actor: Actor) -> str:
    """Leave what layout 2 has."""
    what = _roll_back(actor)
    for statement in _ADDED_BY_3:
        actor.storage.sql.exec(statement)
    actor.storage.kv.put(_LAYOUT_KEY, _EARLIER)
    return what


def _work_before(actor: Actor) -> str:
    """Do what the previous release does on tables of this layout, whose number it leaves."""
    for statement in _END_PARKED:
        actor.storage.sql.exec(statement)
    return "tables that the release before has worked on"


def _cut_migration_short(actor: Actor) -> str:
    """Leave a migration that came to its end but did not store its number."""
    number = actor.storage.kv.get(_LAYOUT_KEY)
    if isinstance(number, int):
        actor.storage.kv.put(_LAYOUT_KEY, min(number, _EARLIER))
    return "migration cut short"


def _go_ahead(actor: Actor) -> str:
    """Add what a later layout may add, columns with a default and a table, and raise the number."""
    exec_ = actor.storage.sql.exec
    if "region" not in {row[1] for row in exec_("SELECT * FROM pragma_table_info('sio_sockets')").raw()}:
        exec_("ALTER TABLE sio_sockets ADD COLUMN region TEXT NOT NULL DEFAULT ''")
        exec_("ALTER TABLE sio_sessions ADD COLUMN watched INTEGER NOT NULL DEFAULT 0")
    exec_("CREATE TABLE IF NOT EXISTS sio_regions (place INTEGER PRIMARY KEY, region TEXT NOT NULL)")
    actor.storage.kv.put(_LAYOUT_KEY, _FUTURE)
    return "tables of a later layout"


_LAYOUTS: Final[tuple[Callable[[Actor], str], ...]] = (
    *(_roll_back, _roll_back_further, _work_before),
    *(_cut_migration_short, _go_ahead),
)
