"""What the pure parts ask of the object they run in; `durable` brings it, tests bring a fake."""

from collections.abc import Callable, Container, Coroutine
from typing import Any, Protocol, TypeAlias, TypeVar

from shared_wire import EngineSid, Operation, Work

__all__ = ["Clock", "HandlerLanes", "Lane", "Outbox", "Runtime"]

T = TypeVar("T")


#: A queue of work. Its first part is the session whose work it is; the rest tells the session's lanes apart.
Lane: TypeAlias = tuple[str, str]


class Outbox(Protocol):
    """The way to the engine actors."""

    @property
    def arrives_at_once(self) -> bool:
        """Whether nothing is ever on its way: the sockets are in this object."""

    def send_packets(self, actor: str, engine_sids: tuple[EngineSid, ...], packets: tuple[str | bytes, ...]) -> None:
        """Send messages to sessions of an engine actor, after everything sent before."""

    def send(self, actor: str, *operations: Operation) -> None:
        """Send other operations to an engine actor, in order."""

    def precede(self, action: Callable[[], None]) -> None:
        """Do something as soon as the running step gives way, before anything that is sent from here on leaves this object."""

    def busy(self, actor: str) -> Container[str]:
        """Return the sessions whose packets, sent earlier, have not reached their engine actor yet."""

    def queued(self, actor: str) -> int:
        """Return how many bytes wait for an engine actor."""

    async def drained(self, actor: str, size: int) -> None:
        """Wait until no more bytes than that wait for an engine actor."""

    def count(self, what: str, number: int) -> None:
        """Add to a figure that says what this life of the object has done."""


class HandlerLanes(Protocol):
    """Where handlers run: in order within a lane, for a bounded time, and counted as work of the frame that brought it."""

    def run(self, lane: Lane, work: Work) -> None:
        """Do work after everything asked for before in the same lane, from now on; none of it is cut short by sleep."""

    def waiting(self, lane: Lane) -> int:
        """Count the work of a lane that has not begun."""

    def hold(self, engine_sid: str, expire: Callable[[], None]) -> Callable[[], None]:
        """Keep the frame being delivered open until the returned function is called; ``expire`` if that takes too long."""

    def start(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Let a coroutine run on, from its first step; returns the task."""

    async def bounded(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work that no lane bounds, as a task of its own, at most as long as a handler may take: `TimeoutError` after that."""

    async def unbroken(self, work: Coroutine[Any, Any, T]) -> T:
        """Do work as a task of its own that runs on where whoever waits for it is cancelled."""

    async def caught_up(self, lane: Lane) -> None:
        """Wait until all is done that was asked for in a lane so far; at once where there is nothing."""

    def current(self) -> Any:
        """Return the work under way, as `give_up` takes it."""

    def give_up(self, task: Any) -> None:
        """Cancel work under way that holds too much."""


class Clock(Protocol):
    """Time, and waiting."""

    def now_ms(self) -> int:
        """Return the time in milliseconds since the epoch."""

    def arm(self, at_ms: int) -> None:
        """Have the object's alarm call `DurableServer.receive_alarm` at a time, and no earlier or later one."""

    def defer(self, action: Callable[[], None]) -> None:
        """Do something as soon as the running step gives way, in the same event."""

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after a time in which the object stays awake."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""

    async def give_way(self) -> None:
        """Wait for a turn: a loop that does it holds up neither this object's other work nor, for long, other clients."""

    async def let_others_in(self) -> None:
        """Wait for a moment in which other events are taken; whoever asks meanwhile gets a moment of its own after it."""

    async def wait(self, event: Any, seconds: float) -> None:
        """Wait for an event made by `make_event`, at most so long; the caller looks what came of it."""

    def make_event(self) -> Any:
        """Make an event that one coroutine may set and others wait for."""


class Runtime(Protocol):
    """The object's side of the server."""

    @property
    def outbox(self) -> Outbox:
        """The way to the engine actors."""

    @property
    def lanes(self) -> HandlerLanes:
        """Where handlers run."""

    @property
    def clock(self) -> Clock:
        """Time, and waiting."""

    def make_socket_sid(self) -> str:
        """Make an id nobody can guess."""

    def first_ack_id(self) -> int:
        """Return the first ack id of this life, which no earlier life has given yet."""
