"""The clock, and timers that can be cancelled."""

import time
from collections.abc import Callable
from typing import Final

import js
from pyodide.ffi import create_once_callable

__all__ = ["ALARMS_APART_MS", "Timer", "next_alarm_ms", "now_ms"]

#: The clock may stand so many milliseconds before the time of an alarm when that fires.
ALARMS_APART_MS: Final = 10


def next_alarm_ms(at_ms: int, fired_ms: int) -> int:
    """Return when to set an object's alarm that is to fire at ``at_ms``; the last one that has fired was set for ``fired_ms``.

    One that is set for that same time again, while it fires before it, is stored and never fires (seen on workerd).
    """
    return fired_ms + ALARMS_APART_MS if abs(at_ms - fired_ms) < ALARMS_APART_MS else at_ms


def now_ms() -> int:
    """Return the time in milliseconds since the epoch. Stands still while a module is imported."""
    return time.time_ns() // 1_000_000


class Timer:
    """A timer that is really gone when it is cancelled.

    asyncio's own (`sleep`, `timeout`, `wait_for`, `call_later`) leave JavaScript's timer running after a cancel, and a running
    timer keeps the object awake to its end.
    """

    def __init__(self, seconds: float, action: Callable[[], None]) -> None:
        """Do ``action`` after that many seconds, unless cancelled before."""
        self._action = action
        #: Whether the action was done, or will not be.
        self.is_over = False
        self._callback = create_once_callable(self._fire)
        self._id = js.setTimeout(self._callback, seconds * 1000)

    def cancel(self) -> None:
        """Leave the action undone, if it is not done yet."""
        if not self.is_over:
            self.is_over = True
            js.clearTimeout(self._id)
            self._callback.destroy()

    def _fire(self) -> None:
        self.is_over = True
        self._action()
