"""What was sent to clients that may come back, and to whom, in order: written in the event that sends it.

    sent or moved ──add──> entries of this event ──commit──> one row        the event's end; sooner where a row is full
                                                   │
    CONNECT with pid and offset ──missed──> rows after the offset, read backwards: who was in which room then

An entry is a packet with whom it is for, or that sockets entered or left a room. What a client has missed is what a model of sets
says: its rooms are known now, and each change is undone on the way back. **Recovered or told**: a row that was never written, was
overwritten or is not whole makes whoever needs it an ordinary client.
"""

import enum
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from socketio_do.limits import MAX_LOG, MAX_LOG_ROWS, MAX_LOGGED, MAX_READ
from socketio_do.protocol.offsets import Position, is_offset_of, is_recoverable, read_offset, write_offset
from socketio_do.state.found import Socket
from socketio_do.state.log_entries import MARK, Missed, mark, moves_of, write_packet
from socketio_do.state.recovery_rows import RecoveryRows, Row

__all__ = ["Addressed", "RecoveryLog"]

_logger = logging.getLogger("socketio_do")

#: Characters that an entry takes besides what is in it, and one room, or other name, besides its own.
_ENTRY: Final = 64
_NAME: Final = 16
#: Marks that somebody may ask for: who was in more rooms is not recovered.
_MARKS: Final = 10_000
#: Characters that a socket takes which moves, and how many are noted in one entry.
_MOVE_SIZE: Final = 64
_MOVED_AT_ONCE: Final = 2_000

#: Stands before the first row, and before its first entry.
_NOTHING: Final = Row(-1, -1, 0, "", 0)
_BEGINNING: Final = Position(-1, -1)

#: Seconds, and entries at most, for which writing is put off, where it may be.
_WINDOW_S: Final = 1.0
_PUT_OFF: Final = 50


class _Pace(enum.Enum):
    """What a second has brought, where writing may be put off."""

    QUIET = enum.auto()
    #: One event, which is written.
    RECENT = enum.auto()
    #: More, of which some may not be written.
    BUSY = enum.auto()


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whom a packet is for: sockets in any of the rooms, or (None) in the namespace, but those left out."""

    namespace: str
    #: As storage keeps rooms' names; a socket's own room is one.
    rooms: list[str] | None
    skipped: list[str] = field(default_factory=list)
    excepted: list[str] = field(default_factory=list)

    def size(self) -> int:
        """Return how many characters a row has for this at most: all is escaped, and the row is marked with each room."""
        rooms = self.rooms or [""]
        size = _ENTRY + 2 * len(self.namespace) + (_NAME + 2 * MARK) * len(rooms)
        return size + sum(_NAME + 2 * len(name) for names in (rooms, self.skipped, self.excepted) for name in names)


class RecoveryLog:
    """The log of one object. In memory is what this event has added; a reset before its end loses what was not sent either.

    Where writing may be put off, it is so from the third event of a second on. Until the log has been quiet for a second, the row
    that was written last says that more may have been sent: in the next life nobody is recovered who would need that.
    """

    def __init__(
        self,
        rows: RecoveryRows,
        make_key: Callable[[], str],
        defer: Callable[[Callable[[], None]], object],
        later: Callable[[float, Callable[[], None]], object] | None = None,
        now_ms: Callable[[], int] = int,
    ) -> None:
        """Initialise with the rows, what makes a key nobody can guess, and what calls a function at the end of the running step.

        ``later`` calls a function after seconds, where writing may be put off; ``now_ms`` returns the time.
        """
        self._rows = rows
        self._make_key, self._defer, self._later, self._now_ms = make_key, defer, later, now_ms
        self._pace = _Pace.QUIET
        #: Whether nothing was added since the running second began.
        self._is_quiet = True
        self._is_asked = False
        self._key = ""
        self._found: Row | None = None
        self._tail = self._oldest = self._oldest_size = 0
        self._entries: list[Any] = []
        self._targets: dict[str, None] = {}
        self._size = 0
        #: Whether what was sent last could not be written.
        self._is_broken = False

    def place(self, size: int) -> str:
        """Return the offset of the next packet that `add` is given, which takes so many characters with whom it is for.

        One that no row holds makes all who have not had it ordinary clients.
        """
        head = self._make_room(size)
        if size > MAX_LOGGED:
            self._tail = max(self._tail, head.number + 1)
        return write_offset(Position(head.number + 1, len(self._entries)), self._key)

    def add(self, to: Addressed, packets: tuple[str | bytes, ...], size: int) -> None:
        """Add a packet that is sent."""
        if size > MAX_LOGGED:
            self._put([], [], 0)
            return
        rooms = [""] if to.rooms is None else to.rooms
        entry = [to.namespace, to.rooms, to.skipped, to.excepted, [write_packet(packet) for packet in packets]]
        self._put(entry, [mark(to.namespace, room) for room in rooms], size)

    def note_moves(self, memberships: Iterable[tuple[Socket, str]], *, entered: bool) -> None:
        """Add that connected sockets entered rooms, or left them."""
        moved: dict[tuple[str, str], list[str]] = {}
        for socket, room in memberships:
            if not socket.pending:
                moved.setdefault((socket.namespace, room), []).append(socket.socket_sid)
        for (namespace, room), socket_sids in moved.items():
            self.note_moved(namespace, room, socket_sids, entered=entered)

    def note_moved(self, namespace: str, room: str, socket_sids: list[str], *, entered: bool) -> None:
        """Add that connected sockets entered a room, or left it."""
        moved = [socket_sid for socket_sid in socket_sids if is_recoverable(socket_sid)]
        for start in range(0, len(moved), _MOVED_AT_ONCE):
            some = moved[start : start + _MOVED_AT_ONCE]
            size = _MOVE_SIZE * len(some) + 2 * (len(namespace) + len(room))
            self._make_room(size)
            self._put([namespace, room, some, entered], map(moves_of, some), size)

    def sent_since(self, since_ms: int) -> list[tuple[str, str]] | None:
        """Return whom something was sent to after a time: namespaces, each with a room's name or ""; or none.

        That is where there are too many, or more was sent than was written.
        """
        head = self._head()
        if head.at_ms <= since_ms:
            return []
        marks = None if head.tail > head.number else self._rows.targets_since(head.number, since_ms)
        if marks is None or not all("\n" in mark or mark.startswith("\r") for mark in marks):
            return None
        named = (mark.partition("\n") for mark in marks if "\n" in mark)
        return [(namespace, room) for namespace, _, room in named]

    def since(self) -> str:
        """Return the offset of all that was added until now; "" where that is nothing.

        Behind what could not be written there is a row of its own: from here on nothing is missing.
        """
        head = self._head()
        if not self._entries and head.number < self._tail:
            self._put([], [], 0)
        if self._entries:
            return write_offset(Position(head.number + 1, len(self._entries) - 1), self._key)
        return "" if head.number < 0 else write_offset(Position(head.number, head.length - 1), head.key)

    def offset(self) -> str:
        """Return the same, of an entry in any case."""
        if not (since := self.since()):
            self._put([], [], 0)
        return since or self.since()

    def commit(self) -> None:
        """Write what was added since the last time, or put it off; called at the end of each event that adds something."""
        self._is_asked = False
        if self._later is None or self._is_broken:
            self._write()
        elif self._entries and self._pace is _Pace.QUIET:
            self._write()
            self._pace = _Pace.RECENT
            self._begin_window()
        elif self._entries and (self._pace is _Pace.RECENT or len(self._entries) >= _PUT_OFF):
            self._pace = _Pace.BUSY
            self._write()

    def _begin_window(self) -> None:
        assert self._later is not None
        self._is_quiet = True
        self._later(_WINDOW_S, self._end_window)

    def _end_window(self) -> None:
        """Write what was put off; after a second in which nothing was added, the row written last says that it is all."""
        pace, self._pace = self._pace, _Pace.QUIET
        if pace is not _Pace.BUSY:
            return
        if self._is_quiet:
            self._change_tail()
        else:
            self._pace = pace
            self._begin_window()
            self._write()

    def _write(self) -> None:
        """Write what was added as one row. Where that fails, nobody who has not had it is recovered.

        The last row is marked with that, and the next one says it; until there is one, each later call tries to write an empty one.
        """
        if not (self._entries or self._is_broken):
            return
        entries, self._entries = self._entries or [[]], []
        targets, self._targets = self._targets, {}
        self._size = 0
        head = self._head()
        tail = head.number + 2 if self._pace is _Pace.BUSY else self._tail
        try:
            text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False)
            marks = json.dumps([*targets], separators=(",", ":"), ensure_ascii=False)
            row = Row(
                head.number + 1, tail, head.size + len(text) + len(marks), self._key, len(entries), self._now_ms()
            )
            self._rows.write(row, marks, text)
        except Exception:
            self._key, self._tail = self._make_key(), head.number + 2  # clients have offsets of what was not written
            if not self._is_broken:
                _logger.exception("= what was sent is not in the log of recovery: who misses it is not recovered")
            self._change_tail()
            self._is_broken = True
            return
        self._found, self._is_broken = row, False
        if row.size - self._oldest_size > MAX_LOG:
            self._trim(row)

    def _change_tail(self) -> None:
        """Have the row that was written last say which is the first that is whole. Where that fails, it says so later, or less."""
        try:
            self._rows.change_tail(self._head().number, self._tail)
        except Exception:
            _logger.warning("= the log of recovery could not be marked", exc_info=True)

    def missed(
        self,
        socket_sid: str,
        namespace: str,
        rooms: Iterable[str],
        since: str,
        offset: str | None,
        most: int = MAX_LOG_ROWS,
    ) -> list[tuple[str | bytes, ...]] | None:
        """Return what a socket has missed, in order; none where that is not known, or ``most`` rows are too few to tell.

        ``since`` is the log's when the socket connected, ``offset`` what its client has of it.
        """
        self._write()
        head = self._head()
        start = self._find(since) if offset is None else self._find(offset)
        if start is not None and offset is not None:
            start = max(start, self._find(since) or _BEGINNING)  # of a row that was lost, another one has the place
        if start is None or head.number - start.number > most or not self._is_whole_from(start):
            return None
        return self._collect(Missed(socket_sid, namespace, {*rooms}), start, head.number)

    def _collect(self, missed: Missed, start: Position, last: int) -> list[tuple[str | bytes, ...]] | None:
        first = max(start.number, 0)
        moves = self._rows.entries(first, last, [missed.own_moves], MAX_READ)
        missed.note_rooms(entry for _, entries in moves for entry in entries or ())
        targets = missed.targets()
        if len(targets) > _MARKS:
            return None
        for number, entries in self._rows.entries(first, last, targets, MAX_READ):
            if entries is None:
                return None
            fresh = entries[start.entry + 1 :] if number == start.number else entries
            if not missed.take(reversed(fresh)):
                return None
        return missed.packets[::-1]

    def _find(self, offset: str) -> Position | None:
        """Return where an offset is that this log has given, and still has; "" is before all."""
        if not offset:
            return _BEGINNING
        position = read_offset(offset)
        row = None if position is None else self._rows.row(position.number)
        if position is None or row is None or not is_offset_of(offset, position, row.key):
            return None
        return position

    def _is_whole_from(self, start: Position) -> bool:
        """Return whether nothing is missing after a position: what is overwritten or emptied first is what is oldest."""
        if start.number < 0 and self._head().number < 0:
            return self._tail < 0
        row = self._rows.row(max(start.number, 0))
        return row is not None and bool(row.key) and start.number >= self._tail

    def _head(self) -> Row:
        if self._found is None:
            self._found = self._rows.head() or _NOTHING
            self._tail = self._found.tail
            self._key = self._make_key()
        return self._found

    def _make_room(self, size: int) -> Row:
        """Return the row before the one that has room for so many characters more."""
        if self._entries and self._size + size > MAX_LOGGED:
            self._write()
        return self._head()

    def _put(self, entry: list[Any], targets: Iterable[str], size: int) -> None:
        if not self._is_asked:
            self._is_asked = True
            self._defer(self.commit)
        self._is_quiet = False
        self._entries.append(entry)
        self._targets.update(dict.fromkeys(targets))
        self._size += size

    def _trim(self, head: Row) -> None:
        """Empty the oldest rows while all together are too large."""
        self._oldest = max(self._oldest, self._tail, head.number + 1 - self._rows.slots)
        while self._oldest < head.number:
            oldest = self._rows.row(self._oldest)
            self._oldest_size = head.size if oldest is None else oldest.size
            if head.size - self._oldest_size <= MAX_LOG:
                return
            kept = self._oldest + max(1, (head.number - self._oldest) // 8)
            self._rows.clear(self._oldest, kept - 1)
            self._oldest = kept
