"""An application in the same object as the engine, on the model of the runtime: any class that `placement` describes."""

import logging
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from engine_do import EngineConfig
from engine_do.session.session import Ended
from shared_wire import (
    AdmitSessions,
    CloseSessions,
    EngineSid,
    MessageReceived,
    Operation,
    SendPackets,
    SessionClosed,
    SessionOpened,
    SessionsRange,
)
from shared_wire.reasons import Reason
from shared_wire.testing import World
from shared_wire.testing.modules import install
from shared_wire.testing.sockets import ClientSocket

OPEN = "/engine.io/?EIO=4&transport=websocket"
INTERVAL_S = 25
#: What applications of all lives were told.
TOLD: list[Operation] = []


class Application:
    """Writes down what it is told, and does what a client's message says."""

    must_compare = False
    is_at_rest = True

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.told: list[Any] = []
        self.alarms = 0

    def receive_message(self, engine_sid: EngineSid, data: str | bytes) -> None:
        self.deliver((MessageReceived(engine_sid, data),))

    def deliver(self, operations: tuple[Operation, ...]) -> None:
        for one in operations:
            self.told.append(one)
            TOLD.append(one)
            if isinstance(one, MessageReceived):
                self.do(one.engine_sid, str(one.packet))

    def do(self, engine_sid: EngineSid, deed: str) -> None:
        match deed.split():
            case ["close"]:
                self.engine.send(CloseSessions((engine_sid,), "server disconnect"))
                self.engine.send(SendPackets((engine_sid,), ("last",)))
                self.told.append("closing")
            case ["arm", seconds]:
                self.engine.arm(1_800_000_000_000 + int(seconds) * 1_000)
            case ["admit"]:
                self.engine.send(AdmitSessions((engine_sid,)))
            case _:
                self.engine.send_packets((engine_sid,), (deed.upper(),))

    def receive_alarm(self) -> None:
        self.alarms += 1


def compose(**options: Any) -> World:
    install()
    from engine_do.durable import EngineActor, route
    from shared_wire.testing.modules import WorkerEntrypoint

    made = EngineConfig(**options)

    class Chat(EngineActor):
        config = made

        def _begin_application(self, engine: Any) -> Application:
            self.application = Application(engine)
            return self.application

    class Default(WorkerEntrypoint):
        async def fetch(self, request: Any) -> Any:
            return await route(request, self.env.CHAT, made)

    module = ModuleType("composition")
    vars(module).update(Chat=Chat, Default=Default)
    return World(module, {"CHAT": "Chat"})


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """In an isolate of its own, which has compared no configurations."""
    monkeypatch.setattr("engine_do.durable.entrypoint._compared", {})
    with compose() as made:
        yield made


def application(world: World) -> Any:
    return world.actor("CHAT", "e0").wake().instance.application


def speak(world: World, client: ClientSocket, *messages: str) -> list[Any]:
    for one in messages:
        client.send(f"4{one}")
    world.settle()
    return client.take()[-len(messages) :]


def test_the_end_of_a_session_that_several_peers_knew_is_told_once(world: World) -> None:
    world.connect(OPEN)
    actor = world.actor("CHAT", "e0").wake().instance
    actor._application.take(EngineSid("s"), (Ended(Reason.TRANSPORT_CLOSE, ("a", "b")),))
    assert application(world).told == [SessionClosed(EngineSid("s"), "transport close")]


def test_messages_go_up_and_down_as_values(world: World) -> None:
    client = world.connect(OPEN)
    assert speak(world, client, "hi", "ho") == ["4HI", "4HO"]
    opened, *heard = application(world).told
    assert isinstance(opened, SessionOpened)
    assert heard == [MessageReceived(opened.engine_sid, "hi"), MessageReceived(opened.engine_sid, "ho")]
    assert world.cost.rpcs == 1  # the comparison of configurations


def test_who_is_closed_is_closed_at_the_end_of_the_step(world: World) -> None:
    client = world.connect(OPEN)
    assert speak(world, client, "close") == ["4last"]
    assert client.closed is not None
    what = [one if isinstance(one, str) else type(one).__name__ for one in application(world).told]
    assert what == ["SessionOpened", "MessageReceived", "closing", "SessionClosed"]


def test_a_session_whose_socket_takes_nothing_ends_after_the_step_that_sends(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = world.connect(OPEN)
    speak(world, client, "hi")
    actor = world.actor("CHAT", "e0").wake().instance

    def fail(*_: Any) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(actor._sessions.sockets, "ready", fail)
    monkeypatch.setattr(actor._sessions.sockets, "send", fail)
    with caplog.at_level(logging.CRITICAL):
        speak(world, client, "hi")
    assert isinstance(application(world).told[-1], SessionClosed)


def test_who_does_not_join_in_time_is_closed_and_who_is_admitted_stays() -> None:
    with compose(connect_timeout_ms=10_000) as world:
        late, good = world.connect(OPEN), world.connect(OPEN)
        speak(world, good, "admit")
        world.advance(2 * INTERVAL_S)
        assert late.closed is not None
        assert good.closed is None


def test_the_alarm_serves_the_application_without_a_sweep_and_the_sweep_besides(world: World) -> None:
    client = world.connect(OPEN)
    speak(world, client, "admit")
    world.advance(INTERVAL_S + 1)
    assert client.take() == ["2"]
    client.send("3")
    actor = world.actor("CHAT", "e0").wake().instance
    speak(world, client, f"arm {INTERVAL_S + 5}")
    alarms = world.cost.alarms
    looked: list[int] = []
    sweep = actor._alarm._sweep

    async def count(now: int) -> Any:
        looked.append(now)
        return await sweep(now)

    actor._alarm._sweep = count
    told = application(world).alarms
    world.advance(5)
    assert (world.cost.alarms - alarms, application(world).alarms - told, looked) == (1, 1, [])
    world.advance(INTERVAL_S)
    assert client.take() == ["2"]


def test_an_alarm_of_the_application_outlives_sleep(world: World) -> None:
    client = world.connect(OPEN)
    speak(world, client, "arm 15")
    world.sleep()
    world.advance(15)
    assert application(world).alarms == 1


def test_the_first_sweep_of_a_life_says_which_sessions_there_are(world: World) -> None:
    gone, stays = world.connect(OPEN), world.connect(OPEN)
    speak(world, gone, "hi")
    speak(world, stays, "hi")
    world.reset("CHAT")
    back = world.connect(OPEN)
    speak(world, back, "hi")
    world.advance(INTERVAL_S + 1)
    assert TOLD[-1] == SessionsRange("", "", (opened_last(),))


def opened_last() -> EngineSid:
    return next(one.engine_sid for one in reversed(TOLD) if isinstance(one, SessionOpened))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"choose_peer": lambda state, message: ("", "a")},
            "choose_peer chooses between objects, and Chat has its application",
        ),
        ({"allow_eio3": True}, "allow_eio3 is for an engine alone, and Chat serves Socket.IO"),
    ],
)
def test_options_that_do_not_go_with_it_are_refused(options: dict[str, Any], message: str) -> None:
    with compose(**options) as world, pytest.raises(Exception, match=message):
        world.actor("CHAT", "e0").wake()


def test_a_binding_of_a_peer_does_not_go_with_it() -> None:
    with compose() as world:
        world._entry.Chat.peer_binding = "OTHER"
        with pytest.raises(Exception, match="Chat is engine and application in one object: leave its peer_binding out"):
            world.actor("CHAT", "e0").wake()
