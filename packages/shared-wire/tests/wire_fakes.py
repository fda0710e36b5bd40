"""An in-memory wire between two carriers, moved by hand: nothing happens until the test says so.

Coroutines are stepped with ``send(None)``; there is no event loop and no clock. What a coroutine waits for is a `Step`, and
whoever resolves the step runs the coroutine on, at once.
"""

from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from shared_wire import EngineSid, Frame, Life, LinkDriver, Operation, decode, sessions_in

T = TypeVar("T")
Rest: TypeAlias = "Step[None] | Mapping[EngineSid, Step[None]] | None"
Done = Callable[[Iterable[EngineSid]], None]
Handler = Callable[[str, tuple[Operation, ...]], Rest]
Loser = Callable[[str, tuple[EngineSid, ...] | None], None]


class Step(Generic[T]):
    """A result that the test gives by hand, once."""

    def __init__(self) -> None:
        self._results: list[T] = []
        self._waiter: Coroutine[object, object, None] | None = None

    def __await__(self) -> Generator["Step[T]", None, T]:
        if not self._results:
            yield self
        return self._results[0]

    @property
    def done(self) -> bool:
        return bool(self._results)

    def wait(self, waiter: Coroutine[object, object, None]) -> None:
        assert self._waiter is None, "one coroutine may wait for a step"
        self._waiter = waiter

    def resolve(self, result: T) -> None:
        """Settle with the result, and run on whoever waits for it; raises what the coroutine raises."""
        assert not self._results, "a step is resolved once"
        self._results.append(result)
        if self._waiter is not None:
            advance(self._waiter)


def advance(coroutine: Coroutine[object, object, None]) -> None:
    """Run a coroutine to its next unresolved step, or to its end."""
    try:
        step = coroutine.send(None)
    except StopIteration:
        return
    assert isinstance(step, Step), f"awaited {step!r}, which is no step"
    step.wait(coroutine)


@dataclass(slots=True, eq=False)
class Journey:
    """One RPC under way: the call's bytes, and the answer its caller waits for."""

    peer: str
    data: bytes
    answer: Step[bytes | None] = field(default_factory=Step)

    @property
    def frame(self) -> Frame:
        return decode(self.data)


@dataclass(slots=True, eq=False)
class Pause:
    """A caller that waits before an attempt."""

    attempt: int
    over: Step[None] = field(default_factory=Step)


def _at_once(_peer: str, _operations: tuple[Operation, ...]) -> None:
    """Handle operations by doing nothing, at once."""


def _nothing_more(_peer: str, _engine_sids: tuple[EngineSid, ...] | None) -> None:
    """Do nothing about a loss."""


class FakeWire:
    """The shell of one actor: records what its driver asks for.

    Assign `handler` to say how operations are handled: their end waits for the step it returns, or for each session's own step.
    Assign `loser` to do something about a loss.
    """

    def __init__(self, handler: Handler = _at_once, loser: Loser = _nothing_more) -> None:
        self.handler: Handler = handler
        self.loser: Loser = loser
        #: RPCs under way, oldest first; whoever resolves one takes it out.
        self.journeys: list[Journey] = []
        self.pauses: list[Pause] = []
        self.unheard: list[str] = []
        #: For whom something is noted to wait while calls to a peer fail.
        self.failing: dict[str, list[EngineSid]] = {}
        self.delivered: list[Operation] = []
        self.lost: list[EngineSid] = []
        #: Faults of ours that were logged; and what the next calls raise, where no shell ought to.
        self.faults: list[str] = []
        self.breaks: list[Exception] = []
        #: How often all sessions were lost together.
        self.all_lost = 0
        #: The peers whose links need the object awake.
        self.awake: set[str] = set()
        #: Coroutines that have not come to their end.
        self.running = 0
        self.calls_made = 0
        #: Whether a stream carries calls: they are journeys like any other.
        self.has_stream = False
        #: What is put off until the running step ends; none: nothing is.
        self.deferred: list[Callable[[], None]] | None = None

    def say(self, peer: str, data: bytes, heard: Callable[[bytes | None], None]) -> bool:
        if not self.has_stream or self.breaks:
            return False
        self.start(self._pass_on(self.call(peer, data), heard))
        return True

    @staticmethod
    async def _pass_on(call: Coroutine[Any, Any, bytes | None], heard: Callable[[bytes | None], None]) -> None:
        heard(await call)

    async def call(self, peer: str, data: bytes) -> bytes | None:
        if self.breaks:
            raise self.breaks.pop()
        journey = Journey(peer, data)
        self.journeys.append(journey)
        self.calls_made += 1
        return await journey.answer

    def note_unheard(self, peer: str) -> None:
        self.unheard.append(peer)

    def note_failing(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        if engine_sids is None:
            del self.failing[peer]
        else:
            self.failing.setdefault(peer, []).extend(engine_sids)

    async def pause(self, attempt: int) -> None:
        pause = Pause(attempt)
        self.pauses.append(pause)
        await pause.over

    def defer(self, action: Callable[[], None]) -> None:
        """Do it at once, or keep it in ``deferred`` where a test has set that to a list."""
        if self.deferred is None:
            action()
        else:
            self.deferred.append(action)

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        advance(self._run(coroutine))

    async def _run(self, coroutine: Coroutine[object, object, None]) -> None:
        self.running += 1
        try:
            await coroutine
        finally:
            self.running -= 1

    def deliver(self, peer: str, operations: tuple[Operation, ...], done: Done) -> None:
        self.delivered.extend(operations)
        rest = self.handler(peer, operations)
        engine_sids = frozenset(sessions_in(operations))
        if isinstance(rest, Step):
            self.start(self._finish(rest, engine_sids, done))
            return
        waiting = rest or {}
        if at_once := engine_sids.difference(waiting):
            done(at_once)
        for engine_sid, step in waiting.items():
            self.start(self._finish(step, (engine_sid,), done))

    async def _finish(self, rest: Step[None], engine_sids: Iterable[EngineSid], done: Done) -> None:
        await rest
        done(engine_sids)

    def stay_awake(self, peer: str, needed: bool) -> None:
        assert needed != (peer in self.awake), f"{peer}: told {needed} twice"
        self.awake ^= {peer}

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        self.lost.extend(engine_sids or ())
        self.all_lost += engine_sids is None
        self.loser(peer, engine_sids)

    def log_fault(self, what: str, error: BaseException) -> None:
        if isinstance(error, AssertionError):  # what a test finds is no fault to be survived
            raise error
        self.faults.append(f"{what}: {error!r}")

    @property
    def idle(self) -> bool:
        """Whether no RPC is under way and nobody waits to repeat one."""
        return not self.journeys and not self.pauses

    @property
    def may_sleep(self) -> bool:
        """Whether the runtime may put the object to sleep: nothing runs on, and no link needs it awake."""
        return not self.running and not self.awake

    def fail(self) -> None:
        """Let the oldest RPC under way fail."""
        self.journeys.pop(0).answer.resolve(None)

    def wake(self) -> None:
        """End the oldest pause."""
        self.pauses.pop(0).over.resolve(None)


class Actor:
    """A driver in its life, with its wire; `restart` ends the life and begins the next."""

    def __init__(
        self, name: str, *, peer_holds_sockets: bool, handler: Handler = _at_once, loser: Loser = _nothing_more
    ) -> None:
        self.name = name
        self.peer_holds_sockets = peer_holds_sockets
        self.lives = 0
        #: Whether a stream carries the calls of all lives to come.
        self.has_stream = False
        self.handler: Handler = handler
        self.loser: Loser = loser
        self.restart()

    def restart(self, behind: int = 0) -> None:
        """Begin a new life: what the old one had under way never comes back to it. Its clock may be ``behind``."""
        self.lives += 1
        self.life = Life(max(10 * self.lives - behind, 1), self.lives)
        self.wire = FakeWire(self.handler, self.loser)
        self.wire.has_stream = self.has_stream
        self.driver = LinkDriver(self.name, self.life, self.wire, peer_holds_sockets=self.peer_holds_sockets)

    def sleep(self) -> None:
        """End the life as the runtime may, at a moment when it may, and begin the next."""
        assert self.wire.may_sleep, f"{self.name} has to stay awake"
        self.restart()


class Pair:
    """An engine actor and a socket actor, and the hands that move what travels between them."""

    def __init__(self) -> None:
        self.engine = Actor("engine", peer_holds_sockets=False)
        self.socket = Actor("socket", peer_holds_sockets=True)

    def other(self, actor: Actor) -> Actor:
        return self.socket if actor is self.engine else self.engine

    def arrive(self, actor: Actor) -> bytes:
        """Let the oldest call of ``actor`` arrive at its peer; gives the reply, which is still on its way."""
        return self.other(actor).driver.answer(actor.wire.journeys[0].data)

    def finish(self, actor: Actor, reply: bytes) -> None:
        """Let the reply to the oldest call of ``actor`` arrive."""
        actor.wire.journeys.pop(0).answer.resolve(reply)

    def exchange(self, actor: Actor) -> None:
        """Let the oldest call of ``actor`` arrive, and its reply."""
        self.finish(actor, self.arrive(actor))

    def settle(self) -> None:
        """Let everything travel until nothing is under way; fails when that takes suspiciously long."""
        for _ in range(1_000):
            busy = next((actor for actor in (self.engine, self.socket) if not actor.wire.idle), None)
            if busy is None:
                return
            if busy.wire.pauses:
                busy.wire.wake()
            else:
                self.exchange(busy)
        raise AssertionError("the two actors never stop talking")
