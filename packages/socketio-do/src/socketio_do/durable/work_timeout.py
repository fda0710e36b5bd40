"""How long a piece of work may take once it has suspended."""

import asyncio
import logging
from collections.abc import Callable

from shared_wire.durable import Timer

__all__ = ["WorkTimeout"]

_logger = logging.getLogger("socketio_do")


class WorkTimeout:
    """One piece of work under way. The timer that bounds it is started only when it has suspended, and keeps the object awake."""

    def __init__(self, seconds: float, expire: Callable[[], None] | None = None) -> None:
        """Initialise with how long it may take, and what to do then: cancel the task it runs in, unless told otherwise."""
        self._seconds = seconds
        self._expire = expire
        self._task = asyncio.current_task() if expire is None else None
        self._timer: Timer | None = None
        self._is_over = False

    def bound(self) -> None:
        """Start the timer, unless the work is over or has one."""
        if not self._is_over and self._timer is None:
            self._timer = Timer(self._seconds, self._expired)

    def end(self) -> None:
        """Note that the work is over."""
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()

    def _expired(self) -> None:
        _logger.error("= work given up after %s s", self._seconds)
        if self._expire is not None:
            self._expire()
        elif self._task is not None:
            self._task.cancel()
