"""Where handlers run: each in its lane, bounded in time, and counted as work of the frame that brought it."""

import asyncio
import functools
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar
from weakref import WeakSet

from shared_wire import EngineSid, Lanes, Work
from shared_wire.durable import Timer, log_fault, start_eagerly
from socketio_do.durable.work_timeout import WorkTimeout
from socketio_do.runtime import Lane
from socketio_do.server.frame_work import FrameWork

__all__ = ["FrameLanes", "ObjectLanes"]

_logger = logging.getLogger("socketio_do")

T = TypeVar("T")


class ObjectLanes:
    """`HandlerLanes` over asyncio's tasks. It is work in flight: a reset ends it, and closes the sessions whose work it was.

    Work that does not suspend needs no timer; what suspends is bounded from then on.
    """

    def __init__(self, ctx: Any, timeout_s: float) -> None:
        """Initialise with the object's own context, and the seconds that a handler may take."""
        self._timeout_s = timeout_s
        #: Work that has suspended: handlers, and what they have set going.
        self.suspended: set[asyncio.Task[Any]] = set()
        self.start = functools.partial(start_eagerly, ctx, among=self.suspended)
        self.current = asyncio.current_task
        self._lanes = Lanes(self.start, self._log_end, self._bound)
        self.run: Callable[[Lane, Work], None] = self._lanes.run
        self.waiting = self._lanes.waiting
        #: Work that is cancelled because its client holds too much, which is logged as that.
        self._given_up = WeakSet[asyncio.Task[Any]]()

    def hold(self, engine_sid: str, expire: Callable[[], None]) -> Callable[[], None]:
        """Have ``expire`` called if the returned function is not called in time."""
        del engine_sid
        timeout = WorkTimeout(self._timeout_s, expire)
        timeout.bound()
        return timeout.end

    def give_up(self, task: asyncio.Task[Any]) -> None:
        """Cancel work under way."""
        self._given_up.add(task)
        task.cancel()

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

    async def caught_up(self, lane: Lane) -> None:
        """Wait until all is done that was asked for in a lane so far."""
        reached = asyncio.Event()

        async def reach() -> None:
            reached.set()

        self._lanes.run(lane, reach)
        await reached.wait()

    def _bound(self, task: asyncio.Task[Any]) -> None:
        """Bound work that has suspended."""
        timeout = WorkTimeout(self._timeout_s, task.cancel)
        timeout.bound()
        task.add_done_callback(lambda _: timeout.end())

    def _log_end(self, what: str, error: BaseException) -> None:
        """Log work that was cancelled, for its timeout or from outside, or a fault of ours; the lane goes on."""
        if not isinstance(error, asyncio.CancelledError):
            log_fault(what, error)
        elif asyncio.current_task() not in self._given_up:
            _logger.warning("= work was cancelled")


class FrameLanes(ObjectLanes):
    """Lanes that count work as part of the link's frame that has brought it."""

    def __init__(self, ctx: Any, timeout_s: float) -> None:
        """Initialise as `ObjectLanes`."""
        super().__init__(ctx, timeout_s)
        self.run = self._run
        self._frame = FrameWork((), _nobody)
        #: What the frame being delivered holds open, and which is bounded if that lasts beyond the delivery.
        self._held: list[WorkTimeout] | None = None

    def deliver(
        self, engine_sids: Iterable[EngineSid], done: Callable[[Iterable[EngineSid]], None], take: Callable[[], None]
    ) -> None:
        """Count what begins while ``take`` runs as work of one frame; ``done`` is told of each session that has none left."""
        frame = self._frame = FrameWork(engine_sids, done)
        held = self._held = []
        try:
            take()
        finally:
            self._held = None
            for timeout in held:
                timeout.bound()
            frame.delivered()

    def hold(self, engine_sid: str, expire: Callable[[], None]) -> Callable[[], None]:
        """Keep the frame being delivered open until the returned function is called; ``expire`` if that takes too long."""
        frame, session = self._frame, EngineSid(engine_sid)
        frame.begin(session)
        timeout = WorkTimeout(self._timeout_s, expire)
        if self._held is None:
            timeout.bound()
        else:
            self._held.append(timeout)

        def release() -> None:
            timeout.end()
            frame.end(session)

        return release

    def _run(self, lane: Lane, work: Work) -> None:
        """Do work in its lane, as part of the frame that is being delivered."""
        frame, engine_sid = self._frame, EngineSid(lane[0])
        frame.begin(engine_sid)
        self._lanes.run(lane, functools.partial(_tracked, frame, engine_sid, work))


async def _tracked(frame: FrameWork, engine_sid: EngineSid, work: Work) -> None:
    """Do one piece of a frame's work."""
    try:
        await work()
    finally:
        frame.end(engine_sid)


def _log_failure(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log_fault("work that nobody waited for any more", error)


def _nobody(engine_sids: Iterable[EngineSid]) -> None:
    """Stand for whom work outside any delivery would be reported to."""
