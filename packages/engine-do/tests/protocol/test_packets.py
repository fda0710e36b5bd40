import pytest

from engine_do.errors import BAD_REQUEST, RemoteEngineError
from engine_do.protocol.packets import (
    CLOSE,
    NOOP,
    PING,
    PONG,
    Packet,
    PacketType,
    decode_base64,
    decode_frame,
    decode_frame_v3,
    encode_base64,
    encode_frame,
    encode_frame_v3,
    encode_message,
)

#: The protocol document, "Packet encoding" and "From WebSocket".
FRAMES = [
    ("0{}", Packet(PacketType.OPEN, "{}")),
    ("1", Packet(PacketType.CLOSE)),
    ("2", Packet(PacketType.PING)),
    ("2probe", Packet(PacketType.PING, "probe")),
    ("3", Packet(PacketType.PONG)),
    ("3probe", Packet(PacketType.PONG, "probe")),
    ("4hello", Packet(PacketType.MESSAGE, "hello")),
    ("4", Packet(PacketType.MESSAGE, "")),
    ("44", Packet(PacketType.MESSAGE, "4")),
    ("4€", Packet(PacketType.MESSAGE, "€")),
    ("4\n", Packet(PacketType.MESSAGE, "\n")),
    ("5", Packet(PacketType.UPGRADE)),
    ("6", Packet(PacketType.NOOP)),
    (b"\x01\x02\x03", Packet(PacketType.MESSAGE, b"\x01\x02\x03")),
    (b"4hello", Packet(PacketType.MESSAGE, b"4hello")),
    (b"2", Packet(PacketType.MESSAGE, b"2")),
    (b"", Packet(PacketType.MESSAGE, b"")),
]


@pytest.mark.parametrize(("frame", "packet"), FRAMES)
def test_a_frame_is_one_packet(frame: str | bytes, packet: Packet) -> None:
    assert decode_frame(frame) == packet


@pytest.mark.parametrize("frame", ["", "7", "9x", "hello", " 4hello", "b!", "-1", "\u0664", "\u00b2", "\ud800", "\x00"])
def test_a_text_that_begins_with_no_packet_type_is_refused(frame: str) -> None:
    with pytest.raises(RemoteEngineError) as refusal:
        decode_frame(frame)
    assert refusal.value.code == BAD_REQUEST
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize(("text", "data"), [("bAQIDBA==", b"\x01\x02\x03\x04"), ("bAQID", b"\x01\x02\x03"), ("b", b"")])
def test_binary_may_come_as_text(text: str, data: bytes) -> None:
    assert decode_frame(text) == Packet(PacketType.MESSAGE, data)


def test_text_that_announces_base64_and_has_none_is_refused() -> None:
    with pytest.raises(RemoteEngineError) as refusal:
        decode_frame("b!")
    assert refusal.value.code == BAD_REQUEST


@pytest.mark.parametrize(
    ("packet", "base64", "frame"),
    [(b"\x01\x02\x03", True, "bAQID"), (b"\x01", False, b"\x01"), ("4hi", True, "4hi"), (b"", True, "b")],
)
def test_a_client_without_binary_gets_text(packet: str | bytes, base64: bool, frame: str | bytes) -> None:
    assert encode_frame(packet, base64) == frame


@pytest.mark.parametrize(
    ("data", "frame"),
    [("hello", "4hello"), ("", "4"), ("2", "42"), (b"\x01", b"\x01"), (b"", b""), (b"4x", b"4x")],
)
def test_a_message_is_one_frame(data: str | bytes, frame: str | bytes) -> None:
    written = encode_message(data)
    assert written == frame
    assert type(written) in (str, bytes)


@pytest.mark.parametrize(
    ("frame", "kind"),
    [(CLOSE, PacketType.CLOSE), (PING, PacketType.PING), (PONG, PacketType.PONG), (NOOP, PacketType.NOOP)],
)
def test_the_frames_without_data_are_packets_without_data(frame: str, kind: PacketType) -> None:
    assert decode_frame(frame) == Packet(kind)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"\x01\x02\x03\x04", "AQIDBA=="),
        (b"\x01\x02\x03", "AQID"),
        (b"\xfb\xff\xfe", "+//+"),
    ],
)
def test_bytes_as_text_are_the_protocols_base64(data: bytes, text: str) -> None:
    assert encode_base64(data) == text
    assert decode_base64(text) == data
    assert decode_base64(text.rstrip("=")) == data, "padding may be missing"


@pytest.mark.parametrize("text", ["A", "AQIDB", "A=ID", "AQ ID", "AQID\n", "-__-", "\u20ac", "=", "\x1e"])
def test_text_that_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(RemoteEngineError) as refusal:
        decode_base64(text)
    assert refusal.value.code == BAD_REQUEST


#: Revision 4's frame, what revision 3 makes of it, and what for a client that takes no binary.
V3 = [
    ("4hello", "4hello", "4hello"),
    ("2probe", "2probe", "2probe"),
    ("6", "6", "6"),
    ("4b", "4b", "4b"),
    (b"\x00\x01\x02\x03\x04\x05", b"\x04\x00\x01\x02\x03\x04\x05", "b4AAECAwQF"),
    (b"\x01\x02\x03\x04", b"\x04\x01\x02\x03\x04", "b4AQIDBA=="),
    (b"", b"\x04", "b4"),
    (b"\x04", b"\x04\x04", "b4BA=="),
]


@pytest.mark.parametrize(("frame", "binary", "text"), V3)
def test_revision_3_puts_the_type_in_front_of_binary_too(frame: str | bytes, binary: str | bytes, text: str) -> None:
    assert encode_frame_v3(frame, base64=False) == binary
    assert encode_frame_v3(frame, base64=True) == text
    assert decode_frame_v3(binary) == frame
    assert decode_frame_v3(text) == frame


@pytest.mark.parametrize(
    "frame", [b"", b"\x00", b"4hello", b"\x02", b"\x05\x01", b"\xff", "b", "b2AQID", "bAQID", "b0", "b4A", "b4\u20ac"]
)
def test_a_binary_of_revision_3_that_is_no_message_is_refused(frame: str | bytes) -> None:
    with pytest.raises(RemoteEngineError) as refusal:
        decode_frame_v3(frame)
    assert refusal.value.code == BAD_REQUEST


@pytest.mark.parametrize("frame", ["", "x", "7", "4hello", "\ud800"])
def test_any_other_text_of_revision_3_is_left_to_be_read_as_revision_4(frame: str) -> None:
    assert decode_frame_v3(frame) == frame
