"""What sessions send in bursts is passed on in small parts. Sans I/O.

An event takes the application a millisecond or so, and one client may send hundreds a second. What it has sent at once would
travel together, and everybody else's next event would wait for all of it. So a part of it is passed on, the next when that has been
taken, and in between the application is left to others for twice as long as it worked on the part.
"""

from collections import deque
from collections.abc import Callable, Container, Iterable
from typing import Final

from engine_do.protocol.ids import EngineSid
from engine_do.session.rates import weigh
from shared_wire import MessageReceived, Operation, SessionClosed, SessionOpened

__all__ = ["Turns", "size_of"]

#: What an operation takes besides its packet.
_OVERHEAD: Final = 500
#: What a part may weigh (`rates.weigh`) where others are about, and where nobody is kept waiting. One message always passes.
_PART: Final = 2
_PART_ALONE: Final = 16
#: Where the peer is far away, a part is what is sent in so many milliseconds of the way there and back.
_MS_OF_ONE: Final = 2
#: How many times as long as its part took a session rests: what one may have of the application's time where others are about.
_RESTS: Final = 2
#: The longest that it does: a call may take long for other reasons.
_LONGEST_MS: Final = 1_000
#: In how many calls the shortest is forgotten: the way may have become longer.
_FORGOTTEN: Final = 1_000


class Turns:
    """What waits on its way to one peer, by session, in order."""

    def __init__(self, are_others_about: Callable[[EngineSid], bool]) -> None:
        """Initialise with what tells whether anybody but a session sends as well."""
        self._are_others_about = are_others_about
        self._waiting: dict[EngineSid, deque[Operation]] = {}
        #: The sessions whose parts were passed on, and may still be on their way.
        self._passed: set[EngineSid] = set()
        #: Until when sessions rest that have had a part.
        self._rests: dict[EngineSid, int] = {}
        #: What a call takes that the peer has next to no work with.
        self._way_ms: float | None = None
        #: Until when those rest whose parts were in the last call and of whom more waits: work for others may have been in it, too.
        self._until_ms = 0

    def __bool__(self) -> bool:
        """Return whether anything waits."""
        return bool(self._waiting)

    def __contains__(self, engine_sid: EngineSid) -> bool:
        """Return whether anything of a session waits: then all it sends must."""
        return engine_sid in self._waiting

    @property
    def changes_sessions(self) -> bool:
        """Whether the beginning or end of a session waits: until then the peer's list of sessions cannot be ours."""
        return any(
            isinstance(one, SessionOpened | SessionClosed) for waiting in self._waiting.values() for one in waiting
        )

    def put(self, engine_sid: EngineSid, operations: Iterable[Operation]) -> None:
        """Have operations wait for their session's turn."""
        self._waiting.setdefault(engine_sid, deque()).extend(operations)

    def drop(self, engine_sid: EngineSid) -> list[Operation]:
        """Forget what waits of a session; returns what must be said all the same, which is that it has ended."""
        return [one for one in self._waiting.pop(engine_sid, ()) if isinstance(one, SessionClosed)]

    def take(
        self, now_ms: int, under_way: Container[EngineSid]
    ) -> tuple[list[tuple[EngineSid, list[Operation]]], int | None]:
        """Return the next part of each session whose last is not under way any more, and which has rested.

        Returns them, and in how many milliseconds the next session will have; none where the end of a call is what to wait for.
        """
        for engine_sid in [one for one in self._passed if one not in under_way]:
            self._passed.discard(engine_sid)
            if engine_sid in self._waiting:
                self._rests[engine_sid] = self._until_ms
        self._rests = {one: until_ms for one, until_ms in self._rests.items() if until_ms > now_ms}
        ready = [one for one in self._waiting if one not in self._passed and one not in self._rests]
        return [(one, self._part(one)) for one in ready], min(self._rests.values(), default=now_ms) - now_ms or None

    def _part(self, engine_sid: EngineSid) -> list[Operation]:
        waiting = self._waiting[engine_sid]
        room = _PART if self._are_others_about(engine_sid) else _PART_ALONE
        room = max(room, int((self._way_ms or 0) / _MS_OF_ONE)) - _weight(waiting[0])
        part = [waiting.popleft()]
        while waiting and room >= _weight(waiting[0]):
            room -= _weight(waiting[0])
            part.append(waiting.popleft())
        if not waiting:
            del self._waiting[engine_sid]
        self._passed.add(engine_sid)
        return part

    def end_call(self, now_ms: int, took_ms: int) -> None:
        """Note that a call to the peer has ended: what it took besides the way is what the sessions of its parts rest for."""
        way_ms = took_ms if self._way_ms is None else self._way_ms
        self._way_ms = min(way_ms + (took_ms - way_ms) / _FORGOTTEN, took_ms)
        work_ms = took_ms - self._way_ms
        is_noticed = any(map(self._are_others_about, self._passed))
        self._until_ms = now_ms + (min(int(_RESTS * work_ms), _LONGEST_MS) if is_noticed else 0)


def size_of(operations: Iterable[Operation]) -> int:
    """Estimate the bytes that operations take while they wait."""
    return sum(_OVERHEAD + _size(one.packet) if isinstance(one, MessageReceived) else _OVERHEAD for one in operations)


def _size(packet: str | bytes) -> int:
    return len(packet) * (1 if isinstance(packet, bytes) or packet.isascii() else 4)


def _weight(operation: Operation) -> int:
    return weigh(1, len(operation.packet)) if isinstance(operation, MessageReceived) else 0
