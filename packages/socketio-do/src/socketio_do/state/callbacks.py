"""Callbacks that survive sleep and resets: the name of a registered handler, and what it needs to know, with a deadline.

waiting ── the client answers ──> its handler is called          the row goes first: a handler is called at most once,
   │                                                             also when a reset ends it in the middle
   └────── deadline, or the client goes ──> the other handler
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from socketio_do.limits import MAX_ACKS, MAX_CONTEXT
from socketio_do.state.tables import MAX_SIDS, CallbackRow, Storage
from socketio_do.state.values import load_value, store_value

__all__ = ["Callbacks", "Expected"]

#: Callbacks taken at once when their deadline has passed; more are taken by another alarm.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Expected:
    """One answer that is expected of one socket."""

    socket_sid: str
    name: str
    context: Any


class Callbacks:
    """The answers that are expected durably. All of it is in storage; nothing is cached."""

    def __init__(self, storage: Storage) -> None:
        """Initialise with the rows."""
        self._storage = storage

    def write_context(self, context: Any) -> str:
        """Return what a handler is to be told as text.

        Raises `SessionDataError` for what JSON cannot hold, and for more than `MAX_CONTEXT` characters.
        """
        return store_value(context, "a callback's context", MAX_CONTEXT)

    def add(self, asked: dict[str, int], name: str, context: str, due_ms: int) -> list[Expected]:
        """Expect answers (socket sid -> ack id) until a deadline.

        Returns those given up for it: a socket has `MAX_ACKS` at most.
        """
        self._storage.insert_callbacks(asked, name, context, due_ms)
        given_up: list[Expected] = []
        sids = [*asked]
        for start in range(0, len(sids), MAX_SIDS):
            piece = sids[start : start + MAX_SIDS]
            given_up += self._take_all(functools.partial(self._storage.some_surplus_callbacks, piece, MAX_ACKS))
        return given_up

    def take(self, socket_sid: str, number: int) -> Expected | None:
        """Remove and return the answer that is expected with an ack id, if there is one."""
        return next(iter(self._take(self._storage.callback(socket_sid, number))), None)

    def drop(self, socket_sid: str) -> list[Expected]:
        """Remove and return all answers of a socket that is gone."""
        return self._take_all(lambda: self._storage.some_callbacks(socket_sid))

    def due(self, now_ms: int) -> list[Expected]:
        """Delete and return the answers whose deadline has passed, or some of them where they are many."""
        return self._take_all(lambda: self._storage.some_due_callbacks(now_ms), _AT_ONCE)

    def next_ms(self) -> int | None:
        """Return the next deadline."""
        return self._storage.next_due_ms()

    def _take_all(self, read: Callable[[], list[CallbackRow]], enough: int | None = None) -> list[Expected]:
        """Delete and return what is read, piece by piece, until nothing is left or there are enough."""
        taken: list[Expected] = []
        while (enough is None or len(taken) < enough) and (rows := read()):
            try:
                taken += self._take(rows)
            except Exception:
                if not taken:
                    raise
                break  # those that are deleted are told of; the rest has its rows, and its deadline
        return taken

    def _take(self, rows: list[CallbackRow]) -> list[Expected]:
        if rows:
            self._storage.delete_callbacks([(socket_sid, number) for socket_sid, number, *_ in rows])
        return [Expected(socket_sid, name, load_value(context)) for socket_sid, _, name, context in rows]
