"""Engine actors that could not be reached while sockets of theirs were to be closed: they are asked later for their sessions.

The sessions have ended here, and their clients do not know what they miss. The engine actor would not ask by itself, since nothing
has changed there. So storage says whom to ask, and the object's alarm when: neither sleep nor a reset ends it, nor keeps it awake.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import js
from pyodide.ffi import to_js

from shared_wire.durable import now_ms

__all__ = ["Unheard"]

_logger = logging.getLogger("socketio_do")

_PREFIX: Final = "socketio_do:unheard:"
#: Milliseconds until an engine actor is asked first, each next time twice as many, and at most.
_FIRST_MS: Final = 30_000
_LONGEST_MS: Final = 3_600_000
#: How often it is asked: for a week.
_MOST: Final = 175


class Unheard:
    """Whom to ask, when, and how often each was asked. In memory is what storage has."""

    def __init__(self, kv: Any, counters: Counter[str], ask: Callable[[str], None]) -> None:
        """Initialise with the keys of storage, where to count what is written, and what asks an engine actor."""
        self._kv, self._counters, self._ask = kv, counters, ask
        self._known: dict[str, tuple[int, int]] | None = None

    @property
    def next_ms(self) -> int | None:
        """When the next one is to be asked."""
        return min((due_ms for due_ms, _ in self._all().values()), default=None)

    def note(self, peer: str) -> None:
        """Note that an engine actor has not heard what it was to close."""
        if peer not in self._all():
            self._put(peer, now_ms() + _FIRST_MS, 0)

    def hear(self, peer: str) -> None:
        """Note that an engine actor has said which sessions it has."""
        if peer in self._all():
            self._counters["rows_written"] += 1
            self._kv.delete(_PREFIX + peer)
            del self._all()[peer]

    def ring(self) -> None:
        """Ask those whose time has come."""
        now = now_ms()
        for peer, (due_ms, asked) in [*self._all().items()]:
            if due_ms > now:
                continue
            if asked >= _MOST:
                _logger.error("= engine actor %s is not asked any more which sessions it has", peer)
                self.hear(peer)
                continue
            self._put(peer, now + min(_FIRST_MS << min(asked + 1, 20), _LONGEST_MS), asked + 1)
            self._ask(peer)

    def _put(self, peer: str, due_ms: int, asked: int) -> None:
        known = self._all()
        self._counters["rows_written"] += 1
        self._kv.put(_PREFIX + peer, json.dumps([due_ms, asked]))
        known[peer] = due_ms, asked

    def _all(self) -> dict[str, tuple[int, int]]:
        if self._known is None:
            found = self._kv.list(js.Object.fromEntries(to_js([["prefix", _PREFIX]])))
            self._known = {str(key).removeprefix(_PREFIX): _read(value) for key, value in found}
        return self._known


def _read(record: object) -> tuple[int, int]:
    """Read what `_put` wrote, to which a later release may append; what is none is due."""
    try:
        match json.loads(str(record)):
            case [int(due_ms), int(asked), *_]:
                return due_ms, asked
    except (ValueError, RecursionError):
        pass
    return 0, 0
