from collections import Counter

import pytest
from server_fakes import FakeRuntime, socket_sid

from socketio_do.errors import PacketError
from socketio_do.protocol.assembly import Assemblies
from socketio_do.protocol.packets import ClientPacket, PacketType, weigh

HEADER = '51-["x",{"_placeholder":true,"num":0}]'


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime(lambda: socket_sid(1))


@pytest.fixture
def counted() -> Counter[str]:
    return Counter()


@pytest.fixture
def assemblies(runtime: FakeRuntime, counted: Counter[str]) -> Assemblies:
    def count(engine_sid: str, size: int) -> None:
        counted[engine_sid] += size

    return Assemblies(lambda engine_sid: runtime.hold(engine_sid, lambda: None), count)


def test_a_packet_without_attachments_is_complete_at_once(assemblies: Assemblies, runtime: FakeRuntime) -> None:
    assert assemblies.add("e1", '2["x"]') == ClientPacket(type=PacketType.EVENT, data=["x"])
    assert runtime.held == {}


def test_a_packet_is_complete_with_its_last_attachment(assemblies: Assemblies) -> None:
    header = '52-/chat,7["x",{"a":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}]'
    assert assemblies.add("e1", header) is None
    assert assemblies.add("e1", b"zero") is None
    assert assemblies.add("e1", b"one") == ClientPacket(
        type=PacketType.BINARY_EVENT, namespace="/chat", id=7, data=["x", {"a": b"one"}, b"zero"]
    )


def test_an_acknowledgement_may_have_attachments(assemblies: Assemblies) -> None:
    assemblies.add("e1", '61-3[{"_placeholder":true,"num":0}]')
    assert assemblies.add("e1", b"x") == ClientPacket(type=PacketType.BINARY_ACK, id=3, data=[b"x"])


def test_an_attachment_may_be_empty(assemblies: Assemblies) -> None:
    assemblies.add("e1", HEADER)
    packet = assemblies.add("e1", b"")
    assert packet is not None
    assert packet.data == ["x", b""]


def test_sessions_do_not_mix(assemblies: Assemblies) -> None:
    assemblies.add("e1", HEADER)
    assemblies.add("e2", HEADER)
    second, first = assemblies.add("e2", b"of e2"), assemblies.add("e1", b"of e1")
    assert first is not None
    assert second is not None
    assert [first.data[1], second.data[1]] == [b"of e1", b"of e2"]


def test_a_half_received_packet_is_held_until_it_is_complete(assemblies: Assemblies, runtime: FakeRuntime) -> None:
    assemblies.add("e1", HEADER.replace("51-", "52-"))
    assert runtime.held["e1"] == 1
    assemblies.add("e1", b"0")
    assert runtime.held["e1"] == 1
    assemblies.add("e1", b"1")
    assert runtime.held["e1"] == 0


def test_what_is_dropped_is_let_go_once(assemblies: Assemblies, runtime: FakeRuntime) -> None:
    assemblies.add("e1", HEADER)
    assemblies.add("e2", HEADER)
    assert [assemblies.drop("e1"), assemblies.drop("e1"), assemblies.drop("nobody")] == [True, False, False]
    assert dict(runtime.held) == {"e1": 0, "e2": 1}
    with pytest.raises(PacketError, match="without its packet"):
        assemblies.add("e1", b"late")


def test_a_complete_packet_leaves_nothing_to_drop(assemblies: Assemblies) -> None:
    assemblies.add("e1", HEADER)
    assemblies.add("e1", b"0")
    assert not assemblies.drop("e1")


def test_a_packet_with_a_wrong_placeholder_is_let_go_too(assemblies: Assemblies, runtime: FakeRuntime) -> None:
    assemblies.add("e1", HEADER.replace("0}", "1}"))
    with pytest.raises(PacketError):
        assemblies.add("e1", b"0")
    assert runtime.held["e1"] == 0


def test_a_lone_attachment_is_refused(assemblies: Assemblies) -> None:
    with pytest.raises(PacketError, match="without its packet"):
        assemblies.add("e1", b"lone")


def test_a_second_attachment_where_one_was_announced_is_refused(assemblies: Assemblies) -> None:
    assemblies.add("e1", HEADER)
    assemblies.add("e1", b"0")
    with pytest.raises(PacketError, match="without its packet"):
        assemblies.add("e1", b"1")


@pytest.mark.parametrize("text", ['2["x"]', HEADER, "", "0"])
def test_a_text_in_between_is_refused(assemblies: Assemblies, text: str) -> None:
    assemblies.add("e1", HEADER)
    with pytest.raises(PacketError, match="text in place"):
        assemblies.add("e1", text)


def test_what_is_half_received_is_counted_until_it_is_complete_or_dropped(
    assemblies: Assemblies, counted: Counter[str]
) -> None:
    header = '52-["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
    assemblies.add("e1", '2["not counted here"]')
    assert counted["e1"] == 0
    assemblies.add("e1", header)
    assemblies.add("e1", b"x" * 1_000)
    weight = weigh(header)
    assert counted["e1"] == weight + 1_000
    packet = assemblies.add("e1", b"y" * 500)
    assert packet is not None
    assert packet.weight == weight + 1_500
    assert counted["e1"] == 0
    assemblies.add("e1", header)
    assemblies.drop("e1")
    assert counted["e1"] == 0
