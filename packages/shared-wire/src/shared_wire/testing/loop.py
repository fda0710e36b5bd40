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
        #: Told of every timer that is set, and of every task; asked whether a new task may run at all.
        self.watch_timer: Callable[[asyncio.TimerHandle], None] = lambda _: None
        self.watch_task: Callable[[asyncio.Task[Any]], None] = lambda _: None
        self.may_begin: Callable[[], bool] = lambda: True
        self.set_task_factory(_make_task)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now_s

    def clock_ms(self) -> float:
        """Return what the clock on the wall says, in milliseconds since the epoch.

        In whole microseconds, since sums of seconds fall short of the millisecond for which a timer was set.
        """
        return self._clock_us() / 1000

    def _clock_us(self) -> int:
        return EPOCH_MS * 1000 + round((self._now_s + self.skew_s) * 1_000_000)

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
        time.time = lambda: self._clock_us() / 1_000_000
        time.time_ns = lambda: self._clock_us() * 1000
        try:
            yield
        finally:
            time.time, time.time_ns = real, real_ns

    @contextmanager
    def as_running(self) -> Iterator[None]:
        """Have code find this loop although it does not run just now."""
        running = asyncio._get_running_loop()
        asyncio._set_running_loop(running or self)
        try:
            yield
        finally:
            asyncio._set_running_loop(running)

    def admit(self, work: Any) -> Any:
        """Return a coroutine, or what never ends in its place where it may not begin."""
        if self.may_begin():
            return work
        work.close()
        return _never()

    def jump(self, seconds: float | None) -> None:
        """Let time pass because nothing is ready; called by the loop."""
        if seconds is None:
            raise RuntimeError("this waits for something that never comes: no timer is set, and nothing is on its way")
        self._now_s += max(seconds, 0)

    def _process_events(self, event_list: object) -> None:
        """There are no files and no sockets to look at."""

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""


async def _never() -> None:
    task: Any = asyncio.current_task()
    task._log_destroy_pending = False  # asyncio's own switch
    await asyncio.get_running_loop().create_future()


def _make_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> "asyncio.Task[Any]":
    """Make a task as asyncio does, and tell the loop of it."""
    assert isinstance(loop, VirtualLoop)
    task: asyncio.Task[Any] = asyncio.Task(loop.admit(work), loop=loop, **options)
    loop.watch_task(task)
    return task


class _Jump:
    """In the place of a selector: waiting is a jump of the clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        self._loop.jump(timeout)
        return []


if sys.version_info >= (3, 12):

    class EagerTask(asyncio.Task[Any]):
        """`asyncio.Task`, of which the loop is told."""

        def __init__(self, coro: Any, *, loop: VirtualLoop, eager_start: bool = False) -> None:
            super().__init__(loop.admit(coro), loop=loop, eager_start=eager_start)
            loop.watch_task(self)
else:

    class EagerTask(asyncio.tasks._PyTask):  # type: ignore[name-defined]  # typeshed does not know it
        """`asyncio.Task` with the option that Python 3.12 has added; the loop is told of it."""

        def __init__(self, coro: Any, *, loop: VirtualLoop, eager_start: bool = False) -> None:
            super().__init__(loop.admit(coro), loop=loop)
            loop.watch_task(self)
            if eager_start:
                step, outer = loop._ready.pop(), asyncio.current_task(loop)
                if outer is not None:
                    asyncio.tasks._leave_task(loop, outer)
                try:
                    step._run()
                finally:
                    if outer is not None:
                        asyncio.tasks._enter_task(loop, outer)
