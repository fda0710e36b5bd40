"""The way from the server to the engine actors, and whoever waits for it to be free."""

import asyncio
from collections import Counter
from collections.abc import Callable, Container
from functools import partial

from shared_wire import EngineSid, LinkDriver, Operation, SendPackets
from shared_wire.durable import log_fault
from shared_wire.link.placement import EnginePort
from socketio_do.runtime import Clock

__all__ = ["DirectOutbox", "LinkOutbox", "Progress"]


class Progress:
    """What those wait for who have more to send to an engine actor: that a frame leaves. In memory, like the frames."""

    def __init__(self) -> None:
        """Initialise with nobody who waits."""
        self._events: dict[str, asyncio.Event] = {}

    async def next(self, actor: str) -> None:
        """Wait until a frame leaves for an engine actor."""
        await self._events.setdefault(actor, asyncio.Event()).wait()

    def note(self, actor: str) -> None:
        """Have those go on who wait for an engine actor."""
        if (event := self._events.pop(actor, None)) is not None:
            event.set()

    def note_all(self) -> None:
        """Have everybody go on: a frame has left, and nobody said for whom."""
        for actor in [*self._events]:
            self.note(actor)


class LinkOutbox:
    """`Outbox` over the link."""

    arrives_at_once = False

    def __init__(self, driver: LinkDriver, progress: Progress, clock: Clock, counters: Counter[str]) -> None:
        """Initialise with the link, what is told of frames that leave, and the actor's clock and counters."""
        self._driver = driver
        self._progress = progress
        self._counters = counters
        #: `Uplink` has the log written before any frame leaves.
        self.precede = clock.defer
        self.send, self.busy, self.queued = driver.send, driver.busy, driver.queued

    def send_packets(self, actor: str, engine_sids: tuple[EngineSid, ...], packets: tuple[str | bytes, ...]) -> None:
        """Send messages to sessions of an engine actor."""
        self._driver.send(actor, SendPackets(engine_sids, packets))

    async def drained(self, actor: str, size: int) -> None:
        """Wait until no more bytes than that wait for an engine actor."""
        while self._driver.queued(actor) > size:
            await self._progress.next(actor)

    def count(self, what: str, number: int) -> None:
        """Add to a figure of `SocketActor.counters`."""
        self._counters[what] += number


class DirectOutbox:
    """`Outbox` to the engine in the same object: nothing waits in it, but for what must come before, and not beyond the step."""

    arrives_at_once = True

    def __init__(self, engine: EnginePort, clock: Clock, counters: Counter[str]) -> None:
        """Initialise with the engine, and the object's clock and counters."""
        self._engine = engine
        self._clock = clock
        self._counters = counters
        #: What is held back until it has been preceded; none while nothing is.
        self._held: list[Callable[[], None]] | None = None

    def precede(self, action: Callable[[], None]) -> None:
        """Do something at the end of the running step, and hold back until then what is sent."""
        if self._held is None:
            self._held = []
        self._clock.defer(partial(self._release, action))

    def _release(self, action: Callable[[], None]) -> None:
        try:
            action()
        finally:
            held, self._held = self._held or [], None
            for send in held:
                try:
                    send()
                except Exception as error:
                    log_fault("what was held back to the end of a step", error)

    def send_packets(self, actor: str, engine_sids: tuple[EngineSid, ...], packets: tuple[str | bytes, ...]) -> None:
        """Have the engine send messages to sessions."""
        del actor
        if self._held is None:
            self._engine.send_packets(engine_sids, packets)
        else:
            self._held.append(partial(self._engine.send_packets, engine_sids, packets))

    def send(self, actor: str, *operations: Operation) -> None:
        """Have the engine carry out other operations."""
        del actor
        if self._held is None:
            self._engine.send(*operations)
        else:
            self._held.append(partial(self._engine.send, *operations))

    def busy(self, actor: str) -> Container[str]:
        """Return nobody: what is sent has arrived."""
        del actor
        return ()

    def queued(self, actor: str) -> int:
        """Return 0."""
        del actor
        return 0

    async def drained(self, actor: str, size: int) -> None:
        """Return at once."""

    def count(self, what: str, number: int) -> None:
        """Add to a figure of `SocketActor.counters`."""
        self._counters[what] += number
