import json
from typing import Any

import pytest

from shared_wire.bounded_json import check_depth
from socketio_do import limits
from socketio_do.errors import NestingError, PacketError
from socketio_do.protocol import msgpack_packets
from socketio_do.protocol.assembly import Assemblies
from socketio_do.protocol.encoding import encode_packet
from socketio_do.protocol.msgpack_codec import pack
from socketio_do.protocol.msgpack_packets import MsgPackPacket
from socketio_do.protocol.packets import ClientPacket, PacketType, decode
from socketio_do.protocol.serializers import choose_serializer


def hold(engine_sid: str) -> "type[None]":
    return type(None)


def test_the_largest_ack_id_is_the_largest_number_javascript_holds_exactly() -> None:
    assert float(limits.MAX_ID) == limits.MAX_ID
    assert float(limits.MAX_ID + 2) != limits.MAX_ID + 2
    assert decode(f'2{limits.MAX_ID}["x"]').id == limits.MAX_ID
    with pytest.raises(PacketError):
        decode(f'2{limits.MAX_ID + 1}["x"]')


def test_as_many_attachments_as_the_javascript_parser_takes() -> None:
    assert limits.MAX_ATTACHMENTS == 10
    assemblies = Assemblies(hold, lambda engine_sid, size: None)
    assert assemblies.add("e1", '510-["x"]') is None
    with pytest.raises(PacketError):
        Assemblies(hold, lambda engine_sid, size: None).add("e1", '511-["x"]')


def test_a_namespace_as_long_as_allowed_and_one_longer() -> None:
    longest = "/" + "n" * (limits.MAX_NAMESPACE - 1)
    assert decode(f"0{longest},").namespace == longest
    with pytest.raises(PacketError):
        decode(f"0{longest}n,")


@pytest.mark.parametrize("name", limits.__all__)
def test_every_limit_is_a_number_above_nothing(name: str) -> None:
    assert getattr(limits, name) > 0


def test_the_name_of_an_event_as_long_as_allowed_and_one_longer() -> None:
    longest = "e" * limits.MAX_EVENT
    assert decode(f'2["{longest}"]').data == [longest]
    with pytest.raises(PacketError):
        decode(f'2["{longest}e"]')


def event(depth: int, inside: Any) -> list[Any]:
    """The data of an event whose lists and dicts lie so deep within each other, the packet's own list included."""
    for number in range(depth - 1):
        inside = {"a": inside} if number % 2 else [inside]
    return ["x", inside]


def read_json(data: Any) -> ClientPacket:
    return decode("2" + json.dumps(data))


def read_binary(data: Any) -> ClientPacket | None:
    """Read an event with an attachment where ``0`` stands in its data."""
    assemblies = Assemblies(hold, lambda engine_sid, size: None)
    hole = '{"_placeholder":true,"num":0}'
    assert assemblies.add("e1", "51-" + json.dumps(data).replace("0", hole)) is None
    return assemblies.add("e1", b"bytes")


def read_msgpack(data: Any) -> ClientPacket:
    return msgpack_packets.decode(pack({"type": 2, "nsp": "/", "data": data}))


def read_own(data: Any) -> ClientPacket:
    class Own(choose_serializer("default")[0]):  # type: ignore[misc]
        pass

    return choose_serializer(Own)[1]("2" + json.dumps(data))


READERS = (read_json, read_binary, read_msgpack, read_own)


@pytest.mark.parametrize("depth", range(98, 103))
@pytest.mark.parametrize("read", READERS)
def test_what_was_accepted_can_be_sent_and_nothing_deeper_is_either(read: Any, depth: int) -> None:
    data = event(depth, 0)
    writer: Any = MsgPackPacket if read is read_msgpack else choose_serializer("default")[0]
    if depth <= limits.MAX_DEPTH:
        found = read(data).data
        check_depth(found)
        assert encode_packet(writer(PacketType.EVENT, data=found, namespace="/"))
        return
    with pytest.raises(PacketError):
        read(data)
    value = event(depth, b"bytes" if read is read_binary else 0)
    with pytest.raises(NestingError, match="100 deep"):
        encode_packet(writer(PacketType.EVENT, data=value, namespace="/"))


PREFIXES = ("2", "0", "3", "37", "51-", "61-7", "2/a,", '2/a",', '2["x",', '2["x",{"_placeholder":', "0/a?b,")


@pytest.mark.parametrize("depth", [2_000, 5_000, 50_000, 500_000])
@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
def test_no_depth_reaches_the_parser(prefix: str, opening: str, depth: int) -> None:
    for message in (prefix + opening * depth, prefix + opening * depth + "0"):
        for read in (decode, choose_serializer(type("Own", (choose_serializer("default")[0],), {}))[1]):
            with pytest.raises(PacketError):
                read(message)
