"""Work in lanes: what concerns one key runs one after the other, different keys do not wait for each other.

Nothing here yields to an event loop: work that does not suspend is finished when `Lanes.run` returns.
"""

from collections import deque
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeAlias

__all__ = ["Lanes", "Work"]

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class Lanes:
    """Queues of work by key; an empty lane takes no memory."""

    def __init__(self, start: Callable[[Coroutine[Any, Any, None]], None]) -> None:
        """Make lanes that begin their work with ``start``, which lets a coroutine run on from its first step."""
        self._start = start
        self._waiting: dict[Hashable, deque[Work]] = {}

    def waiting(self, key: Hashable) -> int:
        """Count the work of ``key`` that has not begun."""
        return len(self._waiting.get(key, ()))

    def busy(self, key: Hashable) -> bool:
        """Tell whether work of ``key`` is under way."""
        return key in self._waiting

    def run(self, key: Hashable, work: Work) -> None:
        """Do ``work`` after everything asked for before under ``key``; at once when there is nothing.

        ``work`` must not raise: whoever asks for it decides what an exception means.
        """
        if key in self._waiting:
            self._waiting[key].append(work)
            return
        self._waiting[key] = deque((work,))
        self._start(self._drain(key))

    async def _drain(self, key: Hashable) -> None:
        queue = self._waiting[key]
        try:
            while queue:
                await queue.popleft()()
        finally:
            del self._waiting[key]
