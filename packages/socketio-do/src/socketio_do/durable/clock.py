"""Time, the object's alarm, and waiting."""

import asyncio
from collections.abc import Callable
from typing import Final

import js
from pyodide.ffi import create_once_callable

from shared_wire.durable import Timer, next_alarm_ms, now_ms

__all__ = ["ObjectClock"]

#: Others are let in for so long. With timers of 0 ms one after the other the runtime does nothing else, and a reply that waits for
#: what was written waits for all of them.
_MOMENT_S: Final = 0.001


#: So long a loop that gives way goes on before others are let in.
_SLICE_MS: Final = 10


class ObjectClock:
    """`Clock` of one Durable Object. The alarm survives this life; when it is set to is in memory, and set again if unknown."""

    def __init__(self, set_alarm: Callable[[int], object]) -> None:
        """Initialise with what sets the object's alarm to a time in milliseconds."""
        self._set_alarm = set_alarm
        self.now_ms = now_ms
        self._alarm_ms: int | None = None
        #: For when the last one that has rung was set.
        self._rung_ms = 0
        #: The moment given last of those in which others are let in.
        self._moment: asyncio.Event | None = None
        #: When others were last let in.
        self._others_ms = 0

    def arm(self, at_ms: int) -> None:
        """Set the object's alarm, unless it is set so."""
        if at_ms != self._alarm_ms:
            self._set_alarm(self.apart(max(at_ms, now_ms() + 1)))
            self._alarm_ms = at_ms

    def apart(self, at_ms: int) -> int:
        """Return when to set an alarm that is to ring then: not for the time of the one that has rung."""
        return next_alarm_ms(at_ms, self._rung_ms)

    def note_alarm(self) -> None:
        """Note that the alarm has rung, and is set no longer."""
        self._rung_ms = now_ms() if self._alarm_ms is None else self._alarm_ms
        self._alarm_ms = None

    def defer(self, action: Callable[[], None]) -> None:
        """Do something as soon as the running step gives way."""
        js.queueMicrotask(create_once_callable(action))

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after a time in which the object stays awake."""
        Timer(seconds, action)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def give_way(self) -> None:
        """Let what is ready go on, and others in every few milliseconds: to the runtime, the turns of a loop are one event."""
        if self.now_ms() >= self._others_ms + _SLICE_MS:
            await self.let_others_in()
        else:
            await asyncio.sleep(0)

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
            self._others_ms = self.now_ms()
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
