"""The one alarm of an object: when it fires, for whom, and that it fires at all.

It has two owners, the sweep over all sessions and an application in the same object, and is set to the earlier of the two. A life
that does not know yet for whom it fires works for both.
"""

import logging
import math
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, Final

from engine_do.config import EngineConfig
from engine_do.durable.javascript import number_or_none
from shared_wire.durable import ALARMS_APART_MS, next_alarm_ms, now_ms, raw, start_eagerly

__all__ = ["Alarm"]

_logger = logging.getLogger("engine_do")

#: Milliseconds after which an alarm that has not fired counts as lost, and the next event does its work.
_LATE_MS: Final = 5_000


class Alarm:
    """Works when the alarm fires, when it did not fire, and when nobody set it."""

    def __init__(
        self,
        ctx: Any,
        counters: Counter[str],
        tell: Callable[[], None],
        sweep: Callable[[int], Awaitable[int | None]],
        is_needed: Callable[[], bool],
        config: EngineConfig,
    ) -> None:
        """Initialise with the object's context, and where to count.

        ``tell`` has the application do what is due; ``sweep`` is given the time and returns when it must be made again, if ever;
        ``is_needed`` returns whether there is anything to sweep; a sweep that fails is made again after a ping interval.
        """
        self._ctx = ctx
        self._storage = raw(ctx.storage)
        self._counters = counters
        self._tell = tell
        self._sweep = sweep
        self._is_needed = is_needed
        self._retry_ms = config.ping_interval_ms
        #: When it fires, as far as this life knows.
        self.at_ms: int | None = None
        self._sweeping = False
        #: How often it has fired in this life.
        self._fired = 0
        #: For when the last one that has fired was set.
        self._fired_ms = 0
        #: When the next sweep is due: at once in a life that has made none.
        self._sweep_ms = 0.0
        #: From when on an event is to call `heal`: at once in a life that does not know of its alarm, never while none is set.
        self.heal_ms = 0.0

    async def ring(self, now: int) -> None:
        """Do what is due at a time, and set the next alarm.

        A sweep that fails is logged and made again: nothing else finds the dead.
        """
        self._counters["alarms"] += 1
        self._fired += 1
        self._fired_ms = now if self.at_ms is None else self.at_ms
        if 0 < self._fired_ms - now < ALARMS_APART_MS:
            now = self._fired_ms  # its time has come, though the clock stands a moment before it
        self._note(None)  # the sweep under way, if there is one, sets it again
        if self._sweeping:
            self._tell_safely()
            return
        self._sweeping = True
        try:
            self._tell_safely()
            if now >= self._sweep_ms:
                self._sweep_ms = math.inf  # whoever comes meanwhile has it made earlier
                self._sweep_ms = min(await self._sweep_safely(now), self._sweep_ms)
        finally:
            self._sweeping = False
        if self._sweep_ms < math.inf and (self.at_ms is None or self.at_ms > self._sweep_ms):
            self._set(max(int(self._sweep_ms), now + 1))

    def _tell_safely(self) -> None:
        try:
            self._tell()
        except Exception:
            _logger.exception("= the application's alarm failed")

    async def _sweep_safely(self, now: int) -> float:
        try:
            next_ms = await self._sweep(now)
        except Exception:
            _logger.exception("= a sweep failed")
            return now + self._retry_ms
        return math.inf if next_ms is None else next_ms

    def heal(self, now: int) -> None:
        """Do a lost alarm's work: of one that is known to be late, or (once a life) of one that is not set at all.

        Each event calls it that comes at `heal_ms` or later.
        """
        if self.at_ms is None:
            self.heal_ms = math.inf
            start_eagerly(self._ctx, self._check())
        else:
            start_eagerly(self._ctx, self.ring(now))

    async def arm(self, at_ms: int) -> None:
        """Make sure that a sweep is made by then; one that is made earlier is left alone. Waits only while `at_ms` is not known."""
        self._sweep_ms = min(self._sweep_ms, at_ms)
        if self.at_ms is None:
            await self._know()
        self._fire_by(at_ms)

    def arm_application(self, at_ms: int) -> None:
        """Make sure that the application is told by then."""
        if self._sweeping or self.at_ms is not None:
            self._fire_by(at_ms)  # while a sweep goes on it has fired, and is not set but by this life
        else:
            start_eagerly(self._ctx, self._ask_and_fire_by(at_ms))

    def _fire_by(self, at_ms: int) -> None:
        if self.at_ms is None or self.at_ms > at_ms:
            self._set(at_ms)

    async def _ask_and_fire_by(self, at_ms: int) -> None:
        await self._know()
        self._fire_by(at_ms)

    async def _check(self) -> None:
        await self._know()
        if self.at_ms is None and self._is_needed():
            await self.ring(now_ms())

    async def _know(self) -> None:
        """Learn when it fires, if this life has not set it. What is set or fires while this waits makes the answer an old one."""
        if self.at_ms is None:
            fired = self._fired
            found = number_or_none(await self._storage.getAlarm())
            if self.at_ms is None and fired == self._fired:
                self._note(found)

    def _note(self, at_ms: int | None) -> None:
        self.at_ms = at_ms
        self.heal_ms = math.inf if at_ms is None else at_ms + _LATE_MS + 1

    def _set(self, at_ms: int) -> None:
        at_ms = next_alarm_ms(at_ms, self._fired_ms)
        self._note(at_ms)
        self._counters["rows_written"] += 1
        self._storage.setAlarm(at_ms)
