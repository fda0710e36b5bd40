"""Our MessagePack against PyPI's, byte by byte, and against what npm's notepack writes that PyPI's does not."""

import struct
from typing import Any

import msgpack
import pytest
from server_msgpack import ext, pack, unpack

from shared_wire.limits import FEW_KEYS
from socketio_do.errors import PacketError
from socketio_do.limits import MAX_CONTAINERS, MAX_DEPTH, MAX_VALUES
from socketio_do.protocol import msgpack_codec
from socketio_do.protocol.extension import Extension

EDGES = [bit + near for bit in (0, *(1 << size for size in (5, 7, 8, 15, 16, 31, 32, 63, 64))) for near in (-1, 0, 1)]
SIZES = (0, 1, 15, 16, 31, 32, 255, 256, 65_535, 65_536)


def refused(data: bytes) -> str:
    with pytest.raises(PacketError) as caught:
        msgpack_codec.unpack(data)
    return str(caught.value)


@pytest.mark.parametrize(
    "value",
    [
        *[None, True, False, "é\U0001f600\0", b"", bytearray(b"x"), 0.0, -1.5, 1e300, {"a": {"b": [b"c", None]}}],
        *(edge for edge in EDGES if edge < 2**64),
        *(-edge for edge in EDGES if edge <= 2**63),
        *("n" * size for size in SIZES),
        *(b"n" * size for size in SIZES),
        *([0] * size for size in SIZES),
        *({str(key): key for key in range(size)} for size in SIZES if size <= 5_000),
        dict.fromkeys(map(str, range(5_000)), 0),
    ],
    ids=lambda value: f"{type(value).__name__} {str(value)[:20]}",
)
def test_a_value_is_written_as_pypis_msgpack_does_and_read_back(value: Any) -> None:
    written = msgpack_codec.pack(value)
    assert written == pack(value)
    assert msgpack_codec.unpack(written) == value


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 8, 15, 16, 17, 255, 256, 65_536])
@pytest.mark.parametrize("code", [1, 127, -2, -128])
def test_an_extension_is_written_so_that_pypis_msgpack_reads_it_and_read_back(code: int, size: int) -> None:
    written = msgpack_codec.pack(Extension(code, b"x" * size))
    assert unpack(written, ext_hook=Extension) == msgpack_codec.unpack(written) == Extension(code, b"x" * size)
    assert code < 0 or written == pack(ext(code, b"x" * size))


def test_a_timestamp_is_an_extension() -> None:
    written = pack(msgpack.Timestamp(1, 2))
    assert msgpack_codec.unpack(written) == Extension(-1, written[-8:])
    assert msgpack_codec.pack(Extension(-1, written[-8:])) == written


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (b"\xd4\x00\x00", None),  # undefined
        (b"\xd7\x00" + (1_700_000_000_123).to_bytes(8, "big"), Extension(0, (1_700_000_000_123).to_bytes(8, "big"))),
        (b"\xc7\x03\x00abc", b"abc"),  # an ArrayBuffer in Node
        (b"\xc7\x08\x00abcdefgh", b"abcdefgh"),
        (b"\xc8\x01\x00\x00" + b"x" * 256, b"x" * 256),
        (b"\xc9\x00\x00\x00\x00\x00", b""),
        (b"\xcf" + b"\xff" * 8, 2**64 - 1),
        (b"\xd3\x80" + b"\0" * 7, -(2**63)),
        (b"\xca" + struct.pack(">f", 1.5), 1.5),
        *((b"\xcb" + struct.pack(">d", number), None) for number in (float("nan"), float("inf"), float("-inf"))),
        (b"\xca\x7f\xc0\x00\x00", None),
        # longer than need be
        (b"\xcd\x00\x01", 1),
        (b"\xdb\x00\x00\x00\x01a", "a"),
        (b"\xdf\x00\x00\x00\x01\xa1a\xdd\x00\x00\x00\x00", {"a": []}),
        # the last of equal keys counts, as in JSON
        (b"\x82\xa1a\x01\xa1a\x02", {"a": 2}),
    ],
)
def test_what_others_write_is_read(written: bytes, value: Any) -> None:
    assert msgpack_codec.unpack(written) == value


def test_an_extension_of_code_0_and_8_bytes_is_sent_as_a_date() -> None:
    assert msgpack_codec.pack(Extension(0, b"\0" * 8)) == b"\xd7\x00" + b"\0" * 8


@pytest.mark.parametrize("code", [-129, 128])
def test_the_code_of_an_extension_is_a_signed_byte(code: int) -> None:
    with pytest.raises(ValueError, match="-128 to 127"):
        Extension(code, b"")


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ({1: 2}, {"1": 2}),
        ({True: 1, None: 2, 1.5: 3}, {"true": 1, "null": 2, "1.5": 3}),
        ((1, (2,)), [1, [2]]),
        (type("Name", (str,), {})("x"), "x"),
        (type("Number", (int,), {})(7), 7),
        ([float("nan"), float("inf")], [None, None]),
        ("\ud800a\ud83d\ude00", "\ufffda😀"),
        ({"\ud800": 1}, {"\ufffd": 1}),
        (type("Table", (dict,), {})(a=1), {"a": 1}),
    ],
)
def test_what_json_would_take_is_sent_as_json_would_send_it(value: Any, sent: Any) -> None:
    assert msgpack_codec.unpack(msgpack_codec.pack(value)) == sent


@pytest.mark.parametrize("value", [object(), {1, 2}, {(1, 2): 3}, {b"a": 1}, [print]])
def test_what_cannot_be_sent_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match=r"cannot be sent as msgpack|a key is text"):
        msgpack_codec.pack(value)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1])
def test_what_msgpack_cannot_hold_is_a_value_error(value: Any) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        msgpack_codec.pack(value)


def test_what_has_no_end_is_a_recursion_error() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(RecursionError):
        msgpack_codec.pack(endless)


WHOLE = pack({"type": 2, "nsp": "/", "data": ["x" * 40, b"y" * 300, 1.5, -(2**40), ["z"], {"k": None}, ext(5, b"abc")]})


@pytest.mark.parametrize("size", range(len(WHOLE)))
def test_what_is_cut_short_is_refused(size: int) -> None:
    assert refused(WHOLE[:size]) == "msgpack is cut short"


@pytest.mark.parametrize("more", [b"\0", b"\xc1", WHOLE])
def test_what_has_something_behind_it_is_refused(more: bytes) -> None:
    assert refused(WHOLE + more) == "msgpack with something behind it"


@pytest.mark.parametrize("head", [*range(0xC4, 0xCA), *range(0xD9, 0xE0)])
@pytest.mark.parametrize("size", [0, 1, 3, 7, 100])
def test_a_size_that_is_not_there_is_refused_before_anything_is_made(head: int, size: int) -> None:
    assert refused(bytes([head]) + b"\xff" * size) in ("msgpack is cut short", "too many values")


@pytest.mark.parametrize(
    "text", [b"\xa1\xff", b"\xa2\xc0\x80", b"\xa3\xed\xa0\x80", b"\xd9\x01\x80", b"\x81\xa1\xff\x01"]
)
def test_text_that_is_not_utf_8_is_refused(text: bytes) -> None:
    assert refused(text) == "text is not UTF-8"


@pytest.mark.parametrize("key", [1, None, True, 1.5, b"a", ext(5, b"a"), ext(0, b"\0"), [], {}])
def test_a_key_that_is_not_text_is_refused(key: Any) -> None:
    assert refused(b"\x81" + pack(key) + b"\x01") == "a key is not text"


def test_the_byte_that_is_never_used_is_refused() -> None:
    assert refused(b"\xc1") == "not msgpack"


@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1k", b"\xdd\0\0\0\1", b"\xdf\0\0\0\1\xa1k"])
def test_lists_and_dicts_within_each_other_are_counted(opening: bytes) -> None:
    assert msgpack_codec.unpack(opening * MAX_DEPTH + b"\xc0")
    for depth in (MAX_DEPTH + 1, 100_000):
        assert refused(opening * depth + b"\xc0") == "data nested too deep"


def test_values_are_counted_over_the_whole_packet() -> None:
    count = MAX_VALUES // 10 - 1
    half = b"\xdd" + count.to_bytes(4, "big") + b"\xc0" * count
    assert msgpack_codec.unpack(b"\x92" + half + half)
    assert refused(b"\x93" + half + half + b"\xc0") == "too many values"
    assert refused(b"\xdd\xff\xff\xff\xff") == "too many values"
    assert refused(b"\xdf\xff\xff\xff\xff") == "too many values"


@pytest.mark.parametrize("empty", [b"\x80", b"\x90"])
def test_lists_and_dicts_are_counted_over_the_whole_packet(empty: bytes) -> None:
    count = MAX_CONTAINERS // 5 - 1
    assert len(msgpack_codec.unpack(b"\xdd" + count.to_bytes(4, "big") + empty * count)) == count
    assert refused(b"\xdd" + (count + 1).to_bytes(4, "big") + empty * (count + 1)) == "too many values"


def test_keys_of_a_large_map_are_judged_before_they_become_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    large = {f"key {number}": number for number in range(FEW_KEYS + 1)}
    asked: list[str] = []

    def note(keys: list[str]) -> bool:
        asked.extend(keys)
        return len(keys) > FEW_KEYS + 1

    monkeypatch.setattr(msgpack_codec, "has_collisions", note)
    assert msgpack_codec.unpack(msgpack_codec.pack(large)) == large
    assert asked == [*large]
    assert refused(msgpack_codec.pack({**large, "one": "more"})) == "too many keys, or with one hash"


def test_keys_of_a_small_map_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(msgpack_codec, "has_collisions", None)
    small = {f"key {number}": [number] for number in range(FEW_KEYS)}
    assert msgpack_codec.unpack(msgpack_codec.pack([small] * 3)) == [small] * 3


def test_of_a_key_that_is_repeated_the_last_value_counts() -> None:
    assert msgpack_codec.unpack(b"\x82\xa1a\x01\xa1a\x02") == {"a": 2}


def test_another_depth_can_be_asked_for() -> None:
    assert msgpack_codec.unpack(b"\x91" * (MAX_DEPTH + 1) + b"\xc0", max_depth=MAX_DEPTH + 1)
    with pytest.raises(PacketError):
        msgpack_codec.unpack(b"\x91" * (MAX_DEPTH + 2) + b"\xc0", max_depth=MAX_DEPTH + 1)
