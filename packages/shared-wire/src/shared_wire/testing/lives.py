"""One life of an object: what runs in it, what keeps it awake, and its end."""

import asyncio
import functools
import inspect
import traceback
from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from typing import Any, Final, Protocol

from shared_wire.testing.loop import VirtualLoop, current_life
from shared_wire.testing.values import JsException

__all__ = ["Life", "settle", "stop"]

#: Seconds without an event after which an object that nothing keeps awake leaves memory.
IDLE_S: Final = 10

#: How often code that is being ended may await something in its ``finally`` or ``except``.
_MOST_AWAITS: Final = 100


class Owner(Protocol):
    """The object that lives."""

    loop: VirtualLoop
    waiting: "set[asyncio.Future[Any]]"


class Life:
    """One construction of an object. When it ends, none of its code runs any more, and what that still does reaches nobody."""

    def __init__(self, owner: Owner) -> None:
        """Initialise; `begin` constructs the object."""
        self.owner = owner
        self.is_alive = True
        self.instance: Any = None
        self.last_event_s = owner.loop.time()
        self._timers_s = 0.0
        self._holds: dict[int, str] = {}
        self._held = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._handles: set[asyncio.TimerHandle] = set()
        #: What the runtime does when it has ended.
        self.endings: list[Callable[[], Any]] = []

    def begin(self, construct: Callable[[], Any]) -> None:
        """Construct the object."""
        self.instance = self.within(construct)

    def within(self, function: Callable[[], Any]) -> Any:
        """Run something as code of this life."""
        return self._context().run(function)

    def _context(self) -> Context:
        context = copy_context()
        context.run(current_life.set, self)
        return context

    def hold(self, why: str) -> Callable[[], None]:
        """Keep the object awake until the returned function is called."""
        self._held += 1
        number = self._held
        self._holds[number] = why
        return functools.partial(self._released, number)

    def _released(self, number: int) -> None:
        self._holds.pop(number, None)
        self.last_event_s = self.owner.loop.time()

    def start(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Let a coroutine run on; it keeps the object awake."""
        task: asyncio.Task[Any] = self.within(lambda: self.owner.loop.create_task(work))
        release = self.hold("waitUntil")
        task.add_done_callback(lambda _: release())
        return task

    def adopt(self, task: "asyncio.Task[Any]") -> None:
        """End a task with this life."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def adopt_timer(self, handle: asyncio.TimerHandle) -> None:
        """End a timer of asyncio's with this life. It keeps the object awake to its end, also when it is cancelled."""
        self._handles.add(handle)
        self._timers_s = max(self._timers_s, handle.when())

    async def deliver(self, what: str, function: Callable[[], Any]) -> Any:
        """Have the object handle an event; raises `JsException` for what it raises, and when its life ends meanwhile.

        The life must not be over when this is called.
        """
        release = self.hold(what)
        outcome, waiting = self.owner.loop.create_future(), self.owner.waiting
        waiting.add(outcome)

        async def handle() -> None:
            try:
                result = function()
                value = await result if inspect.isawaitable(result) else result
            except Exception as error:
                settle(outcome, JsException("".join(traceback.format_exception(error)).strip()))
            else:
                settle(outcome, None, value)
            finally:
                release()
                self._tasks.discard(task)

        task = asyncio.Task(handle(), loop=self.owner.loop, context=self._context())
        self._tasks.add(task)  # `handle` takes it out again: `adopt` would set a callback in the loop for every event
        try:
            return await outcome
        finally:
            waiting.discard(outcome)

    def keeps_awake(self) -> list[str]:
        """Say what keeps the object awake."""
        timer_s = self._timers_s - self.owner.loop.time()
        return [*self._holds.values(), *([f"a timer of asyncio's, for {timer_s:.1f} s more"] if timer_s > 0 else [])]

    def is_idle(self) -> bool:
        """Return whether nothing keeps the object awake, and nothing has for ten seconds."""
        return not self._holds and self.owner.loop.time() >= max(self.last_event_s, self._timers_s) + IDLE_S

    def end(self) -> None:
        """Stop all of its code where it stands."""
        self.is_alive = False
        for handle in self._handles:
            handle.cancel()
        with self.owner.loop.as_running():
            for task in list(self._tasks):
                self.within(functools.partial(stop, task))
        for ending in self.endings:
            ending()


def settle(outcome: "asyncio.Future[Any]", error: Exception | None, value: Any = None) -> None:
    """Hand an event's outcome to whoever waits for it, once."""
    if outcome.done():
        return
    if error is None:
        outcome.set_result(value)
    else:
        outcome.set_exception(error)


def stop(task: "asyncio.Task[Any]") -> None:
    """End a task where it stands. What it does in its ``finally`` comes to nothing, since its life is over."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own switch
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    coroutine: Any = task.get_coro()
    for _ in range(_MOST_AWAITS):
        try:
            coroutine.close()
            return
        except RuntimeError:
            if coroutine.cr_running:
                break
        except Exception:
            return  # raised on its way out
    task.cancel()
