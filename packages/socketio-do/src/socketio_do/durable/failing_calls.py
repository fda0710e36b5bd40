"""For whom something waits while a call to an engine actor fails and is made again: for up to 18 seconds only memory has it.

A reset in that time takes it along, and neither its sessions nor their engine actor would know. So storage says whose it is, for as
long: the next life ends those sessions, and the object's alarm sees to it that there is one.
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
_MOST: Final = 1_000
#: Milliseconds until the alarm begins a life where a reset has ended this one: longer than a call is made again.
_WAKE_MS: Final = 30_000


class FailingCalls:
    """A row for each engine actor to which a call fails: written when it has failed first, and when more sessions are concerned."""

    def __init__(self, kv: Any, counters: Counter[str]) -> None:
        """Initialise with the keys of storage, and where to count what is written."""
        self._kv, self._counters = kv, counters
        #: What this life has noted; none for all sessions of an engine actor.
        self._noted: dict[str, dict[EngineSid, None] | None] = {}
        self._wake_ms = 0

    @property
    def next_ms(self) -> int | None:
        """When the alarm is to ring for them, unless that is over."""
        return self._wake_ms if self._noted and self._wake_ms > now_ms() else None

    def left(self) -> dict[str, tuple[EngineSid, ...] | None]:
        """Return the sessions of each engine actor for whom something waited when an earlier life ended; none for all it has."""
        found = self._kv.list(js.Object.fromEntries(to_js([["prefix", _PREFIX]])))
        return {str(key).removeprefix(_PREFIX): _read(value) for key, value in found}

    def note(self, peer: str, engine_sids: Iterable[EngineSid]) -> bool:
        """Note for whom something waits; return whether these are the first of an engine actor."""
        is_first = peer not in self._noted
        before = self._noted.get(peer, {})
        if before is None:
            return False
        concerned = before | dict.fromkeys(engine_sids)
        if len(concerned) == len(before) and not is_first:
            return False
        noted = None if len(concerned) > _MOST else concerned
        self._counters["rows_written"] += 1
        self._kv.put(_PREFIX + peer, json.dumps(None if noted is None else [*noted]))
        self._noted[peer], self._wake_ms = noted, now_ms() + _WAKE_MS
        return is_first

    def end(self, peer: str) -> None:
        """Note that nothing waits any more behind a call that fails."""
        self._counters["rows_written"] += 1
        self._kv.delete(_PREFIX + peer)
        self._noted.pop(peer, None)


def _read(record: object) -> tuple[EngineSid, ...] | None:
    """Read what `note` wrote; what is none is for all."""
    try:
        found = json.loads(str(record))
    except (ValueError, RecursionError):
        return None
    return tuple(EngineSid(str(one)) for one in found) if isinstance(found, list) else None
