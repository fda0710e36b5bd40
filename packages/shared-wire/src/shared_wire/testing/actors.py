"""Durable Objects: each a name, a storage and sockets that stay, and one life after the other."""

import asyncio
import inspect
import logging
import traceback
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final

from shared_wire.testing.http import Request
from shared_wire.testing.loop import EPOCH_MS, VirtualLoop
from shared_wire.testing.sockets import CLOSED, OPEN, ServerSocket
from shared_wire.testing.storage import ObjectStorage
from shared_wire.testing.values import Deferred, JsArray, JsBytes, JsDate, JsException

__all__ = ["Actor", "Life", "Namespace", "current_life"]

_logger = logging.getLogger("shared_wire.testing")

#: Seconds without an event after which an object that nothing keeps awake leaves memory.
IDLE_S: Final = 10

#: Whose code is running.
current_life: ContextVar["Life | None"] = ContextVar("current_life", default=None)


class _Ctx:
    """``ctx`` of one life."""

    def __init__(self, life: "Life") -> None:
        self._life = life
        self._owner = life.owner
        self.id = _Id(life.owner.name)

    @property
    def storage(self) -> ObjectStorage:
        return self._owner.storage

    def acceptWebSocket(self, socket: ServerSocket, tags: Any = ()) -> None:  # noqa: N802 - JavaScript's names
        if self._life.is_alive:
            socket.tags, socket.owner, socket.readyState = list(tags), self._owner, OPEN
            self._owner.sockets.append(socket)

    def getWebSockets(self, tag: str | None = None) -> JsArray:  # noqa: N802
        return JsArray(one for one in self._owner.sockets if tag is None or tag in one.tags)

    def getTags(self, socket: ServerSocket) -> JsArray:  # noqa: N802
        return JsArray(socket.tags)

    def setWebSocketAutoResponse(self, pair: tuple[str, str] | None = None) -> None:  # noqa: N802
        self._owner.auto_response = pair

    def getWebSocketAutoResponseTimestamp(self, socket: ServerSocket) -> JsDate | None:  # noqa: N802
        return None if socket.answered_ms is None else JsDate(socket.answered_ms)

    def waitUntil(self, promise: Any) -> None:  # noqa: N802
        if isinstance(promise, Deferred):
            promise.when_settled(self._life.hold("waitUntil"))
        else:
            self._life.start(promise)

    def blockConcurrencyWhile(self, function: Callable[[], Any]) -> Any:  # noqa: N802
        return self._life.start(function())

    def abort(self, reason: str = "") -> None:
        self._owner.reset(reason)


class _Id:
    def __init__(self, name: str) -> None:
        self.name = name

    def toString(self) -> str:  # noqa: N802 - JavaScript's name
        return self.name.encode().hex()


class Life:
    """One construction of an object. When it ends, none of its code runs any more, and what that still does reaches nobody."""

    def __init__(self, owner: "Actor") -> None:
        """Initialise; `begin` constructs the object."""
        self.owner = owner
        self.is_alive = True
        self.instance: Any = None
        self.last_event_s = owner.loop.time()
        #: Until when a timer that nobody can cancel keeps the object awake.
        self.timers_s = 0.0
        self._holds: dict[int, str] = {}
        self._held = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._handles: set[asyncio.TimerHandle] = set()

    def begin(self) -> None:
        """Construct the object."""
        self.instance = self.within(lambda: self.owner.make(_Ctx(self)))

    def within(self, function: Callable[[], Any]) -> Any:
        """Run something as code of this life."""
        context = copy_context()
        context.run(current_life.set, self)
        return context.run(function)

    def hold(self, why: str) -> Callable[[], None]:
        """Keep the object awake until the returned function is called."""
        self._held += 1
        number = self._held
        self._holds[number] = why
        return lambda: self._released(number)

    def _released(self, number: int) -> None:
        self._holds.pop(number, None)
        self.last_event_s = max(self.last_event_s, self.owner.loop.time())

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
        """End a timer with this life; asyncio's keep the object awake to their end, also when they are cancelled."""
        self._handles.add(handle)
        self.timers_s = max(self.timers_s, handle.when())

    async def deliver(self, what: str, function: Callable[[], Any]) -> Any:
        """Have the object handle an event; raises `JsException` for what it raises, and when its life ends meanwhile."""
        release = self.hold(what)
        outcome = self.owner.loop.create_future()
        self._waiting.add(outcome)

        async def handle() -> None:
            try:
                result = function()
                value = await result if inspect.isawaitable(result) else result
            except Exception as error:
                _settle(outcome, JsException("".join(traceback.format_exception(error)).strip()))
            else:
                _settle(outcome, None, value)
            finally:
                release()

        self.within(lambda: self.owner.loop.create_task(handle()))
        try:
            return await outcome
        finally:
            self._waiting.discard(outcome)

    @property
    def _waiting(self) -> "set[asyncio.Future[Any]]":
        return self.owner.waiting

    def keeps_awake(self) -> list[str]:
        """Say what keeps the object awake."""
        timer = self.timers_s - self.owner.loop.time()
        return [*self._holds.values(), *([f"a timer of asyncio's, for {timer:.1f} s more"] if timer > 0 else [])]

    def end(self) -> None:
        """Stop all of its code where it stands."""
        self.is_alive = False
        for handle in self._handles:
            handle.cancel()
        for task in list(self._tasks):
            _stop(task)


def _settle(outcome: "asyncio.Future[Any]", error: Exception | None, value: Any = None) -> None:
    if outcome.done():
        return
    if error is None:
        outcome.set_result(value)
    else:
        outcome.set_exception(error)


def _stop(task: "asyncio.Task[Any]") -> None:
    """End a task without a word: no handler of cancellation runs."""
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio's own switch
    try:
        task.get_coro().close()
    except RuntimeError:
        task.cancel()  # it is the one that is running


class Actor:
    """One Durable Object over its lives."""

    def __init__(
        self, loop: VirtualLoop, binding: str, name: str, make: Callable[[Any], Any], count: Callable[[str], None]
    ) -> None:
        """Initialise asleep; ``make`` constructs it, given its ``ctx``, and ``count`` is told what is on the bill."""
        self.count = count
        self.loop = loop
        self.binding = binding
        self.name = name
        self.make = make
        self.sockets: list[ServerSocket] = []
        self.auto_response: tuple[str, str] | None = None
        self.life: Life | None = None
        self.lives = 0
        self.waiting: set[asyncio.Future[Any]] = set()
        self.storage = ObjectStorage(self._arm)
        self._alarm: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"{self.binding}/{self.name}"

    def wake(self) -> Life:
        """Return the life that an event meets: the one there is, or a new one."""
        self.fall_asleep()
        if self.life is None:
            life = Life(self)
            self.lives += 1
            try:
                with self.storage.as_one():
                    life.begin()
            except Exception as error:
                life.end()
                raise JsException("".join(traceback.format_exception(error)).strip()) from error
            self.life = life
        self.life.last_event_s = self.loop.time()
        return self.life

    async def call(self, what: str, method: str, *args: Any) -> Any:
        """Have an event handled: an RPC, a request, a frame, the alarm."""
        life = self.wake()
        return await life.deliver(what, lambda: getattr(life.instance, method)(*args))

    def fall_asleep(self) -> bool:
        """Leave memory if there was nothing to do for ten seconds; returns whether the object sleeps now."""
        life = self.life
        if life is None:
            return True
        if life.keeps_awake() or self.loop.time() < max(life.last_event_s, life.timers_s) + IDLE_S:
            return False
        self.evict()
        return True

    def evict(self) -> None:
        """Leave memory now; sockets and storage stay."""
        if self.life is not None:
            life, self.life = self.life, None
            life.end()

    def reset(self, reason: str = "the object was reset") -> None:
        """End this life as a crash does: its sockets are gone, and nobody is told but their clients."""
        self.evict()
        self._close_sockets()
        for outcome in list(self.waiting):
            _settle(outcome, JsException(f"Error: {reason or 'Durable Object was aborted'}"))

    def _close_sockets(self) -> None:
        sockets, self.sockets = self.sockets, []
        for socket in sockets:
            socket.readyState = CLOSED
            socket.client.receive_close(1006, "")

    def receive(self, socket: ServerSocket, frame: str | bytes) -> None:
        """Handle a frame of a client, or have the runtime answer it."""
        if self.auto_response is not None and frame == self.auto_response[0]:
            socket.answered_ms = EPOCH_MS + self.loop.time() * 1000
            socket.client.receive(self.auto_response[1])
            return
        self.count("frames")
        given = frame if isinstance(frame, str) else JsBytes(frame)
        self._spawn("a frame", "webSocketMessage", socket, given)

    def receive_close(self, socket: ServerSocket, code: int, reason: str, was_clean: bool) -> None:
        """Handle a client's close."""
        self._spawn("a close", "webSocketClose", socket, code, reason, was_clean)

    def forget(self, socket: ServerSocket) -> None:
        """Let go of a socket that is closed."""
        if socket in self.sockets:
            self.sockets.remove(socket)

    def _spawn(self, what: str, method: str, *args: Any) -> None:
        """Have an event handled that nobody waits for: what it raises is logged, as the runtime does."""
        self.loop.call_soon(lambda: self.loop.create_task(self._handled(what, method, *args)), context=Context())

    async def _handled(self, what: str, method: str, *args: Any) -> bool:
        try:
            await self.call(what, method, *args)
        except JsException as error:
            _logger.error("= %r: %s raised: %s", self, method, error)
            return False
        finally:
            if method == "webSocketClose":
                self.forget(args[0])
        return True

    def _arm(self, at_ms: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = (
            None if at_ms is None else self.loop.call_at((at_ms - EPOCH_MS) / 1000, self._ring, context=Context())
        )

    def _ring(self) -> None:
        self._alarm = None
        self.count("alarms")
        self.storage.rang()
        self.loop.create_task(self._rung(1))

    async def _rung(self, attempt: int) -> None:
        """Let the alarm ring; one that fails is rung again, six times at most, each after twice as long."""
        if not await self._handled("the alarm", "alarm", None) and attempt <= 6:
            self.loop.call_later(2**attempt, lambda: self.loop.create_task(self._rung(attempt + 1)), context=Context())


class Namespace:
    """A Durable Object binding."""

    def __init__(self, binding: str, make: Callable[[str, str], Actor]) -> None:
        """Initialise with the binding's name; ``make`` makes the object of a name."""
        self._binding_name = binding
        self._make = make
        self.actors: dict[str, Actor] = {}

    def actor(self, name: str) -> Actor:
        """Return an object; it need not have lived yet."""
        if name not in self.actors:
            self.actors[name] = self._make(self._binding_name, name)
        return self.actors[name]

    def getByName(self, name: str, options: Any = None) -> "_Stub":  # noqa: N802 - JavaScript's name
        """Return a stub of an object."""
        del options
        return _Stub(self.actor(name))


class _Stub:
    """What calls an object from elsewhere."""

    def __init__(self, target: Actor) -> None:
        self._target = target

    async def fetch(self, request: Any, **options: Any) -> Any:
        asked = request if isinstance(request, Request) else Request(str(request), **options)
        return await self._ask("a request", "fetch", asked)

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)

        async def call(*args: Any) -> Any:
            return await self._ask(f"an RPC to {method}", method, *(_sent(one) for one in args))

        return call

    async def _ask(self, what: str, method: str, *args: Any) -> Any:
        """Make the call; it keeps the caller awake, too."""
        if method != "fetch":
            self._target.count("rpcs")
        caller = current_life.get()
        release = caller.hold(f"{what} of {self._target!r}") if caller is not None else _nothing
        try:
            return _sent(await self._target.call(what, method, *args))
        finally:
            release()


def _nothing() -> None:
    """Nobody is kept awake."""


def _sent(value: Any) -> Any:
    """Copy what travels between objects."""
    if isinstance(value, bytes | bytearray | memoryview):
        return JsBytes(bytes(value))
    if isinstance(value, tuple):
        raise JsException("DataCloneError: a tuple cannot be sent")
    return value
