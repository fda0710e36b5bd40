"""Wire version 1. Frozen from its first release on: edited then only where it fails to read what version 1 wrote.

    byte    version = 1
    byte    kind: 1 call, 2 reply
    byte    refusal (replies; 0 = taken)
    byte    0
    u32     attempt
    u64 x 2 sender's life: start_ms, nonce
    u64 x 2 receiver's life: start_ms, nonce; both 0 = none
    u64 x 6 seq, lowest_unconfirmed, received, changes_end, changes_noted, sent
    text    sender
    list    changes: u64 number, text session, byte 1 = done, 0 = begun
    list    operations: byte code, then the fields of the operation

Integers are big-endian. ``text`` and bytes are preceded by their length as u32, lists by their count as u32; a packet is preceded
by ``t`` (text) or ``b`` (bytes).
"""

import struct
from collections.abc import Callable
from typing import Any, Final, cast

from shared_wire.errors import LocalWireError, MalformedFrame
from shared_wire.format.common_v1 import READERS, WRITERS
from shared_wire.format.fields import Reader, lone_surrogate, pack_bytes, pack_count, pack_text, pack_texts, too_many
from shared_wire.format.frames import Call, Change, Frame, Life, Refusal, Reply
from shared_wire.format.operations import (
    AcceptDigest,
    AdmitSessions,
    CloseSessions,
    EngineSid,
    ListSessions,
    MessageReceived,
    Operation,
    SendPackets,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
    SessionUpgraded,
)
from shared_wire.frozen_values import make
from shared_wire.limits import MAX_ITEMS

__all__ = ["VERSION", "decode", "encode"]

VERSION: Final = 1

_HEADER: Final = struct.Struct(">BBBBIQQQQQQQQQQ")
_NUMBERS: Final = struct.Struct(">IQ")
_SEQ: Final = struct.Struct(">Q")
_CALL: Final = 1
_REPLY: Final = 2
_NO_LIFE: Final = Life(0, 0)
#: The count of an empty list.
_NONE: Final = bytes(4)
#: It, and the count of a list of one.
_NONE_AND_ONE: Final = bytes(7) + b"\x01"


def _pack_change(change: Change) -> bytes:
    seq, engine_sid, done = change
    return _SEQ.pack(seq) + pack_text(engine_sid) + (b"\x01" if done else b"\x00")


def _pack_numbers(count: int, mark: int) -> bytes:
    try:
        return _NUMBERS.pack(count, mark)
    except struct.error as error:
        raise LocalWireError(f"{count} and {mark} are not both numbers that fit") from error


def _sid(reader: Reader) -> EngineSid:
    return EngineSid(reader.text())


def _sids(reader: Reader) -> tuple[EngineSid, ...]:
    return cast("tuple[EngineSid, ...]", reader.items(reader.text))


def _change(reader: Reader) -> Change:
    (seq,) = reader.unpack(_SEQ)
    engine_sid, done = _sid(reader), reader.byte()
    if done > 1:
        raise MalformedFrame(f"a change of an unknown kind at offset {reader.offset - 1}")
    return seq, engine_sid, done == 1


def _pair(reader: Reader) -> tuple[str, str]:
    return reader.text(), reader.text()


def _digest(reader: Reader) -> SessionsDigest:
    count, mark = reader.unpack(_NUMBERS)
    return SessionsDigest(count, reader.sized(), mark)


def _acceptance(reader: Reader) -> AcceptDigest:
    count, mark = reader.unpack(_NUMBERS)
    if count:
        raise MalformedFrame(f"an acceptance with a count at offset {reader.offset}")
    return AcceptDigest(reader.sized(), mark)


def _environ(reader: Reader) -> tuple[tuple[str, str], ...]:
    return reader.items(lambda: _pair(reader))


#: Operation class -> how it is written, with its code.
_WRITERS: Final[dict[type, Callable[[Any], bytes]]] = WRITERS | {
    SessionClosed: lambda op: b"\x03" + pack_text(op.engine_sid) + pack_text(op.reason),
    SessionsDigest: lambda op: b"\x04" + _pack_numbers(op.count, op.mark) + pack_bytes(op.digest),
    SessionsRange: lambda op: b"\x05" + pack_text(op.after) + pack_text(op.until) + pack_texts(op.engine_sids),
    SessionUpgraded: lambda op: b"\x06" + pack_text(op.engine_sid),
    CloseSessions: lambda op: b"\x11" + pack_texts(op.engine_sids) + pack_text(op.reason),
    AcceptDigest: lambda op: b"\x13" + _pack_numbers(0, op.mark) + pack_bytes(op.digest),
    ListSessions: lambda _: b"\x14",
}

#: Code -> how its fields are read; argument lists are evaluated left to right, which is their order on the wire.
_READERS: Final[dict[int, Callable[[Reader], Operation]]] = {
    0x01: lambda r: SessionOpened(_sid(r), _environ(r)),
    0x02: lambda r: MessageReceived(_sid(r), r.packet()),
    0x03: lambda r: SessionClosed(_sid(r), r.text()),
    0x04: _digest,
    0x05: lambda r: SessionsRange(r.text(), r.text(), _sids(r)),
    0x06: lambda r: SessionUpgraded(_sid(r)),
    0x10: lambda r: SendPackets(_sids(r), r.items(r.packet)),
    0x11: lambda r: CloseSessions(_sids(r), r.text()),
    0x12: lambda r: AdmitSessions(_sids(r)),
    0x13: _acceptance,
    0x14: lambda _: ListSessions(),
}


def _operation(reader: Reader) -> Operation:
    code = reader.byte()
    read = _READERS.get(code)
    if read is None:
        raise MalformedFrame(f"operation {code:#04x} at offset {reader.offset - 1} is not of version {VERSION}")
    return read(reader)


def encode(frame: Frame) -> bytes:
    """Write a frame; raises `LocalWireError` when a number or text in it cannot be written."""
    theirs, changes, operations = frame.receiver_life, frame.changes, frame.operations
    if theirs == _NO_LIFE or (operations and not frame.seq) or len(changes) > frame.changes_end:
        raise LocalWireError("a header with impossible values")
    if len(operations) > MAX_ITEMS:
        raise too_many(len(operations))
    try:
        header = _HEADER.pack(
            VERSION,
            *((_CALL, 0) if isinstance(frame, Call) else (_REPLY, frame.refusal or 0)),
            0,
            frame.attempt,
            *frame.sender_life,
            *(theirs or _NO_LIFE),
            frame.seq,
            frame.lowest_unconfirmed,
            frame.received,
            frame.changes_end,
            frame.changes_noted,
            frame.sent,
        )
        sender = frame.sender.encode()
        told = pack_count(len(changes)) + b"".join(map(_pack_change, changes)) if changes else _NONE
        parts = [header, len(sender).to_bytes(4), sender, told, len(operations).to_bytes(4)]
        for operation in operations:
            parts.append(_WRITERS[type(operation)](operation))  # noqa: PERF401 - a comprehension is a call up to Python 3.11
    except struct.error as error:
        raise LocalWireError(f"a number of the header does not fit: {error}") from error
    except UnicodeEncodeError as error:
        raise lone_surrogate() from error
    return b"".join(parts)


def decode(data: bytes) -> Frame:
    """Read a frame of this version; raises `RemoteWireError` for anything else."""
    try:
        _, kind, refusal, zero, attempt, start, nonce, their_start, their_nonce, *numbers = _HEADER.unpack_from(data)
    except struct.error:
        raise MalformedFrame(f"{_HEADER.size} bytes expected at offset 0, {len(data)} left") from None
    seq, lowest_unconfirmed, received, changes_end, changes_noted, sent = numbers
    if zero or kind not in (_CALL, _REPLY) or (kind == _CALL and refusal):
        raise MalformedFrame("a header with impossible values")
    sender, changes, operations = _read_one(data) or _read_lists(data)
    if operations and not seq:
        raise MalformedFrame("operations without a number")
    if len(changes) > changes_end:
        raise MalformedFrame("more changes than there have been")
    facts: dict[str, Any] = {
        "sender": sender,
        "sender_life": tuple.__new__(Life, (start, nonce)),  # as `Life` does, without a call
        "receiver_life": tuple.__new__(Life, (their_start, their_nonce)) if their_start or their_nonce else None,
        "attempt": attempt,
        "seq": seq,
        "lowest_unconfirmed": lowest_unconfirmed,
        "received": received,
        "changes": changes,
        "changes_end": changes_end,
        "changes_noted": changes_noted,
        "sent": sent,
        "operations": operations,
    }
    if refusal:
        facts["refusal"] = _refusal(refusal)
    return make(Call, facts) if kind == _CALL else make(Reply, facts)


def _read_one(data: bytes) -> tuple[str, tuple[Change, ...], tuple[Operation, ...]] | None:
    """Read what is behind the header's numbers where that is one common operation and no change; none for everything else."""
    start = _HEADER.size + 4
    end = start + int.from_bytes(data[_HEADER.size : start])
    if data[end : end + 8] != _NONE_AND_ONE or (read := READERS.get(data[end + 8 : end + 9])) is None:
        return None
    try:
        found = read(data, end + 9)
        return (data[start:end].decode(), (), (found[0],)) if found is not None and found[1] == len(data) else None
    except UnicodeDecodeError:
        return None


def _read_lists(data: bytes) -> tuple[str, tuple[Change, ...], tuple[Operation, ...]]:
    """Read what is behind the header's numbers: what is common in one pass, all else field by field."""
    start, size = _HEADER.size + 4, len(data)
    end = start + int.from_bytes(data[_HEADER.size : start])
    has_changes = data[end : end + 4] != _NONE
    sender, changes, place = _read_head(data) if has_changes else (data[start:end], (), end + 4)
    count = int.from_bytes(data[place : place + 4])
    if count > min(MAX_ITEMS, size - place - 4):
        Reader(data, place).length()  # raises
    place += 4
    operations: list[Operation] = []
    try:
        while len(operations) < count:
            read = READERS.get(data[place : place + 1])
            operation, place = (read(data, place + 1) if read is not None else None) or _read_slowly(data, place)
            operations.append(operation)
        name = sender.decode()
    except UnicodeDecodeError as error:
        raise MalformedFrame(f"text in front of offset {place}, or of the operation there, is not UTF-8") from error
    if place != size:
        raise MalformedFrame(f"{size - place} bytes left over at offset {place}")
    return name, changes, tuple(operations)


def _read_head(data: bytes) -> tuple[bytes, tuple[Change, ...], int]:
    """Read the sender and the changes; returns as well where the operations begin."""
    reader = Reader(data, _HEADER.size)
    return reader.sized(), reader.items(lambda: _change(reader)), reader.offset


def _read_slowly(data: bytes, place: int) -> tuple[Operation, int]:
    reader = Reader(data, place)
    return _operation(reader), reader.offset


def _refusal(code: int) -> Refusal:
    try:
        return Refusal(code)
    except ValueError:
        raise MalformedFrame(f"refusal {code} is not of version {VERSION}") from None
