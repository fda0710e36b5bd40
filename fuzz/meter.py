"""The cost of a call in bytecode instructions: no clock, so it is the same on every machine, however busy.

What code in C does itself is not seen; `traps` is for that.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any, Final

__all__ = ["Meter", "OverBudgetError"]

_TOOL: Final = 4


class OverBudgetError(BaseException):
    """More instructions than were allowed. No `except Exception` of what is measured keeps it."""


class Meter:
    """Counts instructions while it runs (`running`), from the last `begin` on."""

    def __init__(self) -> None:
        self.count = 0
        self._budget = 0

    def begin(self, budget: int) -> None:
        """Count from 0; raise `OverBudgetError` in what is measured after ``budget`` instructions."""
        self.count, self._budget = 0, budget

    def end(self) -> int:
        """Stop counting against the budget; returns the count."""
        self._budget = sys.maxsize
        return self.count

    @contextmanager
    def running(self) -> Iterator["Meter"]:
        """Count in all code that runs meanwhile. It makes the first calls slow, so it is for many measurements."""
        self.begin(sys.maxsize)
        if hasattr(sys, "monitoring"):
            yield from self._monitor(sys.monitoring)
        else:
            yield from self._trace()

    def _monitor(self, monitoring: Any) -> Iterator["Meter"]:
        monitoring.use_tool_id(_TOOL, "fuzz")
        monitoring.register_callback(_TOOL, monitoring.events.INSTRUCTION, self._step)
        monitoring.set_events(_TOOL, monitoring.events.INSTRUCTION)
        try:
            yield self
        finally:
            monitoring.set_events(_TOOL, 0)
            monitoring.free_tool_id(_TOOL)

    def _step(self, _code: CodeType, _offset: int) -> None:
        self.count += 1
        if self.count > self._budget:
            self._budget = sys.maxsize
            raise OverBudgetError

    def _trace(self) -> Iterator["Meter"]:
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield self
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._trace_step

    def _trace_step(self, _frame: FrameType, _event: str, _argument: Any) -> Any:
        self.count += 1
        if self.count > self._budget:
            self._budget = sys.maxsize
            raise OverBudgetError
        return self._trace_step

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Count nothing meanwhile, and run as fast as without a meter."""
        monitoring = getattr(sys, "monitoring", None)
        if monitoring is None:
            sys.settrace(None)
        else:
            monitoring.set_events(_TOOL, 0)
        try:
            yield
        finally:
            if monitoring is None:
                sys.settrace(self._enter)
            else:
                monitoring.set_events(_TOOL, monitoring.events.INSTRUCTION)

    def resume(self) -> None:
        """Count on after `OverBudgetError`: a trace function that raises is taken away by Python 3.11."""
        if not hasattr(sys, "monitoring"):
            sys.settrace(self._enter)
