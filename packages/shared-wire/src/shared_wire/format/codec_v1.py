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
from shared_wire.format.fields import Reader, pack_bytes, pack_count, pack_packet, pack_text
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

__all__ = ["VERSION", "decode", "encode"]

VERSION: Final = 1

_HEADER: Final = struct.Struct(">BBBBIQQQQQQQQQQ")
_NUMBERS: Final = struct.Struct(">IQ")
_SEQ: Final = struct.Struct(">Q")
_CALL: Final = 1
_REPLY: Final = 2


def _pack_sids(engine_sids: tuple[EngineSid, ...]) -> bytes:
    return pack_count(len(engine_sids)) + b"".join(map(pack_text, engine_sids))


def _pack_change(change: Change) -> bytes:
    seq, engine_sid, done = change
    return _SEQ.pack(seq) + pack_text(engine_sid) + (b"\x01" if done else b"\x00")


def _pack_environ(environ: tuple[tuple[str, str], ...]) -> bytes:
    return pack_count(len(environ)) + b"".join(pack_text(key) + pack_text(value) for key, value in environ)


def _pack_packets(packets: tuple[str | bytes, ...]) -> bytes:
    return pack_count(len(packets)) + b"".join(map(pack_packet, packets))


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


#: Operation class -> its code and how its fields are written.
_WRITERS: Final[dict[type, tuple[bytes, Callable[[Any], bytes]]]] = {
    SessionOpened: (b"\x01", lambda op: pack_text(op.engine_sid) + _pack_environ(op.environ)),
    MessageReceived: (b"\x02", lambda op: pack_text(op.engine_sid) + pack_packet(op.packet)),
    SessionClosed: (b"\x03", lambda op: pack_text(op.engine_sid) + pack_text(op.reason)),
    SessionsDigest: (b"\x04", lambda op: _pack_numbers(op.count, op.mark) + pack_bytes(op.digest)),
    SessionsRange: (b"\x05", lambda op: pack_text(op.after) + pack_text(op.until) + _pack_sids(op.engine_sids)),
    SessionUpgraded: (b"\x06", lambda op: pack_text(op.engine_sid)),
    SendPackets: (b"\x10", lambda op: _pack_sids(op.engine_sids) + _pack_packets(op.packets)),
    CloseSessions: (b"\x11", lambda op: _pack_sids(op.engine_sids) + pack_text(op.reason)),
    AdmitSessions: (b"\x12", lambda op: _pack_sids(op.engine_sids)),
    AcceptDigest: (b"\x13", lambda op: _pack_numbers(0, op.mark) + pack_bytes(op.digest)),
    ListSessions: (b"\x14", lambda _: b""),
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


def _pack_operation(operation: Operation) -> bytes:
    code, write = _WRITERS[type(operation)]
    return code + write(operation)


def _operation(reader: Reader) -> Operation:
    code = reader.byte()
    read = _READERS.get(code)
    if read is None:
        raise MalformedFrame(f"operation {code:#04x} at offset {reader.offset - 1} is not of version {VERSION}")
    return read(reader)


def encode(frame: Frame) -> bytes:
    """Write a frame; raises `LocalWireError` when a number or text in it cannot be written."""
    call = isinstance(frame, Call)
    odd = frame.receiver_life == Life(0, 0) or (frame.operations and not frame.seq)
    if odd or len(frame.changes) > frame.changes_end:
        raise LocalWireError("a header with impossible values")
    theirs = frame.receiver_life or Life(0, 0)
    try:
        header = _HEADER.pack(
            VERSION,
            _CALL if call else _REPLY,
            0 if isinstance(frame, Call) else frame.refusal or 0,
            0,
            frame.attempt,
            frame.sender_life.start_ms,
            frame.sender_life.nonce,
            theirs.start_ms,
            theirs.nonce,
            frame.seq,
            frame.lowest_unconfirmed,
            frame.received,
            frame.changes_end,
            frame.changes_noted,
            frame.sent,
        )
        changes = pack_count(len(frame.changes)) + b"".join(map(_pack_change, frame.changes))
    except struct.error as error:
        raise LocalWireError(f"a number of the header does not fit: {error}") from error
    operations = pack_count(len(frame.operations)) + b"".join(map(_pack_operation, frame.operations))
    return header + pack_text(frame.sender) + changes + operations


def decode(data: bytes) -> Frame:
    """Read a frame of this version; raises `RemoteWireError` for anything else."""
    reader = Reader(data)
    _, kind, refusal, zero, attempt, start, nonce, their_start, their_nonce, *numbers = reader.unpack(_HEADER)
    seq, lowest_unconfirmed, received, changes_end, changes_noted, sent = numbers
    if zero or kind not in (_CALL, _REPLY) or (kind == _CALL and refusal):
        raise MalformedFrame("a header with impossible values")
    theirs = Life(their_start, their_nonce) if their_start or their_nonce else None
    sender = reader.text()
    changes = reader.items(lambda: _change(reader))
    operations = reader.items(lambda: _operation(reader))
    reader.end()
    if operations and not seq:
        raise MalformedFrame("operations without a number")
    if len(changes) > changes_end:
        raise MalformedFrame("more changes than there have been")
    if kind == _CALL:
        return Call(
            sender=sender,
            sender_life=Life(start, nonce),
            receiver_life=theirs,
            attempt=attempt,
            seq=seq,
            lowest_unconfirmed=lowest_unconfirmed,
            received=received,
            changes=changes,
            changes_end=changes_end,
            changes_noted=changes_noted,
            sent=sent,
            operations=operations,
        )
    return Reply(
        sender=sender,
        sender_life=Life(start, nonce),
        receiver_life=theirs,
        attempt=attempt,
        seq=seq,
        lowest_unconfirmed=lowest_unconfirmed,
        received=received,
        changes=changes,
        changes_end=changes_end,
        changes_noted=changes_noted,
        sent=sent,
        refusal=_refusal(refusal),
        operations=operations,
    )


def _refusal(code: int) -> Refusal | None:
    if not code:
        return None
    try:
        return Refusal(code)
    except ValueError:
        raise MalformedFrame(f"refusal {code} is not of version {VERSION}") from None
