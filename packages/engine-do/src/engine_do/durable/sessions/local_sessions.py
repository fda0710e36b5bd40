"""What is written down of an engine alone's sessions: that they are open, and what the application stores with each."""

from collections.abc import Callable, Container

from engine_do.durable.sessions.session_table import SessionTable
from engine_do.errors import ConfigError
from engine_do.protocol.ids import EngineSid
from engine_do.session.pending import PendingHandshakes

__all__ = ["LocalSessions"]


class LocalSessions:
    """SessionTable where the application is in this object. In front of a link there are none."""

    def __init__(self, rows: SessionTable | None, pending: PendingHandshakes) -> None:
        """Initialise with the table, if there is one, and those who have no row yet."""
        self._rows = rows
        self._pending = pending

    def note_opened(self, engine_sid: EngineSid) -> None:
        """Write down a session on a WebSocket: its end must be told even after a reset."""
        if self._rows is not None:
            self._rows.write(engine_sid, None)

    def note_ended(self, engine_sid: EngineSid) -> None:
        """Delete the row of a session that has ended."""
        if self._rows is not None:
            self._rows.delete([engine_sid])

    def data(self, engine_sid: EngineSid) -> str | None:
        """Read what the application stored with a session."""
        if (client := self._pending.get(engine_sid)) is not None:
            return client.data
        return self._own_rows().data(engine_sid)

    def write_data(self, engine_sid: EngineSid, data: str) -> bool:
        """Store something with a session; returns whether there is such a session."""
        rows = self._own_rows()
        if (client := self._pending.get(engine_sid)) is not None:
            client.data = data
            return True
        return rows.write_data(engine_sid, data)

    def end_ghosts(self, alive: Container[EngineSid], is_known: Callable[[EngineSid], bool]) -> list[EngineSid]:
        """Forget the sessions that a reset took away, and return them: those that are neither alive nor known."""
        if self._rows is None:
            return []
        gone = (EngineSid(sid) for sid in self._rows.sids() if sid not in alive)
        ghosts = [engine_sid for engine_sid in gone if not is_known(engine_sid)]
        if ghosts:
            self._rows.delete(ghosts)
        return ghosts

    def _own_rows(self) -> SessionTable:
        if self._rows is None:
            raise ConfigError("the application that this actor serves keeps the sessions: use its own save_session")
        return self._rows
