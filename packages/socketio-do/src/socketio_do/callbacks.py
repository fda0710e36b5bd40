"""Callbacks that survive sleep and resets: the name of a registered handler, and what it needs to know, with a deadline.

waiting ── the client answers ──> its handler is called          the row goes first: a handler is called at most once,
   │                                                             also when a reset ends it in the middle
   └────── deadline, or the client goes ──> the other handler
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from socketio_do.errors import SessionDataError
from socketio_do.limits import MAX_ACKS
from socketio_do.storage import Storage

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
        """Take the rows."""
        self._storage = storage

    def write_context(self, context: Any) -> str:
        """Write what a handler is to be told; raises `SessionDataError` for what JSON cannot hold."""
        try:
            return json.dumps(context, separators=(",", ":"))
        except (TypeError, ValueError) as error:
            raise SessionDataError(f"a callback's context survives as JSON ({error})") from None

    def add(self, asked: dict[str, int], name: str, context: str, due_ms: int) -> list[Expected]:
        """Expect answers (socket sid -> ack id) until a time; returns those given up for it: a socket has `MAX_ACKS` at most."""
        self._storage.insert_callbacks(asked, name, context, due_ms)
        given_up = self._storage.surplus_callbacks(list(asked), MAX_ACKS)
        return self._take(given_up)

    def take(self, socket_sid: str, number: int) -> Expected | None:
        """Take the answer that is expected with an ack id, if there is one."""
        return next(iter(self._take(self._storage.callbacks(socket_sid, number))), None)

    def drop(self, socket_sid: str) -> list[Expected]:
        """Take all answers of a socket that is gone."""
        return self._take(self._storage.callbacks(socket_sid))

    def due(self, now_ms: int) -> list[Expected]:
        """Take the answers whose time has passed, or some of them where they are many."""
        return self._take(self._storage.due_callbacks(now_ms, _AT_ONCE))

    def next_ms(self) -> int | None:
        """Tell the next deadline."""
        return self._storage.next_due_ms()

    def _take(self, rows: list[tuple[str, int, str, str]]) -> list[Expected]:
        if rows:
            self._storage.delete_callbacks([(socket_sid, number) for socket_sid, number, *_ in rows])
        return [Expected(socket_sid, name, json.loads(context)) for socket_sid, _, name, context in rows]
