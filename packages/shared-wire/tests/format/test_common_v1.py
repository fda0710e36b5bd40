"""The operations that are read and written in one pass, held against the readers that go field by field."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wire_strategies import operations

from shared_wire.errors import LocalWireError, RemoteWireError
from shared_wire.format import codec_v1, common_v1
from shared_wire.format.fields import Reader
from shared_wire.format.operations import (
    AdmitSessions,
    EngineSid,
    MessageReceived,
    Operation,
    SendPackets,
    SessionOpened,
)
from shared_wire.limits import MAX_ITEMS

COMMON = (SessionOpened, MessageReceived, SendPackets, AdmitSessions)
SID = EngineSid("é")

common = operations.filter(lambda operation: isinstance(operation, COMMON))


def write(operation: Operation) -> bytes:
    return common_v1.WRITERS[type(operation)](operation)


def read_in_one_pass(data: bytes, place: int) -> Any:
    with suppress(UnicodeDecodeError):
        return common_v1.READERS[data[place : place + 1]](data, place + 1)
    return None


def read_by_field(data: bytes, place: int) -> Any:
    reader = Reader(data, place)
    with suppress(RemoteWireError):
        return codec_v1._operation(reader), reader.offset
    return None


def test_the_same_operations_are_read_and_written() -> None:
    assert set(common_v1.WRITERS) == set(COMMON)
    assert set(common_v1.READERS) <= {bytes([code]) for code in codec_v1._READERS}
    assert len(common_v1.READERS) == len(COMMON)


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (SessionOpened(SID, (("k", "☃"),)), b"\x01\0\0\0\2\xc3\xa9\0\0\0\1\0\0\0\1k\0\0\0\3\xe2\x98\x83"),
        (MessageReceived(SID, "é"), b"\x02\0\0\0\2\xc3\xa9t\0\0\0\2\xc3\xa9"),
        (MessageReceived(SID, b"\xff"), b"\x02\0\0\0\2\xc3\xa9b\0\0\0\1\xff"),
        (
            SendPackets((SID, EngineSid("")), ("é", b"\0")),
            b"\x10\0\0\0\2\0\0\0\2\xc3\xa9\0\0\0\0\0\0\0\2t\0\0\0\2\xc3\xa9b\0\0\0\1\0",
        ),
        (SendPackets((), ()), b"\x10" + bytes(8)),
        (AdmitSessions((SID,)), b"\x12\0\0\0\1\0\0\0\2\xc3\xa9"),
    ],
)
def test_what_is_written(operation: Operation, expected: bytes) -> None:
    assert write(operation) == expected
    assert read_in_one_pass(b"." + expected, 1) == (operation, 1 + len(expected))


@given(common, st.binary(max_size=8), st.binary(max_size=8))
def test_what_is_written_is_read_wherever_it_lies(operation: Operation, before: bytes, behind: bytes) -> None:
    data = before + write(operation) + behind
    assert read_in_one_pass(data, len(before)) == (operation, len(data) - len(behind))
    assert read_by_field(data, len(before)) == (operation, len(data) - len(behind))


@given(common, st.data())
def test_each_change_of_the_bytes_is_read_alike_or_left_to_the_other(operation: Operation, data: st.DataObject) -> None:
    raw = bytearray(write(operation))
    for place in data.draw(st.lists(st.integers(1, len(raw) - 1), max_size=3)):
        raw[place] = data.draw(st.sampled_from((0, 1, 2, 4, 98, 116, 127, 128, 255)))
    changed = bytes(raw[: data.draw(st.integers(1, len(raw)))]) + data.draw(st.binary(max_size=4))
    assert read_in_one_pass(changed, 0) == read_by_field(changed, 0)


@given(st.sampled_from(sorted(common_v1.READERS)), st.binary(max_size=60))
@example(b"\x02", b"")
@example(b"\x02", bytes(4))
@example(b"\x02", b"\xff\xff\xff\xff")
@example(b"\x10", bytes(4))
@example(b"\x10", bytes(7))
@example(b"\x01", bytes(7))
@example(b"\x10", b"\0\0\x80\x01" + bytes(40))
@example(b"\x10", bytes(4) + b"\0\0\x80\x01" + bytes(40))
@example(b"\x10", bytes(4) + b"\0\0\0\x01x" + bytes(4))
def test_any_bytes_are_read_alike_or_left_to_the_other(code: bytes, data: bytes) -> None:
    assert read_in_one_pass(code + data, 0) == read_by_field(code + data, 0)


@pytest.mark.parametrize("code", [b"\x01", b"\x10", b"\x12"])
def test_a_list_beyond_the_limit_is_left_to_the_other(code: bytes) -> None:
    sid = bytes(4) if code == b"\x01" else b""
    data = code + sid + (MAX_ITEMS + 1).to_bytes(4) + bytes(9 * MAX_ITEMS)
    assert read_in_one_pass(data, 0) is None


@pytest.mark.parametrize(
    "operation",
    [
        SessionOpened(SID, (("a", "b"),) * (MAX_ITEMS + 1)),
        SendPackets((SID,) * (MAX_ITEMS + 1), ()),
        SendPackets((), ("a",) * (MAX_ITEMS + 1)),
        AdmitSessions((SID,) * (MAX_ITEMS + 1)),
    ],
)
def test_a_list_beyond_the_limit_is_not_written(operation: Operation) -> None:
    with pytest.raises(LocalWireError, match="split"):
        write(operation)


@pytest.mark.parametrize(
    "operation",
    [
        SessionOpened(SID, (("a", "\ud800"),)),
        SessionOpened(EngineSid("\ud800"), ()),
        MessageReceived(SID, "\ud800"),
        SendPackets((EngineSid("\ud800"),), ()),
        SendPackets((), ("\ud800",)),
        AdmitSessions((EngineSid("\ud800"),)),
    ],
)
def test_a_lone_surrogate_is_not_written(operation: Operation) -> None:
    with pytest.raises((LocalWireError, UnicodeEncodeError)):
        write(operation)
