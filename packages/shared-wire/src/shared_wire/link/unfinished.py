"""Work that is not finished: by the number of the frame that brought it, the sessions whose it is. In ascending order.

An event that is handled at once adds its frame at the end and takes it from there again, so it costs the same however much waits.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import TypeAlias

from shared_wire.format.frames import Change
from shared_wire.format.operations import EngineSid

__all__ = ["Unfinished", "apply", "begun", "finish", "sessions_waiting", "without_work"]

Unfinished: TypeAlias = tuple[tuple[int, frozenset[EngineSid]], ...]


def _place(work: Unfinished, seq: int) -> int:
    return bisect_left(work, seq, key=lambda one: one[0])


def _of(work: Unfinished, place: int, seq: int) -> frozenset[EngineSid]:
    return work[place][1] if place < len(work) and work[place][0] == seq else frozenset()


def _put(work: Unfinished, place: int, seq: int, engine_sids: frozenset[EngineSid]) -> Unfinished:
    is_there = place < len(work) and work[place][0] == seq
    return (*work[:place], *(((seq, engine_sids),) if engine_sids else ()), *work[place + is_there :])


def finish(work: Unfinished, seq: int, engine_sids: Iterable[EngineSid]) -> Unfinished:
    """Leave out what these sessions had in the frame of a number."""
    if work and work[-1][0] == seq and work[-1][1].issubset(engine_sids):
        return work[:-1]
    place = _place(work, seq)
    before = _of(work, place, seq)
    left = before.difference(engine_sids)
    return work if len(left) == len(before) else _put(work, place, seq, left)


def apply(work: Unfinished, changes: Iterable[Change]) -> Unfinished:
    """Carry out changes, in order."""
    for seq, engine_sid, done in changes:
        if done:
            work = finish(work, seq, (engine_sid,))
        else:
            place = _place(work, seq)
            work = _put(work, place, seq, _of(work, place, seq) | {engine_sid})
    return work


def begun(work: Unfinished, after: int) -> tuple[Change, ...]:
    """List the work of later frames than a number as changes."""
    return tuple(
        (seq, engine_sid, False) for seq, sids in work[_place(work, after + 1) :] for engine_sid in sorted(sids)
    )


def without_work(work: Unfinished, after: int, until: int) -> Unfinished:
    """Leave out what frames with a number in ``(after, until]`` brought."""
    first, last = _place(work, after + 1), _place(work, until + 1)
    return work if first == last else work[:first] + work[last:]


def sessions_waiting(work: Unfinished, seq: int | None = None) -> tuple[EngineSid, ...]:
    """Name the sessions with unfinished work, or those with work in the frame of one number."""
    if seq is not None:
        return tuple(_of(work, _place(work, seq), seq))
    return tuple(engine_sid for _, engine_sids in work for engine_sid in engine_sids)
