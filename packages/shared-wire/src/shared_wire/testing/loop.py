"""An event loop whose time is virtual: nothing waits, and a run is the same each time."""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

__all__ = ["EPOCH_MS", "EagerTask", "VirtualLoop"]

T = TypeVar("T")

#: When virtual time begins, in milliseconds.
EPOCH_MS: Final = 1_800_000_000_000


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in the order in which they are due; when nothing is ready, its clock jumps to the next timer."""

    # What asyncio's loop has and its annotations do not: callbacks that are ready, and timers by the time they are due.
    _ready: "deque[asyncio.Handle]"
    _scheduled: list[asyncio.TimerHandle]

    def __init__(self) -> None:
        """Initialise with the time 0, in seconds."""
        super().__init__()
        self._now_s = 0.0
        self._selector = _Jump(self)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now_s

    def settle(self) -> None:
        """Run all that is ready now, and what that makes ready. No time passes."""
        with self._virtual_time():
            while self._ready or (self._scheduled and self._scheduled[0].when() <= self._now_s):
                self.call_soon(self.stop)
                self.run_forever()

    def advance(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end_s = self._now_s + seconds
        self.settle()
        while self._scheduled and self._scheduled[0].when() <= end_s:
            self._now_s = max(self._now_s, self._scheduled[0].when())
            self.settle()
        self._now_s = end_s

    def complete(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end; time passes where it waits. Raises `RuntimeError` when it waits for what never comes."""
        with self._virtual_time():
            return self.run_until_complete(work)

    @contextmanager
    def _virtual_time(self) -> Iterator[None]:
        """Have `time.time` and `time.time_ns` say the virtual time while code of the world runs; ``datetime.now`` does not."""
        real, real_ns = time.time, time.time_ns
        time.time = lambda: EPOCH_MS / 1000 + self._now_s
        time.time_ns = lambda: EPOCH_MS * 1_000_000 + round(self._now_s * 1_000_000_000)
        try:
            yield
        finally:
            time.time, time.time_ns = real, real_ns

    def jump(self, seconds: float | None) -> None:
        """Let time pass because nothing is ready; called by the loop."""
        if seconds is None:
            raise RuntimeError("this waits for something that never comes: no timer is set, and nothing is on its way")
        self._now_s += max(seconds, 0)

    def _process_events(self, event_list: object) -> None:
        """There are no files and no sockets to look at."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""


class _Jump:
    """In the place of a selector: waiting is a jump of the clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        self._loop.jump(timeout)
        return []


if sys.version_info >= (3, 12):
    EagerTask = asyncio.Task
else:

    class EagerTask(asyncio.tasks._PyTask):  # type: ignore[name-defined]  # typeshed does not know it
        """`asyncio.Task` with the option that Python 3.12 has added."""

        def __init__(self, coro: Any, *, loop: VirtualLoop, eager_start: bool = False) -> None:
            super().__init__(coro, loop=loop)
            if eager_start:
                step, outer = loop._ready.pop(), asyncio.current_task(loop)
                if outer is not None:
                    asyncio.tasks._leave_task(loop, outer)
                try:
                    step._run()
                finally:
                    if outer is not None:
                        asyncio.tasks._enter_task(loop, outer)
