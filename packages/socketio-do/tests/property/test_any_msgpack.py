"""Whatever bytes a client sends, msgpack or nearly: a packet or `PacketError`, and no other client notices."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server_fakes import World
from server_msgpack import MsgPackWorld, ext, pack, unpack
from test_any_message import Bystander

from shared_wire import Packet
from socketio_do.errors import PacketError
from socketio_do.limits import MAX_DEPTH, MAX_ID
from socketio_do.protocol import msgpack_codec
from socketio_do.protocol.msgpack_packets import decode
from socketio_do.protocol.packets import ClientPacket

numbers = st.integers(-(2**63), 2**64 - 1) | st.floats()
#: What msgpack can hold; read back by both.
values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=40) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
#: And what only hostile or foreign clients send.
odd_values = st.recursive(
    values | st.builds(ext, st.integers(0, 127), st.binary(max_size=20)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.none() | st.integers() | st.binary(max_size=2), inner, max_size=2)
    ),
    max_leaves=6,
)
#: How extensions begin, which each reads in its own way.
EXTENSIONS = {0xC7, 0xC8, 0xC9, *range(0xD4, 0xD9)}

names = st.sampled_from(["say", "wait", "*", "connect", "unknown", 7, None])
events = st.builds(lambda name, args: [name, *args], names, st.lists(values, max_size=3))


@st.composite
def packets(draw: st.DrawFn) -> dict[Any, Any]:
    """Make a packet with every part right or wrong, or left out."""
    return draw(
        st.fixed_dictionaries(
            {"type": st.sampled_from([0, 0, 1, 2, 2, 2, 3, 4, 5, -1]) | odd_values},
            optional={
                "nsp": st.sampled_from(["/", "/", "/chat", "/other", "chat", ""]) | odd_values,
                "data": events | values | odd_values | st.just({"wait": 1, "refuse": 1}),
                "id": st.sampled_from([0, 7, 1000, 1001, MAX_ID, MAX_ID + 1, -1]) | odd_values,
                "options": values,
            },
        )
    )


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Change some bytes of a packet, or cut it."""
    written = bytearray(safely_packed(draw(packets())))
    for _ in range(draw(st.integers(1, 3))):
        written[draw(st.integers(0, len(written) - 1))] = draw(st.integers(0, 255))
    return bytes(written[: draw(st.integers(1, len(written)))])


def safely_packed(value: Any) -> bytes:
    try:
        return bytes(pack(value))
    except (ValueError, OverflowError):
        return b"\x80"


messages: st.SearchStrategy[Packet] = st.one_of(
    packets().map(safely_packed), damaged(), st.binary(max_size=20), st.text(max_size=4)
)


class MsgPackBystander(Bystander):
    """The scene of `test_any_message`, whose clients speak msgpack."""

    kind = MsgPackWorld


def expected(value: Any) -> Any:
    """Put None in place of what JSON has no number for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [expected(item) for item in value]
    if isinstance(value, dict):
        return {key: expected(item) for key, item in value.items()}
    return value


@given(values)
def test_what_is_written_is_read_and_pypis_msgpack_agrees(value: Any) -> None:
    written = msgpack_codec.pack(value)
    assert written == pack(expected(value))
    assert msgpack_codec.unpack(written) == unpack(written)


@given(st.binary(max_size=60) | damaged())
def test_any_bytes_are_read_as_pypis_msgpack_reads_them_or_refused(data: bytes) -> None:
    try:
        value = msgpack_codec.unpack(data)
    except PacketError:
        return
    assert msgpack_codec.unpack(msgpack_codec.pack(value)) == value
    if EXTENSIONS.isdisjoint(data):
        assert expected(unpack(data)) == value


@given(messages)
def test_decode_reads_or_refuses(message: Packet) -> None:
    try:
        packet = decode(message)
    except PacketError:
        return
    assert isinstance(packet, ClientPacket)
    assert packet.attachments == 0
    assert not packet.is_event or isinstance(packet.data[0], str | int | float)
    assert not packet.is_ack or (packet.id is not None and isinstance(packet.data, list))
    assert packet.namespace.startswith("/")
    assert packet.id is None or 0 <= packet.id <= MAX_ID


@given(st.integers(0, 2 * MAX_DEPTH), st.sampled_from([b"\x91", b"\x81\xa1k", b"\xdc\0\1", b"\xdf\0\0\0\1\xa1k"]))
def test_any_depth_is_read_or_refused(depth: int, opening: bytes) -> None:
    written = opening * depth + b"\xc0"
    if depth <= MAX_DEPTH:
        assert msgpack_codec.unpack(msgpack_codec.pack(msgpack_codec.unpack(written))) == msgpack_codec.unpack(written)
        return
    with pytest.raises(PacketError):
        msgpack_codec.unpack(written)


def test_the_scene_speaks_msgpack() -> None:
    scene = MsgPackBystander(connected=True)
    assert isinstance(scene.world, World)
    World.receive(scene.world, "bad", pack({"type": 2, "nsp": "/", "data": ["say", b"1"], "id": 1}))
    assert scene.world.take("bad") == ['61-1[{"_placeholder":true,"num":0}]', b"1"]
    assert scene.handled["say"] == 1
    scene.check()
    scene.end()


@settings(deadline=None)
@given(st.lists(messages, max_size=8), st.booleans(), st.integers(0, 8))
def test_no_messages_raise_or_reach_another_client_and_a_reset_among_them_neither(
    sent: list[Packet], connected: bool, place: int
) -> None:
    scene = MsgPackBystander(connected=connected)
    World.receive(scene.world, "bad", *sent[:place])
    if place < len(sent):
        scene.world.reset()
    World.receive(scene.world, "bad", *sent[place:])
    scene.check()
    scene.end()
