"""The operations that nearly every frame holds, read and written in one pass: a call for each field costs more than all else.

A reader takes the frame's bytes and the offset behind the operation's code, and returns the operation and the offset behind it, or
none for what is not plainly right (text that is not UTF-8 raises): `codec_v1` then reads it field by field, and says what is wrong.
A writer returns the operation with its code; it raises `LocalWireError`, or `UnicodeEncodeError` for lone surrogates.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias

from shared_wire.format.fields import pack_texts, too_many
from shared_wire.format.operations import (
    AdmitSessions,
    EngineSid,
    MessageReceived,
    Operation,
    SendPackets,
    SessionOpened,
)
from shared_wire.limits import MAX_ITEMS

__all__ = ["READERS", "WRITERS"]

_Read: TypeAlias = tuple[Operation, int] | None

#: What precedes a packet: text or bytes.
_KINDS: Final = (b"t", b"b")


def _write_opened(opened: SessionOpened) -> bytes:
    sid, environ = opened.engine_sid.encode(), opened.environ
    if len(environ) > MAX_ITEMS:
        raise too_many(len(environ))
    parts = [b"\x01", len(sid).to_bytes(4), sid, len(environ).to_bytes(4)]
    for pair in environ:
        for text in pair:
            raw = text.encode()
            parts += len(raw).to_bytes(4), raw
    return b"".join(parts)


def _write_message(message: MessageReceived) -> bytes:
    sid, packet = message.engine_sid.encode(), message.packet
    kind, raw = (b"t", packet.encode()) if isinstance(packet, str) else (b"b", packet)
    return b"".join((b"\x02", len(sid).to_bytes(4), sid, kind, len(raw).to_bytes(4), raw))


def _write_packets(sending: SendPackets) -> bytes:
    packets = sending.packets
    if len(packets) > MAX_ITEMS:
        raise too_many(len(packets))
    parts = [b"\x10", pack_texts(sending.engine_sids), len(packets).to_bytes(4)]
    for packet in packets:
        kind, raw = (b"t", packet.encode()) if isinstance(packet, str) else (b"b", packet)
        parts += kind, len(raw).to_bytes(4), raw
    return b"".join(parts)


def _write_admission(admission: AdmitSessions) -> bytes:
    return b"\x12" + pack_texts(admission.engine_sids)


def _read_opened(data: bytes, place: int) -> _Read:
    start = place + 4
    end = start + int.from_bytes(data[place:start])
    found = _read_texts(data, end, 2)
    if found is None:
        return None
    texts, place = found
    return SessionOpened(EngineSid(data[start:end].decode()), tuple(zip(texts[::2], texts[1::2], strict=True))), place


def _read_message(data: bytes, place: int) -> _Read:
    start = place + 4
    end = start + int.from_bytes(data[place:start])
    first = end + 5
    place = first + int.from_bytes(data[end + 1 : first])
    kind = data[end : end + 1]
    if place > len(data) or kind not in _KINDS:
        return None
    packet = data[first:place]
    return MessageReceived(EngineSid(data[start:end].decode()), packet.decode() if kind == b"t" else packet), place


def _read_packets(data: bytes, place: int) -> _Read:
    found = _read_texts(data, place, 1)
    if found is None:
        return None
    sids, place = found
    count, size = int.from_bytes(data[place : place + 4]), len(data)
    place += 4
    if count > MAX_ITEMS:
        return None
    packets: list[str | bytes] = []
    for _ in range(count):
        start = place + 5
        kind, place = data[place : place + 1], start + int.from_bytes(data[place + 1 : start])
        if place > size or kind not in _KINDS:
            return None
        packets.append(data[start:place].decode() if kind == b"t" else data[start:place])
    return (SendPackets(sids, tuple(packets)), place) if place <= size else None


def _read_admission(data: bytes, place: int) -> _Read:
    found = _read_texts(data, place, 1)
    return None if found is None else (AdmitSessions(found[0]), found[1])


def _read_texts(data: bytes, place: int, of_each: int) -> tuple[tuple[EngineSid, ...], int] | None:
    """Read a list of texts, so many to an entry. An entry of a length that is not there ends beyond the data."""
    size, count = len(data), int.from_bytes(data[place : place + 4])
    place += 4
    if count > MAX_ITEMS:
        return None
    texts: list[EngineSid] = []
    for _ in range(count * of_each):
        start = place + 4
        place = start + int.from_bytes(data[place:start])
        if place > size:
            return None
        texts.append(EngineSid(data[start:place].decode()))
    return (tuple(texts), place) if place <= size else None


#: Operation class -> how it is written.
WRITERS: Final[dict[type, Callable[[Any], bytes]]] = {
    SessionOpened: _write_opened,
    MessageReceived: _write_message,
    SendPackets: _write_packets,
    AdmitSessions: _write_admission,
}

#: Code -> how the operation is read.
READERS: Final[dict[bytes, Callable[[bytes, int], _Read]]] = {
    b"\x01": _read_opened,
    b"\x02": _read_message,
    b"\x10": _read_packets,
    b"\x12": _read_admission,
}
