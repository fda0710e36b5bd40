"""Where handlers run: each in its lane, bounded in time, and counted as work of the frame that brought it."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from weakref import WeakSet

from shared_wire import EngineSid, Lanes, Work
from shared_wire.durable import Timer, log_fault, start_eagerly
from socketio_do.durable.work_timeout import WorkTimeout
from socketio_do.runtime import Lane
from socketio_do.server.frame_work import FrameWork

__all__ = ["ObjectLanes"]

_logger = logging.getLogger("socketio_do")

T = TypeVar("T")


class ObjectLanes:
    """`HandlerLanes` over asyncio's tasks. It is work in flight: a reset ends it, and closes the sessions whose work it was."""

    def __init__(self, ctx: Any, timeout_s: float) -> None:
        """Initialise with the object's own context, and the seconds that a handler may take."""
        self._ctx = ctx
        self._timeout_s = timeout_s
        self._lanes = Lanes(self.start, log_fault)
        self._frame = FrameWork((), _nobody)
        self._delivering: list[WorkTimeout] | None = None
        #: Work that is cancelled because its client holds too much, which is logged as that.
        self._given_up = WeakSet[asyncio.Task[Any]]()

    @contextmanager
    def delivery(self, engine_sids: Iterable[EngineSid], done: Callable[[Iterable[EngineSid]], None]) -> Iterator[None]:
        """Count what begins in the block as work of one frame; ``done`` is told of each session that has none left."""
        frame = self._frame = FrameWork(engine_sids, done)
        begun = self._delivering = []
        try:
            yield
        finally:
            self._delivering = None
            for task in begun:
                task.bound()
            frame.delivered()

    def run(self, lane: Lane, work: Work) -> None:
        """Do work in its lane, as part of the frame that is being delivered."""
        frame, engine_sid = self._frame, EngineSid(lane[0])
        frame.begin(engine_sid)
        self._lanes.run(lane, lambda: self._tracked(frame, engine_sid, work))

    def waiting(self, lane: Lane) -> int:
        """Count the work of a lane that has not begun."""
        return self._lanes.waiting(lane)

    def hold(self, engine_sid: str, expire: Callable[[], None]) -> Callable[[], None]:
        """Keep the frame being delivered open until the returned function is called; ``expire`` if that takes too long."""
        frame, session = self._frame, EngineSid(engine_sid)
        frame.begin(session)
        task = self._begun(WorkTimeout(self._timeout_s, expire))

        def release() -> None:
            task.end()
            frame.end(session)

        return release

    def start(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Let a coroutine run on; the object stays awake until it is done."""
        return start_eagerly(self._ctx, work)

    def canceller(self) -> Callable[[], object] | None:
        """Return a function that cancels the work under way."""
        task = asyncio.current_task()
        if task is None:
            return None

        def cancel() -> None:
            self._given_up.add(task)
            task.cancel()

        return cancel

    async def bounded(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work as a task of its own, at most as long as a handler may take; raises `TimeoutError` after that."""
        task = self.start(work)
        if not task.done():
            timer = Timer(self._timeout_s, task.cancel)
            try:
                await task
            except asyncio.CancelledError:
                if not timer.is_over:
                    raise
                _logger.error("= work given up after %s s", self._timeout_s)
                raise TimeoutError(f"it took more than {self._timeout_s} s") from None
            finally:
                timer.cancel()
        result: T = task.result()
        return result

    async def unbroken(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work as a task of its own that runs on where whoever waits for it is cancelled."""
        task = self.start(work)
        try:
            result: T = task.result() if task.done() else await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_log_failure)  # nobody else will hear of it
            raise
        return result

    async def _tracked(self, frame: FrameWork, engine_sid: EngineSid, work: Work) -> None:
        """Do one piece of a frame's work. Its timeout cancels it, or that its client holds too much; the lane goes on."""
        task = self._begun(WorkTimeout(self._timeout_s))
        try:
            await work()
        except asyncio.CancelledError:
            if asyncio.current_task() not in self._given_up:
                _logger.warning("= work was cancelled")
        finally:
            task.end()
            frame.end(engine_sid)

    def _begun(self, task: WorkTimeout) -> WorkTimeout:
        """Bound work that begins after its delivery at once; what begins within it is bound only if it suspends."""
        if self._delivering is None:
            task.bound()
        else:
            self._delivering.append(task)
        return task


def _log_failure(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log_fault("work that nobody waited for any more", error)


def _nobody(engine_sids: Iterable[EngineSid]) -> None:
    """Stand for whom work outside any delivery would be reported to."""
