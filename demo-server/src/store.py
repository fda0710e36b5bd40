"""What the demo keeps in the object's own storage, besides what the packages keep there."""

import time
from collections.abc import Callable
from typing import Any

NOTES_PER_BOARD = 12
NOTES_IN_ALL = 1_000
NOTE_MS = 24 * 3_600_000

# Runs one statement with its parameters, and returns the rows.
Execute = Callable[..., list[list[Any]]]


def now_ms() -> int:
    """Return the time."""
    return int(time.time() * 1000)


class Store:
    """Notes on boards, and until when a room's roll is being called. Nothing of it grows without bound."""

    def __init__(self, execute: Execute, clock: Callable[[], int] = now_ms) -> None:
        self._execute, self._now_ms = execute, clock
        execute(
            "CREATE TABLE IF NOT EXISTS notes "
            "(id INTEGER PRIMARY KEY AUTOINCREMENT, board TEXT, nick TEXT, text TEXT, until_ms INTEGER)"
        )
        execute("CREATE INDEX IF NOT EXISTS notes_of_board ON notes (board)")
        execute("CREATE TABLE IF NOT EXISTS rolls (room TEXT PRIMARY KEY, until_ms INTEGER)")

    def notes(self, board: str) -> list[dict[str, str]]:
        """List a board's notes, the newest first."""
        rows = self._execute(
            "SELECT nick, text FROM notes WHERE board = ? AND until_ms > ? ORDER BY id DESC", board, self._now_ms()
        )
        return [{"nick": nick, "text": text} for nick, text in rows]

    def pin(self, board: str, nick: str, text: str) -> None:
        """Add a note; what is too old or too much goes."""
        now = self._now_ms()
        insert = "INSERT INTO notes (board, nick, text, until_ms) VALUES (?, ?, ?, ?)"
        self._execute(insert, board, nick, text, now + NOTE_MS)
        self._execute(
            "DELETE FROM notes WHERE id <= (SELECT max(id) FROM notes) - ? OR until_ms <= ?", NOTES_IN_ALL, now
        )
        self._execute(
            "DELETE FROM notes WHERE board = ? AND id NOT IN "
            "(SELECT id FROM notes WHERE board = ? ORDER BY id DESC LIMIT ?)",
            *(board, board, NOTES_PER_BOARD),
        )

    def begin_roll(self, room: str, seconds: float) -> bool:
        """Note that a room's roll is called from now on; False if it is being called already."""
        now = self._now_ms()
        self._execute("DELETE FROM rolls WHERE until_ms <= ?", now)
        if self._execute("SELECT 1 FROM rolls WHERE room = ?", room):
            return False
        self._execute("INSERT INTO rolls VALUES (?, ?)", room, now + round(seconds * 1000))
        return True
