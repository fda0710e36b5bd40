import runpy
import struct
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from shared_wire.errors import FrameTooLarge, LocalWireError, MalformedFrame
from shared_wire.format import codec_v1
from shared_wire.format.frames import Call, Frame, Life, Refusal, Reply
from shared_wire.format.operations import (
    AcceptDigest,
    AdmitSessions,
    EngineSid,
    ListSessions,
    MessageReceived,
    Operation,
    SendPackets,
    SessionOpened,
    SessionsDigest,
)
from shared_wire.limits import MAX_ITEMS

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
CASES: dict[str, Frame] = runpy.run_path(str(GOLDEN / "cases.py"))["CASES"]

#: Where the header's fields lie: written down here once more, so that a shifted field cannot pass unseen.
KIND, REFUSAL, ZERO, ATTEMPT = 1, 2, 3, 4
SENDER_LIFE, RECEIVER_LIFE, SEQ, LOWEST, RECEIVED, END, NOTED, SENT, SENDER = 8, 24, 40, 48, 56, 64, 72, 80, 88

CALL = Call(
    sender="e",
    sender_life=Life(0x11, 0x12),
    receiver_life=Life(0x13, 0x14),
    attempt=0x15,
    seq=0x16,
    lowest_unconfirmed=0x17,
    received=0x19,
    changes=((0x21, EngineSid("x"), False), (0x22, EngineSid("yz"), True)),
    changes_end=0x18,
    changes_noted=0x1A,
    sent=0x1B,
    operations=(ListSessions(),),
)


def with_byte(data: bytes, offset: int, value: int) -> bytes:
    return data[:offset] + bytes([value]) + data[offset + 1 :]


@pytest.mark.parametrize("name", CASES)
def test_a_golden_file_reads_as_its_case(name: str) -> None:
    assert codec_v1.decode((GOLDEN / f"{name}.bin").read_bytes()) == CASES[name]


@pytest.mark.parametrize("name", CASES)
def test_a_case_writes_its_golden_file(name: str) -> None:
    assert codec_v1.encode(CASES[name]) == (GOLDEN / f"{name}.bin").read_bytes()


def test_every_golden_file_has_a_case() -> None:
    assert {path.stem for path in GOLDEN.glob("*.bin")} == set(CASES)


def test_the_golden_cases_cover_every_kind_operation_and_refusal() -> None:
    frames = list(CASES.values())
    assert {type(operation) for frame in frames for operation in frame.operations} == set(get_args(Operation))
    assert {type(frame) for frame in frames} == {Call, Reply}
    assert {frame.refusal for frame in frames if isinstance(frame, Reply)} == {None, *Refusal}
    assert {frame.receiver_life is None for frame in frames if isinstance(frame, Call)} == {True, False}


def test_the_layout_byte_by_byte() -> None:
    assert codec_v1.encode(CALL) == b"".join(
        [
            b"\x01\x01\x00\x00",
            b"\x00\x00\x00\x15",
            b"".join(
                bytes(7) + bytes([number]) for number in (0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x19, 0x18, 0x1A, 0x1B)
            ),
            b"\x00\x00\x00\x01e",
            b"\x00\x00\x00\x02",
            bytes(7) + b"\x21" + b"\x00\x00\x00\x01x" + b"\x00",
            bytes(7) + b"\x22" + b"\x00\x00\x00\x02yz" + b"\x01",
            b"\x00\x00\x00\x01\x14",
        ]
    )


def test_the_fields_lie_where_the_layout_says() -> None:
    data = codec_v1.encode(CALL)
    offsets = (SENDER_LIFE, SENDER_LIFE + 8, RECEIVER_LIFE, RECEIVER_LIFE + 8, SEQ, LOWEST, RECEIVED, END, NOTED, SENT)
    numbers = [struct.unpack_from(">Q", data, offset)[0] for offset in offsets]
    assert numbers == [0x11, 0x12, 0x13, 0x14, 0x16, 0x17, 0x19, 0x18, 0x1A, 0x1B]
    assert data[ATTEMPT : ATTEMPT + 4] == b"\x00\x00\x00\x15"
    assert data[SENDER : SENDER + 5] == b"\x00\x00\x00\x01e"


@pytest.mark.parametrize("name", CASES)
def test_no_prefix_of_a_frame_is_a_frame(name: str) -> None:
    data = codec_v1.encode(CASES[name])
    for length in range(len(data)):
        with pytest.raises((MalformedFrame, FrameTooLarge)):
            codec_v1.decode(data[:length])


@pytest.mark.parametrize("name", CASES)
def test_nothing_may_follow_a_frame(name: str) -> None:
    with pytest.raises(MalformedFrame, match="1 bytes left over"):
        codec_v1.decode(codec_v1.encode(CASES[name]) + b"\x00")


@pytest.mark.parametrize(("offset", "value"), [(KIND, 0), (KIND, 3), (KIND, 255), (ZERO, 1), (ZERO, 255), (REFUSAL, 1)])
def test_a_header_with_an_impossible_byte(offset: int, value: int) -> None:
    with pytest.raises(MalformedFrame, match="impossible"):
        codec_v1.decode(with_byte(codec_v1.encode(CALL), offset, value))


@pytest.mark.parametrize("frame", [CALL, CASES["reply-every-operation"]], ids=["call", "reply"])
def test_operations_have_a_number(frame: Frame) -> None:
    data = codec_v1.encode(frame)
    with pytest.raises(MalformedFrame, match="operations without a number"):
        codec_v1.decode(data[:SEQ] + bytes(8) + data[SEQ + 8 :])


def test_a_number_needs_no_operations() -> None:
    assert codec_v1.decode(codec_v1.encode(replace(CALL, operations=()))) == replace(CALL, operations=())


@pytest.mark.parametrize("code", [5, 255])
def test_an_unknown_refusal(code: int) -> None:
    data = with_byte(codec_v1.encode(CASES["reply-plain"]), REFUSAL, code)
    with pytest.raises(MalformedFrame, match=f"refusal {code} "):
        codec_v1.decode(data)


@pytest.mark.parametrize("code", [0x00, 0x07, 0x0F, 0x15, 0xFF])
def test_an_unknown_operation(code: int) -> None:
    data = codec_v1.encode(CALL)
    with pytest.raises(MalformedFrame, match=rf"operation 0x{code:02x} at offset {len(data) - 1} is not of version 1"):
        codec_v1.decode(with_byte(data, len(data) - 1, code))


@pytest.mark.parametrize(
    "frame",
    [
        replace(CALL, attempt=2**32),
        replace(CALL, attempt=-1),
        replace(CALL, seq=2**64),
        replace(CALL, lowest_unconfirmed=-1),
        replace(CALL, received=2**64),
        replace(CALL, changes_end=2**64),
        replace(CALL, changes_noted=-1),
        replace(CALL, sent=-1),
        replace(CALL, changes=((-1, EngineSid("x"), False),)),
        replace(CALL, sender_life=Life(-1, 0)),
        replace(CALL, sender_life=Life(0, 2**64)),
        replace(CALL, receiver_life=Life(2**64, 0)),
    ],
)
def test_a_number_that_does_not_fit_is_not_written(frame: Frame) -> None:
    with pytest.raises(LocalWireError, match="does not fit"):
        codec_v1.encode(frame)


@pytest.mark.parametrize(
    "operation",
    [
        MessageReceived(EngineSid("x"), "\ud800"),
        MessageReceived(EngineSid("\ud800"), "a"),
        SessionOpened(EngineSid("x"), (("HTTP_X", "\udcff"),)),
        SendPackets((EngineSid("x"),) * (MAX_ITEMS + 1), ()),
        AdmitSessions((EngineSid("x"),) * (MAX_ITEMS + 1)),
    ],
)
def test_an_operation_that_no_frame_can_carry_is_not_written(operation: Operation) -> None:
    with pytest.raises(LocalWireError):
        codec_v1.encode(replace(CALL, operations=(operation,)))


@pytest.mark.parametrize("sids", [("\ud800",), ("x",) * (MAX_ITEMS + 1)], ids=["surrogate", "too many"])
def test_changes_that_no_frame_can_carry_are_not_written(sids: tuple[EngineSid, ...]) -> None:
    with pytest.raises(LocalWireError):
        codec_v1.encode(replace(CALL, changes=tuple((1, sid, False) for sid in sids), changes_end=2**40))


def test_a_change_is_of_a_known_kind() -> None:
    data = codec_v1.encode(replace(CALL, changes=((1, EngineSid("x"), True),), operations=()))
    place = len(data) - 5
    assert data[place] == 1
    with pytest.raises(MalformedFrame, match="unknown kind"):
        codec_v1.decode(with_byte(data, place, 2))


def test_no_more_changes_are_read_than_there_have_been() -> None:
    data = codec_v1.encode(CALL)
    with pytest.raises(MalformedFrame, match="more changes"):
        codec_v1.decode(with_byte(data, END + 7, 1))


def test_more_operations_than_a_list_holds_are_not_written() -> None:
    with pytest.raises(LocalWireError, match="split"):
        codec_v1.encode(replace(CALL, operations=(ListSessions(),) * (MAX_ITEMS + 1)))


@pytest.mark.parametrize(
    "operation",
    [
        SessionsDigest(-1, b""),
        SessionsDigest(2**32, b""),
        SessionsDigest(0, b"", -1),
        SessionsDigest(0, b"", 2**64),
        AcceptDigest(b"", -1),
        AcceptDigest(b"", 2**64),
    ],
)
def test_a_digest_with_an_impossible_number_is_not_written(operation: Operation) -> None:
    with pytest.raises(LocalWireError, match="not both numbers that fit"):
        codec_v1.encode(replace(CALL, operations=(operation,)))


@pytest.mark.parametrize("operation", [SessionsDigest(2**32 - 1, b"d", 2**64 - 1), AcceptDigest(b"d", 2**64 - 1)])
def test_a_digest_keeps_its_mark(operation: Operation) -> None:
    frame = replace(CALL, operations=(operation,))
    assert codec_v1.decode(codec_v1.encode(frame)) == frame


def test_an_acceptance_has_no_count() -> None:
    data = codec_v1.encode(replace(CALL, operations=(AcceptDigest(b"", 7),)))
    place = len(data) - 4 - 8 - 4
    assert data[place - 1] == 0x13
    with pytest.raises(MalformedFrame, match="acceptance with a count"):
        codec_v1.decode(with_byte(data, place + 3, 1))


@pytest.mark.parametrize(
    "frame", [replace(CALL, changes_end=1), replace(CALL, receiver_life=Life(0, 0)), replace(CALL, seq=0)]
)
def test_a_frame_that_would_not_read_back_is_not_written(frame: Frame) -> None:
    with pytest.raises(LocalWireError, match="impossible"):
        codec_v1.encode(frame)
