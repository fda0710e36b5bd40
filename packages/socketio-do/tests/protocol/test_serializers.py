"""What the option `serializer` may be, and how an application's packet class is held to the rules of all packets."""

import json
import zlib
from typing import Any

import pytest
from server_fakes import ENGINE, Log, World, socket_sid
from socketio import exceptions, packet

from shared_wire import CloseSessions, EngineSid
from socketio_do.errors import ConfigError, PacketError
from socketio_do.protocol.encoding import CheckedPacket
from socketio_do.protocol.packets import ClientPacket, PacketType, decode
from socketio_do.protocol.serializers import choose_serializer

Refused: Any = exceptions.ConnectionRefusedError
S1 = socket_sid(1)


class Loud:
    """A JSON module of one's own."""

    @staticmethod
    def dumps(*args: Any, **options: Any) -> str:
        return json.dumps(*args, **options).upper()

    loads = staticmethod(json.loads)


class LoudPacket(packet.Packet):
    json: Any = Loud


class ZippedPacket(packet.Packet):
    """Each message whole, as bytes."""

    uses_binary_events = False

    def encode(self) -> bytes:
        me: Any = self
        return zlib.compress(repr(me._to_dict()).encode())

    def decode(self, encoded_packet: bytes) -> None:
        fields = json.loads(zlib.decompress(encoded_packet))
        self.packet_type, self.namespace = fields["type"], fields.get("nsp")
        self.data, self.id = fields.get("data"), fields.get("id")


def zipped(**fields: Any) -> bytes:
    return zlib.compress(json.dumps(fields).encode())


def test_the_default_is_upstreams_packet_checked_and_our_decoder() -> None:
    assert choose_serializer("default") == (CheckedPacket, decode)
    assert World().sio.packet_class is CheckedPacket
    assert issubclass(CheckedPacket, packet.Packet)


@pytest.mark.parametrize(
    "option", [None, "", "pickle", "MsgPack", "json", 7, packet, object, dict, LoudPacket.__new__(LoudPacket)]
)
def test_anything_else_is_refused_at_construction_with_what_to_write(option: Any) -> None:
    with pytest.raises(ConfigError, match=r"'default', 'msgpack', or a class derived from socketio\.packet\.Packet"):
        World(serializer=option)


def register(sio: Any) -> None:
    sio.on("echo", lambda sid, *args: args)


def test_a_class_with_json_of_its_own_serves_text_and_attachments() -> None:
    world = World(register, serializer=LoudPacket)
    world.open("e1")
    world.receive("e1", "0", '21["echo","hi"]')
    header = '52-2["echo",{"_placeholder":true,"num":1},[{"_placeholder":true,"num":0}]]'
    world.receive("e1", header, b"a")
    assert world.runtime.held == {"e1": 1}
    world.receive("e1", b"b")
    assert world.runtime.held == {"e1": 0}
    joined, answered, *binary = world.take("e1")
    assert (joined, answered) == (f'0{{"SID":"{S1.upper()}"}}', '31["HI"]')
    assert binary == ['62-2[{"_PLACEHOLDER":TRUE,"NUM":0},[{"_PLACEHOLDER":TRUE,"NUM":1}]]', b"b", b"a"]


def test_a_class_whose_messages_are_whole_serves_bytes() -> None:
    world = World(register, serializer=ZippedPacket)
    world.open("e1")
    world.receive("e1", zipped(type=0), zipped(type=2, data=["echo", 1], id=7))
    answers = [zlib.decompress(part).decode() for part in world.take("e1") if isinstance(part, bytes)]
    assert answers == [
        repr({"type": 0, "data": {"sid": S1}, "nsp": "/"}),
        repr({"type": 3, "data": [1], "nsp": "/", "id": 7}),
    ]


NO_TYPES: list[Any] = [-1, 5, 6, 7, "0", None, []]
NO_EVENTS: list[Any] = [None, "x", [], {}, ["connect"], [None]]

#: The fields of a packet that make it one that no client may send.
WRONG: list[Any] = [
    *({"type": kind} for kind in NO_TYPES),
    *({"type": 0, "nsp": name} for name in [*("x", 7, "/" + "n" * 300), ["/"]]),
    *({"type": 2, "data": data} for data in NO_EVENTS),
    *({"type": 2, "data": ["x"], "id": number} for number in [*(-1, "1", 1.5, True, 2**53), []]),
    *({"type": 1, "data": data} for data in ["x", [], {}]),
    *({"type": 3, "data": []}, {"type": 4, "data": {}}, {}),
]


@pytest.mark.parametrize("fields", WRONG, ids=str)
def test_what_a_class_decodes_is_checked_by_the_rules_of_all_packets(fields: dict[str, Any]) -> None:
    _, read = choose_serializer(ZippedPacket)
    with pytest.raises(PacketError):
        read(zipped(**fields))


def test_what_passes_is_as_any_packet() -> None:
    _, read = choose_serializer(ZippedPacket)
    found = read(zipped(type=2, nsp="/a?b", data=["x", {"_placeholder": True, "num": 3}], id=0))
    assert found == ClientPacket(
        type=PacketType.EVENT, namespace="/a", data=["x", {"_placeholder": True, "num": 3}], id=0
    )


@pytest.mark.parametrize(
    "message",
    [
        *["", "x", "9", '55-["echo"', '511-["echo"]', '50-["echo"]', '51-["connect"]', '2["connect"]', b"", b"x"],
        pytest.param('2["echo",' + "[" * 100_000, id="deep"),
    ],
)
def test_upstreams_own_decoder_is_held_to_them_too(message: str | bytes) -> None:
    _, read = choose_serializer(LoudPacket)
    with pytest.raises(PacketError):
        read(message)


def test_a_placeholder_of_no_attachment_is_refused_where_upstream_would_take_the_last(log: Log) -> None:
    world = World(register, serializer=LoudPacket)
    world.open("bad")
    world.receive("bad", "0")
    world.forget()
    world.receive("bad", '51-["echo",{"_placeholder":true,"num":-1}]', b"x")
    assert world.sent == [(ENGINE, CloseSessions((EngineSid("bad"),), "transport error"))]
    assert len(log.take("WARNING")) == 1


def test_whatever_a_class_raises_closes_the_connection_with_a_line_that_names_it(log: Log) -> None:
    world = World(register, serializer=ZippedPacket)
    world.open("bad")
    world.receive("bad", b"not zipped", "not even bytes")
    assert world.sent == [(ENGINE, CloseSessions((EngineSid("bad"),), "transport error"))]
    assert log.take("WARNING") == ["= session bad closed: ZippedPacket cannot read it (error)"]


def test_a_refusal_that_a_class_cannot_encode_is_told_without_its_data(log: Log) -> None:
    class Picky(packet.Packet):
        def encode(self) -> Any:
            me: Any = self
            if me.data and "data" in me.data:
                raise LookupError
            return super().encode()

    def refuse(sid: str, environ: Any) -> None:
        raise Refused("no", 1)

    world = World(lambda sio: sio.on("connect", refuse), serializer=Picky)
    world.open("e1")
    world.receive("e1", "0")
    assert world.take("e1") == ['4{"message":"no"}']
    assert len(log.take("ERROR")) == 1
