"""Operations by the handful: what fits into one frame, whose sessions they are, and what is left without some of them."""

import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Final

from shared_wire.format.operations import (
    OF_ONE,
    OF_SEVERAL,
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


def joined(operations: tuple[Operation, ...]) -> Sequence[Operation]:
    """Make one operation of those that send packets to the same sessions one after the other: whoever takes them does it once."""
    if len(operations) < 2:
        return operations
    rest: list[Operation] = []
    for same, group in itertools.groupby(operations, key=_recipients):
        several = [*group]
        if same is None or len(several) == 1:
            rest += several
        else:
            rest.append(
                SendPackets(same, tuple(p for one in several if isinstance(one, SendPackets) for p in one.packets))
            )
    return rest


def _recipients(operation: Operation) -> tuple[EngineSid, ...] | None:
    return operation.engine_sids if isinstance(operation, SendPackets) else None


def sessions_in(operations: tuple[Operation, ...]) -> tuple[EngineSid, ...]:
    """Name the sessions that lose something if these operations are lost."""
    named: list[EngineSid] = []
    for operation in operations:
        if isinstance(operation, OF_ONE):
            named.append(operation.engine_sid)
        elif isinstance(operation, OF_SEVERAL):
            named += operation.engine_sids
    return tuple(named)


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
            return 64 + 40 * len(engine_sids) + 8 * len(packets) + 2 * sum(map(len, packets))
        case SessionOpened(environ=environ):
            return 64 + 16 * len(environ) + 2 * sum(map(len, itertools.chain.from_iterable(environ)))
        case SessionsRange(engine_sids=engine_sids) | AdmitSessions(engine_sids) | CloseSessions(engine_sids):
            return 64 + 40 * len(engine_sids)
        case _:
            return 64
