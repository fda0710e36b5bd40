"""Between the link and the server: what both ask of the runtime."""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Container, Coroutine, Iterable
from typing import Any, Final, TypeVar
from weakref import WeakSet

import js
from pyodide.ffi import create_once_callable

from shared_wire import (
    Carrier,
    EngineSid,
    Lanes,
    MessageReceived,
    Operation,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
    SessionUpgraded,
    Work,
    sessions_in,
    sessions_of,
)
from shared_wire.durable import RpcWire, Timer, log_fault, now_ms, raw, start_eagerly
from socketio_do.durable.work import Task
from socketio_do.runtime import Lane
from socketio_do.server.frame_work import FrameWork
from socketio_do.server.server import DurableServer
from socketio_do.state.membership import SID_BYTES, Membership

__all__ = ["Hub"]

_logger = logging.getLogger("socketio_do")

T = TypeVar("T")

#: Others are let in for so long. With timers of 0 ms one after the other the runtime does nothing else, and a reply that waits for
#: what was written waits for all of them.
_MOMENT_S: Final = 0.001


class Hub(RpcWire):
    """Between link and server: the server's `Runtime`, and the link's `Wire`."""

    carrier: Carrier

    def __init__(self, ctx: Any, namespace: Any, handler_timeout_s: float, counters: Counter[str]) -> None:
        super().__init__(ctx, namespace)
        self._counters = counters
        self._alarm_ms: int | None = None
        self._timeout_s = handler_timeout_s
        self._lanes = Lanes(self.start, log_fault)
        self._frame = FrameWork((), _nobody)
        self._delivering: list[Task] | None = None
        #: The moment given last of those in which others are let in.
        self._moment: asyncio.Event | None = None
        #: What those wait for who have more to send to an engine actor.
        self._progress: dict[str, asyncio.Event] = {}
        #: Work that is cancelled because its client holds too much, which is logged as that.
        self._given_up = WeakSet[asyncio.Task[Any]]()

    def begin(self, carrier: Carrier, server: DurableServer, membership: Membership) -> None:
        """Take what in turn needs the hub."""
        self.carrier = carrier
        self._server = server
        self._membership = membership

    def deliver(
        self, peer: str, operations: tuple[Operation, ...], done: Callable[[Iterable[EngineSid]], None]
    ) -> None:
        """Give an engine actor's operations to the server; ``done`` is told of each session that has no handler of theirs left."""
        frame = self._frame = FrameWork(sessions_in(operations), done)
        begun = self._delivering = []
        try:
            for operation in operations:
                self._take_safely(peer, operation)
        finally:
            self._delivering = None
            for task in begun:
                task.bound()
            frame.delivered()

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """End sessions whose stream to or from ``peer`` has a gap; what waited for them waits no more."""
        self.note_progress(peer)
        self._server.receive_lost(peer, engine_sids)

    def answer(self, data: bytes) -> bytes:
        """Answer a call; what waited for the caller may have left with the reply."""
        reply = self.carrier.answer(data)
        for actor in [*self._progress]:
            self.note_progress(actor)
        return reply

    def defer(self, action: Callable[[], None]) -> None:
        """Do it as soon as the running step of a handler gives way."""
        js.queueMicrotask(create_once_callable(action))

    def send(self, actor: str, *operations: Operation) -> None:
        """Send operations to an engine actor."""
        self.carrier.send(actor, *operations)

    def busy(self, actor: str) -> Container[str]:
        """Give the sessions whose packets wait for an engine actor, or are in a call that it has not answered."""
        return self.carrier.busy(actor)

    def queued(self, actor: str) -> int:
        """Return how many bytes wait for an engine actor."""
        return self.carrier.queued(actor)

    async def drained(self, actor: str, size: int) -> None:
        """Wait for frames to leave until no more than that is left."""
        while self.carrier.queued(actor) > size:
            await self._progress.setdefault(actor, asyncio.Event()).wait()

    def note_progress(self, actor: str) -> None:
        """Have those go on who wait for what is queued for an engine actor: a frame has left."""
        if (event := self._progress.pop(actor, None)) is not None:
            event.set()

    async def call(self, peer: str, data: bytes) -> bytes | None:
        """Make the RPC."""
        self.note_progress(peer)
        return await super().call(peer, data)

    def count(self, what: str, number: int) -> None:
        """Add to a figure of `SocketActor.counters`."""
        self._counters[what] += number

    def run(self, lane: Lane, work: Work) -> None:
        """Do work in its lane, as part of the frame that is being delivered."""
        frame, engine_sid = self._frame, EngineSid(lane[0])
        frame.begin(engine_sid)
        self._lanes.run(lane, lambda: self._tracked(frame, engine_sid, work))

    def waiting(self, lane: Lane) -> int:
        """Count the work of a lane that has not begun."""
        return self._lanes.waiting(lane)

    def hold(self, engine_sid: str) -> Callable[[], None]:
        """Keep the frame being delivered open until the returned function is called."""
        frame, session = self._frame, EngineSid(engine_sid)
        frame.begin(session)
        task = self._begun(Task(self._timeout_s, lambda: self._server.expire(engine_sid)))

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

    def now_ms(self) -> int:
        """Tell the time."""
        return now_ms()

    def arm(self, at_ms: int) -> None:
        """Set the object's alarm, unless it is set so."""
        if at_ms != self._alarm_ms:
            self._alarm_ms = at_ms
            raw(self._ctx.storage).setAlarm(max(at_ms, now_ms() + 1))

    def ring(self) -> None:
        """Do what the alarm is for."""
        self._alarm_ms = None
        self._server.receive_alarm()

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

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def let_others_in(self) -> None:
        """Wait for a timer, after all who asked before: between two of them the runtime takes other events."""
        before, over = self._moment, asyncio.Event()
        self._moment = over
        try:
            if before is not None:
                await before.wait()
            timer = Timer(_MOMENT_S, over.set)
            try:
                await over.wait()
            finally:
                timer.cancel()
        finally:
            over.set()
            if self._moment is over:
                self._moment = None

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Wait for an event, at most so long."""
        timer = Timer(seconds, event.set)
        try:
            await event.wait()
        finally:
            timer.cancel()

    def make_event(self) -> asyncio.Event:
        """Make an event."""
        return asyncio.Event()

    def make_socket_sid(self) -> str:
        """Make a socket's sid."""
        return secrets.token_urlsafe(SID_BYTES)

    def first_ack_id(self) -> int:
        """Begin with the clock's milliseconds: no life gives an id for each, and ids come round after twelve days only."""
        return now_ms()

    async def _tracked(self, frame: FrameWork, engine_sid: EngineSid, work: Work) -> None:
        """Do one piece of a frame's work. Its timeout cancels it, or that its client holds too much; the lane goes on."""
        task = self._begun(Task(self._timeout_s))
        try:
            await work()
        except asyncio.CancelledError:
            if asyncio.current_task() not in self._given_up:
                _logger.warning("= work was cancelled")
        finally:
            task.end()
            frame.end(engine_sid)

    def _begun(self, task: Task) -> Task:
        """Bound work that begins after its delivery at once; what begins within it is bound only if it suspends."""
        if self._delivering is None:
            task.bound()
        else:
            self._delivering.append(task)
        return task

    def _take_safely(self, peer: str, operation: Operation) -> None:
        """Take one operation; a fault of ours in one must not keep the frame's others from being taken."""
        try:
            self._take(peer, operation)
        except Exception as error:
            log_fault(f"{type(operation).__name__} of {peer}", error)
            self.lose(peer, sessions_of(operation))

    def _take(self, peer: str, operation: Operation) -> None:
        match operation:
            case SessionOpened(engine_sid, environ):
                self._server.receive_opened(engine_sid, peer, dict(environ))
            case MessageReceived(engine_sid, packet):
                self._server.receive_message(engine_sid, peer, packet)
            case SessionClosed(engine_sid, reason):
                self._server.receive_closed(engine_sid, reason)
            case SessionUpgraded(engine_sid):
                self._server.receive_upgraded(engine_sid)
            case SessionsDigest():
                self._server.receive_digest(peer, operation)
            case SessionsRange():
                self._server.receive_range(peer, operation)
            case _:
                _logger.error("= %s sent an operation that goes down: %s", peer, type(operation).__name__)


def _nobody(engine_sids: Iterable[EngineSid]) -> None:
    """Stand for whom work outside any delivery would be reported to."""
