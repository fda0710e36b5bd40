import pytest

from engine_do.errors import BAD_REQUEST, RemoteEngineError
from engine_do.packets import NOOP, PING, PONG, Packet, PacketType, decode_frame, encode_message

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


@pytest.mark.parametrize(
    "frame", ["", "7", "9x", "hello", " 4hello", "bAQID", "-1", "\u0664", "\u00b2", "\ud800", "\x00"]
)
def test_a_text_that_begins_with_no_packet_type_is_refused(frame: str) -> None:
    with pytest.raises(RemoteEngineError) as refusal:
        decode_frame(frame)
    assert refusal.value.code == BAD_REQUEST
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


def test_base64_belongs_to_polling_and_is_refused_here() -> None:
    with pytest.raises(RemoteEngineError):
        decode_frame("bAQIDBA==")


@pytest.mark.parametrize(
    ("data", "frame"),
    [("hello", "4hello"), ("", "4"), ("2", "42"), (b"\x01", b"\x01"), (b"", b""), (b"4x", b"4x")],
)
def test_a_message_is_one_frame(data: str | bytes, frame: str | bytes) -> None:
    written = encode_message(data)
    assert written == frame
    assert type(written) in (str, bytes)


@pytest.mark.parametrize(("frame", "kind"), [(PING, PacketType.PING), (PONG, PacketType.PONG), (NOOP, PacketType.NOOP)])
def test_the_frames_without_data_are_packets_without_data(frame: str, kind: PacketType) -> None:
    assert decode_frame(frame) == Packet(kind)
