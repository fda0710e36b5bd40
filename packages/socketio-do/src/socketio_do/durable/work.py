"""Which work belongs to which frame of the link, and how long it may take once it has suspended."""

import asyncio
import logging
from collections.abc import Callable, Iterable

from shared_wire import EngineSid
from shared_wire.durable import Timer

__all__ = ["FrameWork", "Task"]

_logger = logging.getLogger("socketio_do")


class FrameWork:
    """What one frame has set going, by session; a session's part is done when all of it is."""

    def __init__(self, engine_sids: Iterable[EngineSid], done: Callable[[Iterable[EngineSid]], None]) -> None:
        """Take whose work the frame brings, and what to tell when some of it is done."""
        self._engine_sids = engine_sids
        self._done = done
        self._open: dict[EngineSid, int] = {}
        self._delivered = False

    def begin(self, engine_sid: EngineSid) -> None:
        """Note work for a session."""
        self._open[engine_sid] = self._open.get(engine_sid, 0) + 1

    def end(self, engine_sid: EngineSid) -> None:
        """Note that a piece of it is done."""
        self._open[engine_sid] -= 1
        if not self._open[engine_sid]:
            del self._open[engine_sid]
            if self._delivered:
                self._done((engine_sid,))

    def delivered(self) -> None:
        """Note that all of the frame was handed on: what did not suspend is done."""
        self._delivered = True
        self._done([engine_sid for engine_sid in self._engine_sids if engine_sid not in self._open])


class Task:
    """One piece of work under way. The timer that bounds it is started only when it has suspended, and keeps the object awake."""

    def __init__(self, seconds: float, expire: Callable[[], None] | None = None) -> None:
        """Take how long it may take, and what to do then: cancel the task it runs in, unless told otherwise."""
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
