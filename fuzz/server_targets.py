"""What socketio-do reads: packets, commands, and the namespace of a message."""

import re
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any, Final

from engine_do.session.peers import choose
from fuzz.grammar import any_command, any_msgpack, any_msgpack_packet, any_packet, any_sequence
from fuzz.inputs import Target
from fuzz.mutations import BYTES, TEXT
from fuzz.sequences import fill, many, message_of, read_events
from socketio_do.cluster.commands import read_command, write_command
from socketio_do.cluster.routes import NamespaceRoutes
from socketio_do.errors import CommandError, PacketError
from socketio_do.limits import MAX_ATTACHMENTS
from socketio_do.protocol import msgpack_packets, packets
from socketio_do.protocol.assembly import Assemblies
from socketio_do.protocol.encoding import CheckedPacket, encode_packet
from socketio_do.protocol.msgpack_packets import MsgPackPacket
from socketio_do.protocol.packets import ClientPacket

__all__ = ["TARGETS"]

#: Attachments of a command.
_ATTACHMENTS: Final = (b"a", b"bb")

#: Upstream's types: it makes the binary ones by itself.
_SENT_AS: Final = {packets.PacketType.BINARY_EVENT: 2, packets.PacketType.BINARY_ACK: 3}


def _check_packet(packet: ClientPacket) -> str:
    if packet.attachments:
        return "header"
    _check_sent(packet)
    return packet.type.name


def _meaning(packet: ClientPacket) -> tuple[Any, ...]:
    return packet.is_event, packet.is_ack, packet.namespace, packet.id, packet.data


def _send(packet: ClientPacket) -> tuple[str | bytes, ...]:
    kind = _SENT_AS.get(packet.type, int(packet.type))
    return encode_packet(CheckedPacket(kind, data=packet.data, namespace=packet.namespace, id=packet.id))


def _check_sent(packet: ClientPacket) -> None:
    """Check that what a client sent can be sent to one, and is then read as the same."""
    parts = _send(packet)
    if len(parts) > 1 + MAX_ATTACHMENTS:
        return
    assemblies = Assemblies(lambda _: lambda: None, lambda *_: None)
    read = [assemblies.add("a", part) for part in parts][-1]
    assert read is not None, "a packet that was sent is not complete"
    # Two halves of a surrogate pair, one of them not escaped, are sent as what is read as a pair. UTF-8 holds no such text.
    same = _meaning(read) == _meaning(packet) or _send(read) == parts
    assert same, f"sent as {parts!r:.200}, read as {read!r:.200}"


def _check_msgpack(packet: ClientPacket) -> str:
    [sent] = encode_packet(MsgPackPacket(int(packet.type), data=packet.data, namespace=packet.namespace, id=packet.id))
    assert isinstance(sent, bytes)
    assert msgpack_packets.decode(sent) == packet, f"sent as {sent!r:.200}"
    return packet.type.name


class _Holds:
    """Counts what is held for sessions, as the server does."""

    def __init__(self) -> None:
        self.work = 0
        self.weights: Counter[str] = Counter()

    def hold(self, _engine_sid: str) -> Callable[[], None]:
        self.work += 1
        return self.release

    def release(self) -> None:
        self.work -= 1

    def count(self, engine_sid: str, weight: int) -> None:
        self.weights[engine_sid] += weight
        assert self.weights[engine_sid] >= 0, "less than nothing is held"


def _assemble(data: bytes) -> list[ClientPacket]:
    """Read messages of two sessions; returns the packets that are complete."""
    holds = _Holds()
    assemblies = Assemblies(holds.hold, holds.count)
    found: list[ClientPacket] = []
    for kind, body in read_events(data):
        engine_sid = "ab"[kind >> 1 & 1]
        if kind & 60 == 60:
            assemblies.drop(engine_sid)
            continue
        try:
            packet = assemblies.add(engine_sid, message_of(kind, body))
        except PacketError:
            assemblies.drop(engine_sid)
            continue
        if packet is not None:
            found.append(packet)
    for engine_sid in "ab":
        assemblies.drop(engine_sid)
    assert not holds.work, "work is held open for ever"
    assert not any(holds.weights.values()), "bytes are held for ever"
    return found


def _check_assembled(found: list[ClientPacket]) -> str:
    for packet in found:
        assert not packet.attachments, "a packet that lacks attachments counts as complete"
        _check_sent(packet)
    return found[-1].type.name if found else "nothing"


_ROUTES: Final[dict[str | re.Pattern[str], str]] = {
    "/admin": "admin",
    re.compile(r"/room-\d+"): "rooms",
    re.compile(r"/(a|b)*"): "letters",
}
_ROUTERS: Final = (
    NamespaceRoutes(_ROUTES),
    NamespaceRoutes(lambda namespace: "admin" if namespace == "/admin" else "main"),
    NamespaceRoutes(_ROUTES, serializer="msgpack"),
)
_PEERS: Final = {"main", "admin", "rooms", "letters"}


def _route(data: bytes) -> str:
    states, found = ["", "", ""], "main"
    for kind, body in read_events(data):
        for at, router in enumerate(_ROUTERS):
            states[at], peer = choose(router, states[at], message_of(kind, body))
            assert peer in _PEERS, f"routed to {peer!r}"
            found = peer if peer != "main" else found
    return found


def _check_command(command: tuple[str, dict[str, Any]]) -> str:
    try:
        written = write_command(*command)
    except CommandError:
        return "cannot be written"
    assert read_command(*written) == command, f"written as {written!r:.200}"
    return command[0]


def _message(chance: Random) -> bytes:
    kind = chance.random()
    if kind < 0.25:
        return any_msgpack(chance)
    return any_packet(chance).encode("utf-8", "surrogatepass")


_EXAMPLES: Final = (
    *(
        "0",
        "0/admin,",
        '0{"token":"t"}',
        "1",
        "1/admin,",
        '2["a"]',
        '2["message",{"a":1,"b":[true,null]}]',
        '2/admin,7["a"]',
    ),
    *(
        "2[5]",
        '3/admin,7["ok"]',
        "37[]",
        '51-["a",{"_placeholder":true,"num":0}]',
        '52-/admin,9["a",{"_placeholder":true,"num":1}]',
    ),
    *(
        '61-7[{"_placeholder":true,"num":0}]',
        '2["é€\U0001f600"]',
        '2["\\ud83d"]',
        "0/a?b=1,",
        '2["a",1e3,-1.5,0.1]',
        "4",
        "6",
    ),
)
_PACKED: Final = (
    b"\x82\xa4type\x00\xa3nsp\xa1/",
    b"\x84\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa7message\x81\xa1a\xc4\x03abc\xa2id\x07",
    b"\x84\xa4type\x03\xa3nsp\xa6/admin\xa4data\x91\xcb\x3f\xf0\0\0\0\0\0\0\xa2id\xce\0\1\0\0",
    b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x93\xa1a\xc7\x03\x05xyz\xd4\x00\x00",
)
_SEQUENCES: Final = (
    *(b"\x00" + text.encode() for text in _EXAMPLES),
    b'\x0051-["a",{"_placeholder":true,"num":0}]\xff\x01abc\xff\x002["b"]',
    b'\x0052-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]\xff\x01abc\xff\x01def',
    b'\x0053-/admin,["a"]\xff\x01\xff\x02\x002["a"]\xff\x01x\xff\x01y',
    b'\x0051-["a"]\xff\x3c\xff\x002["b"]',
    b"\x000/room-17,\xff\x000/admin,",
)

TARGETS: Final[tuple[Target[Any], ...]] = (
    Target(
        name="packets",
        material=TEXT,
        examples=_EXAMPLES,
        make=any_packet,
        read=packets.decode,
        refusals=(PacketError,),
        check=_check_packet,
        harmless=(many('2["a","', "x", '"]'), many('2["a"', ',{"a":1}', "]"), many('2["a","\\n"', ',{"a":1}', "]")),
    ),
    Target(
        name="msgpack",
        material=BYTES,
        examples=_PACKED,
        make=any_msgpack_packet,
        read=msgpack_packets.decode,
        refusals=(PacketError,),
        check=_check_msgpack,
        harmless=(
            lambda size: b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa1a\xdb" + size.to_bytes(4, "big") + b"x" * size,
            lambda size: (
                b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\xdd"
                + (size // 4 + 1).to_bytes(4, "big")
                + b"\xa1a"
                + b"\x81\xa1a\x01" * (size // 4)
            ),
        ),
    ),
    Target(
        name="assemblies",
        scale=0.2,
        material=BYTES,
        examples=_SEQUENCES,
        make=lambda chance: any_sequence(chance, _message),
        read=_assemble,
        check=_check_assembled,
        harmless=(
            fill(b'\x002["a","', b"x", b'"]'),
            fill(b'\x0051-["a","\\n",{"_placeholder":true,"num":0}', b',{"a":1}', b"]\xff\x01abc"),
            fill(b"", b'\x002["a",{"a":1}]\xff'),
        ),
    ),
    Target(
        name="routes",
        scale=0.2,
        material=BYTES,
        examples=_SEQUENCES + tuple(b"\x01" + packed for packed in _PACKED),
        make=lambda chance: any_sequence(chance, _message),
        read=_route,
        harmless=(
            fill(b'\x002["a","', b"x", b'"]'),
            fill(b"", b'\x002["a",{"a":1}]\xff'),
            lambda size: (
                b"\x01\x83\xa4type\x02\xa3nsp\xa1/\xa4data\xdd"
                + (size // 4 + 1).to_bytes(4, "big")
                + b"\xa1a"
                + b"\x81\xa1a\x01" * (size // 4)
            ),
        ),
    ),
    Target(
        name="commands",
        material=TEXT,
        examples=(
            '{"do":"emit","with":{"event":"a","data":{"_placeholder":0},"room":"r"}}',
            '{"do":"call","with":{"event":"a","data":{"_placeholder":["x",1]},"to":"s","timeout":5}}',
            '{"do":"emit","with":{"event":"a","data":{"_placeholder":{"dict":{"_placeholder":1}}}}}',
            '{"do":"emit","with":{"event":"a","data":[{"_placeholder":{"extension":[5,1]}}]}}',
            '{"do":"rooms","with":{"sid":"s","namespace":"/"}}',
        ),
        make=any_command,
        read=lambda text: read_command(text, _ATTACHMENTS),
        refusals=(CommandError,),
        check=_check_command,
        harmless=(
            many('{"do":"emit","with":{"event":"', "x", '"}}'),
            many('{"do":"emit","with":{"event":"a","data":["\\n"', ',{"a":1}', "]}}"),
        ),
    ),
)
