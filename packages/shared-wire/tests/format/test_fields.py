import struct
from collections.abc import Callable

import pytest

from shared_wire.errors import FrameTooLarge, LocalWireError, MalformedFrame
from shared_wire.format.fields import Reader, pack_bytes, pack_count, pack_packet, pack_text, pack_texts
from shared_wire.limits import MAX_ITEMS

PAIR = struct.Struct(">BH")


def u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (pack_count(0), b"\x00\x00\x00\x00"),
        (pack_count(MAX_ITEMS), b"\x00\x00\x80\x00"),
        (pack_bytes(b""), b"\x00\x00\x00\x00"),
        (pack_bytes(b"\x00\xff"), b"\x00\x00\x00\x02\x00\xff"),
        (pack_text(""), b"\x00\x00\x00\x00"),
        (pack_text("é☃"), b"\x00\x00\x00\x05\xc3\xa9\xe2\x98\x83"),
        (pack_packet("a"), b"t\x00\x00\x00\x01a"),
        (pack_packet(b"a"), b"b\x00\x00\x00\x01a"),
    ],
)
def test_what_is_written(written: bytes, expected: bytes) -> None:
    assert written == expected


def test_a_list_beyond_the_limit_is_not_written() -> None:
    with pytest.raises(LocalWireError, match=str(MAX_ITEMS)):
        pack_count(MAX_ITEMS + 1)


@pytest.mark.parametrize("write", [pack_text, pack_packet])
def test_a_lone_surrogate_is_not_written(write: Callable[[str], bytes]) -> None:
    with pytest.raises(LocalWireError, match="surrogate"):
        write("a\ud800")


def test_taking_moves_on_and_stops_at_the_end() -> None:
    reader = Reader(b"abc")
    assert (reader.take(1), reader.take(0), reader.take(2)) == (b"a", b"", b"bc")
    assert reader.offset == 3
    with pytest.raises(MalformedFrame, match="1 bytes expected at offset 3, 0 left"):
        reader.take(1)


def test_a_failed_take_takes_nothing() -> None:
    reader = Reader(b"abc")
    with pytest.raises(MalformedFrame):
        reader.take(4)
    assert reader.offset == 0


def test_reading_may_begin_inside() -> None:
    assert Reader(b"abc", 2).take(1) == b"c"


def test_a_fixed_layout() -> None:
    assert Reader(b"\x01\x02\x03").unpack(PAIR) == (1, 0x0203)
    with pytest.raises(MalformedFrame):
        Reader(b"\x01\x02").unpack(PAIR)


def test_a_byte_is_a_number() -> None:
    assert Reader(b"\xff").byte() == 255
    with pytest.raises(MalformedFrame):
        Reader(b"").byte()


@pytest.mark.parametrize("value", [b"", b"a", bytes(range(256))])
def test_sized_bytes(value: bytes) -> None:
    reader = Reader(pack_bytes(value))
    assert reader.sized() == value
    reader.end()


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00", u32(1), u32(3) + b"ab", u32(0xFFFFFFFF) + b"ab"])
def test_sized_bytes_that_end_too_early(data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        Reader(data).sized()


@pytest.mark.parametrize("value", ["", "a", "é☃😀", "\x00"])
def test_text(value: str) -> None:
    reader = Reader(pack_text(value))
    assert reader.text() == value
    reader.end()


@pytest.mark.parametrize("raw", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80\x80\x80"])
def test_text_that_is_not_utf_8(raw: bytes) -> None:
    reader = Reader(b"." + pack_bytes(raw), 1)
    with pytest.raises(MalformedFrame, match="text at offset 1 is not UTF-8"):
        reader.text()


@pytest.mark.parametrize("packet", ["", "a", "☃", b"", b"a", b"\xff"])
def test_packets_keep_their_kind(packet: str | bytes) -> None:
    reader = Reader(pack_packet(packet))
    assert reader.packet() == packet
    reader.end()


@pytest.mark.parametrize("kind", [b"\x00", b"T", b"\xff"])
def test_an_unknown_packet_kind(kind: bytes) -> None:
    with pytest.raises(MalformedFrame, match=r"packet kind .* at offset 0"):
        Reader(kind + pack_bytes(b"a")).packet()


def test_a_list() -> None:
    reader = Reader(u32(3) + b"abc")
    assert reader.items(reader.byte) == (97, 98, 99)
    reader.end()


def test_an_empty_list() -> None:
    reader = Reader(u32(0))
    assert reader.items(reader.byte) == ()
    reader.end()


def test_a_count_beyond_the_limit_is_refused_before_any_entry_is_read() -> None:
    reader = Reader(u32(MAX_ITEMS + 1) + bytes(MAX_ITEMS + 1))
    reads: list[None] = []
    with pytest.raises(FrameTooLarge, match=f"{MAX_ITEMS + 1} entries at offset 0"):
        reader.items(lambda: reads.append(None))
    assert reads == []


def test_a_count_beyond_what_is_left_is_refused_before_any_entry_is_read() -> None:
    reader = Reader(u32(4) + b"abc")
    reads: list[None] = []
    with pytest.raises(MalformedFrame, match="4 entries at offset 0 cannot fit"):
        reader.items(lambda: reads.append(None))
    assert reads == []


def test_the_longest_list_is_read() -> None:
    reader = Reader(u32(MAX_ITEMS) + bytes(MAX_ITEMS))
    assert len(reader.items(reader.byte)) == MAX_ITEMS


def test_nothing_may_be_left_over() -> None:
    reader = Reader(b"ab")
    reader.byte()
    with pytest.raises(MalformedFrame, match="1 bytes left over at offset 1"):
        reader.end()


def test_a_list_of_texts_is_written_as_its_parts_are() -> None:
    texts = ("", "a", "é☃")
    assert pack_texts(texts) == pack_count(3) + b"".join(map(pack_text, texts))
    with pytest.raises(LocalWireError, match="surrogate"):
        pack_texts(("\ud800",))
    with pytest.raises(LocalWireError, match="split"):
        pack_texts(("",) * (MAX_ITEMS + 1))
