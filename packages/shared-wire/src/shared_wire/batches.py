"""Operations by the handful: what fits into one frame, whose sessions they are, and what is left without some of them."""

from typing import Final

from shared_wire.operations import (
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

__all__ = ["sessions_in", "split", "without"]

#: What one frame carries at most; the rest of the queue follows in the next.
_BATCH_OPERATIONS: Final = 2_000
_BATCH_BYTES: Final = 8 * 1024 * 1024


def without(operations: tuple[Operation, ...], gone: frozenset[EngineSid]) -> tuple[Operation, ...]:
    """Leave out what would follow a gap in the stream of these sessions."""
    kept: list[Operation] = []
    for operation in operations:
        match operation:
            case MessageReceived(engine_sid=sid) | SessionOpened(engine_sid=sid) if sid in gone:
                continue
            case SendPackets(engine_sids=sids, packets=packets) if not gone.isdisjoint(sids):
                kept.append(SendPackets(tuple(sid for sid in sids if sid not in gone), packets))
            case _:
                kept.append(operation)
    return tuple(kept)


def sessions_in(operations: tuple[Operation, ...]) -> tuple[EngineSid, ...]:
    """Name the sessions that lose something if these operations are lost."""
    return tuple(engine_sid for operation in operations for engine_sid in sessions_of(operation))


def split(queue: tuple[Operation, ...]) -> tuple[tuple[Operation, ...], tuple[Operation, ...]]:
    """Cut what fits into one frame off the front of the queue: at least one operation, if there is any."""
    weight = 0
    for index, operation in enumerate(queue):
        weight += _weight(operation)
        if index and (index >= _BATCH_OPERATIONS or weight > _BATCH_BYTES):
            return queue[:index], queue[index:]
    return queue, ()


def _weight(operation: Operation) -> int:
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
