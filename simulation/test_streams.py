"""The stream between an engine actor and a socket actor: when it is there, who sleeps, and what becomes of calls when it breaks."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from engine_do import EngineConfig
from shared_wire.link.stream_bounds import MOST_CALLS, QUIET_MS, REFUSED_MS
from shared_wire.link.stream_messages import write_call
from shared_wire.names import STREAM_FORMAT, STREAM_HEADER, STREAM_SENDER, STREAM_URL
from shared_wire.testing import Actor
from shared_wire.testing.faults import LOST, Fate, Faults
from shared_wire.testing.sockets import ServerSocket
from shared_wire.testing.values import JsException
from socketio_do.testing import Client, World

QUIET_S = QUIET_MS / 1000


def configure(sio: Any) -> None:
    @sio.event
    async def echo(sid: str, data: Any) -> Any:
        return data

    @sio.event
    async def wait(sid: str, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "waited"

    @sio.event
    async def later(sid: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await sio.emit("late")


@pytest.fixture
def world() -> Iterator[World]:
    with World.of(configure, is_split=True) as made:
        yield made


def engine(world: World) -> Actor:
    return world.actor("ENGINE", "e0")


def socket(world: World) -> Actor:
    return world.actor("SOCKET", "main")


def streams(world: World) -> list[ServerSocket]:
    """List the streams that are open."""
    return [one for one in socket(world).sockets if one.readyState == one.OPEN]


def open_stream(world: World, client: Client) -> None:
    for number in range(MOST_CALLS + 1):
        assert client.call("echo", number) == number
    assert len(streams(world)) == 1


def spent(world: World) -> dict[str, int]:
    """Count what both actors have spent in their lives."""
    names = ("rpcs", "rpcs_taken", "stream_messages", "streams_opened", "streams_refused", "resends")
    counters = [world.counters("ENGINE", "e0"), world.counters("SOCKET", "main")]
    return {name: sum(one.get(name, 0) for one in counters) for name in names}


def difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: after[name] - before[name] for name in before if after[name] != before[name]}


def _refuse(*_: Any) -> None:
    raise JsException("Can't call WebSocket send() after close().")


# Opening and closing


def test_a_few_events_are_rpcs(world: World) -> None:
    client = world.client()
    for _ in range(50):
        client.call("echo", "x")
        world.advance(1)
    assert spent(world)["streams_opened"] == 0
    assert socket(world).sockets == {}


def test_events_over_an_open_stream_are_two_messages_each_and_no_rpc(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    before = spent(world)
    for _ in range(10):
        client.call("echo", "x")
    assert difference(before, spent(world)) == {"stream_messages": 20}


def test_what_the_application_says_later_goes_over_it_too(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    client.emit("later", 0.5)
    before = spent(world)
    world.advance(0.6)
    assert client.received("late") == [None]
    assert difference(before, spent(world)) == {"stream_messages": 2}


def test_what_the_application_says_so_often_opens_one(world: World) -> None:
    clients = []
    for _ in range(MOST_CALLS + 1):
        clients.append(world.client())
        world.advance(0.1)
        clients[-1].emit("later", 10 + len(clients) / 50 - world.loop.time())
        world.advance(0.1)
    assert spent(world)["streams_opened"] == 0
    world.advance(11 - world.loop.time())
    assert len(clients[0].received("late")) == len(clients)
    assert spent(world)["streams_opened"] == 1


def test_it_is_closed_when_it_is_quiet(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    world.advance(QUIET_S - 0.1)
    assert len(streams(world)) == 1
    world.advance(0.2)
    assert socket(world).sockets == {}
    before = spent(world)
    client.call("echo", "x")
    assert difference(before, spent(world)) == {"rpcs": 1, "rpcs_taken": 1}
    open_stream(world, client)
    assert spent(world)["streams_opened"] == 2


def test_a_stream_that_pays_stays_open(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    for _ in range(200):
        world.advance(0.05)
        client.call("echo", "x")
    assert spent(world)["streams_opened"] == 1
    assert len(streams(world)) == 1


def test_it_can_be_turned_off() -> None:
    with World.of(configure, is_split=True, config=EngineConfig(path="/socket.io/", stream=False)) as world:
        client = world.client()
        for _ in range(100):
            client.call("echo", "x")
        assert socket(world).sockets == {}
        assert spent(world)["stream_messages"] == 0


def test_in_one_object_there_is_none() -> None:
    with World.of(configure) as world:
        client = world.client()
        for _ in range(100):
            client.call("echo", "x")
        assert world.counters("CHAT", "e0").keys().isdisjoint({"rpcs", "stream_messages", "streams_opened"})
        client.disconnect()


# Sleep


def test_an_idle_minute_costs_nothing(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    world.advance(120)  # in which a sweep finds the session, once
    before = world.cost.rpcs, world.cost.frames
    world.advance(60)
    assert (world.cost.rpcs, world.cost.frames) == before
    assert client.disconnected is None


def test_both_objects_sleep_after_it(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    world.sleep()
    assert client.call("echo", "still here") == "still here"


def test_the_socket_actor_sleeps_with_it_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared_wire.link.stream_bounds.OPENING", 1_000_000)
    client = world.client()
    open_stream(world, client)
    world.advance(11)
    assert socket(world).life is None
    assert engine(world).life is not None
    before = world.counters("ENGINE", "e0")
    client.emit("later", 1)
    world.advance(2)
    assert client.received("late") == [None]
    after = world.counters("ENGINE", "e0")
    assert after.get("rpcs", 0) == before.get("rpcs", 0)
    woken = world.counters("SOCKET", "main")
    assert (woken.get("rpcs", 0), woken["stream_messages"]) == (0, 2), "it has found the stream, and called over it"


# What breaks


def test_a_stream_that_breaks_costs_nobody_anything(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    streams(world)[0].sever()
    world.settle()
    assert socket(world).sockets == {}
    assert client.call("echo", "x") == "x"
    assert client.disconnected is None


def test_a_call_that_is_lost_with_its_stream_is_made_again(world: World) -> None:
    client, other = world.client(), world.client()
    open_stream(world, client)
    client.emit("later", 0.1)
    world.loop.turn()
    streams(world)[0].sever()
    world.advance(0.3)
    assert client.received("late") == other.received("late") == [None]
    assert client.disconnected is other.disconnected is None


def test_a_call_whose_frame_nobody_handled_is_given_up_in_time(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    stream = streams(world)[0]
    swallowed: list[str | bytes] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket(world), "receive", lambda _, frame: swallowed.append(frame))
        client.emit("later", 0)
        world.advance(0.5)
    assert len(swallowed) == 1
    world.advance(1)
    assert client.received("late") == [None]
    assert stream.readyState != stream.OPEN
    open_again = spent(world)["streams_opened"]
    for _ in range(50):
        client.call("echo", "x")
    assert spent(world)["streams_opened"] == open_again, "a peer that does not answer is not asked again at once"
    world.advance(REFUSED_MS / 1000)
    open_stream(world, client)


def test_a_stream_on_which_the_engine_actor_does_not_answer_is_used_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_wire.link.stream_bounds.OPENING", 1_000_000)
    client, other = world.client(), world.client()
    open_stream(world, client)
    client.emit("later", 1)
    other.emit("later", 5)
    streams(world)[0].client.vanish()
    world.advance(3)
    assert client.received("late") == [None]
    before = spent(world)
    world.advance(3)
    assert client.received("late") == [None, None]
    assert difference(before, spent(world)) == {"rpcs": 1, "rpcs_taken": 1}


def test_what_certainly_was_not_sent_goes_by_rpc_at_once_and_is_no_attempt(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    before = spent(world)
    streams(world)[0].client.closed = (1006, "")  # of which nobody was told so far
    client.emit("echo", "x")
    client.emit("echo", "y")
    assert difference(before, spent(world)) == {"rpcs": 2, "rpcs_taken": 2}


def test_what_the_application_could_not_send_goes_by_rpc_at_once_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared_wire.link.stream_bounds.OPENING", 1_000_000)
    client = world.client()
    open_stream(world, client)
    client.emit("later", 1)
    before = spent(world)
    streams(world)[0].readyState = ServerSocket.OPEN + 1
    world.advance(1)
    assert client.received("late") == [None]
    assert difference(before, spent(world)) == {"rpcs": 1, "rpcs_taken": 1}


def test_a_reply_that_could_not_be_sent_is_asked_for_again_by_rpc(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    before = spent(world)
    world.actor("SOCKET", "main").wake().instance._placement.streams.find("e0")._send = _refuse
    client.emit("later", 0)
    world.advance(0.1)
    assert client.received("late") == [None]
    assert "resends" not in difference(before, spent(world)), "the call still waits for its reply"
    world.advance(1)
    assert difference(before, spent(world))["resends"] == 1
    assert client.received("late") == [None]
    assert client.disconnected is None


def test_a_close_that_is_never_answered_holds_up_nothing(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    old = streams(world)[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket(world), "receive_close", lambda *_: None)
        world.advance(QUIET_S + 0.1)
    assert old.readyState == old.OPEN + 1
    before = spent(world)
    client.emit("later", 0)
    world.advance(0.1)
    assert client.received("late") == [None]
    assert difference(before, spent(world)) == {"rpcs": 2, "rpcs_taken": 2}, "of which one is the application's"
    open_stream(world, client)
    before = spent(world)
    client.emit("later", 0)
    world.advance(0.1)
    assert difference(before, spent(world)) == {"stream_messages": 4}


def test_a_reset_of_the_socket_actor_is_known_at_once(world: World) -> None:
    waiting, quiet = world.client(), world.client()
    open_stream(world, quiet)
    waiting.emit("wait", 1_000)
    world.reset("Socket")
    world.advance(0.1)
    assert (waiting.disconnected, quiet.disconnected) == ("transport close", None)


def test_a_reset_over_which_nothing_is_lost_wakes_nobody(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    lives = socket(world).lives
    world.reset("Socket")
    world.advance(0.1)
    assert socket(world).lives == lives
    assert client.call("echo", "x") == "x"


def test_a_reset_of_the_engine_actor_ends_it(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    world.reset("Engine")
    assert client.disconnected == "transport close"
    assert socket(world).sockets == {}
    open_stream(world, world.client())


def test_an_eviction_of_the_engine_actor_ends_it_and_no_session(world: World) -> None:
    client = world.client()
    open_stream(world, client)
    engine(world).evict()
    world.settle()
    assert socket(world).sockets == {}
    open_stream(world, client)


# A peer that knows no streams


class Older(Faults):
    """A socket actor of an older release: it has no `fetch`."""

    asked = 0

    def call(self, target: Actor, method: str) -> Fate:
        """Return what becomes of a call."""
        if target.binding == "SOCKET" and method == "fetch":
            self.asked += 1
            return LOST
        return super().call(target, method)


def test_a_peer_that_knows_no_streams_is_called_by_rpc_and_asked_once_a_minute(world: World) -> None:
    faults = world.faults = Older()
    client = world.client()
    for _ in range(100):
        client.call("echo", "x")
    assert faults.asked == spent(world)["streams_refused"] == 1
    assert spent(world)["rpcs"] > 100
    world.advance(REFUSED_MS / 1000)
    for _ in range(100):
        client.call("echo", "x")
    assert faults.asked == 2


def test_a_websocket_that_is_no_stream_is_closed_and_its_class_called_by_rpc(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A subclass has a `fetch` of its own, which accepts whatever asks for a WebSocket."""
    import js

    said: list[Any] = []

    async def fetch(self: Any, _request: Any) -> Any:
        client, server = js.WebSocketPair.new().object_values()
        self.ctx.acceptWebSocket(server)
        return js.Response.new(None, status=101, webSocket=client)

    def answer_close(_self: Any, ws: Any, code: int, *_: Any) -> None:
        said.append(code)
        ws.close(code, "")

    monkeypatch.setattr(world._entry.Socket, "fetch", fetch)
    monkeypatch.setattr(world._entry.Socket, "webSocketMessage", lambda *_: said.append("a message"))
    monkeypatch.setattr(world._entry.Socket, "webSocketClose", answer_close)
    client = world.client()
    for number in range(100):
        assert client.call("echo", number) == number
    assert said == [1000]
    assert (spent(world)["streams_opened"], spent(world)["streams_refused"]) == (0, 1)
    assert socket(world).sockets == {}
    world.sleep()


def test_what_asks_for_no_stream_is_answered_with_404(world: World) -> None:
    world.client()
    for headers in ({}, {"upgrade": "websocket"}, {"upgrade": "websocket", "x-shared-wire-stream": "2"}):
        stub = world.env.SOCKET.getByName("main")
        assert world.run(stub.fetch("http://socket-actor/stream", headers=headers)).status == 404


def test_a_stream_whose_opener_never_had_it_is_closed_by_the_next_one(world: World) -> None:
    world.client()
    asking = {"upgrade": "websocket", STREAM_HEADER: STREAM_FORMAT, STREAM_SENDER: "e0"}
    opened = [world.run(world.env.SOCKET.getByName("main").fetch(STREAM_URL, headers=asking)) for _ in range(2)]
    assert [one.status for one in opened] == [101, 101]
    assert len(streams(world)) == 1
    world.sleep()
    client = world.client()
    open_stream(world, client)


# Messages of another release


def _of_another_release(number: int, frame: bytes) -> bytes:
    return b"\x03" + write_call(number, frame)[1:]


def test_a_life_that_cannot_read_a_stream_has_the_call_made_by_rpc(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.client()
    open_stream(world, client)
    socket(world).evict()
    before = spent(world)["streams_refused"]
    monkeypatch.setattr("shared_wire.durable.streams.write_call", _of_another_release)
    assert client.call("echo", "x") == "x"
    assert streams(world) == []
    assert client.call("echo", "y") == "y"
    assert (spent(world)["resends"], spent(world)["streams_refused"]) == (0, before)


def test_an_engine_that_cannot_read_a_stream_is_called_by_rpc(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = world.client()
    open_stream(world, client)
    client.emit("later", 0.5)
    world.settle()
    monkeypatch.setattr("shared_wire.durable.streams.write_call", _of_another_release)
    world.advance(0.6)
    assert client.received("late") == [None]
    assert streams(world) == []
    assert spent(world)["resends"] == 0


def test_a_stream_that_could_not_be_read_is_not_opened_again_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.client()
    open_stream(world, client)
    with monkeypatch.context() as patch:
        patch.setattr("shared_wire.durable.streams.write_call", _of_another_release)
        client.call("echo", "x")
    for number in range(2 * MOST_CALLS):
        client.call("echo", number)
    assert spent(world)["streams_opened"] == 1
    world.advance(REFUSED_MS / 1000)
    open_stream(world, client)
