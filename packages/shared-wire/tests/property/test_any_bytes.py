import sys
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wire_strategies import nearly_frames

from shared_wire import Call, Frame, Life, ListSessions, RemoteWireError, decode, encode
from shared_wire.format import codec_v1
from shared_wire.limits import MAX_ITEMS

HEADER = encode(
    Call(
        sender="",
        sender_life=Life(1, 1),
        receiver_life=None,
        attempt=1,
        seq=1,
        lowest_unconfirmed=1,
        received=0,
    )
)[:-4]

#: What a decoder may take at once for each byte it was given, and in any case. The worst is a list of one-byte operations.
PER_BYTE, IN_ANY_CASE = 150, 64 * 1024


def reads_or_refuses(data: bytes) -> bool:
    """Return whether ``data`` is a frame; anything but a frame or a refusal fails."""
    try:
        frame = decode(data)
    except RemoteWireError:
        return False
    assert encode(frame) == data, "one frame has one spelling"
    return True


@given(st.binary(max_size=400))
@example(b"")
@example(b"\x01")
@example(HEADER)
def test_any_bytes_are_a_frame_or_refused(data: bytes) -> None:
    assert reads_or_refuses(data) in {True, False}


@given(st.binary(max_size=200))
def test_any_bytes_behind_a_good_header_are_operations_or_refused(data: bytes) -> None:
    assert reads_or_refuses(HEADER + data) in {True, False}


@given(nearly_frames())
def test_a_damaged_frame_is_a_frame_or_refused(data: bytes) -> None:
    assert reads_or_refuses(data) in {True, False}


def outcome(data: bytes) -> Frame | type[RemoteWireError]:
    try:
        return decode(data)
    except RemoteWireError as error:
        return type(error)


@given(nearly_frames())
def test_what_is_common_is_read_as_field_by_field(data: bytes) -> None:
    read = outcome(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec_v1, "READERS", {})
        assert outcome(data) == read


def peak(data: bytes) -> int:
    tracemalloc.start()
    try:
        reads_or_refuses(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


@pytest.mark.parametrize(
    "data",
    [
        HEADER + u32(0xFFFFFFFF),
        HEADER + u32(MAX_ITEMS) + b"\x14" * (MAX_ITEMS - 1),
        HEADER + u32(MAX_ITEMS) + b"\x14" * MAX_ITEMS,
        HEADER + u32(1) + b"\x12" + u32(0xFFFFFFFF) + bytes(1_000),
        HEADER + u32(1) + b"\x12" + u32(MAX_ITEMS) + bytes(MAX_ITEMS),
        HEADER + u32(1) + b"\x12" + u32(MAX_ITEMS) + bytes(4 * MAX_ITEMS),
        HEADER + u32(1) + b"\x13" + u32(0xFFFFFFFF),
        HEADER + u32(1) + b"\x10" + u32(MAX_ITEMS) + bytes(4 * MAX_ITEMS) + u32(MAX_ITEMS) + b"t\0\0\0\0" * MAX_ITEMS,
        HEADER + u32(1_000) + b"\x01\0\0\0\0" + u32(MAX_ITEMS) + bytes(100_000),
        HEADER[:-4] + u32(0xFFFFFFFF) + bytes(1_000),
        HEADER[:-4] + u32(MAX_ITEMS) + bytes(4 * MAX_ITEMS),
        HEADER[:-8] + u32(0xFFFFFFFF) + bytes(1_004),
    ],
    ids=lambda data: f"{len(data)}-bytes",
)
def test_memory_stays_in_proportion_to_the_bytes(data: bytes) -> None:
    assert peak(data) < PER_BYTE * len(data) + IN_ANY_CASE


def test_the_measure_above_sees_what_is_taken() -> None:
    assert peak(HEADER + u32(MAX_ITEMS) + b"\x14" * MAX_ITEMS) > MAX_ITEMS * sys.getsizeof(ListSessions())
