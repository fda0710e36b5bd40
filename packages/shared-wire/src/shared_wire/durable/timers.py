"""The clock, and timers that can be cancelled."""

import time
from collections.abc import Callable

import js
from pyodide.ffi import create_once_callable

__all__ = ["Timer", "now_ms"]


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
