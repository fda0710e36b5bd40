"""An event loop whose time is virtual: nothing waits, and a run is the same each time."""

import asyncio
import heapq
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any, Final, Protocol, TypeVar

__all__ = ["EPOCH_MS", "EagerTask", "VirtualLoop", "current_life", "is_over"]

T = TypeVar("T")

#: When virtual time begins, in milliseconds.
EPOCH_MS: Final = 1_800_000_000_000


class Runner(Protocol):
    """A life, as the loop needs it: what its code begins ends with it."""

    is_alive: bool

    def adopt(self, task: "asyncio.Task[Any]") -> None:
        """End a task with this life."""

    def adopt_timer(self, handle: asyncio.TimerHandle) -> None:
        """End a timer with this life."""


#: Whose code is running.
current_life: ContextVar[Any] = ContextVar("current_life", default=None)


def is_over() -> bool:
    """Return whether the code that runs belongs to a life that has ended: what it still does reaches nobody."""
    life: Runner | None = current_life.get()
    return life is not None and not life.is_alive


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs callbacks in the order in which they are due; when nothing is ready, its clock jumps to the next timer."""

    # What asyncio's loop has and its annotations do not: what is ready, timers by the time they are due, whether it is to stop.
    _ready: "deque[asyncio.Handle]"
    _scheduled: list[asyncio.TimerHandle]
    _stopping: bool

    def __init__(self) -> None:
        """Initialise with the time 0, in seconds."""
        super().__init__()
        self._now_s = 0.0
        self._may_jump = True
        #: Seconds by which the clock on the wall is ahead of what has passed; it may jump, `time` does not.
        self.skew_s = 0.0
        self.set_task_factory(_make_task)

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now_s

    def clock_ms(self) -> float:
        """Return what the clock on the wall says, in milliseconds since the epoch.

        In whole microseconds, since sums of seconds fall short of the millisecond for which a timer was set.
        """
        return self._clock_us() / 1000

    def _asyncgen_finalizer_hook(self, agen: Any) -> None:
        """Leave an asynchronous generator alone in which a life has ended: it still runs, and nothing more is to run of it."""
        if not agen.ag_running:
            super()._asyncgen_finalizer_hook(agen)  # type: ignore[misc]  # typeshed does not know asyncio's own hook

    def _write_to_self(self) -> None:
        """Do nothing: no other thread waits for this one."""

    def _clock_us(self) -> int:
        return EPOCH_MS * 1000 + round((self._now_s + self.skew_s) * 1_000_000)

    def call_at(  # type: ignore[override]  # typeshed ties the arguments to the callback
        self, when: float, callback: Any, *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Set a timer, as asyncio does; it ends with the life that sets it."""
        handle = super().call_at(when, callback, *args, context=context)
        if (life := current_life.get()) is not None:
            life.adopt_timer(handle)
        return handle

    def call_unwatched(
        self, delay_s: float, callback: Callable[[], Any], context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Set a timer that no life is told of: one of the runtime's own."""
        return super().call_at(self._now_s + delay_s, callback, context=context or Context())

    def turn(self) -> bool:
        """Run what is ready now, but not what that makes ready; returns whether anything was."""
        is_ready = self._is_ready()
        if is_ready:
            with self._virtual_time():
                self.call_soon(self.stop)
                self.run_forever()
        return is_ready

    def _is_ready(self) -> bool:
        return bool(self._ready) or bool(self._scheduled and self._scheduled[0].when() <= self._now_s)

    def settle(self) -> None:
        """Run all that is ready now, and what that makes ready. No time passes."""
        with self._virtual_time():
            while self._is_ready():
                self._may_jump = False
                try:
                    self.run_forever()
                finally:
                    self._may_jump = True

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

    def _run_once(self) -> None:
        """Run one turn: what is ready when it begins. Called by asyncio's loop until `stop`.

        In the place of asyncio's own, which looks at files and sockets in every turn. Cancelled timers stay until they are due.
        """
        timers, ready = self._scheduled, self._ready
        while timers and timers[0]._cancelled:
            heapq.heappop(timers)._scheduled = False  # type: ignore[attr-defined]  # asyncio's own mark
        if not ready and not self._stopping:
            self._jump()
        while timers and timers[0].when() <= self._now_s:
            timer = heapq.heappop(timers)
            timer._scheduled = False  # type: ignore[attr-defined]
            ready.append(timer)
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _jump(self) -> None:
        """Nothing is ready: let time pass to the next timer; in `settle`, stop the loop unless that timer is due."""
        due_s = self._scheduled[0].when() if self._scheduled else None
        if not self._may_jump:
            if due_s is None or due_s > self._now_s:
                self.stop()
        elif due_s is None:
            raise RuntimeError("this waits for something that never comes: no timer is set, and nothing is on its way")
        else:
            self._now_s = max(self._now_s, due_s)


async def _never() -> None:
    task: Any = asyncio.current_task()
    task._log_destroy_pending = False  # asyncio's own switch
    await asyncio.get_running_loop().create_future()


def _admit(work: Any) -> Any:
    """Return a coroutine; where the life that begins it is over, return one that never ends instead."""
    if not is_over():
        return work
    work.close()
    return _never()


def _adopt(task: "asyncio.Task[Any]") -> None:
    """End a task with the life that has begun it."""
    life: Runner | None = current_life.get()
    if life is not None:
        life.adopt(task)


def _make_task(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> "asyncio.Task[Any]":
    """Make a task as asyncio does, for the life that begins it."""
    task: asyncio.Task[Any] = asyncio.Task(_admit(work), loop=loop, **options)
    _adopt(task)
    return task


if sys.version_info >= (3, 12):

    class EagerTask(asyncio.Task[Any]):
        """`asyncio.Task` of the life that begins it."""

        def __init__(self, coro: Any, *, loop: VirtualLoop, eager_start: bool = False) -> None:
            super().__init__(_admit(coro), loop=loop, eager_start=eager_start)
            _adopt(self)
else:

    class EagerTask(asyncio.Task[Any]):
        """`asyncio.Task` of the life that begins it, with the option that Python 3.12 has added."""

        def __init__(self, coro: Any, *, loop: VirtualLoop, eager_start: bool = False) -> None:
            super().__init__(_admit(coro), loop=loop)
            _adopt(self)
            if eager_start:
                step, outer = loop._ready.pop(), asyncio.current_task(loop)
                if outer is not None:
                    asyncio.tasks._leave_task(loop, outer)
                try:
                    step._run()
                finally:
                    if outer is not None:
                        asyncio.tasks._enter_task(loop, outer)
