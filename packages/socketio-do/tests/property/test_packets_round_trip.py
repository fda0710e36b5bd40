"""What python-socketio encodes, its clients as well as our server, is what `decode` reads."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from socketio import packet

from socketio_do.protocol.assembly import Assemblies
from socketio_do.protocol.encoding import encode_packet
from socketio_do.protocol.packets import ClientPacket, PacketType

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)
#: Values with at most a few attachments among them.
binary_values = st.recursive(
    json_values | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=3,
)
namespaces = st.just("/") | st.text(st.characters(exclude_characters=",?"), max_size=8).map("/".__add__)
ack_ids = st.none() | st.integers(0, 2**53 - 1)
event_names = st.text(max_size=8).filter(
    lambda name: (
        name not in ("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener")
    )
)


def hold(engine_sid: str) -> Any:
    return lambda: None


def encode(kind: int, data: Any, namespace: str, number: int | None) -> tuple[str | bytes, ...]:
    make: Any = packet.Packet
    return encode_packet(make(kind, data=data, namespace=namespace, id=number))


def read(messages: tuple[str | bytes, ...]) -> ClientPacket:
    """Let the messages arrive; the last one completes the packet."""
    assemblies = Assemblies(hold, lambda engine_sid, size: None)
    results = [assemblies.add("e1", message) for message in messages]
    assert results[:-1] == [None] * (len(results) - 1)
    assert results[-1] is not None
    return results[-1]


def has_bytes(data: Any) -> bool:
    if isinstance(data, dict):
        return any(map(has_bytes, data.values()))
    return any(map(has_bytes, data)) if isinstance(data, list) else isinstance(data, bytes)


@given(event_names, st.lists(binary_values, max_size=3), namespaces, ack_ids)
def test_an_event(name: str, args: list[Any], namespace: str, number: int | None) -> None:
    kind = PacketType.BINARY_EVENT if has_bytes(args) else PacketType.EVENT
    assert read(encode(packet.EVENT, [name, *args], namespace, number)) == ClientPacket(
        type=kind, namespace=namespace, id=number, data=[name, *args]
    )


@given(st.lists(binary_values, max_size=3), namespaces, st.integers(0, 2**53 - 1))
def test_an_acknowledgement(args: list[Any], namespace: str, number: int) -> None:
    kind = PacketType.BINARY_ACK if has_bytes(args) else PacketType.ACK
    assert read(encode(packet.ACK, args, namespace, number)) == ClientPacket(
        type=kind, namespace=namespace, id=number, data=args
    )


@given(st.none() | st.dictionaries(st.text(max_size=8), json_values, max_size=3), namespaces)
def test_a_connect(auth: dict[str, Any] | None, namespace: str) -> None:
    expected = ClientPacket(type=PacketType.CONNECT, namespace=namespace, data=auth)
    assert read(encode(packet.CONNECT, auth, namespace, None)) == expected


@given(namespaces)
def test_a_disconnect(namespace: str) -> None:
    expected = ClientPacket(type=PacketType.DISCONNECT, namespace=namespace)
    assert read(encode(packet.DISCONNECT, None, namespace, None)) == expected
