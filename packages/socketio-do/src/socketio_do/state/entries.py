"""Entries into rooms that are written together: all that one step of a handler makes after its first one, in one statement."""

from collections.abc import Callable, Collection, Iterable

from socketio_do.state.found import Socket

__all__ = ["Entries", "LateDatabase"]


class LateDatabase:
    """A `tables.Database` before whose next statement, whatever it is, something is written that was put off."""

    def __init__(self, execute: Callable[..., str | None], write: Callable[[], None]) -> None:
        """Initialise with what runs statements, and what writes."""
        self._execute, self._write = execute, write

    def execute(self, statement: str, *parameters: str) -> str | None:
        """Write, and run a statement."""
        self._write()
        return self._execute(statement, *parameters)


class Entries:
    """Who has entered which room in the step under way. They are in the tables in memory, and not in the rows yet.

    They are written before any other statement is run, before anything is sent, and at the step's end: nobody can tell.
    """

    def __init__(
        self,
        put_off: Callable[[Callable[[], None] | None], None],
        insert: Callable[[str, list[tuple[str, str]]], None],
        rooms_of: dict[str, set[str]],
        rooms: dict[tuple[str, str], dict[str, str]],
        pending: Collection[str],
    ) -> None:
        """Initialise with `Storage.put_off`, what writes entries of a namespace, and the tables in memory."""
        self._put_off, self._insert = put_off, insert
        self._rooms_of, self._rooms, self._pending = rooms_of, rooms, pending
        #: Whether a step is under way; whoever sets this calls `end_step` at its end, if `is_second` is set by then.
        self.in_step = False
        #: Whether the step has made an entry, which was written at once: most make no other.
        self.is_second = False
        self.waiting: list[tuple[Socket, str]] = []

    def add(self, socket: Socket, key: str) -> None:
        """Write that a connected socket enters a room, or have that wait."""
        if not self.is_second:
            self._insert(socket.namespace, [(key, socket.socket_sid)])
            self.is_second = self.in_step
            return
        if not self.waiting:
            self._put_off(self.write)
        self.waiting.append((socket, key))

    def end_step(self) -> None:
        """Write what waits; what is entered from now on does not wait."""
        self.in_step = self.is_second = False
        if self.waiting:
            self.write()

    def write(self) -> None:
        """Write what waits. Where that fails nobody has entered."""
        entered, self.waiting = self.waiting, []
        self._put_off(None)
        try:
            for namespace in dict.fromkeys(socket.namespace for socket, _ in entered):
                self._insert(namespace, [(key, one.socket_sid) for one, key in entered if one.namespace == namespace])
        except Exception:
            self.read_again(entered)
            raise

    def read_again(self, memberships: Iterable[tuple[Socket, str]]) -> None:
        """Have the rooms of connected sockets read from the rows again; a room with a pending member is in memory only."""
        for socket, key in memberships:
            if socket.pending:
                continue
            self._rooms_of.pop(socket.socket_sid, None)
            members = self._rooms.get((socket.namespace, key), {})
            if any(sid in self._pending for sid in members):
                members.pop(socket.socket_sid, None)
            else:
                self._rooms.pop((socket.namespace, key), None)
