"""When an object gives way to a deploy: for a moment none of its GETs is held, so that it may sleep, and wake with new code.

A deploy reaches an object at its next wake from sleep, and one that never sleeps is reset, with all its WebSockets. The runtime
lets an object sleep after ten seconds without an event, in which no request waits. A client that polls has a request there at all
times, so answering it is not enough: it asks again at once. Therefore an object that learns of a deploy answers the GETs it holds,
all together, and has those that follow wait at the entrypoint, all up to the same moment.

It learns of a deploy from the entrypoint, which runs new code within seconds and names its version with each GET.
"""

import json
from collections.abc import Callable
from typing import Final

__all__ = ["FORGET_MS", "PAUSE_MS", "QUIET_MS", "QuietMoments"]

#: Milliseconds after which the runtime lets an object sleep.
_SLEEP_MS: Final = 10_000
#: How long a quiet moment lasts: three seconds are for the clients' next GETs, which come after a round trip and are events, too.
#: A packet for a client that polls may wait so long. It costs each of them two requests: the GET that follows the one that is
#: answered, and its repeat by the entrypoint. 1,000 clients and 50 deploys a week are 100,000 requests, or 1.5 cents; a connection
#: that breaks costs its client as many.
QUIET_MS: Final = _SLEEP_MS + 3_000
#: How long after a moment in which it did not fall asleep the next one may begin. Each further pause is twice as long, since
#: others keep it awake. With 300 s until it is reset, an object tries three times.
PAUSE_MS: Final = 60_000
#: How long an object that gave way to a version does not do so again in its later lives, and for how many versions it knows that. A
#: gradual deployment names two versions for days, and a life that begins with the one would give way to the other at once.
FORGET_MS: Final = 3_600_000
_KEPT: Final = 8


class QuietMoments:
    """What one life of an object knows of deploys: a new life has the newest code. Stored is to which versions it gave way."""

    def __init__(self, load: Callable[[], object] = lambda: None) -> None:
        """Initialise with what returns the `record` of an earlier life, if there is one."""
        self._load = load
        self._version = self._noted = ""
        self._is_old = False
        #: When earlier lives gave way to a version; and when this one did.
        self._earlier: dict[str, int] | None = None
        self._given: dict[str, int] = {}
        self._until_ms = self._next_ms = 0
        self._pause_ms = PAUSE_MS

    def note(self, version: str) -> None:
        """Note that a GET came through an entrypoint of ``version``; none where it does not say.

        A life begins with the newest code: a version other than the first it has seen is that of a deploy since.
        """
        self._noted = version
        self._version = self._version or version
        self._is_old = version not in ("", self._version)

    def begins(self, now_ms: int, alarm_ms: int | None) -> bool:
        """Return whether a quiet moment begins with the GET that was noted last.

        ``alarm_ms`` is when the object's alarm fires: it would wake what is to sleep, so a moment begins after it.
        """
        if not self._is_old or now_ms < self._next_ms:
            return False
        if alarm_ms is not None and alarm_ms < now_ms + QUIET_MS:
            return False
        if self._earlier is None:
            self._earlier = _read(self._load())
        if 0 <= now_ms - self._earlier.get(self._noted, -FORGET_MS) < FORGET_MS:
            return False
        self._given[self._noted] = now_ms
        self._until_ms = now_ms + QUIET_MS
        self._next_ms = self._until_ms + self._pause_ms
        self._pause_ms *= 2
        return True

    @property
    def record(self) -> str:
        """What later lives are to know: versions, and when the object gave way to them."""
        known = sorted(((self._earlier or {}) | self._given).items(), key=lambda one: one[1])
        return json.dumps(dict(known[-_KEPT:]))

    def end(self) -> None:
        """End a quiet moment early: the object will not sleep in it."""
        self._until_ms = 0

    def wait_ms(self, now_ms: int) -> int:
        """Return for how many milliseconds a GET is to wait elsewhere; 0 outside of a quiet moment."""
        left_ms = self._until_ms - now_ms
        return left_ms if 0 < left_ms <= QUIET_MS else 0


def _read(record: object) -> dict[str, int]:
    """Read a `record`; what is none says nothing."""
    try:
        found = json.loads(record) if isinstance(record, str) else {}
    except (ValueError, RecursionError):
        return {}
    return {name: at for name, at in found.items() if type(at) is int} if isinstance(found, dict) else {}
