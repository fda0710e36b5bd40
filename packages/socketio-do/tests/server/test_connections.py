"""Coming and going: what is special about parents and `disconnecting`. The ordinary ways are in `test_server.py`."""

import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import socketio
from server_fakes import FakeEvent, Log, World, finish, socket_sid

from socketio_do.limits import MAX_SOCKETS
from socketio_do.state.rooms import CROWDED_ROOMS

S1, S2, S3 = socket_sid(1), socket_sid(2), socket_sid(3)
ROOMS = re.compile(r"/room-\d+")


class TestParents:
    def test_the_handlers_of_a_pattern_serve_every_child(self) -> None:
        calls: list[tuple[Any, ...]] = []

        def register(sio: Any) -> None:
            @sio.event(namespace=ROOMS)
            async def connect(namespace: str, sid: str, environ: Any, auth: Any) -> None:
                calls.append(("connect", namespace, sid, auth))

            @sio.on("say", namespace=ROOMS)
            async def say(namespace: str, sid: str, text: str) -> str:
                await sio.emit("said", text, namespace=namespace, skip_sid=sid)
                return namespace

            assert [connect, say]

        world = World(register)
        for client, namespace in (("e1", "/room-1"), ("e2", "/room-1"), ("e3", "/room-2")):
            world.connect(client, namespace)
        world.receive("e1", '2/room-1,7["say","hi"]')
        assert calls[:2] == [("connect", "/room-1", S1, None), ("connect", "/room-1", S2, None)]
        assert world.take("e1") == ['3/room-1,7["/room-1"]']
        assert world.take("e2") == ['2/room-1,["said","hi"]']
        assert world.take("e3") == []

    def test_a_name_that_does_not_match_is_refused(self) -> None:
        world = World(lambda sio: sio.on("x", print, namespace=ROOMS))
        world.open("e1")
        world.receive("e1", "0/room-x,")
        assert world.take("e1") == ['4/room-x,{"message":"Invalid namespace"}']
        assert world.closes() == []

    def test_an_event_to_a_parent_reaches_all_its_children(self) -> None:
        world = World(lambda sio: sio.on("x", print, namespace=ROOMS))
        world.connect("e1", "/room-1")
        world.connect("e2", "/room-2")
        world.connect("e3")
        world.reset()
        finish(world.sio.emit("news", 1, namespace=ROOMS))
        assert [world.take(client) for client in ("e1", "e2", "e3")] == [
            ['2/room-1,["news",1]'],
            ['2/room-2,["news",1]'],
            [],
        ]

    def test_a_class_may_serve_a_parent_and_name_it(self) -> None:
        class Room(socketio.AsyncNamespace):
            async def on_connect(self, namespace: str, sid: str, environ: Any) -> None:
                await me.enter_room(sid, "all")
                await me.save_session(sid, {"in": namespace})

            async def on_say(self, namespace: str, sid: str, text: str) -> Any:
                await me.emit("said", text, room="all")
                return [await me.get_session(sid), me.rooms(sid)]

        make: Any = Room
        me: Any = make(ROOMS)
        world = World(lambda sio: sio.register_namespace(me))
        world.connect("e1", "/room-1")
        world.connect("e2", "/room-2")
        world.receive("e1", '2/room-1,7["say","hi"]')
        assert world.take("e1") == ['2/room-1,["said","hi"]', f'3/room-1,7[[{{"in":"/room-1"}},["{S1}","all"]]]']
        assert world.take("e2") == ['2/room-2,["said","hi"]']

    def test_a_predicate_judges_by_environ_and_auth(self) -> None:
        def allow(name: str, environ: Any, auth: Any) -> bool:
            return bool(auth) and auth.get("token") == environ["SECRET"]

        world = World(lambda sio: sio.on("x", lambda namespace, sid: namespace, namespace=allow))
        world.open("e1", SECRET="s")
        world.receive("e1", "0/a,", '0/a,{"token":"t"}', '0/a,{"token":"s"}', '2/a,1["x"]')
        assert world.take("e1") == [
            '4/a,{"message":"Invalid namespace"}',
            '4/a,{"message":"Invalid namespace"}',
            f'0/a,{{"sid":"{S1}"}}',
            '3/a,1["/a"]',
        ]

    def test_a_predicates_child_is_known_after_a_reset_without_asking_or_announcing(self) -> None:
        calls: list[str] = []

        def allow(name: str, environ: Any, auth: Any) -> bool:
            calls.append("asked")
            return True

        def register(sio: Any) -> None:
            sio.on("connect", lambda namespace, sid, environ: calls.append("connect"), namespace=allow)
            sio.on("x", lambda namespace, sid: namespace, namespace=allow)

        world = World(register)
        world.connect("e1", "/a")
        assert calls == ["asked", "connect"]
        world.reset()
        world.receive("e1", '2/a,1["x"]')
        assert world.take("e1") == ['3/a,1["/a"]']
        world.connect("e2", "/a")
        assert calls == ["asked", "connect", "connect"]

    @pytest.mark.parametrize("cleanup", [False, True])
    def test_an_empty_child_is_asked_about_again_only_when_it_was_cleaned_up(self, cleanup: bool) -> None:
        asked: list[str] = []

        def allow(name: str, environ: Any, auth: Any) -> bool:
            asked.append(name)
            return True

        world = World(lambda sio: sio.on("x", print, namespace=allow), cleanup_empty_child_namespaces=cleanup)
        world.connect("e1", "/a")
        world.connect("e2", "/a")
        world.close("e1")
        world.connect("e1", "/a")
        assert asked == ["/a"]
        world.close("e1")
        world.receive("e2", "1/a,")
        assert len(world.database.rows("sio_namespaces")) == (not cleanup)
        world.connect("e1", "/a")
        assert asked == ["/a"] * (1 + cleanup)

    def test_a_child_whose_first_client_was_refused_leaves_nothing(self) -> None:
        asked: list[str] = []

        def allow(name: str, environ: Any, auth: Any) -> bool:
            asked.append(name)
            return True

        world = World(lambda sio: sio.on("connect", lambda namespace, sid, environ: False, namespace=allow))
        world.open("e1")
        world.receive("e1", "0/a,", "0/a,")
        assert world.database.rows("sio_namespaces") == []
        assert asked == ["/a", "/a"]

    def test_a_predicate_that_raises_lets_nobody_in_and_is_reported(self, log: Log) -> None:
        def allow(name: str, environ: Any, auth: Any) -> bool:
            raise LookupError("secret")

        world = World(lambda sio: sio.on("x", print, namespace=allow))
        world.open("e1")
        world.receive("e1", "0/a,")
        assert world.take("e1") == ['4/a,{"message":"Invalid namespace"}']
        assert log.take("ERROR") == ["= handler of 'namespace' raised, session e1, socket None, /a"]

    @pytest.mark.parametrize("slow", [False, True])
    def test_a_session_that_ends_while_a_predicate_thinks_connects_nobody(self, slow: bool, log: Log) -> None:
        gate, last, asked = FakeEvent(), FakeEvent(), list[str]()

        async def allow(name: str, environ: Any, auth: Any) -> bool:
            asked.append(name)
            await gate.wait()
            return True

        def register(sio: Any) -> None:
            sio.on("x", print, namespace=allow)
            sio.on("disconnect", lambda sid: last.wait() if slow else None)

        world = World(register)
        world.connect("e1")
        world.open("e2")
        world.receive("e2", "0", "0/a,")
        world.close("e2")
        gate.set()
        world.runtime.settle()
        last.set()
        world.runtime.settle()
        assert log.take("WARNING") == []
        assert world.database.rows("sio_namespaces") == []
        assert [row[0] for row in world.database.rows("sio_sessions")] == ["e1"]
        assert world.membership.sockets_of("e2") == {}
        world.connect("e1", "/a")
        assert asked == ["/a", "/a"]

    def test_a_client_may_wait_for_so_many_namespaces_and_no_more(self, log: Log) -> None:
        async def allow(name: str, environ: Any, auth: Any) -> bool:
            await FakeEvent().wait()
            return True

        world = World(lambda sio: sio.on("x", print, namespace=allow))
        world.open("e1")
        world.receive("e1", *(f"0/{number}," for number in range(MAX_SOCKETS)))
        assert world.closes() == []
        world.receive("e1", "0/more,")
        assert len(world.closes()) == 1
        assert log.take("WARNING") == ["= session e1 closed: too many namespaces"]

    def test_who_has_let_go_of_its_namespaces_may_have_others(self) -> None:
        world = World(lambda sio: sio.on("x", print, namespace=ROOMS))
        world.open("e1")
        for number in range(MAX_SOCKETS + 1):
            world.receive("e1", f"0/room-{number},", f"1/room-{number},")
        assert world.closes() == []


class TestDisconnecting:
    def test_it_comes_before_disconnect_with_rooms_and_session(self) -> None:
        calls: list[tuple[Any, ...]] = []

        def register(sio: Any) -> None:
            @sio.event
            async def disconnecting(sid: str, reason: str) -> None:
                calls.append(("disconnecting", sid, reason, sio.rooms(sid), await sio.get_session(sid)))

            sio.on("disconnect", lambda sid, reason: calls.append(("disconnect", sid, reason)))
            assert disconnecting

        world = World(register)
        world.connect("e1")
        finish(world.sio.enter_room(S1, "a"))
        finish(world.sio.save_session(S1, {"n": 1}))
        world.close("e1", "ping timeout")
        assert calls == [
            ("disconnecting", S1, "ping timeout", [S1, "a"], {"n": 1}),
            ("disconnect", S1, "ping timeout"),
        ]

    def test_it_may_leave_out_the_reason(self) -> None:
        calls: list[str] = []
        world = World(lambda sio: sio.on("disconnecting", calls.append))
        world.connect("e1")
        finish(world.sio.disconnect(S1))
        assert calls == [S1]

    def test_one_that_raises_is_reported_and_disconnect_runs(self, log: Log) -> None:
        calls: list[str] = []

        def register(sio: Any) -> None:
            sio.on("disconnecting", lambda: None)
            sio.on("disconnect", lambda sid: calls.append(sid))

        world = World(register)
        world.connect("e1")
        world.close("e1")
        assert calls == [S1]
        assert world.database.rows("sio_sessions") == []
        assert log.take("ERROR") == [f"= handler of 'disconnecting' raised, session e1, socket {S1}, /"]

    def test_a_class_may_have_it_and_one_that_dispatches_itself_is_not_bothered(self) -> None:
        calls: list[tuple[Any, ...]] = []

        class Chat(socketio.AsyncNamespace):
            def on_disconnecting(self, sid: str, reason: str) -> None:
                calls.append((sid, reason))

        class Own(socketio.AsyncNamespace):
            async def trigger_event(self, event: str, *args: Any) -> None:
                calls.append((event,))

        kinds: dict[str, Any] = {"/chat": Chat, "/own": Own}

        def register(sio: Any) -> None:
            for name, kind in kinds.items():
                sio.register_namespace(kind(name))

        world = World(register)
        world.connect("e1", "/chat")
        world.connect("e2", "/own")
        world.close("e1")
        world.close("e2")
        assert calls == [("connect",), (S1, "transport close"), ("disconnect",)]

    @pytest.mark.parametrize("name", ["disconnecting", "connect", "disconnect"])
    def test_a_client_cannot_raise_it(self, name: str, log: Log) -> None:
        world = World(lambda sio: sio.on("disconnecting", lambda sid: pytest.fail("raised by a client")))
        world.connect("e1")
        world.receive("e1", f'2["{name}"]')
        assert len(world.closes()) == 1
        log.take("WARNING")


class Judging:
    """A world whose connect handler waits at a gate, after what a test gives it to do."""

    def __init__(self, first: Any = None, *, refuse: bool = False, middleware: Any = None, **options: Any) -> None:
        self.gate = FakeEvent()
        self.first, self.refuse, self.middleware = first, refuse, middleware
        self.world = World(self.register, **options)
        self.gate.set()
        self.member = self.world.connect("e1")
        self.gate = FakeEvent()
        self.world.open("e2")
        self.world.receive("e2", "0")

    def register(self, sio: Any) -> None:
        async def connect(sid: str, environ: Any) -> bool:
            if self.first is not None:
                await self.first(sio, sid)
            await self.gate.wait()
            return sid == S1 or not self.refuse

        sio.on("connect", connect)
        sio.on("shout", lambda sid, room: sio.emit("secret", room=room))
        if self.middleware is not None:
            sio.use(functools.partial(self.middleware, sio))

    def heard(self, engine_sid: str = "e2") -> list[Any]:
        return [packet for packet in self.world.take(engine_sid) if str(packet).startswith("2")]

    def accept(self) -> None:
        self.gate.set()
        self.world.runtime.settle()


async def enter(sio: Any, sid: str) -> None:
    await sio.enter_room(sid, "x")


@pytest.fixture
def judge() -> Iterator[Callable[..., Judging]]:
    """Make worlds whose connect handlers end with the test: one left suspended would run on whenever garbage is collected."""
    made: list[Judging] = []

    def make(*args: Any, **options: Any) -> Judging:
        made.append(Judging(*args, **options))
        return made[-1]

    yield make
    for judging in made:
        judging.accept()


class TestPending:
    """A socket whose connect handler has not accepted it hears what is meant for it, and nothing else."""

    @pytest.mark.parametrize("room", ["x", None])
    @pytest.mark.parametrize("refuse", [False, True])
    def test_a_broadcast_does_not_reach_it(self, judge: Callable[..., Judging], room: Any, refuse: bool) -> None:
        judging = judge(enter, refuse=refuse)
        judging.world.receive("e1", f'2["shout",{json.dumps(room)}]')
        assert judging.heard("e1") == ['2["secret"]']
        assert judging.heard() == []
        judging.accept()
        assert judging.heard() == []

    @pytest.mark.parametrize("room", ["x", None])
    def test_once_accepted_it_hears_all(self, judge: Callable[..., Judging], room: Any) -> None:
        judging = judge(enter)
        judging.accept()
        judging.world.receive("e1", f'2["shout",{json.dumps(room)}]')
        assert judging.heard() == ['2["secret"]']

    @pytest.mark.parametrize("room", [S2, [S2, "x"]])
    def test_what_is_addressed_to_it_reaches_it_at_once(self, judge: Callable[..., Judging], room: Any) -> None:
        judging = judge(enter)
        judging.world.receive("e1", f'2["shout",{json.dumps(room)}]')
        assert len(judging.heard()) == 1

    def test_no_answer_is_expected_of_it(self, judge: Callable[..., Judging]) -> None:
        judging = judge(enter)
        waiting = judging.world.runtime.start(judging.world.sio.emit_with_ack("q", room="x", timeout=5))
        judging.world.runtime.settle()
        assert judging.heard() == []
        judging.world.receive("e1", "31000[1]")
        assert (waiting.done, waiting.result.answers, waiting.result.missing) == (True, {S1: 1}, ())

    def test_an_answer_is_expected_of_it_when_it_is_asked_by_its_sid(self, judge: Callable[..., Judging]) -> None:
        judging = judge()
        waiting = judging.world.runtime.start(judging.world.sio.call("q", to=S2, timeout=5))
        judging.world.runtime.settle()
        assert judging.heard() == ['21000["q"]']
        judging.world.receive("e2", "31000[1]")
        assert (waiting.done, waiting.result) == (True, 1)

    def test_what_its_own_connect_handler_sends_reaches_it(self, judge: Callable[..., Judging]) -> None:
        async def greet(sio: Any, sid: str) -> None:
            await sio.enter_room(sid, "x")
            await sio.emit("joined", sid, room="x")
            await sio.emit("all")

        judging = judge(greet)
        assert judging.heard() == [f'2["joined","{S2}"]', '2["all"]']
        assert judging.heard("e1") == [f'2["joined","{S2}"]', '2["all"]']

    def test_what_another_ones_connect_handler_sends_does_not(self, judge: Callable[..., Judging]) -> None:
        async def greet(sio: Any, sid: str) -> None:
            await sio.emit("hello", sid)

        judging = judge(greet)
        assert judging.heard() == [f'2["hello","{S2}"]']
        judging.world.open("e3")
        judging.world.receive("e3", "0")
        assert judging.heard() == []
        assert judging.heard("e3") == [f'2["hello","{S3}"]']

    def test_what_its_own_middleware_sends_reaches_it(self, judge: Callable[..., Judging]) -> None:
        async def greet(sio: Any, sid: str, *rest: Any) -> None:
            await sio.emit("hello", sid)

        assert judge(middleware=greet).heard() == [f'2["hello","{S2}"]']

    def test_it_is_counted_and_described_as_before(self, judge: Callable[..., Judging]) -> None:
        judging = judge(enter)
        sio = judging.world.sio
        assert judging.world.do(sio.room_size("x")) == judging.world.do(sio.room_size()) == 2
        assert len(judging.world.do(sio.fetch_sockets("x"))) == 2

    def test_a_socket_that_is_always_connected_first_hears_all(self, judge: Callable[..., Judging]) -> None:
        judging = judge(enter, always_connect=True)
        judging.world.receive("e1", '2["shout","x"]')
        assert judging.heard() == ['2["secret"]']

    def test_nothing_is_looked_through_while_nobody_is_pending(self, judge: Callable[..., Judging]) -> None:
        judging = judge()
        judging.accept()
        members = {S1: "e1"}
        assert judging.world.sio.manager._hearing(members, None) is members


@pytest.mark.parametrize(("number", "moments"), [(CROWDED_ROOMS, 0), (CROWDED_ROOMS + 1, 3)])
def test_others_are_let_in_before_each_of_a_session_s_crowded_sockets_is_forgotten(number: int, moments: int) -> None:
    world = World(namespaces="*")
    for at, namespace in enumerate(("/", "/a", "/b"), 1):
        world.connect("e1", namespace)
        for room in range(number):
            finish(world.sio.enter_room(socket_sid(at), f"room {room}", namespace=namespace))
    world.sio.receive_closed("e1", "transport close")
    world.runtime.settle()
    assert (world.runtime.moments, world.membership.has_session("e1")) == (moments, False)


def test_no_reset_comes_between_the_disconnect_handler_of_a_crowded_socket_and_its_end() -> None:
    told: list[str] = []

    def register(sio: Any) -> None:
        sio.on("disconnect", lambda sid, reason: told.append(sid))

    world = World(register)
    world.connect("e1")
    for room in range(CROWDED_ROOMS + 1):
        finish(world.sio.enter_room(S1, f"room {room}"))
    world.sio.receive_closed("e1", "transport close")
    assert (told, world.runtime.moments) == ([], 1)
    world.reset()
    world.sio.receive_closed("e1", "transport close")
    world.runtime.settle()
    assert told == [S1]
