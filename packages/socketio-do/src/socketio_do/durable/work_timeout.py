"""How long a piece of work may take once it has suspended."""

import logging
from collections.abc import Callable

from shared_wire.durable import Timer

__all__ = ["WorkTimeout"]

_logger = logging.getLogger("socketio_do")


class WorkTimeout:
    """The timer that bounds a piece of work. It is started only when the work lasts, and keeps the object awake."""

    def __init__(self, seconds: float, expire: Callable[[], object]) -> None:
        """Initialise with how long the work may take, and what ends it then."""
        self._seconds = seconds
        self._expire = expire
        self._timer: Timer | None = None
        self._is_over = False

    def bound(self) -> None:
        """Start the timer, unless the work is over."""
        if not self._is_over:
            self._timer = Timer(self._seconds, self._expired)

    def end(self) -> None:
        """Note that the work is over."""
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()

    def _expired(self) -> None:
        _logger.error("= work given up after %s s", self._seconds)
        self._expire()
