"""Memory is a cache: an object may be replaced between any two events, and nobody can tell.

Each scenario runs once in one life, then with a reset at each point, and with a reset at every point. What clients were sent, what
handlers saw and what is in storage at the end must be the same.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from server_fakes import ENGINE, FakeEvent, Log, World, finish, socket_sid

from shared_wire import CloseSessions, EngineSid, Packet
from socketio_do.state.tables import Storage

S1, S2, S3 = socket_sid(1), socket_sid(2), socket_sid(3)

Trace = list[tuple[Any, ...]]
Step = Callable[[World], object]
CLIENTS = ("e1", "e2", "e3")


@dataclass
class Outcome:
    """All that can be told from outside."""

    trace: Trace
    packets: dict[str, list[Packet]]
    closes: set[Any]
    rows: dict[str, list[tuple[str, ...]]]


class Application:
    """An application that keeps everything in rooms and sessions, and writes down what its handlers see."""

    def __init__(self) -> None:
        self.trace: Trace = []

    def register(self, sio: Any) -> None:
        async def connect(sid: str, environ: dict[str, str], auth: Any) -> bool:
            self.trace.append(("connect", sid, environ, auth))
            if auth == {"refuse": True}:
                return False
            await sio.save_session(sid, {"auth": auth, "count": 0})
            await sio.enter_room(sid, "everybody")
            await sio.emit("came", sid, room="everybody", skip_sid=sid)
            return True

        async def disconnect(sid: str, reason: str) -> None:
            session = await sio.get_session(sid)
            self.trace.append(("disconnect", sid, reason, session, sio.rooms(sid), sio.get_environ(sid)))
            await sio.emit("left", sid, room="everybody", skip_sid=sid)

        async def join(sid: str, room: Any) -> list[Any]:
            await sio.enter_room(sid, room)
            return list(sio.rooms(sid))

        async def leave(sid: str, room: Any) -> list[Any]:
            await sio.leave_room(sid, room)
            return list(sio.rooms(sid))

        async def say(sid: str, text: Any, room: Any) -> int:
            await sio.emit("said", text, room=room, skip_sid=sid)
            async with sio.session(sid) as session:
                session["count"] += 1
            return int(session["count"])

        async def who(sid: str) -> Any:
            return {"session": await sio.get_session(sid), "rooms": sio.rooms(sid), "environ": sio.get_environ(sid)}

        for handler in (connect, disconnect, join, leave, say, who):
            sio.event(handler)
        sio.on("close", lambda sid, room: sio.close_room(room))
        sio.on("kick", lambda sid, other: sio.disconnect(other))
        sio.on("upload", lambda sid, data: (len(data), data))
        sio.on("echo", lambda sid, data: data, namespace="/chat")
        sio.on("disconnect", lambda sid, reason: self.trace.append(("chat", sid, reason)), namespace="/chat")


def opened(engine_sid: str, actor: str, **environ: str) -> Step:
    return lambda world: world.open(engine_sid, actor, **environ)


def got(engine_sid: str, *messages: Packet) -> Step:
    return lambda world: world.receive(engine_sid, *messages)


def closed(engine_sid: str, reason: str = "transport close") -> Step:
    return lambda world: world.close(engine_sid, reason)


def emitted(*args: Any, **options: Any) -> Step:
    return lambda world: world.do(world.sio.emit(*args, **options))


UPLOAD = '51-5["upload",{"_placeholder":true,"num":0}]'

SCENARIOS: dict[str, list[Step]] = {
    "one client": [
        opened("e1", "east", QUERY_STRING="a=1"),
        got("e1", '0{"token":"t"}'),
        got("e1", '21["join","r"]'),
        got("e1", '22["join",7]'),
        got("e1", '23["say","x","r"]'),
        got("e1", '24["who"]'),
        got("e1", '25["leave","r"]'),
        got("e1", '26["who"]'),
        got("e1", "1"),
        closed("e1"),
    ],
    "a chat": [
        opened("e1", "east"),
        got("e1", '0{"nick":"Ada"}'),
        opened("e2", "west", HTTP_COOKIE="c"),
        got("e2", "0"),
        got("e1", '21["join","r"]'),
        got("e2", '21["join","r"]'),
        got("e1", '22["say","hi","r"]'),
        got("e2", '22["say","ho","r"]'),
        emitted("all", {"b": b"bytes"}),
        emitted("one", to=S1),
        emitted("several", room=["r", "everybody"]),
        got("e2", '23["leave","r"]'),
        got("e1", '23["say","alone?","r"]'),
        got("e1", '24["close","everybody"]'),
        emitted("nobody", room="everybody"),
        closed("e2", "ping timeout"),
        got("e1", '25["who"]'),
        emitted("last"),
        closed("e1"),
    ],
    "several namespaces": [
        opened("e1", "east"),
        got("e1", "0"),
        got("e1", '0/chat,{"a":1}'),
        got("e1", '2/chat,1["echo",{"x":[1]}]'),
        got("e1", '22["who"]'),
        emitted("n", 1, namespace="/chat"),
        got("e1", "1/chat,"),
        got("e1", "0/chat,"),
        got("e1", '2/chat,3["echo",0]'),
        got("e1", "0/nowhere,"),
        closed("e1", "transport error"),
    ],
    "refused and back": [
        opened("e1", "east"),
        got("e1", '0{"refuse":true}'),
        got("e1", '0{"again":1}'),
        got("e1", '21["who"]'),
        closed("e1"),
        opened("e3", "east"),
        got("e3", '0{"refuse":true}'),
        closed("e3"),
    ],
    "kicked": [
        opened("e1", "east"),
        got("e1", "0"),
        opened("e2", "west"),
        got("e2", "0"),
        got("e1", f'21["kick","{S2}"]'),
        got("e1", f'22["kick","{S2}"]'),
        got("e2", "0"),
        got("e2", '21["who"]'),
        closed("e2"),
        closed("e1"),
    ],
    "binary": [
        opened("e1", "east"),
        got("e1", "0"),
        got("e1", UPLOAD, b"\x00\x01"),
        got("e1", UPLOAD, b""),
        emitted("picture", (b"1", {"two": b"2"})),
        closed("e1"),
    ],
    "out of turn": [
        opened("e1", "east"),
        got("e1", "0"),
        got("e1", "0"),
        got("e1", '2/chat,["echo",1]'),
        got("e1", "30[]"),
        got("unknown", '2["who"]'),
        closed("e1", "transport error"),
        closed("e1", "transport error"),
    ],
    "announced again": [
        opened("e1", "east", A="1"),
        got("e1", "0"),
        opened("e1", "east", A="2"),
        got("e1", '21["who"]'),
        got("e1", '22["join","r"]'),
        closed("e1"),
        opened("e1", "west", A="3"),
        got("e1", "0"),
        got("e1", '21["who"]'),
    ],
}


def play(steps: list[Step], resets: set[int]) -> Outcome:
    application = Application()
    world = World(application.register)
    for place, step in enumerate(steps):
        if place in resets:
            world.reset()
        step(world)
        assert world.runtime.tasks == []
    return Outcome(
        application.trace,
        {engine_sid: world.take(engine_sid) for engine_sid in CLIENTS},
        # How often a session is told to close is not kept over a reset, and need not be.
        set(world.closes()),
        {table: world.database.rows(table) for table in ("sio_sessions", "sio_sockets", "sio_rooms")},
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_says_what_it_should(name: str, log: Log) -> None:
    """Before comparing, that there is something to compare: each scenario is seen by handlers and clients."""
    outcome = play(SCENARIOS[name], set())
    assert [call[0] for call in outcome.trace].count("connect") > 0
    assert any(outcome.packets.values())


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_reset_at_any_point_changes_nothing(name: str) -> None:
    steps = SCENARIOS[name]
    expected = play(steps, set())
    for place in range(1, len(steps)):
        assert play(steps, {place}) == expected, f"reset before step {place}"


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_reset_at_every_point_changes_nothing(name: str) -> None:
    steps = SCENARIOS[name]
    assert play(steps, set(range(1, len(steps)))) == play(steps, set())


def test_connect_is_not_run_again() -> None:
    application = Application()
    world = World(application.register)
    world.connect("e1", A="1")
    for number in range(3):
        world.reset()
        world.receive("e1", f'2{number}["who"]')
    assert [call[0] for call in application.trace] == ["connect"]
    facts = f'{{"session":{{"auth":null,"count":0}},"rooms":["{S1}","everybody"],"environ":{{"A":"1"}}}}'
    assert world.take("e1") == [f"3{number}[{facts}]" for number in range(3)]


def test_a_wake_alone_reads_and_says_nothing() -> None:
    application = Application()
    world = World(application.register)
    world.connect("e1")
    world.forget()
    world.reset()
    assert world.database.statements == []
    assert world.sent == []
    assert [call[0] for call in application.trace] == ["connect"]


@pytest.mark.parametrize("others", [0, 200])
def test_the_first_event_after_a_wake_reads_what_it_touches(others: int) -> None:
    application = Application()
    world = World(application.register)
    world.connect("e1")
    for number in range(others):
        world.connect(f"other-{number}")
    world.reset()
    world.receive("e1", '21["who"]')
    assert len(world.database.take("SELECT")) <= 5
    assert world.database.take("INSERT") == []


def steps_of_an_event(others: int) -> int:
    """Count the steps that SQLite takes for the first event after a wake, among other sessions in namespaces of their own."""
    application = Application()
    world = World(application.register)
    world.connect("e1")
    storage = Storage(world.database)
    for number in range(others):
        storage.insert_session(f"other-{number}", ENGINE, "{}")
        storage.insert_socket(f"s-{number}", f"other-{number}", f"/{number}", ENGINE, "{}", {'"everybody"'})
        storage.insert_namespace(f"/{number}", "door")
    world.reset()
    steps: list[None] = []
    world.database.count_steps(lambda: steps.append(None))
    world.receive("e1", '21["who"]')
    world.database.count_steps(None)
    return len(steps)


def test_an_event_costs_the_same_whatever_the_number_of_sessions_and_namespaces() -> None:
    assert 0 < steps_of_an_event(10_000) <= steps_of_an_event(10) + 20


class TestUnderWay:
    """What only memory held when the object was reset."""

    def test_a_suspended_handler_is_gone_and_its_client_can_go_on(self) -> None:
        trace: list[str] = []
        gates = [FakeEvent()]

        def register(sio: Any) -> None:
            async def wait(sid: str) -> str:
                trace.append("begins")
                try:
                    await gates[-1].wait()
                finally:
                    await sio.save_session(sid, {"by": "a life that is over"})
                trace.append("ends")
                return "done"

            sio.on("wait", wait)

        world = World(register)
        world.connect("e1")
        world.receive("e1", '21["wait"]')
        world.reset()
        gates[0].set()
        world.runtime.settle()
        assert trace == ["begins"]
        assert world.take("e1") == []
        assert finish(world.sio.get_session(S1)) == {}
        world.receive("e1", '22["wait"]')
        assert world.take("e1") == ['32["done"]']

    def test_a_client_whose_connect_handler_was_suspended_is_forgotten(self) -> None:
        gates = [FakeEvent()]
        world = World(lambda sio: sio.on("connect", lambda sid, environ: gates[-1].wait()))
        world.open("e1")
        world.receive("e1", "0")
        world.reset()
        assert world.membership.sockets_of("e1") == {}
        gates[0].set()
        world.runtime.settle()
        assert world.sent == []
        assert world.connect("e1") == S2

    def test_callbacks_end_with_the_life_and_late_answers_are_ignored(self) -> None:
        answers: list[Any] = []
        world = World()
        world.connect("e1")
        finish(world.sio.emit("q", to=S1, callback=answers.append))
        world.reset()
        world.receive("e1", '31000["late"]')
        finish(world.sio.emit("q", to=S1, callback=answers.append))
        world.receive("e1", '32000["new"]')
        assert answers == ["new"]
        assert world.closes() == []
        assert world.take("e1") == ['21000["q"]', '22000["q"]']

    def test_a_half_received_packet_was_held_and_its_rest_is_refused(self) -> None:
        world = World(Application().register)
        world.connect("e1")
        world.receive("e1", UPLOAD)
        assert world.runtime.held["e1"] == 1
        world.reset()
        world.receive("e1", b"the rest")
        assert [operation for _, operation in world.closes()] == [CloseSessions((EngineSid("e1"),), "transport error")]

    def test_a_suspended_disconnect_handler_is_run_again(self) -> None:
        """Whether it had its effect is unknown, and the session is still announced: at least once is what can be kept."""
        calls: list[str] = []
        gate = FakeEvent()

        def register(sio: Any) -> None:
            async def disconnect(sid: str, reason: str) -> None:
                calls.append(reason)
                await gate.wait()

            sio.on("disconnect", disconnect)

        world = World(register)
        world.connect("e1")
        world.close("e1", "ping timeout")
        world.reset()
        gate.set()
        world.close("e1", "transport error")
        assert calls == ["ping timeout", "transport error"]
        assert world.database.rows("sio_sessions") == world.database.rows("sio_sockets") == []
