"""Operations by the handful: what fits into one frame, whose sessions they are, and what is left without some of them."""

import itertools
from collections import Counter
from collections.abc import Iterator
from typing import Final

from shared_wire.format.operations import (
    AdmitSessions,
    CloseSessions,
    EngineSid,
    MessageReceived,
    Operation,
    SendPackets,
    SessionOpened,
    SessionsRange,
    sessions_of,
)

__all__ = ["joined", "largest_holder", "sessions_in", "split", "weigh", "without"]

#: What one frame carries at most; the rest of the queue follows in the next. Sending one takes four times its bytes.
_BATCH_OPERATIONS: Final = 2_000
_BATCH_BYTES: Final = 2 * 1024 * 1024


def without(operations: tuple[Operation, ...], gone: frozenset[EngineSid]) -> tuple[Operation, ...]:
    """Leave out what would follow a gap in the stream of these sessions."""
    kept: list[Operation] = []
    for operation in operations:
        match operation:
            case MessageReceived(engine_sid=sid) | SessionOpened(engine_sid=sid) if sid in gone:
                continue
            case SendPackets(engine_sids=sids, packets=packets) if not gone.isdisjoint(sids):
                left = tuple(sid for sid in sids if sid not in gone)
                if left:
                    kept.append(SendPackets(left, packets))
            case _:
                kept.append(operation)
    return tuple(kept)


def joined(operations: tuple[Operation, ...]) -> Iterator[Operation]:
    """Make one operation of those that send packets to the same sessions one after the other: whoever takes them does it once."""
    for same, group in itertools.groupby(operations, key=_recipients):
        if same is None:
            yield from group
        else:
            sending = [operation for operation in group if isinstance(operation, SendPackets)]
            several = len(sending) > 1
            yield SendPackets(same, tuple(p for one in sending for p in one.packets)) if several else sending[0]


def _recipients(operation: Operation) -> tuple[EngineSid, ...] | None:
    return operation.engine_sids if isinstance(operation, SendPackets) else None


def sessions_in(operations: tuple[Operation, ...]) -> tuple[EngineSid, ...]:
    """Name the sessions that lose something if these operations are lost."""
    return tuple(engine_sid for operation in operations for engine_sid in sessions_of(operation))


def split(queue: tuple[Operation, ...], queued: int) -> tuple[tuple[Operation, ...], tuple[Operation, ...], int]:
    """Cut what fits into one frame off the front of a queue that weighs ``queued``: at least one operation, if there is any.

    Returns that, the rest, and what the rest weighs.
    """
    if queued <= _BATCH_BYTES and len(queue) <= _BATCH_OPERATIONS:
        return queue, (), 0
    weight = 0
    for index, operation in enumerate(queue):
        more = weigh(operation)
        if index and (index >= _BATCH_OPERATIONS or weight + more > _BATCH_BYTES):
            return queue[:index], queue[index:], queued - weight
        weight += more
    return queue, (), 0


def largest_holder(queue: tuple[Operation, ...]) -> tuple[EngineSid, ...]:
    """Name the session that holds most of a queue, if any does; what is for several is shared among them."""
    held: Counter[EngineSid] = Counter()
    for operation in queue:
        concerned = sessions_of(operation)
        share = weigh(operation) // max(len(concerned), 1)
        for engine_sid in concerned:
            held[engine_sid] += share
    return tuple(engine_sid for engine_sid, _ in held.most_common(1))


def weigh(operation: Operation) -> int:
    """Estimate an operation's bytes: text counts double, sids 40 bytes each."""
    match operation:
        case MessageReceived(packet=packet):
            return 64 + 2 * len(packet)
        case SendPackets(engine_sids=engine_sids, packets=packets):
            return 64 + 40 * len(engine_sids) + sum(2 * len(packet) + 8 for packet in packets)
        case SessionOpened(environ=environ):
            return 64 + sum(2 * (len(key) + len(value)) + 16 for key, value in environ)
        case SessionsRange(engine_sids=engine_sids) | AdmitSessions(engine_sids) | CloseSessions(engine_sids):
            return 64 + 40 * len(engine_sids)
        case _:
            return 64
