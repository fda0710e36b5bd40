"""Clients' packets that wait for a handler, or are in one: what they hold is counted, and given up when it is too much."""

from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeAlias

from shared_wire import HeldBytes
from socketio_do.limits import MAX_BACKLOG, MAX_BACKLOG_OF_ALL

__all__ = ["PACKET_OVERHEAD", "Backlog", "Held", "Work"]

#: Bytes that a packet takes while it waits, besides its own.
PACKET_OVERHEAD: Final = 2_000

Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]


class Held:
    """One packet's work. It has no `__init__`: one is made for each packet, without a call."""

    #: None when it was given up before its turn came.
    work: Work | None = None
    #: What it runs in, once its turn has come.
    task: Any = None
    size = 0


class Backlog:
    """What is held of all sessions. In memory: its work is work in flight, and ends with the object's life."""

    def __init__(self, give_up: Callable[[Any], object]) -> None:
        """Initialise with what cancels work under way."""
        self._give_up = give_up
        self._held_bytes = HeldBytes(of_one=MAX_BACKLOG, of_all=MAX_BACKLOG_OF_ALL)
        self._held: dict[str, dict[Held, None]] = {}

    @property
    def total(self) -> int:
        """How many bytes are held of all sessions."""
        return self._held_bytes.total

    def hold(self, engine_sid: str, size: int) -> str | None:
        """Count bytes of a session that are no packet yet; returns the session that must be closed for it, if any."""
        return self._held_bytes.add(engine_sid, size)

    def release(self, engine_sid: str, size: int) -> None:
        """Count these no longer."""
        self._held_bytes.release(engine_sid, size)

    def add(self, engine_sid: str, work: Work, size: int) -> tuple[Held, str | None]:
        """Hold a packet's work; returns it, and the session that must be closed because too much is held, if any."""
        held = Held()
        held.work, held.size = work, size + PACKET_OVERHEAD
        self._held.setdefault(engine_sid, {})[held] = None
        return held, self._held_bytes.add(engine_sid, held.size)

    def end(self, engine_sid: str, held: Held) -> None:
        """Hold a packet's work no longer: it is done."""
        mine = self._held.get(engine_sid)
        if mine is not None and mine.pop(held, 0) is None:
            self._held_bytes.release(engine_sid, held.size)
            if not mine:
                del self._held[engine_sid]

    def drop(self, engine_sid: str) -> None:
        """Drop all that a session has: what waits is not done, and handlers under way are cancelled, since they hold packets."""
        mine = self._held.pop(engine_sid, {})
        for held in mine:
            held.work = None
        for held in mine:
            if held.task is not None:
                self._give_up(held.task)
        self._held_bytes.drop(engine_sid)
