"""Which work belongs to which frame of the link.

In memory: it is work in flight, and a reset ends it with its frame, whose sessions the engine actor then closes.
"""

from collections.abc import Callable, Iterable

from shared_wire import EngineSid

__all__ = ["FrameWork"]


class FrameWork:
    """What one frame has set going, by session; a session's part is done when all of it is."""

    def __init__(self, engine_sids: Iterable[EngineSid], done: Callable[[Iterable[EngineSid]], None]) -> None:
        """Initialise with the sessions whose work the frame brings; ``done`` is called with those that have none left."""
        self._engine_sids = engine_sids
        self._done = done
        self._open: dict[EngineSid, int] = {}
        self._delivered = False

    def begin(self, engine_sid: EngineSid) -> None:
        """Note work for a session."""
        self._open[engine_sid] = self._open.get(engine_sid, 0) + 1

    def end(self, engine_sid: EngineSid) -> None:
        """Note that a piece of it is done."""
        self._open[engine_sid] -= 1
        if not self._open[engine_sid]:
            del self._open[engine_sid]
            if self._delivered:
                self._done((engine_sid,))

    def delivered(self) -> None:
        """Note that all of the frame was handed on: what did not suspend is done."""
        self._delivered = True
        if not self._open:
            self._done(self._engine_sids)
            return
        self._done([engine_sid for engine_sid in self._engine_sids if engine_sid not in self._open])
