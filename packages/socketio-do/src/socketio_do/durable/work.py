"""Which work belongs to which frame of the link, and how long it may take."""

import asyncio
import logging
from collections.abc import Callable

from shared_wire.durable import Timer

__all__ = ["FrameWork"]

_logger = logging.getLogger("socketio_do")


class FrameWork:
    """What one frame of the link has set going; it is handled when all of it is done."""

    def __init__(self, timeout_s: float) -> None:
        """Take how many seconds suspended work may take."""
        self._timeout_s = timeout_s
        self._open = 0
        self._tasks: set[asyncio.Task[object]] = set()
        self._expire: list[Callable[[], None]] = []
        self._done: asyncio.Event | None = None

    @property
    def is_done(self) -> bool:
        """Whether nothing is under way."""
        return self._open == 0

    def begin(self) -> None:
        """Note work that belongs to this frame."""
        self._open += 1

    def end(self) -> None:
        """Note that one of them is done."""
        self._open -= 1
        if self._open == 0 and self._done is not None:
            self._done.set()

    def enter(self) -> None:
        """Note the task that now does work of this frame."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)

    def leave(self) -> None:
        """Note that the current task has done its work of this frame."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.discard(task)

    def on_expiry(self, action: Callable[[], None]) -> None:
        """Do this when the time is over and the frame's work is not done."""
        self._expire.append(action)

    async def wait(self) -> None:
        """Wait for all work; what takes too long is cancelled, so that the object can sleep again."""
        self._done = asyncio.Event()
        timer = Timer(self._timeout_s, self._cancel)
        try:
            await self._done.wait()
        finally:
            timer.cancel()

    def _cancel(self) -> None:
        _logger.error("= handlers cancelled after %s s", self._timeout_s)
        for task in self._tasks:
            task.cancel()
        for action in self._expire:
            action()
