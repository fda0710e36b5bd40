"""Durable Objects: each a name, a storage and sockets that stay, and one life after the other."""

import asyncio
import logging
import traceback
from collections.abc import Callable
from contextvars import Context
from typing import Any, Protocol

from shared_wire.testing.faults import Fate, Faults
from shared_wire.testing.http import Request
from shared_wire.testing.lives import Life, settle
from shared_wire.testing.loop import VirtualLoop, current_life, is_over
from shared_wire.testing.opened import OpenedSocket
from shared_wire.testing.sockets import CLOSED, OPEN, ServerSocket
from shared_wire.testing.storage import ObjectStorage
from shared_wire.testing.values import Deferred, JsArray, JsBytes, JsDate, JsException, LifeOver

__all__ = ["Actor", "Namespace", "Surroundings"]

_logger = logging.getLogger("shared_wire.testing")


class Surroundings(Protocol):
    """The world, as its objects need it."""

    loop: VirtualLoop
    faults: Faults

    def count(self, what: str) -> None:
        """Count what is on the bill: an attribute of `Cost`."""


class _Ctx:
    """``ctx`` of one life."""

    def __init__(self, owner: "Actor", life: Life) -> None:
        self._owner = owner
        self._life = life
        self.id = _Id(owner.name, is_known=not owner.is_nameless)

    @property
    def storage(self) -> ObjectStorage:
        return self._owner.storage

    def acceptWebSocket(self, socket: ServerSocket, tags: Any = ()) -> None:  # noqa: N802 - JavaScript's names
        if self._life.is_alive:
            socket.tags, socket.readyState = list(tags), OPEN
            self._owner.accept(socket)

    def getWebSockets(self, tag: str | None = None) -> JsArray:  # noqa: N802
        return JsArray(self._owner.sockets if tag is None else self._owner.tagged.get(tag, ()))

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
    def __init__(self, name: str, *, is_known: bool) -> None:
        self.name = name if is_known else None
        self._text = name.encode().hex()

    def toString(self) -> str:  # noqa: N802 - JavaScript's name
        return self._text


class Actor:
    """One Durable Object over its lives."""

    def __init__(
        self, world: Surroundings, binding: str, name: str, class_name: str, make: Callable[[Any], Any]
    ) -> None:
        """Initialise asleep; ``make`` constructs it, given its ``ctx``."""
        self.world = world
        self.loop = world.loop
        self.binding = binding
        self.name = name
        self.class_name = class_name
        self.make = make
        #: Its sockets, in the order in which they were accepted; and those with each tag.
        self.sockets: dict[ServerSocket, None] = {}
        self.tagged: dict[str, dict[ServerSocket, None]] = {}
        self.auto_response: tuple[str, str] | None = None
        #: Whether the runtime knows only the id in the lives that begin from now on, as where a cluster's process takes it over.
        self.is_nameless = False
        self.life: Life | None = None
        self.lives = 0
        self.waiting: set[asyncio.Future[Any]] = set()
        self.storage = ObjectStorage(self._arm, self._fail_write)
        self._alarm: asyncio.TimerHandle | None = None
        #: For when the alarm was set that rings now.
        self._ringing_ms: float | None = None

    def __repr__(self) -> str:
        return f"{self.binding}/{self.name}"

    def _fail_write(self, what: str) -> str | None:
        return "Error: the object's life is over" if is_over() else self.world.faults.write(self, what)

    @property
    def next_life(self) -> int:
        """The number of the life that an event would meet."""
        return self.lives + (self.life is None)

    def wake(self) -> Life:
        """Return the life that an event meets: the one there is, or a new one."""
        self.fall_asleep()
        if self.life is None:
            life = Life(self)
            self.lives += 1
            try:
                with self.storage.as_one():
                    life.begin(lambda: self.make(_Ctx(self, life)))
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
        if not life.is_idle():
            return False
        self.evict()
        return True

    def evict(self, reason: str = "the object was evicted") -> None:
        """Leave memory now; sockets and storage stay, whoever waits for an answer is told that it failed."""
        if self.life is not None:
            life, self.life = self.life, None
            life.end()
        for outcome in list(self.waiting):
            settle(outcome, LifeOver(f"Error: {reason}"))

    def reset(self, reason: str = "the object was reset") -> None:
        """End this life as a crash does: its sockets are gone, and nobody is told but their clients."""
        self.evict(reason or "Durable Object was aborted")
        self._close_sockets()

    def discard(self) -> None:
        """Be no more, with its world: nobody is told."""
        if self.life is not None:
            self.life.endings.clear()
        self.evict()
        self.storage.close()

    def _close_sockets(self) -> None:
        sockets, self.sockets, self.tagged = self.sockets, {}, {}
        for socket in sockets:
            socket.readyState, socket.owner = CLOSED, None
            socket.client.receive_close(1006, "")

    def receive(self, socket: ServerSocket, frame: str | bytes) -> None:
        """Handle a frame of a client, or have the runtime answer it."""
        if self.auto_response is not None and frame == self.auto_response[0]:
            socket.answered_ms = self.loop.clock_ms()
            socket.client.receive(self.auto_response[1])
            return
        self.world.count("frames")
        given = frame if isinstance(frame, str) else JsBytes(frame)
        self._spawn("a frame", "webSocketMessage", socket, given)

    def receive_close(self, socket: ServerSocket, code: int, reason: str, was_clean: bool) -> None:
        """Handle a client's close."""
        self._spawn("a close", "webSocketClose", socket, code, reason, was_clean)

    def accept(self, socket: ServerSocket) -> None:
        """Accept a socket, with its tags."""
        socket.owner = self
        self.sockets[socket] = None
        for tag in socket.tags:
            self.tagged.setdefault(tag, {})[socket] = None

    def forget(self, socket: ServerSocket) -> None:
        """Let go of a socket that is closed."""
        self.sockets.pop(socket, None)
        for tag in socket.tags:
            self.tagged.get(tag, {}).pop(socket, None)

    def _spawn(self, what: str, method: str, socket: ServerSocket, *args: Any) -> None:
        """Have an event of a socket handled, unless a reset takes the socket before."""
        Context().run(self.loop.create_task, self._of_socket(what, method, socket, *args))

    async def _of_socket(self, what: str, method: str, socket: ServerSocket, *args: Any) -> None:
        if socket.owner is not None:
            await self._handled(what, method, socket, *args)

    async def _handled(self, what: str, method: str, *args: Any) -> bool:
        """Handle an event that nobody waits for; returns whether it was: what it raises is logged, as the runtime does."""
        try:
            await self.call(what, method, *args)
        except LifeOver:
            return False
        except JsException as error:
            _logger.error("= %r: %s raised: %s", self, method, error)
            return False
        finally:
            if method == "webSocketClose":
                self.forget(args[0])
        return True

    def _arm(self, at_ms: float | None) -> None:
        if is_over():
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None
        if at_ms is not None and at_ms == self._ringing_ms and self.loop.clock_ms() < at_ms:
            return  # it is stored, and never rings: one that rings a moment early must not be set for its own time
        if at_ms is not None:
            delay_s = max((at_ms - self.loop.clock_ms()) / 1000, 0) + self.world.faults.alarm_s(self)
            self._alarm = self.loop.call_unwatched(delay_s, self._ring)

    def rearm(self) -> None:
        """Have the alarm ring by a clock that has jumped."""
        if self._alarm is not None:
            self._arm(self.storage.alarm_ms)

    def _ring(self) -> None:
        self._alarm, self._ringing_ms = None, self.storage.alarm_ms
        self.world.count("alarms")
        self.storage.rang()
        self.loop.create_task(self._rung(1))

    async def _rung(self, attempt: int) -> None:
        """Let the alarm ring; one that fails is rung again, six times at most, each after twice as long."""
        is_done = await self._handled("the alarm", "alarm", None)
        self._ringing_ms = None
        if not is_done and attempt <= 6:
            self.loop.call_unwatched(2**attempt, lambda: self.loop.create_task(self._rung(attempt + 1)))


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
        answer, life = await self._ask("a request", "fetch", asked), current_life.get()
        if life is not None and answer.webSocket is not None:
            answer.webSocket = OpenedSocket(answer.webSocket, life)
        return answer

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)

        async def call(*args: Any) -> Any:
            return await self._ask(f"an RPC to {method}", method, *(_sent(one) for one in args))

        return call

    async def _ask(self, what: str, method: str, *args: Any) -> Any:
        """Make the call; it keeps the caller awake, too."""
        target = self._target
        if is_over():
            raise JsException("Error: the object's life is over")
        if method != "fetch":
            target.world.count("rpcs")
        caller = current_life.get()
        release = caller.hold(f"{what} of {target!r}") if caller is not None else None
        fate = target.world.faults.call(target, method)
        try:
            if fate.is_ordinary:
                return _sent(await target.call(what, method, *args))
            return await self._travel(fate, what, method, *args)
        except LifeOver as error:
            raise JsException(str(error)) from None  # what JavaScript throws has no type of ours
        finally:
            if release is not None:
                release()

    async def _travel(self, fate: Fate, what: str, method: str, *args: Any) -> Any:
        """Make a call that fares otherwise than calls do."""
        loop, caller, number = self._target.loop, current_life.get(), self._target.next_life

        def may_arrive() -> bool:
            return self._target.next_life == number and (caller is None or caller.is_alive)

        arrivals = [
            loop.create_task(
                self._arrive(delay_s, _always if fate.is_answered and not place else may_arrive, what, method, *args),
                context=Context(),
            )
            for place, delay_s in enumerate(fate.arrives_s)
        ]
        for one in arrivals:
            one.add_done_callback(lambda done: done.exception())
        answer = await arrivals[0] if fate.is_answered else None
        try:
            await asyncio.sleep(fate.told_s)
        except GeneratorExit:  # the caller's life has ended, and nobody takes the WebSocket that it asked for
            if (ws := getattr(answer, "webSocket", None)) is not None:
                ws.drop()
            raise
        if not fate.is_answered:
            raise JsException(fate.error, retryable=fate.is_retryable, overloaded=fate.is_overloaded)
        return answer

    async def _arrive(self, delay_s: float, may_arrive: Callable[[], bool], what: str, method: str, *args: Any) -> Any:
        """Arrive after a delay. What nobody waits for ends with the lives at both ends, as a connection between them does."""
        await asyncio.sleep(delay_s)
        if not may_arrive():
            return None
        return _sent(await self._target.call(what, method, *args))


def _always() -> bool:
    return True


def _sent(value: Any) -> Any:
    """Copy what travels between objects."""
    if isinstance(value, bytes | memoryview):
        return JsBytes(bytes(value))
    if isinstance(value, tuple | bytearray):
        raise JsException(f"DataCloneError: a {type(value).__name__} cannot be sent")
    return value
