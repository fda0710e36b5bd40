"""The application of the model of rooms: whatever a handler does is written down, in the order in which it is done.

It lies in the object's own storage, written in the same turn as what it tells of: a reset keeps both or neither.
"""

import json
from collections.abc import Callable
from typing import Any

_TABLE = "CREATE TABLE IF NOT EXISTS journal (number INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT)"


class Journal:
    """Numbered entries, each with the life that wrote it."""

    def __init__(self, sql: Any, life: str) -> None:
        self._sql, self._life = sql, life
        sql.exec(_TABLE)

    def write(self, sid: str, what: str, *details: Any) -> int:
        """Write an entry down; returns its number."""
        entry = json.dumps([self._life, sid, what, *details])
        written = self._sql.exec("INSERT INTO journal (entry) VALUES (?) RETURNING number", entry)
        return int(written.raw().toArray()[0][0])

    def read(self, after: int, count: int) -> list[Any]:
        """Read so many entries, each behind its number."""
        query = "SELECT number, entry FROM journal WHERE number > ? ORDER BY number LIMIT ?"
        return [[int(row[0]), *json.loads(row[1])] for row in self._sql.exec(query, after, count).raw().toArray()]


def register(sio: Any, journal: Journal) -> None:
    """Register the handlers."""

    @sio.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        journal.write(sid, "connect", auth["member"])

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:
        journal.write(sid, "disconnect", reason)

    @sio.event
    async def act(sid: str, number: int, pause: float, what: str, arguments: dict[str, Any]) -> Any:
        """Do what a member's numbered message asks for; answers with the entry's number and the rooms it is in after it."""
        if pause:
            await sio.sleep(pause)
        entry = journal.write(sid, what, number, arguments)
        await ACTIONS[what](sio, sid, entry, **arguments)
        return entry, sorted(room for room in sio.rooms(sid) if room != sid)


async def _enter(sio: Any, sid: str, entry: int, room: str) -> None:
    await sio.enter_room(sid, room)


async def _leave(sio: Any, sid: str, entry: int, room: str) -> None:
    await sio.leave_room(sid, room)


async def _close(sio: Any, sid: str, entry: int, room: str) -> None:
    await sio.close_room(room)


async def _tell(sio: Any, sid: str, entry: int, rooms: Any, skip: bool, without: Any) -> None:
    """Emit to a room, several, or (None) all, with the entry's number."""
    await sio.emit("told", entry, room=rooms, skip_sid=sid if skip else None, except_rooms=without)


async def _look(sio: Any, sid: str, entry: int) -> None:
    """Change nothing: the answer has the rooms."""


ACTIONS: dict[str, Callable[..., Any]] = {
    "enter": _enter,
    "leave": _leave,
    "close": _close,
    "tell": _tell,
    "look": _look,
}
