from typing import Any

import pytest
from server_fakes import Cancelled, FakeDatabase, FakeEvent, FakeRuntime, World, finish, socket_sid

from shared_wire import CloseSessions, EngineSid, SendPackets
from socketio_do.errors import ConfigError
from socketio_do.state.membership import Membership
from socketio_do.state.tables import Storage
from socketio_do.upstream.engine import EngineProxy

E1, E2, E3 = EngineSid("e1"), EngineSid("e2"), EngineSid("e3")


class Setup:
    """A proxy with three sessions on two actors."""

    def __init__(self) -> None:
        storage = Storage(FakeDatabase())
        storage.create_tables()
        self.runtime = FakeRuntime(lambda: socket_sid(7))
        self.membership = Membership(storage)
        for engine_sid, actor in ((E1, "east"), (E2, "west"), (E3, "east")):
            self.membership.open_session(engine_sid, actor, {})
        self.engine = EngineProxy(self.runtime, self.membership, async_handlers=False, logger=None)


@pytest.fixture
def setup() -> Setup:
    return Setup()


def test_a_broadcast_is_one_operation_for_each_actor(setup: Setup) -> None:
    setup.engine.broadcast([E1, E2, E3], ("2x", b"0"))
    assert setup.runtime.sent == [
        ("east", SendPackets((E1, E3), ("2x", b"0"))),
        ("west", SendPackets((E2,), ("2x", b"0"))),
    ]


def test_a_broadcast_to_nobody_sends_nothing(setup: Setup) -> None:
    setup.engine.broadcast([], ("2x",))
    setup.engine.broadcast(["unknown"], ("2x",))
    assert setup.runtime.sent == []


def test_an_unknown_session_does_not_keep_the_others_from_theirs(setup: Setup) -> None:
    setup.engine.broadcast(["unknown", E1], ("2x",))
    assert setup.runtime.sent == [("east", SendPackets((E1,), ("2x",)))]


def test_one_packet_to_one_session(setup: Setup) -> None:
    finish(setup.engine.send(E2, b"x"))
    assert setup.runtime.sent == [("west", SendPackets((E2,), (b"x",)))]


def test_disconnect_closes_the_transport(setup: Setup) -> None:
    finish(setup.engine.disconnect(E3))
    finish(setup.engine.disconnect("unknown"))
    finish(setup.engine.disconnect())
    assert setup.runtime.sent == [("east", CloseSessions((E3,), "server disconnect"))]


def test_background_tasks_begin_when_the_running_step_has_ended(setup: Setup) -> None:
    trace: list[str] = []

    async def work(name: str, *, times: int) -> str:
        trace.append(name * times)
        await setup.engine.sleep(3)
        return "done"

    task = setup.engine.start_background_task(work, "x", times=2)
    assert trace == []
    setup.runtime.settle()
    assert trace == ["xx"]
    setup.runtime.advance(3)
    assert task.result == "done"


def test_what_comes_from_the_runtime(setup: Setup) -> None:
    assert setup.engine.generate_id() == socket_sid(7)
    assert isinstance(setup.engine.create_event(), FakeEvent)
    assert setup.engine.transport(E1) == "websocket"
    with pytest.raises(KeyError):
        setup.engine.transport("nobody")
    assert setup.engine.async_mode == "durable"


def test_sleep_without_a_time_lets_others_go_on(setup: Setup) -> None:
    task = setup.runtime.start(setup.engine.sleep())
    assert not task.done
    setup.runtime.settle()
    assert task.done


def test_a_background_task_that_is_cancelled_before_it_begins_never_does(setup: Setup) -> None:
    async def work() -> None:
        raise AssertionError

    task = setup.engine.start_background_task(work)
    with pytest.raises(Cancelled):
        task.cancel()
    assert task.done


def test_upstreams_handlers_and_shutdown_change_nothing(setup: Setup) -> None:
    def never(*args: Any) -> None:
        raise AssertionError

    setup.engine.on("connect", never)
    finish(setup.engine.shutdown())
    setup.membership.open_session("e4", "east", {})
    assert setup.runtime.sent == []


def test_what_belongs_to_a_web_server_is_refused_with_what_to_do_instead(setup: Setup) -> None:
    with pytest.raises(ConfigError, match=r"engine_do\.durable\.route"):
        setup.engine.attach("app", "socket.io")
    with pytest.raises(ConfigError, match=r"engine_do\.durable\.route"):
        finish(setup.engine.handle_request("request"))


def test_handshakes_are_read_by_session_as_upstreams_are() -> None:
    world = World()
    world.open("e1", A="1")
    world.open("e2")
    world.reset()
    environ = world.sio.environ
    assert dict(environ) == {"e1": {"A": "1"}, "e2": {}}
    assert len(environ) == 2
    assert "e3" not in environ
    environ["e1"]["lost"] = "1"
    world.close("e2")
    assert dict(environ) == {"e1": {"A": "1"}}
