"""`encoding`: what python-socketio's own code encodes, and what is refused before."""

from typing import Any

import pytest
from socketio import packet

from socketio_do.errors import NestingError
from socketio_do.protocol import encoding, msgpack_packets


@pytest.mark.parametrize("name", encoding.ENCODED_TYPES)
def test_the_packet_types_are_those_of_the_protocol(name: encoding.Kind) -> None:
    assert encoding.ENCODED_TYPES[name] == getattr(packet, name) == packet.packet_names.index(name)


def make_packet(data: Any) -> Any:
    make: Any = packet.Packet
    return make(encoding.ENCODED_TYPES["EVENT"], namespace="/", data=data)


def test_a_packet_is_encoded_with_its_attachments_as_bytes() -> None:
    assert encoding.encode_packet(make_packet(["x"])) == ('2["x"]',)
    encoded = encoding.encode_packet(make_packet(["x", bytearray(b"0"), b"1"]))
    assert encoded[1:] == (b"0", b"1")
    assert [type(part) for part in encoded] == [str, bytes, bytes]


@pytest.mark.parametrize("encoded", [None, 7, [], ["2", None], {"a": 1}, ("2",)])
def test_what_a_packet_class_may_not_encode_to_is_a_type_error_that_names_it(encoded: Any) -> None:
    class Odd(packet.Packet):
        def encode(self) -> Any:
            return encoded

    make: Any = Odd
    with pytest.raises(TypeError, match=r"Odd\.encode\(\) gives text, bytes, or a list"):
        encoding.encode_packet(make())


DATA: list[Any] = [
    None,
    [],
    {},
    ["say", 1, None, "\ud800", float("nan"), {"a": [1.5, True]}, ("in", "tuple")],
    ["say", b"0", {"b": bytearray(b"1")}],
    ["a text of its own", type("Text", (str,), {})("x")],
]


@pytest.mark.parametrize("packet_class", [encoding.CheckedPacket, packet.Packet, msgpack_packets.MsgPackPacket])
@pytest.mark.parametrize("number", [None, 0, 17])
@pytest.mark.parametrize("namespace", ["/", "/chat"])
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("kind", ["EVENT", "ACK"])
def test_what_needs_no_packet_is_encoded_as_its_class_does(
    kind: encoding.Kind, data: Any, namespace: str, number: int | None, packet_class: Any
) -> None:
    made = packet_class(encoding.ENCODED_TYPES[kind], data=data, namespace=namespace, id=number)
    assert encoding.encode(packet_class, kind, data, namespace, number) == encoding.encode_packet(made)


@pytest.mark.parametrize("kind", ["CONNECT", "CONNECT_ERROR", "DISCONNECT"])
def test_what_is_no_event_has_no_bytes(kind: encoding.Kind) -> None:
    assert encoding.encode(encoding.CheckedPacket, kind, {"a": 1}, "/") == (f'{encoding.ENCODED_TYPES[kind]}{{"a":1}}',)
    with pytest.raises(ValueError, match="binary"):
        encoding.encode(encoding.CheckedPacket, kind, {"a": b"0"}, "/")


PACKETS: list[Any] = [
    None,
    [],
    ["x", 1, None],
    ["x", {"a": [{"b": (1, "a tuple")}]}],
    ["x", b""],
    ["x", {"a": [1, {"b": [bytearray(b"y")]}]}],
    ["x", *([[b"z"]] * 3)],
]


@pytest.mark.parametrize("data", PACKETS)
def test_a_checked_packet_finds_binary_where_upstream_does(data: Any) -> None:
    assert encoding.CheckedPacket.data_is_binary(data) == packet.Packet.data_is_binary(data)
    encoded = encoding.CheckedPacket(packet.EVENT, data=data).encode()
    assert encoded == packet.Packet(packet.EVENT, data=data).encode()


def test_a_packet_nested_too_deep_is_refused_before_upstream_walks_it() -> None:
    deep: Any = b""
    for number in range(2_000):
        deep = {"a": deep} if number % 2 else [deep]
    with pytest.raises(NestingError):
        encoding.CheckedPacket(packet.EVENT, data=["x", deep])
