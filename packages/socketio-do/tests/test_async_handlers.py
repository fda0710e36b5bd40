"""`async_handlers=True`: the events of one socket are handled side by side, as upstream does unless told otherwise."""

from collections import defaultdict
from typing import Any

import pytest
from server_fakes import FakeEvent, Log, World, finish, socket_sid

from socketio_do.server import server

S1 = socket_sid(1)


class Gates:
    """Handlers that wait until they are let go on, and write down what they do."""

    def __init__(self, **options: Any) -> None:
        self.trace: list[str] = []
        self.gates: defaultdict[str, FakeEvent] = defaultdict(FakeEvent)
        self.world = World(self._register, **options)

    def _register(self, sio: Any) -> None:
        sio.on("do", lambda sid, name: self._run(name))
        sio.on("connect", lambda sid, environ, auth: self._run("connect") if auth else None)
        sio.on("disconnect", lambda sid: self.trace.append("disconnect"))

    async def _run(self, name: str) -> None:
        self.trace.append(f"{name} begins")
        await self.gates[name].wait()
        self.trace.append(f"{name} ends")

    def open(self, *names: str) -> None:
        for name in names:
            self.gates[name].set()
            self.world.runtime.settle()


def test_events_of_one_socket_run_side_by_side() -> None:
    gates = Gates(async_handlers=True)
    gates.world.connect("e1")
    gates.world.receive("e1", '21["do","a"]', '22["do","b"]')
    gates.open("b", "a")
    assert gates.trace == ["a begins", "b begins", "b ends", "a ends"]
    assert gates.world.take("e1") == ["32[]", "31[]"]


def test_by_default_they_run_in_order() -> None:
    gates = Gates()
    gates.world.connect("e1")
    gates.world.receive("e1", '2["do","a"]', '2["do","b"]')
    gates.open("b", "a")
    assert gates.trace == ["a begins", "a ends", "b begins", "b ends"]


def test_what_comes_while_a_socket_connects_waits_for_it() -> None:
    gates = Gates(async_handlers=True)
    gates.world.open("e1")
    gates.world.receive("e1", '0{"wait":1}', '2["do","a"]')
    assert gates.trace == ["connect begins"]
    gates.open("connect")
    assert gates.trace == ["connect begins", "connect ends", "a begins"]


def test_a_disconnect_does_not_wait_for_handlers() -> None:
    gates = Gates(async_handlers=True)
    gates.world.connect("e1")
    gates.world.receive("e1", '27["do","a"]')
    gates.world.close("e1")
    assert gates.trace == ["a begins", "disconnect"]
    gates.open("a")
    assert gates.trace[-1] == "a ends"
    assert gates.world.take("e1") == []


def test_every_lane_names_its_session_first() -> None:
    gates = Gates(async_handlers=True)
    gates.world.connect("e1")
    gates.world.receive("e1", '2["do","a"]', '2["do","b"]')
    assert {lane[0] for lane in gates.world.runtime.used} == {"e1"}
    assert len(gates.world.runtime.used) == 3


def test_so_many_may_run_and_no_more(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_WAITING", 2)
    gates = Gates(async_handlers=True)
    gates.world.connect("e1")
    gates.world.receive("e1", '2["do","a"]', '2["do","b"]')
    gates.open("a")
    gates.world.receive("e1", '2["do","c"]')
    assert gates.world.closes() == []
    gates.world.receive("e1", '2["do","d"]')
    assert len(gates.world.closes()) == 1
    assert log.take("WARNING") == ["= session e1 closed: too many handlers run"]


def test_nothing_is_left_of_handlers_that_ended(log: Log) -> None:
    gates = Gates(async_handlers=True)
    gates.world.connect("e1")
    gates.world.receive("e1", '2["do"]', '2["do","a"]', '2["other"]')
    gates.open("a")
    assert len(log.take("ERROR")) == 1
    assert gates.world.sio._side_by_side == {}
    assert finish(gates.world.sio.room_size()) == 1
