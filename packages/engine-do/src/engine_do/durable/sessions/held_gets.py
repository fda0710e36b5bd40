"""The sessions of one object that poll, and their GETs that wait.

Of an engine alone they are a cache over rows: absent means not loaded, never gone. In front of a link they end with the object's
life (nobody could tell what of the link's work was lost with it), so they are kept in memory, and keep the object awake; but for a
quiet moment (`session.quiet`), in which they are in rows of their own (`resting_rows`).
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace

from engine_do.durable.sessions.resting_rows import RestingRows
from engine_do.durable.sessions.session_table import SessionTable
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import Frame
from engine_do.session.polling import Polling, may_rest, must_store, polling_from_record, polling_to_record

__all__ = ["HeldGets"]


class HeldGets:
    """Keeps each `Polling` in memory while it lives here, and in its row what a reset must not take."""

    def __init__(
        self, rows: SessionTable | None, resting: RestingRows, hold_awake: Callable[[], Callable[[], None]]
    ) -> None:
        """Initialise with the table, none in front of an application; the one for that case; and how to keep the object awake."""
        self._rows = rows
        self._resting = resting
        #: Those that have a row there.
        self._rested: set[EngineSid] = set()
        #: Those in memory that have none, where they may: each GET of a quiet moment looks at these, and at no others.
        self._restless: set[EngineSid] = set()
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
        if found is not None or self._all_known:
            return found
        if self._rows is None:
            self._load_all(self._resting.records())
            return self._known.get(engine_sid)
        record = self._rows.record(engine_sid)
        return self._load(record) if record else None

    def all(self) -> list[Polling]:
        """List all sessions that poll."""
        if not self._all_known:
            self._load_all(self._resting.records() if self._rows is None else self._rows.polling())
        return list(self._known.values())

    def put(self, polling: Polling) -> None:
        """Keep what changed; `store` writes it down."""
        self._known[polling.session.engine_sid] = polling
        if self._rows is None:
            self._restless.add(polling.session.engine_sid)
            self._wake(polling.session.engine_sid)
            if self._release is None:
                self._release = self._hold_awake()

    def rest(self) -> None:
        """Write down those of which nothing is under way; called while the application is at rest.

        The object may sleep when all of them are. What happens to one afterwards wakes it: its row goes first. Raises what storage
        raises; none of them rests then.
        """
        if self._rows is not None:
            return
        able = {sid: self._known[sid] for sid in self._restless if may_rest(self._known[sid])}
        if able:
            self._write_down(able)
            self._restless = self._restless.difference(able)  # a set that was large stays slow to go through
        self._let_sleep()

    def _write_down(self, able: dict[EngineSid, Polling]) -> None:
        self._resting.make_table()
        self._rested.update(able)  # before there are rows: none is to outlast what happens to its session
        try:
            self._resting.write((sid, polling_to_record(one)) for sid, one in able.items())
        except Exception:
            self._resting.delete(able)
            self._rested.difference_update(able)
            raise

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
        self._restless.discard(engine_sid)
        if polling.held is not None:
            self.answer(polling.held, None)
        if self._rows is None:
            self._wake(engine_sid)
            self._let_sleep()
        else:
            self._rows.delete([engine_sid])

    def wait(self, poll_id: str) -> "asyncio.Future[tuple[Frame, ...] | None]":
        """Begin to wait for the answer to a GET: its packets, or none for a refusal."""
        future = self._waiting.get(poll_id)
        if future is None:  # else it was forwarded twice, and nobody knows which of both still has the client
            future = self._waiting[poll_id] = asyncio.get_event_loop().create_future()
        return future

    def answer(self, poll_id: str, frames: tuple[Frame, ...] | None) -> None:
        """Answer a GET, if it still waits."""
        future = self._waiting.pop(poll_id, None)
        if future is not None and not future.done():
            future.set_result(frames)

    def _wake(self, engine_sid: EngineSid) -> None:
        if engine_sid in self._rested:
            self._rested.discard(engine_sid)
            self._resting.delete([engine_sid])

    def _load_all(self, records: Iterable[str]) -> None:
        for record in records:
            self._load(record)
        self._all_known = True

    def _load(self, record: str) -> Polling | None:
        polling = polling_from_record(record)
        if polling is None:
            return None
        engine_sid = polling.session.engine_sid
        if engine_sid not in self._known and self._rows is None:
            self._known[engine_sid] = replace(polling, is_stored=False)
            self._rested.add(engine_sid)
            self.count(engine_sid, polling.size)
        elif engine_sid not in self._known:
            self._known[engine_sid] = self._stored[engine_sid] = polling
            self.count(engine_sid, polling.size)
        return self._known[engine_sid]

    def _forget(self, polling: Polling) -> None:
        engine_sid = polling.session.engine_sid
        self._known.pop(engine_sid, None)
        self._stored.pop(engine_sid, None)
        self._restless.discard(engine_sid)
        if self._rows is None:
            self._wake(engine_sid)
            self._let_sleep()
        elif polling.switched:
            self._rows.write(engine_sid, None)
        else:
            self._rows.delete([engine_sid])

    def _let_sleep(self) -> None:
        if not self._restless and self._release is not None:
            self._release()
            self._release = None


def _count_nothing(engine_sid: str, size: int) -> None:
    """Stand for whoever counts."""
