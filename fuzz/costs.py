"""What an input costs beside a harmless one of its size: at most ten times as much CPU per byte sent."""

from typing import Any, AnyStr, Final, Generic

from fuzz.inputs import Target
from fuzz.meter import Meter, OverBudgetError

__all__ = ["FLOOR", "MAX_RATIO", "Scale", "TooDearError"]

#: How many times as much an input may cost as a harmless one of its size.
MAX_RATIO: Final = 10

#: Instructions that a harmless input counts as, at least: the smallest ones are refused at once, and say nothing.
FLOOR: Final = 500

#: Harmless inputs of up to twice two to the power of this are measured.
_MEASURED: Final = 12

#: An input that costs so many times as much is stopped: it may never end.
_STOP: Final = 4


class TooDearError(Exception):
    """An input costs more than `MAX_RATIO` harmless ones."""


class Scale(Generic[AnyStr]):
    """Weighs a target's inputs, with a meter that is running."""

    def __init__(self, target: Target[AnyStr], meter: Meter) -> None:
        self._target: Target[AnyStr] = target
        self.meter = meter
        self._harmless: dict[int, int] = {}

    def weigh(self, one: AnyStr) -> tuple[str, float]:
        """Handle an input: returns what came of it, and how many times a harmless one it costs.

        Raises what the target raises, and `TooDearError` for an input that goes on and on.
        """
        allowed = self._allow(len(one))
        try:
            outcome, count = self._count(one, _STOP * MAX_RATIO * allowed)
        except OverBudgetError:
            self.meter.resume()
            raise TooDearError(
                f"stopped at {_STOP * MAX_RATIO} times the {allowed} instructions of a harmless input"
            ) from None
        return outcome, count / allowed

    def _count(self, one: AnyStr, budget: int) -> tuple[str, int]:
        weigh, meter = self._target.weigh, self.meter
        meter.begin(budget)
        try:
            outcome = weigh(one)
        finally:
            count = meter.end()
        return outcome, count

    def _allow(self, size: int) -> int:
        """Find what a harmless input of a size costs by two that were measured: what is harmless grows with its size, no faster."""
        low = 1 << min(max(size.bit_length() - 1, 4), _MEASURED)
        below, above = self._measure(low), self._measure(2 * low)
        part = max(size - low, 0) / low
        return max(int(below + part * (above - below)), FLOOR)

    def _measure(self, size: int) -> int:
        found = self._harmless.get(size)
        if found is None:
            found = max(self._count_harmless(make(size)) for make in self._target.harmless)
            self._harmless[size] = found
        return found

    def _count_harmless(self, one: Any) -> int:
        # Where what is called for the first time is loaded, or compiled, or cached, the second call says what it costs.
        with self.meter.paused():
            self._target.weigh(one)
        return self._count(one, 1 << 62)[1]
