"""Packets in msgpack, against PyPI's and the rules of socket.io-msgpack-parser 3.0.2."""

from typing import Any

import pytest
from server_fakes import ENGINE, Log, World, socket_sid
from server_msgpack import MsgPackWorld, ext, pack, to_default, to_msgpack, unpack
from socketio import exceptions, packet

from shared_wire import CloseSessions, EngineSid, SendPackets
from socketio_do.errors import PacketError
from socketio_do.limits import MAX_ID, MAX_NAMESPACE
from socketio_do.protocol.msgpack_packets import MsgPackPacket, decode
from socketio_do.protocol.packets import ClientPacket, PacketType

Refused: Any = exceptions.ConnectionRefusedError

S1, S2 = socket_sid(1), socket_sid(2)
EVENT = {"type": 2, "nsp": "/", "data": ["x"]}


@pytest.mark.parametrize(
    ("fields", "read"),
    [
        ({"type": 0, "nsp": "/"}, ClientPacket(type=PacketType.CONNECT)),
        ({"type": 0, "nsp": "/", "data": None}, ClientPacket(type=PacketType.CONNECT)),
        ({"type": 0, "nsp": "/", "data": ext(0, b"\0")}, ClientPacket(type=PacketType.CONNECT)),
        ({"type": 0, "nsp": "/", "data": {"a": b"1"}}, ClientPacket(type=PacketType.CONNECT, data={"a": b"1"})),
        ({"type": 0, "nsp": "/chat?a=b"}, ClientPacket(type=PacketType.CONNECT, namespace="/chat")),
        ({"type": 1, "nsp": "/chat", "data": None}, ClientPacket(type=PacketType.DISCONNECT, namespace="/chat")),
        (EVENT, ClientPacket(type=PacketType.EVENT, data=["x"])),
        (EVENT | {"id": 0}, ClientPacket(type=PacketType.EVENT, data=["x"], id=0)),
        (EVENT | {"id": MAX_ID}, ClientPacket(type=PacketType.EVENT, data=["x"], id=MAX_ID)),
        (EVENT | {"id": ext(0, b"\0")}, ClientPacket(type=PacketType.EVENT, data=["x"])),
        (EVENT | {"options": {"compress": True}, "other": [1]}, ClientPacket(type=PacketType.EVENT, data=["x"])),
        (EVENT | {"data": [7]}, ClientPacket(type=PacketType.EVENT, data=[7])),
        (
            EVENT | {"data": ["x", {"_placeholder": True, "num": 0}]},
            ClientPacket(type=PacketType.EVENT, data=["x", {"_placeholder": True, "num": 0}]),
        ),
        (EVENT | {"data": ["x", {"a": [b"b"]}]}, ClientPacket(type=PacketType.EVENT, data=["x", {"a": [b"b"]}])),
        ({"type": 3, "nsp": "/", "id": 1, "data": []}, ClientPacket(type=PacketType.ACK, id=1, data=[])),
    ],
)
def test_a_packet_is_read(fields: dict[str, Any], read: ClientPacket) -> None:
    assert decode(pack(fields)) == read


#: What a field of an event may not be.
WRONG: dict[str, list[Any]] = {
    "type": [-1, 4, 5, 6, 7, 2**40, 2.0, "2", None, True, [], {}],
    "nsp": [None, "", "x", 1, b"/", ["/"], "/" + "n" * MAX_NAMESPACE],
    "id": [-1, 1.0, "1", True, b"1", [], MAX_ID + 1, 2**64 - 1],
    "data": [
        *[None, [], {}, "x", {"0": "x"}, 7, [None], [True], [b"x"], [["x"]], [float("nan")], [ext(5, b"x")]],
        *[["connect"], ["disconnect"], ["disconnecting"], ["connect_error"], ["newListener"], ["removeListener"]],
    ],
}
#: And the data of a connect, a disconnect, an acknowledgement.
WRONG_DATA: dict[int, list[Any]] = {
    0: ["x", [], 0, False, b"", ext(5, b"")],
    1: [{}, [], 0, False, ""],
    3: [None, {}, "x"],
}


@pytest.mark.parametrize(
    "message",
    [
        *["", '2["x"]', b"", b"\x80", *map(pack, (None, [], "2", [2, "/", ["x"]]))],
        *(pack(EVENT | {name: value}) for name, values in WRONG.items() for value in values),
        *(
            pack({"type": kind, "nsp": "/", "id": 1, "data": data})
            for kind, each in WRONG_DATA.items()
            for data in each
        ),
        pack({"type": 3, "nsp": "/", "data": []}),
    ],
    ids=lambda message: repr(message)[:60],
)
def test_what_is_no_packet_is_refused(message: str | bytes) -> None:
    with pytest.raises(PacketError):
        decode(message)


@pytest.mark.parametrize("text", ['20["x",1]', '0{"sid":"x"}', "0/chat,{}", "1", "1/chat,", '37["y"]'])
def test_a_packet_is_written_so_that_others_read_it(text: str) -> None:
    make: Any = packet.Packet
    read = make(encoded_packet=text)
    own: Any = MsgPackPacket
    written = own(read.packet_type, data=read.data, namespace=read.namespace, id=read.id).encode()
    assert to_default(written) == (text,)
    assert set(unpack(written)) == {"type", "nsp"} | ({"data"} if read.data is not None else set()) | (
        {"id"} if read.id is not None else set()
    )


def test_the_packet_class_reads_what_clients_send() -> None:
    make: Any = MsgPackPacket
    read = make(encoded_packet=pack(EVENT | {"id": 7, "nsp": "/a"}))
    found = (read.packet_type, read.namespace, read.data, read.id, read.attachment_count)
    assert found == (2, "/a", ["x"], 7, 0)


def register(sio: Any) -> None:
    sio.on("echo", lambda sid, *args: args)

    async def connect(sid: str, environ: Any, auth: Any) -> None:
        if auth:
            raise Refused("no", auth)

    sio.on("connect", connect)


def sent(world: World) -> list[Any]:
    return [unpack(part) for _, operation in world.sends() for part in operation.packets if isinstance(part, bytes)]


def test_everything_a_client_gets_is_msgpack() -> None:
    world = World(register, serializer="msgpack")
    world.open("e1")
    refusing = pack({"type": 0, "nsp": "/", "data": {"why": b"binary"}})
    joining = to_msgpack(["0"])
    world.receive("e1", refusing, joining, pack(EVENT | {"data": ["echo", b"1", ext(5, b"2")], "id": 3}))
    world.do(world.sio.disconnect(S2))
    assert sent(world) == [
        {"type": 4, "nsp": "/", "data": {"message": "no", "data": {"why": b"binary"}}},
        {"type": 0, "nsp": "/", "data": {"sid": S2}},
        {"type": 3, "nsp": "/", "id": 3, "data": [b"1", ext(5, b"2")]},
        {"type": 1, "nsp": "/"},
    ]


def test_a_broadcast_is_encoded_once_and_is_one_message() -> None:
    world = MsgPackWorld(register)
    for client in ("e1", "e2", "e3"):
        world.connect(client)
    world.forget()
    world.do(world.sio.emit("x", {"deep": [b"1", b"2"]}))
    ((actor, operation),) = world.sends()
    assert actor == ENGINE
    assert operation == SendPackets(
        (EngineSid("e1"), EngineSid("e2"), EngineSid("e3")),
        (pack({"type": 2, "nsp": "/", "data": ["x", {"deep": [b"1", b"2"]}]}),),
    )


def test_what_cannot_be_sent_is_the_applications_error_and_nobody_waits_for_it() -> None:
    world = MsgPackWorld(register)
    world.connect("e1")
    world.forget()
    for data, error in (({1, 2}, TypeError), (2**64, ValueError)):
        with pytest.raises(error):
            world.do(world.sio.emit("x", data, callback=print))
    assert world.sends() == []
    assert not world.sio.manager.expects(S1, world.runtime.first_ack_id())


@pytest.mark.parametrize(
    "message", ['2["echo"]', "", b"", b"\xc1", b"\xdf\xff\xff\xff\xff", b"\x91" * 100_000, pack(EVENT | {"type": 5})]
)
def test_a_client_that_sends_anything_else_is_closed_with_one_line_and_no_other_notices(
    message: str | bytes, log: Log
) -> None:
    world = World(register, serializer="msgpack")
    for client in ("bad", "good"):
        world.open(client)
        world.receive(client, to_msgpack(["0"]))
    world.forget()
    world.receive("bad", message, message, to_msgpack(['2["echo"]']))
    assert world.sent == [(ENGINE, CloseSessions((EngineSid("bad"),), "transport error"))]
    assert len(log.take("WARNING")) == 1
    world.receive("good", to_msgpack(['21["echo","on"]']))
    assert sent(world) == [{"type": 3, "nsp": "/", "id": 1, "data": ["on"]}]


def test_nothing_is_half_received() -> None:
    world = World(register, serializer="msgpack")
    world.open("e1")
    world.receive("e1", to_msgpack(["0"]), to_msgpack(['51-["echo",{"_placeholder":true,"num":0}]', b"x"]))
    assert world.runtime.held == {}
