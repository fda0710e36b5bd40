"""The sessions of one object that poll, and their GETs that wait.

Of an engine alone they are a cache over rows: absent means not loaded, never gone. In front of a link they end with the object's
life (nobody could tell what of the link's work was lost with it), so they are kept in memory only, and keep the object awake.
"""

import asyncio
from collections.abc import Callable

from engine_do.durable.session_table import SessionTable
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import Frame
from engine_do.session.polling import Polling, must_store, polling_from_record, polling_to_record

__all__ = ["HeldGets"]


class HeldGets:
    """Keeps each `Polling` in memory while it lives here, and in its row what a reset must not take."""

    def __init__(self, rows: SessionTable | None, hold_awake: Callable[[], Callable[[], None]]) -> None:
        """Initialise with the table, none in front of a link, and how to keep the object awake."""
        self._rows = rows
        self._hold_awake = hold_awake
        self._release: Callable[[], None] | None = None
        self._known: dict[EngineSid, Polling] = {}
        self._stored: dict[EngineSid, Polling] = {}
        self._all_known = False
        self._waiting: dict[str, asyncio.Future[tuple[Frame, ...] | None]] = {}
        #: Told of the bytes that a session holds when it is read from its row.
        self.count: Callable[[str, int], object] = _count_nothing

    @property
    def are_stored(self) -> bool:
        """Whether sessions that poll are in rows."""
        return self._rows is not None

    def get(self, engine_sid: EngineSid) -> Polling | None:
        """Find a session that polls."""
        found = self._known.get(engine_sid)
        if found is None and self._rows is not None and not self._all_known:
            record = self._rows.record(engine_sid)
            found = self._load(record) if record else None
        return found

    def all(self) -> list[Polling]:
        """List all sessions that poll."""
        if self._rows is not None and not self._all_known:
            for record in self._rows.polling():
                self._load(record)
            self._all_known = True
        return list(self._known.values())

    def put(self, polling: Polling) -> None:
        """Keep what changed; `store` writes it down."""
        self._known[polling.session.engine_sid] = polling
        if self._rows is None and self._release is None:
            self._release = self._hold_awake()

    def store(self, engine_sid: EngineSid) -> None:
        """Write down what a reset would lose, if there is such a thing."""
        polling = self._known.get(engine_sid)
        if polling is None:
            return
        if polling.gone:
            self._forget(polling)
            return
        stored = self._stored.get(engine_sid)
        if self._rows is None:
            return
        if stored is None or must_store(stored, polling):
            self._rows.write(engine_sid, polling_to_record(polling))
            self._stored[engine_sid] = polling

    def drop(self, engine_sid: EngineSid) -> None:
        """Forget a session, in its row too, and refuse its GET."""
        polling = self._known.pop(engine_sid, None)
        if polling is None:
            return
        self._stored.pop(engine_sid, None)
        if polling.held is not None:
            self.answer(polling.held, None)
        if self._rows is None:
            self._let_sleep()
        else:
            self._rows.delete([engine_sid])

    def wait(self, poll_id: str) -> "asyncio.Future[tuple[Frame, ...] | None]":
        """Begin to wait for the answer to a GET: its packets, or none for a refusal."""
        future = self._waiting[poll_id] = asyncio.get_event_loop().create_future()
        return future

    def answer(self, poll_id: str, frames: tuple[Frame, ...] | None) -> None:
        """Answer a GET, if it still waits."""
        future = self._waiting.pop(poll_id, None)
        if future is not None and not future.done():
            future.set_result(frames)

    def _load(self, record: str) -> Polling | None:
        polling = polling_from_record(record)
        if polling is None:
            return None
        engine_sid = polling.session.engine_sid
        if engine_sid not in self._known:
            self._known[engine_sid] = self._stored[engine_sid] = polling
            self.count(engine_sid, polling.size)
        return self._known[engine_sid]

    def _forget(self, polling: Polling) -> None:
        engine_sid = polling.session.engine_sid
        self._known.pop(engine_sid, None)
        self._stored.pop(engine_sid, None)
        if self._rows is None:
            self._let_sleep()
        elif polling.switched:
            self._rows.write(engine_sid, None)
        else:
            self._rows.delete([engine_sid])

    def _let_sleep(self) -> None:
        if not self._known and self._release is not None:
            self._release()
            self._release = None


def _count_nothing(engine_sid: str, size: int) -> None:
    """Stand for whoever counts."""
