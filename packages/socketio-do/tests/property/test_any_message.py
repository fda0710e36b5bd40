"""Whatever a client sends: nothing is raised, other clients do not notice, and at most its own session is closed."""

import json
from collections import Counter
from typing import Any, ClassVar

from hypothesis import example, given, settings
from hypothesis import strategies as st
from server_fakes import ENGINE, World, socket_sid
from socketio import exceptions

from shared_wire import CloseSessions, EngineSid, Packet
from socketio_do.errors import PacketError
from socketio_do.protocol.packets import ClientPacket, decode, reconstruct

numbers = st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
placeholders = st.fixed_dictionaries({"_placeholder": st.just(True), "num": st.integers(-3, 12) | json_values})
values = json_values | placeholders

namespaces = st.sampled_from(["", "", "", "/chat,", "/other,"])
ack_ids = st.sampled_from(["", "0", "7", "1000", "1001"])
#: What the scene's connect handler refuses.
REFUSED = '{"refuse":1}'
names = st.sampled_from(["say", "say", "wait", "*", "", "unknown", "connect"])


@st.composite
def events(draw: st.DrawFn) -> str:
    data = [draw(names), *draw(st.lists(values, max_size=3))]
    return "2" + draw(namespaces) + draw(ack_ids) + json.dumps(data)


@st.composite
def acks(draw: st.DrawFn) -> str:
    return "3" + draw(namespaces) + draw(ack_ids) + json.dumps(draw(st.lists(values, max_size=2)))


@st.composite
def binary_headers(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(["5", "6"]))
    data: list[Any] = [draw(names)] if kind == "5" else []
    data += draw(
        st.lists(st.fixed_dictionaries({"_placeholder": st.just(True), "num": st.integers(-1, 2)}) | values, max_size=2)
    )
    return f"{kind}{draw(st.integers(0, 3))}-{draw(namespaces)}{draw(ack_ids)}{json.dumps(data)}"


@st.composite
def connects(draw: st.DrawFn) -> str:
    told = st.sampled_from(["", "{}", '{"a":1}', REFUSED, '{"wait":1}', '{"wait":1,"refuse":1}'])
    auth = draw(told | json_values.map(json.dumps))
    return draw(st.sampled_from(["0", "0", "1"])) + draw(namespaces) + auth


@st.composite
def nearly_packets(draw: st.DrawFn) -> str:
    """Put the parts of a packet together, right and wrong."""
    part = st.sampled_from(["", "", "-", ",", "/", "?", "[", "{}", "[]", '["say"]', '["*"]', "null", "9" * 20, "1-"])
    kind = st.sampled_from(["0", "1", "2", "3", "4", "5", "6", "7", ""])
    spaces = st.sampled_from(["", "/chat,", "/", "/x?y,", "/" + "n" * 300])
    pieces = [draw(each) for each in (kind, part, spaces, part, ack_ids, part | st.text(max_size=6))]
    return "".join(pieces)


messages: st.SearchStrategy[Packet] = st.one_of(
    events(), acks(), binary_headers(), connects(), nearly_packets(), st.text(max_size=40), st.binary(max_size=8)
)
#: What no rule refuses, so that a run gets far.
harmless: st.SearchStrategy[Packet] = st.one_of(
    events().filter(lambda text: "connect" not in text and "/" not in text.partition("[")[0]), st.just("31000[]")
)


@given(messages)
def test_decode_reads_or_refuses(message: Packet) -> None:
    if isinstance(message, bytes):
        return
    try:
        packet = decode(message)
    except PacketError:
        return
    assert isinstance(packet, ClientPacket)
    assert not packet.is_event or isinstance(packet.data[0], str | int | float)
    assert not packet.is_ack or (packet.id is not None and isinstance(packet.data, list))
    assert packet.namespace.startswith("/")


@given(st.lists(values, max_size=4), st.lists(st.binary(max_size=3), max_size=4))
def test_reconstruct_fills_every_placeholder_or_refuses(data: list[Any], attachments: list[bytes]) -> None:
    try:
        whole = reconstruct(data, attachments)
    except PacketError:
        assert count_holes(data) > 0
        return
    assert count_holes(whole) == 0
    assert (whole == data) == (count_holes(data) == 0)


def count_holes(data: Any) -> int:
    """Count the placeholders in data."""
    if isinstance(data, dict):
        return int(data.get("_placeholder") is True) + sum(map(count_holes, data.values()))
    return sum(map(count_holes, data)) if isinstance(data, list) else 0


class Bystander:
    """A server with one client that behaves, and one that sends anything."""

    kind: ClassVar[Any] = World

    def __init__(self, *, connected: bool) -> None:
        self.handled: Counter[str] = Counter()
        self.world = self.kind(self._register)
        self.world.connect("good")
        self.world.open("bad")
        if connected:
            self.world.receive("bad", '0{"a":1}')
        self.world.forget()

    def _register(self, sio: Any) -> None:
        async def wait(sid: str, *args: Any) -> Any:
            self.handled["wait"] += 1
            try:
                return await sio.call("question", to=sid, timeout=1)
            except exceptions.TimeoutError:
                return "nobody answered"

        def say(sid: str, *args: Any) -> Any:
            self.handled["say"] += 1
            return args

        async def connect(sid: str, environ: Any, auth: dict[str, Any] | None) -> bool:
            self.handled["connect"] += 1
            if auth and "wait" in auth:
                await sio.sleep(1)
            return not auth or "refuse" not in auth

        for namespace in ("/", "/chat"):
            sio.on("say", say, namespace=namespace)
            sio.on("connect", connect, namespace=namespace)
        sio.on("wait", wait)

    def check(self) -> None:
        world = self.world
        assert world.take("good") == []
        assert {actor for actor, _ in world.sent} <= {ENGINE}
        assert {operation for _, operation in world.closes()} <= {CloseSessions((EngineSid("bad"),), "transport error")}
        assert world.sio.manager.is_connected(socket_sid(1), "/")

    def end(self) -> None:
        """Close the session, let every wait run out, and see that nothing of it is left."""
        world = self.world
        world.close("bad", "transport error")
        while world.runtime.tasks:
            world.runtime.advance(1)
        assert [row[0] for row in world.database.rows("sio_sessions")] == ["good"]
        assert [row[0] for row in world.database.rows("sio_sockets")] == [socket_sid(1)]
        assert +world.runtime.held == {}


def test_the_scene_refuses_and_lets_wait_whom_it_is_told_to() -> None:
    """A scene that accepts everybody at once would prove less than it says."""
    scene = Bystander(connected=False)
    scene.world.receive("bad", f"0{REFUSED}", f"0/chat,{REFUSED}")
    assert [str(packet)[0] for packet in scene.world.take("bad")] == ["4", "4"]
    scene.world.receive("bad", '0{"wait":1}')
    assert scene.world.take("bad") == []
    scene.check()
    scene.end()


@settings(deadline=None)
@given(st.lists(messages, max_size=8), st.booleans())
@example(['0{"wait":1,"refuse":1}'], False)
def test_no_messages_raise_or_reach_another_client(sent: list[Packet], connected: bool) -> None:
    scene = Bystander(connected=connected)
    scene.world.receive("bad", *sent)
    scene.check()
    scene.end()


@settings(deadline=None)
@given(st.lists(harmless, max_size=8), messages)
def test_one_wrong_message_after_many_right_ones(sent: list[Packet], last: Packet) -> None:
    scene = Bystander(connected=True)
    for message in sent:
        scene.world.receive("bad", message)
    assert scene.world.closes() == []
    scene.world.receive("bad", last)
    assert len(scene.world.closes()) <= 1
    scene.check()
    scene.end()


@settings(deadline=None)
@given(st.lists(messages, max_size=8), st.integers(0, 8))
def test_a_reset_among_any_messages_raises_nothing(sent: list[Packet], place: int) -> None:
    scene = Bystander(connected=True)
    scene.world.receive("bad", *sent[:place])
    scene.world.reset()
    scene.world.receive("bad", *sent[place:])
    scene.check()
    scene.end()
