"""The stock server's engine does what python-engineio does, as far as it goes."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import engineio
import pytest
import socketio
from server_fakes import socket_sid
from server_stock import StockEngine, StockServer, StockWorld

S1 = socket_sid(1)

#: What parity has no use for: web frameworks, and the end of the process.
UNUSED = {"attach", "handle_request", "shutdown", "sleep"}


@pytest.fixture
def world() -> Iterator[StockWorld]:
    def register(sio: Any) -> None:
        async def wait(sid: str, text: str) -> str:
            await gates[-1].wait()
            return text

        async def fail(sid: str) -> None:
            raise LookupError

        async def share(sid: str) -> None:
            await sio.emit("shared", b"0")

        gates.append(sio.eio.create_event())
        for handler in (wait, fail, share):
            sio.event(handler)
        sio.on("go", lambda sid: gates[-1].set())

    gates: list[Any] = []
    world = StockWorld(register, async_handlers=False)
    for engine_sid in ("e1", "e2"):
        world.open(engine_sid, QUERY_STRING="a=1")
        world.receive(engine_sid, "0")
    yield world
    world.end()


def test_all_that_upstream_uses_is_there() -> None:
    folder = Path(socketio.__file__).parent
    trees = [
        ast.parse((folder / name).read_text()) for name in ("async_server.py", "base_server.py", "base_manager.py")
    ]
    used = {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "eio"
    }
    assert used == {name for name in dir(StockEngine) if not name.startswith("_") and name != "tell"} | UNUSED


@pytest.mark.parametrize("name", ["get_session", "send", "send_packet", "start_background_task", "generate_id"])
def test_its_methods_are_called_as_the_real_ones(name: str) -> None:
    real, fake = getattr(engineio.AsyncServer, name), getattr(StockEngine, name)
    assert inspect.iscoroutinefunction(fake) == inspect.iscoroutinefunction(real)
    assert {*inspect.signature(fake).parameters} <= {*inspect.signature(real).parameters}


def test_the_server_is_stock_but_for_its_engine() -> None:
    assert {name for name in vars(StockServer) if not name.startswith("__")} == {"_engineio_server_class"}


def test_packets_are_taken_once(world: StockWorld) -> None:
    assert world.take("e1") == [f'0{{"sid":"{S1}"}}']
    assert world.take("e1") == []
    assert world.take("nobody") == []


def test_a_session_has_its_environ_until_it_is_closed(world: StockWorld) -> None:
    assert world.sio.get_environ(S1) == {"QUERY_STRING": "a=1"}
    assert world.sio.transport(S1) == "websocket"
    world.close("e1")
    assert world.sio.get_environ(S1) is None
    assert [*world.sio.eio.sessions] == ["e2"]


def test_what_a_handler_sends_is_sent_when_receive_returns(world: StockWorld) -> None:
    world.receive("e1", '2["share"]')
    assert world.take("e1")[1:] == world.take("e2")[1:] == ['51-["shared",{"_placeholder":true,"num":0}]', b"0"]


def test_one_sessions_messages_wait_for_each_other_and_for_no_others(world: StockWorld) -> None:
    world.take("e1")
    world.receive("e1", '21["wait","a"]', '22["wait","b"]')
    assert world.take("e1") == []
    world.receive("e2", '2["go"]')
    assert world.take("e1") == ['31["a"]', '32["b"]']


def test_what_a_handler_raises_is_kept_and_ends_nothing(world: StockWorld) -> None:
    world.receive("e1", '2["fail"]', '2["go"]', '23["wait","on"]')
    assert world.faults() == ["LookupError"]
    assert world.take("e1")[-1] == '33["on"]'


def test_what_is_suspended_ends_with_the_world(world: StockWorld) -> None:
    world.receive("e1", '21["wait","a"]')
    world.end()
    assert world.take("e1")[1:] == ["31[]"]  # upstream takes a cancel for an answer


def test_what_the_application_does_outside_of_events(world: StockWorld) -> None:
    world.take("e1")
    world.do(world.sio.emit("x", to=S1))
    assert world.take("e1") == ['2["x"]']
