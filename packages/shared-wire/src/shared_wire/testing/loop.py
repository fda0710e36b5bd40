"""An event loop whose time is virtual: nothing waits, and a run is the same each time."""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context
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
        #: Seconds by which the clock on the wall is ahead of what has passed; it may jump, `time` does not.
        self.skew_s = 0.0
        #: Told of every timer that is set.
        self.watch_timer: Callable[[asyncio.TimerHandle], None] = lambda _: None

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now_s

    def clock_ms(self) -> float:
        """Return what the clock on the wall says, in milliseconds since the epoch."""
        return EPOCH_MS + (self._now_s + self.skew_s) * 1000

    def call_at(  # type: ignore[override]  # typeshed ties the arguments to the callback
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Set a timer, as asyncio does."""
        handle = super().call_at(when, callback, *args, context=context)
        self.watch_timer(handle)
        return handle

    def call_unwatched(
        self, delay_s: float, callback: Callable[[], Any], context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Set a timer that `watch_timer` is not told of: one of the runtime's own."""
        return super().call_at(self._now_s + delay_s, callback, context=context or Context())

    def turn(self) -> bool:
        """Run what is ready now, but not what that makes ready; returns whether anything was."""
        with self._virtual_time():
            is_ready = bool(self._ready) or bool(self._scheduled and self._scheduled[0].when() <= self._now_s)
            if is_ready:
                self.call_soon(self.stop)
                self.run_forever()
        return is_ready

    def settle(self) -> None:
        """Run all that is ready now, and what that makes ready. No time passes."""
        while self.turn():
            pass

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
        time.time = lambda: self.clock_ms() / 1000
        time.time_ns = lambda: round(self.clock_ms() * 1_000_000)
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
