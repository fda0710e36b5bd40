"""Middleware, onlookers and room events, as clients and applications see them."""

import re
from typing import Any

import pytest
from server_fakes import FakeEvent, Log, World, finish, socket_sid
from socketio import exceptions

from socketio_do.errors import ConfigError, EventRefusedError

S1, S2 = socket_sid(1), socket_sid(2)

Refused: Any = exceptions.ConnectionRefusedError


class Calls(list[tuple[Any, ...]]):
    """Functions that write down what they are called with."""

    def of(self, name: str, answer: Any = None) -> Any:
        async def record(*args: Any) -> Any:
            self.append((name, *args))
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return record

    def take(self) -> list[tuple[Any, ...]]:
        taken = [*self]
        self.clear()
        return taken


class TestUse:
    def test_all_pass_in_order_before_connect(self) -> None:
        calls = Calls()

        def register(sio: Any) -> None:
            sio.on("connect", calls.of("connect"))
            sio.use(calls.of("one"))
            sio.use(calls.of("two"))

        world = World(register)
        world.open("e1", A="1")
        world.receive("e1", '0{"token":1}')
        assert calls == [(name, S1, {"A": "1"}, {"token": 1}) for name in ("one", "two", "connect")]
        assert world.take("e1") == [f'0{{"sid":"{S1}"}}']

    @pytest.mark.parametrize("always_connect", [False, True])
    @pytest.mark.parametrize(
        ("answer", "packet"),
        [
            (Refused("no", {"code": 7}), '4{"message":"no","data":{"code":7}}'),
            (False, '4{"message":"Connection rejected by server"}'),
            (ConnectionRefusedError("secret"), '4{"message":"Connection refused by server"}'),
        ],
    )
    def test_who_is_refused_is_told_why_and_nobody_else_is_asked(
        self, answer: Any, packet: str, always_connect: bool
    ) -> None:
        calls = Calls()

        def register(sio: Any) -> None:
            sio.use(calls.of("one", answer))
            sio.use(calls.of("two"))
            sio.on("connect", calls.of("connect"))

        world = World(register, always_connect=always_connect)
        world.open("e1")
        world.receive("e1", "0")
        assert world.take("e1") == [packet]
        assert [call[0] for call in calls] == ["one"]
        assert world.membership.sockets_of("e1") == {}

    def test_a_fault_refuses_without_saying_why(self, log: Log) -> None:
        world = World(lambda sio: sio.use(Calls().of("one", LookupError("secret"))))
        world.open("e1")
        world.receive("e1", "0")
        assert world.take("e1") == ['4{"message":"Connection refused by server"}']
        assert log.take("ERROR") == [f"= handler of 'connect' raised, session e1, socket {S1}, /"]

    def test_it_may_leave_out_auth_and_be_a_decorator(self) -> None:
        calls: list[Any] = []

        def register(sio: Any) -> None:
            @sio.use
            def logged(sid: str, environ: Any) -> None:
                calls.append(sid)

            @sio.use(namespace="/chat")
            def unused(sid: str, environ: Any) -> None:
                raise AssertionError

            assert [logged, unused]

        assert World(register).connect("e1") == S1
        assert calls == [S1]

    def test_it_is_for_its_namespace_for_all_or_for_the_children_of_a_parent(self) -> None:
        calls, rooms = Calls(), re.compile(r"/room-\d+")

        def register(sio: Any) -> None:
            sio.on("x", print, namespace=rooms)
            sio.use(calls.of("all"), namespace="*")
            sio.use(calls.of("root"))
            sio.use(calls.of("rooms"), namespace=rooms)

        world = World(register)
        world.connect("e1")
        world.connect("e1", "/room-1")
        assert [call[:2] for call in calls] == [("all", "/"), ("root", S1), ("all", "/room-1"), ("rooms", "/room-1")]

    def test_it_may_wait_and_use_the_session(self) -> None:
        gate = FakeEvent()

        def register(sio: Any) -> None:
            async def authenticate(sid: str, environ: Any, auth: Any) -> None:
                await gate.wait()
                await sio.save_session(sid, {"user": auth["user"]})

            sio.use(authenticate)

        world = World(register)
        world.open("e1")
        world.receive("e1", '0{"user":"Ada"}')
        assert world.take("e1") == []
        gate.set()
        world.runtime.settle()
        assert world.take("e1") == [f'0{{"sid":"{S1}"}}']
        assert finish(world.sio.get_session(S1)) == {"user": "Ada"}

    def test_after_a_reset_nobody_passes_again(self) -> None:
        calls = Calls()
        world = World(lambda sio: sio.use(calls.of("one")))
        world.connect("e1")
        calls.clear()
        world.reset()
        world.receive("e1", '2["say"]')
        assert calls == []
        assert world.closes() == []


class TestUsePacket:
    def world(self, answer: Any, calls: Calls) -> World:
        def register(sio: Any) -> None:
            sio.use_packet(calls.of("first", answer))
            sio.use_packet(calls.of("second"))
            sio.on("say", calls.of("say", "ok"))

        world = World(register)
        world.connect("e1")
        return world

    @pytest.mark.parametrize("answer", [None, True, 0, ""])
    def test_an_event_that_passes_is_handled(self, answer: Any) -> None:
        calls = Calls()
        world = self.world(answer, calls)
        world.receive("e1", '27["say",1,null]')
        assert calls == [("first", "say", S1, 1, None), ("second", "say", S1, 1, None), ("say", S1, 1, None)]
        assert world.take("e1") == ['37["ok"]']

    def test_a_dropped_event_is_not_handled_and_not_acknowledged(self) -> None:
        calls = Calls()
        world = self.world(False, calls)
        world.receive("e1", '27["say"]')
        assert [call[0] for call in calls] == ["first"]
        assert world.take("e1") == []
        assert world.closes() == []

    @pytest.mark.parametrize(
        ("refusal", "packet"),
        [
            (EventRefusedError(), "37[]"),
            (EventRefusedError({"error": "login first"}, 2), '37[{"error":"login first"},2]'),
        ],
    )
    def test_a_refused_event_is_acknowledged_with_the_refusal(self, refusal: Exception, packet: str) -> None:
        calls = Calls()
        world = self.world(refusal, calls)
        world.receive("e1", '27["say"]', '2["say"]')
        assert [call[0] for call in calls] == ["first", "first"]
        assert world.take("e1") == [packet]

    def test_a_fault_is_reported_and_the_event_is_not_handled(self, log: Log) -> None:
        calls = Calls()
        world = self.world(LookupError("secret"), calls)
        world.receive("e1", '27["say"]')
        assert [call[0] for call in calls] == ["first"]
        assert world.take("e1") == []
        assert log.take("ERROR") == [f"= handler of 'say' raised, session e1, socket {S1}, /"]

    def test_an_event_that_nobody_handles_passes_too(self) -> None:
        calls = Calls()
        world = self.world(None, calls)
        world.receive("e1", '27["other"]')
        assert [call[:2] for call in calls] == [("first", "other"), ("second", "other")]
        assert world.take("e1") == []


class TestOnAny:
    def test_every_event_is_seen_before_middleware_stops_it(self) -> None:
        calls = Calls()

        def register(sio: Any) -> None:
            sio.use_packet(calls.of("stop", False))
            sio.on_any(calls.of("any"))

        world = World(register)
        world.connect("e1")
        world.receive("e1", '2["say",1]')
        assert calls == [("any", "say", S1, 1), ("stop", "say", S1, 1)]

    def test_an_onlooker_that_raises_stops_nothing(self, log: Log) -> None:
        calls = Calls()

        def register(sio: Any) -> None:
            sio.on_any(calls.of("any", LookupError()))
            sio.on("say", calls.of("say"))

        world = World(register)
        world.connect("e1")
        world.receive("e1", '2["say"]')
        assert [call[0] for call in calls] == ["any", "say"]
        assert log.take("ERROR") == ["= handler of 'any' raised, /"]

    def test_what_is_sent_is_seen_once_with_everybody_it_goes_to(self) -> None:
        calls = Calls()
        world = World(lambda sio: sio.on_any_outgoing(calls.of("out")))
        world.connect("e1")
        world.connect("e2")
        finish(world.sio.emit("said", ("hi", 2)))
        finish(world.sio.emit("one", to=S2))
        assert calls == [("out", "said", (S1, S2), "hi", 2), ("out", "one", (S2,))]
        assert world.take("e1") == ['2["said","hi",2]']

    def test_acknowledgements_are_no_events(self) -> None:
        calls = Calls()

        def register(sio: Any) -> None:
            sio.on_any_outgoing(calls.of("out"))
            sio.on("say", lambda sid: "ok")

        world = World(register)
        world.connect("e1")
        world.receive("e1", '27["say"]')
        assert calls == []


class TestOnError:
    def test_it_is_told_what_a_handler_raises_after_the_log(self, log: Log) -> None:
        calls, fault = Calls(), LookupError("its own")

        def register(sio: Any) -> None:
            sio.on("say", calls.of("say", fault))
            sio.on_error(calls.of("error"))

        world = World(register)
        world.connect("e1")
        world.receive("e1", '27["say"]')
        assert calls == [("say", S1), ("error", fault, "say", S1, "/")]
        assert len(log.take("ERROR")) == 1
        assert world.closes() == []

    def test_it_is_for_its_namespace_if_it_has_one(self, log: Log) -> None:
        calls = Calls()

        def register(sio: Any) -> None:
            sio.on("say", calls.of("say", LookupError()))
            sio.on_error(calls.of("chat"), namespace="/chat")
            sio.on_error(calls.of("root"), namespace="/")

        world = World(register)
        world.connect("e1")
        world.receive("e1", '2["say"]')
        assert [call[0] for call in calls] == ["say", "root"]
        log.take("ERROR")

    def test_one_that_raises_is_logged_and_that_is_all(self, log: Log) -> None:
        calls = Calls()

        def register(sio: Any) -> None:
            sio.on("say", calls.of("say", LookupError()))
            sio.on_error(calls.of("one", TypeError()))
            sio.on_error(calls.of("two"))

        world = World(register)
        world.connect("e1")
        world.receive("e1", '2["say"]')
        assert [call[0] for call in calls] == ["say", "one", "two"]
        assert len(log.take("ERROR")) == 2


class TestOnRoom:
    def world(self, calls: Calls) -> World:
        def register(sio: Any) -> None:
            for event in ("create", "join", "leave", "delete"):
                sio.on_room(event, calls.of(event))

        world = World(register, namespaces=["/", "/chat"])
        for client in ("e1", "e2"):
            world.connect(client)
        return world

    def test_a_rooms_life_is_told_before_the_call_returns(self) -> None:
        calls = Calls()
        sio = self.world(calls).sio
        finish(sio.enter_room(S1, "a"))
        assert calls.take() == [("create", "a"), ("join", "a", S1)]
        finish(sio.enter_room(S1, "a"))
        assert calls.take() == []
        finish(sio.enter_room(S2, "a"))
        assert calls.take() == [("join", "a", S2)]
        finish(sio.leave_room(S1, "a"))
        finish(sio.leave_room(S1, "a"))
        assert calls.take() == [("leave", "a", S1)]
        finish(sio.leave_room(S2, "a"))
        assert calls.take() == [("leave", "a", S2), ("delete", "a")]

    def test_closing_a_room_and_losing_a_client_are_told_too(self) -> None:
        calls = Calls()
        world = self.world(calls)
        for sid, room in ((S1, "a"), (S2, "a"), (S1, "b")):
            finish(world.sio.enter_room(sid, room))
        calls.clear()
        finish(world.sio.close_room("a"))
        assert sorted(calls.take()) == [("delete", "a"), ("leave", "a", S1), ("leave", "a", S2)]
        world.close("e1")
        assert calls.take() == [("leave", "b", S1), ("delete", "b")]

    def test_after_a_reset_a_room_is_not_new_and_is_emptied_by_its_last(self) -> None:
        calls = Calls()
        world = self.world(calls)
        finish(world.sio.enter_room(S1, "a"))
        calls.clear()
        world.reset()
        assert calls.take() == []
        finish(world.sio.enter_room(S2, "a"))
        world.close("e1")
        assert calls.take() == [("join", "a", S2), ("leave", "a", S1)]

    def test_a_socket_that_connects_counts_when_it_has_connected(self) -> None:
        calls, answers = Calls(), [False, None]

        def register(sio: Any) -> None:
            async def connect(sid: str, environ: Any) -> Any:
                await sio.enter_room(sid, "a")
                calls.append(("connect", sid))
                return answers.pop(0)

            sio.on("connect", connect)
            for event in ("create", "join", "leave", "delete"):
                sio.on_room(event, calls.of(event))

        world = World(register)
        world.open("e1")
        world.receive("e1", "0", "0")
        assert calls == [("connect", S1), ("connect", S2), ("create", "a"), ("join", "a", S2)]

    def test_own_rooms_and_other_namespaces_do_not_count(self) -> None:
        calls = Calls()
        world = self.world(calls)
        sid = world.connect("e1", "/chat")
        finish(world.sio.enter_room(sid, "a", namespace="/chat"))
        finish(world.sio.enter_room(S1, S1))
        assert calls == []

    def test_one_for_all_namespaces_is_told_which(self) -> None:
        calls = Calls()
        world = World(lambda sio: sio.on_room("join", calls.of("join"), namespace="*"), namespaces=["/chat"])
        sid = world.connect("e1", "/chat")
        finish(world.sio.enter_room(sid, "a", namespace="/chat"))
        assert calls == [("join", "/chat", "a", sid)]

    def test_many_sockets_at_once(self) -> None:
        calls = Calls()
        sio = self.world(calls).sio
        finish(sio.sockets_join(None, ["a", 1]))
        assert calls.take() == [
            *(("create", "a"), ("join", "a", S1), ("create", 1), ("join", 1, S1)),
            *(("join", "a", S2), ("join", 1, S2)),
        ]
        finish(sio.sockets_leave("a", [1, "a"], except_rooms=S2))
        assert calls.take() == [("leave", 1, S1), ("leave", "a", S1)]

    def test_one_that_enters_rooms_itself_is_told_of_them(self) -> None:
        told: list[str] = []

        def register(sio: Any) -> None:
            async def join(room: str, sid: str) -> None:
                told.append(room)
                if len(room) < 3:
                    await sio.enter_room(sid, room + "a")

            sio.on_room("join", join)

        world = World(register)
        world.connect("e1")
        finish(world.sio.enter_room(S1, "a"))
        assert told == ["a", "aa", "aaa"]

    def test_one_that_raises_is_reported_and_the_room_is_entered(self, log: Log) -> None:
        world = World(lambda sio: sio.on_room("join", Calls().of("join", LookupError())))
        world.connect("e1")
        finish(world.sio.enter_room(S1, "a"))
        assert world.sio.rooms(S1) == [S1, "a"]
        assert log.take("ERROR") == ["= handler of 'join' raised, /"]

    @pytest.mark.parametrize("event", ["join-room", "", "JOIN"])
    def test_an_event_that_no_room_has_is_refused(self, event: str) -> None:
        with pytest.raises(ConfigError, match="create, join, leave, delete"):
            World().sio.on_room(event, print)

    def test_nothing_is_read_where_nobody_is_told(self) -> None:
        world = World()
        world.connect("e1")
        world.reset()
        world.database.take()
        finish(world.sio.enter_room(S1, "a"))
        assert not [one for one in world.database.take("SELECT") if "sio_rooms r" in one]


class TestWake:
    """What each life does once, in the background."""

    def test_it_begins_when_the_step_that_registers_has_ended(self) -> None:
        begun: list[int] = []

        def register(sio: Any) -> None:
            @sio.on_wake
            async def go_on() -> None:
                begun.append(1)
                await sio.sleep(10)
                begun.append(2)

            @sio.on_wake()
            def at_once() -> None:
                begun.append(0)

        world = World(register)
        world.sio.receive_life()
        assert begun == []
        world.runtime.settle()
        assert begun == [1, 0]
        world.runtime.advance(10)
        assert begun == [1, 0, 2]

    def test_what_it_raises_is_reported_and_keeps_nobody_from_beginning(self, log: Log) -> None:
        begun: list[str] = []

        async def fails() -> None:
            raise RuntimeError("no")

        def register(sio: Any) -> None:
            sio.on_wake(fails)
            sio.on_wake(lambda: begun.append("the other"))

        world = World(register)
        world.sio.receive_life()
        world.runtime.settle()
        assert begun == ["the other"]
        assert log.take("ERROR") == ["= handler of 'wake' raised, /"]
