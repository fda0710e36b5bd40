"""Work in lanes: what concerns one key runs one after the other, different keys do not wait for each other.

Nothing here yields to an event loop: work that does not suspend is finished when `Lanes.run` returns.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context, copy_context
from typing import Any, TypeAlias

__all__ = ["Lanes", "Work"]

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class _Turn:
    """One piece of work in its turn. It has no `__init__`: one is made for each piece of work, without a call."""

    is_over = suspended = False


def _ignore(started: object) -> None:
    """Stand for whoever could be interested."""


class Lanes:
    """Queues of work by key; an empty lane takes no memory.

    Each piece of work is started by itself, in a copy of the context in which it was asked for: what one sets in a context variable
    no other sees, and a cancelled one leaves no mark on the next.
    """

    def __init__(
        self,
        start: Callable[[Coroutine[Any, Any, None]], object],
        log_fault: Callable[[str, BaseException], None],
        suspended: Callable[[Any], object] = _ignore,
    ) -> None:
        """Make lanes that begin their work with ``start``, which lets a coroutine run on from its first step.

        ``log_fault`` is told what work raises, which ought to have been dealt with by whoever asked for the work. Where work
        suspends, ``suspended`` is called with what ``start`` has returned.
        """
        self._start = start
        self._log_fault = log_fault
        self._suspended = suspended
        self._waiting: dict[Hashable, deque[tuple[Context, Work]]] = {}

    def waiting(self, key: Hashable) -> int:
        """Count the work of ``key`` that has not begun."""
        return len(self._waiting.get(key, ()))

    def busy(self, key: Hashable) -> bool:
        """Return whether work of ``key`` is under way."""
        return key in self._waiting

    def run(self, key: Hashable, work: Work) -> None:
        """Do ``work`` after everything asked for before under ``key``; at once when there is nothing.

        When ``work`` raises, the lane goes on.
        """
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.append((copy_context(), work))
            return
        waiting = self._waiting[key] = deque()
        turn = _Turn()
        started = copy_context().run(self._start, self._do(key, work, turn))
        if not turn.is_over:
            turn.suspended = True
            self._suspended(started)
        elif waiting:
            self._go_on(key)
        else:
            del self._waiting[key]

    def _go_on(self, key: Hashable) -> None:
        """Begin what waits, one after the other, until one suspends: that one goes on itself when it is done."""
        waiting = self._waiting[key]
        while waiting:
            context, work = waiting.popleft()
            turn = _Turn()
            started = context.run(self._start, self._do(key, work, turn))
            if not turn.is_over:
                turn.suspended = True
                self._suspended(started)
                return
        del self._waiting[key]

    async def _do(self, key: Hashable, work: Work, turn: _Turn) -> None:
        try:
            await work()
        except GeneratorExit:  # the life ends: nothing more of the lane may begin
            raise
        except BaseException as error:
            self._log_fault("work of a lane", error)
        turn.is_over = True
        if turn.suspended:
            self._go_on(key)
