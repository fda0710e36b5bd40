"""For whom something waits while a call to an engine actor fails and is made again: only memory has it, for 18 seconds or longer.

A reset in that time takes it along, and neither its sessions nor their engine actor would know. So storage says whose it is, for as
long: the next life ends those sessions, and the object's alarm sees to it that there is one. To give a call up ends them, too; but
then the row stays until the engine actor has said which sessions it has, since what closes them may be lost once more.
"""

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import js
from pyodide.ffi import to_js

from shared_wire import EngineSid
from shared_wire.durable import now_ms

__all__ = ["FailingCalls"]

_PREFIX: Final = "socketio_do:failing:"
#: Sessions that are named; where there are more, all of the engine actor's are meant.
_MOST: Final = 500
#: Milliseconds until the alarm begins a life where a reset has ended this one.
_WAKE_MS: Final = 30_000


class FailingCalls:
    """A row for each engine actor to which a call fails: written when it has failed first, and when more sessions are concerned."""

    def __init__(self, kv: Any, counters: Counter[str]) -> None:
        """Initialise with the keys of storage, and where to count what is written; reads what an earlier life has left."""
        self._kv, self._counters = kv, counters
        found = kv.list(js.Object.fromEntries(to_js([["prefix", _PREFIX]])))
        #: What storage has; none for all sessions of an engine actor.
        self._noted = {str(key).removeprefix(_PREFIX): _read(value) for key, value in found}
        #: Those to whom calls fail now, those of them that could not be noted, those whose row could not be deleted when that was
        #: over, and when the alarm is to look after them.
        self._failing: set[str] = set()
        self._unwritten: set[str] = set()
        self._over: set[str] = set()
        self._wake_ms = 0

    @property
    def next_ms(self) -> int | None:
        """When the alarm is to ring, as long as calls fail or a row is left of them."""
        return self._wake_ms if self._failing or self._over else None

    def ring(self) -> None:
        """Delete what could not be deleted, and note that the alarm has rung: it must again, while calls fail."""
        self._wake_ms = now_ms() + _WAKE_MS
        for peer in [*self._over]:
            self.end(peer)

    def left(self) -> dict[str, tuple[EngineSid, ...] | None]:
        """Return for whom something waited, by engine actor, when an earlier life ended; none for all it has."""
        return {peer: None if noted is None else tuple(noted) for peer, noted in self._noted.items()}

    def note(self, peer: str, engine_sids: Iterable[EngineSid]) -> bool:
        """Note for whom something waits; return whether an engine actor is the first time among those to which calls fail.

        Where that cannot be written it raises once, and is not tried again before the calls are over.
        """
        before = self._noted.get(peer, {})
        concerned = None if before is None else before | dict.fromkeys(engine_sids)
        if concerned == {} or peer in self._unwritten:
            return False
        if concerned is not None and len(concerned) > len(before or ()):
            self._write(peer, concerned if len(concerned) <= _MOST else None)
        is_first = peer not in self._failing
        self._failing.add(peer)
        self._over.discard(peer)
        if is_first:
            self._wake_ms = now_ms() + _WAKE_MS
        return is_first

    def _write(self, peer: str, noted: dict[EngineSid, None] | None) -> None:
        self._unwritten.add(peer)
        self._counters["rows_written"] += 1
        self._kv.put(_PREFIX + peer, json.dumps(None if noted is None else [*noted]))
        self._noted[peer] = noted
        self._unwritten.discard(peer)

    def give_up(self, peer: str) -> None:
        """Note that a call is made no longer, and that the engine actor has yet to hear what it closes."""
        self._failing.discard(peer)
        self._unwritten.discard(peer)

    def hear(self, peer: str) -> None:
        """Note that an engine actor has said which sessions it has: it knows what calls that are over have closed."""
        if peer not in self._failing:
            self.end(peer)

    def end(self, peer: str) -> None:
        """Note that nothing waits any more behind a call that fails."""
        self.give_up(peer)
        if peer in self._noted:
            self._over.add(peer)
            self._counters["rows_written"] += 1
            self._kv.delete(_PREFIX + peer)
            del self._noted[peer]
            self._over.discard(peer)


def _read(record: object) -> dict[EngineSid, None] | None:
    """Read what `note` wrote; what is none is for all."""
    try:
        found = json.loads(str(record))
    except (ValueError, RecursionError):
        return None
    return {EngineSid(str(one)): None for one in found} if isinstance(found, list) else None
