"""The server through its three inputs, with the text that clients send and get. Hostile clients are in `test_hostile.py`."""

import functools
import json
from collections.abc import Callable
from typing import Any

import pytest
import socketio
from server_fakes import ENGINE, FakeEvent, Log, World, finish, socket_sid
from socketio import exceptions

from shared_wire import AdmitSessions, CloseSessions, EngineSid, Packet, SendPackets
from socketio_do.errors import ConfigError, SessionDataError

S1, S2, S3 = socket_sid(1), socket_sid(2), socket_sid(3)
E1 = EngineSid("e1")

Refused: Any = exceptions.ConnectionRefusedError


class Recorder:
    """Handlers that write down what they are called with, and answer what they are told."""

    def __init__(self, **answers: Any) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self._answers = answers

    def handler(self, name: str) -> Callable[..., Any]:
        async def record(*args: Any) -> Any:
            self.calls.append((name, *args))
            answer = self._answers.get(name)
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return record

    def register(self, sio: Any) -> None:
        for name in ("connect", "disconnect", *self._answers):
            sio.on(name, self.handler(name))

    def take(self) -> list[tuple[Any, ...]]:
        calls, self.calls = self.calls, []
        return calls


def recorded(**answers: Any) -> tuple[World, Recorder]:
    recorder = Recorder(**answers)
    return World(recorder.register), recorder


def nested(depth: int) -> list[Any]:
    data: list[Any] = []
    for _ in range(depth):
        data = [data]
    return data


def accepted(sid: str, namespace: str = "") -> str:
    return f'0{namespace}{{"sid":"{sid}"}}'


class TestConnect:
    def test_a_client_is_admitted_then_answered(self) -> None:
        world, recorder = recorded()
        world.open("e1", QUERY_STRING="a=b")
        world.receive("e1", '0{"token":"secret"}')
        assert world.sent == [
            (ENGINE, AdmitSessions((E1,))),
            (ENGINE, SendPackets((E1,), (accepted(S1),))),
        ]
        assert recorder.calls == [("connect", S1, {"QUERY_STRING": "a=b"}, {"token": "secret"})]

    @pytest.mark.parametrize("packet", ["0", "0{}"])
    def test_without_auth_the_handler_gets_none(self, packet: str) -> None:
        world, recorder = recorded()
        world.open("e1")
        world.receive("e1", packet)
        assert recorder.calls == [("connect", S1, {}, None)]
        assert world.take("e1") == [accepted(S1)]

    def test_without_a_handler_everybody_may_come(self) -> None:
        world = World()
        assert world.connect("e1") == S1
        assert world.sio.manager.is_connected(S1, "/")

    @pytest.mark.parametrize("taken", [2, 3])
    @pytest.mark.parametrize("kind", ["coroutine", "function", "wrapped"])
    def test_a_handler_may_leave_out_auth(self, taken: int, kind: str) -> None:
        calls: list[tuple[Any, ...]] = []

        async def two(sid: str, environ: Any) -> None:
            calls.append((sid, environ))

        async def three(sid: str, environ: Any, auth: Any) -> None:
            calls.append((sid, environ, auth))

        def plain_two(sid: str, environ: Any) -> None:
            calls.append((sid, environ))

        def plain_three(sid: str, environ: Any, auth: Any) -> None:
            calls.append((sid, environ, auth))

        def wrap(handler: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(handler)
            async def wrapper(*args: Any) -> Any:
                return await handler(*args)

            return wrapper

        handlers: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
            "coroutine": (two, three),
            "function": (plain_two, plain_three),
            "wrapped": (wrap(two), wrap(three)),
        }
        world = World(lambda sio: sio.on("connect", handlers[kind][taken - 2]))
        world.open("e1", A="1")
        world.receive("e1", '0{"token":1}')
        assert calls == [(S1, {"A": "1"}, {"token": 1})[:taken]]
        assert world.take("e1") == [accepted(S1)]

    def test_a_handler_of_one_parameter_is_refused_as_upstream_does(self, log: Log) -> None:
        def connect(sid: str) -> None:
            raise AssertionError

        world = World(lambda sio: sio.on("connect", connect))
        world.open("e1")
        world.receive("e1", "0")
        assert world.take("e1") == ['4{"message":"Connection refused by server"}']
        assert len(log.take("ERROR")) == 1

    @pytest.mark.parametrize(
        ("answer", "packet"),
        [
            (False, '4{"message":"Connection rejected by server"}'),
            (Refused(), '4{"message":"Connection rejected by server"}'),
            (Refused("go away"), '4{"message":"go away"}'),
            (Refused("go away", {"code": 7}), '4{"message":"go away","data":{"code":7}}'),
            (Refused("go away", 1, 2), '4{"message":"go away","data":[1,2]}'),
            (ConnectionRefusedError("secret"), '4{"message":"Connection refused by server"}'),
        ],
    )
    def test_a_refused_client_is_told_why_and_forgotten(self, answer: Any, packet: str) -> None:
        world, recorder = recorded(connect=answer)
        world.open("e1")
        world.receive("e1", "0")
        assert world.sent == [(ENGINE, SendPackets((E1,), (packet,)))]
        assert world.membership.sockets_of("e1") == {}
        assert world.database.rows("sio_sockets") == []
        assert [call[0] for call in recorder.take()] == ["connect"]
        world.close("e1")
        assert recorder.calls == []
        assert world.database.rows("sio_sessions") == []

    @pytest.mark.parametrize("answer", [None, True, 0, "", {}, []])
    def test_only_false_refuses(self, answer: Any) -> None:
        world, _ = recorded(connect=answer)
        assert world.connect("e1") == S1

    def test_a_refused_client_may_try_again(self) -> None:
        answers: list[Any] = [False, None]
        world = World(lambda sio: sio.on("connect", lambda sid, environ: answers.pop(0)))
        world.open("e1")
        world.receive("e1", "0", "0")
        assert world.take("e1") == ['4{"message":"Connection rejected by server"}', accepted(S2)]

    def test_a_handler_that_raises_refuses_without_saying_why(self, log: Log) -> None:
        world, recorder = recorded(connect=LookupError("secret"))
        world.open("e1")
        world.receive("e1", "0")
        assert world.take("e1") == ['4{"message":"Connection refused by server"}']
        assert log.take("ERROR") == [f"= handler of 'connect' raised, session e1, socket {S1}, /"]
        assert len(recorder.calls) == 1

    def test_a_handler_that_raises_type_error_is_called_once(self, log: Log) -> None:
        world, recorder = recorded(connect=TypeError("its own"))
        world.open("e1")
        world.receive("e1", "0")
        assert len(recorder.calls) == 1
        assert len(log.take("ERROR")) == 1

    def test_a_namespace_nobody_serves(self) -> None:
        world, recorder = recorded()
        world.open("e1")
        world.receive("e1", "0/nowhere,")
        assert world.sent == [(ENGINE, SendPackets((E1,), ('4/nowhere,{"message":"Invalid namespace"}',)))]
        assert recorder.calls == []

    @pytest.mark.parametrize(
        ("options", "namespace", "served"),
        [
            ({}, "/", True),
            ({}, "/handled", True),
            ({}, "/class", True),
            ({}, "/other", False),
            ({"namespaces": ["/other"]}, "/other", True),
            ({"namespaces": ["/other"]}, "/handled", True),
            ({"namespaces": ["/other"]}, "/", False),
            ({"namespaces": "*"}, "/anything at all", True),
        ],
    )
    def test_the_namespaces_that_are_served(self, options: dict[str, Any], namespace: str, served: bool) -> None:
        make: Any = socketio.AsyncNamespace

        def register(sio: Any) -> None:
            sio.on("x", print, namespace="/handled")
            sio.register_namespace(make("/class"))

        world = World(register, **options)
        world.open("e1")
        world.receive("e1", f"0{namespace},")
        assert (world.membership.socket_in("e1", namespace) is not None) == served

    def test_one_session_may_be_in_several_namespaces(self) -> None:
        world = World(namespaces=["/", "/chat"])
        assert [world.connect("e1"), world.connect("e1", "/chat")] == [S1, S2]
        assert world.sio.manager.is_connected(S1, "/")
        assert world.sio.manager.is_connected(S2, "/chat")

    def test_the_row_is_written_when_the_handler_has_accepted(self) -> None:
        gate = FakeEvent()

        async def connect(sid: str, environ: Any) -> None:
            await gate.wait()

        world = World(lambda sio: sio.on("connect", connect))
        world.open("e1")
        world.receive("e1", "0")
        assert world.database.rows("sio_sockets") == []
        assert world.take("e1") == []
        gate.set()
        world.runtime.settle()
        assert len(world.database.rows("sio_sockets")) == 1
        assert world.take("e1") == [accepted(S1)]

    def test_what_a_client_sends_before_the_answer_waits_for_it(self) -> None:
        gate, said = FakeEvent(), list[str]()

        async def connect(sid: str, environ: Any) -> None:
            await gate.wait()

        def register(sio: Any) -> None:
            sio.on("connect", connect)
            sio.on("say", lambda sid, text: said.append(text))

        world = World(register)
        world.open("e1")
        world.receive("e1", "0", '2["say","early"]')
        assert said == []
        gate.set()
        world.runtime.settle()
        assert said == ["early"]

    def test_the_connect_handler_may_use_rooms_session_and_emit(self) -> None:
        def register(sio: Any) -> None:
            async def connect(sid: str, environ: Any) -> None:
                await sio.save_session(sid, {"nick": "Bo"})
                await sio.enter_room(sid, "lobby")
                await sio.emit("came", sid, room="lobby")

            sio.on("connect", connect)

        world = World(register)
        world.open("e1")
        world.receive("e1", "0")
        assert world.take("e1") == [f'2["came","{S1}"]', accepted(S1)]
        assert world.sio.rooms(S1) == [S1, "lobby"]
        assert finish(world.sio.get_session(S1)) == {"nick": "Bo"}

    def test_always_connect_answers_first(self) -> None:
        recorder = Recorder(connect=False)
        world = World(recorder.register, always_connect=True)
        world.open("e1")
        world.receive("e1", "0")
        assert world.take("e1") == [accepted(S1), "1"]
        assert world.database.rows("sio_sockets") == []
        assert [call[0] for call in recorder.calls] == ["connect"]

    def test_always_connect_and_accepted(self) -> None:
        world = World(always_connect=True)
        world.open("e1")
        world.receive("e1", "0")
        assert world.take("e1") == [accepted(S1)]
        assert world.sio.manager.is_connected(S1, "/")

    def test_a_message_of_an_unknown_session_closes_it(self) -> None:
        world, recorder = recorded()
        world.receive("e1", "0", actor="east")
        assert world.sent == [("east", CloseSessions((E1,), "transport error"))]
        assert recorder.calls == []

    @pytest.mark.parametrize(
        "error",
        [Refused("no", object()), Refused("no", b"bytes"), Refused("no", nested(5_000))],
        ids=["not JSON", "binary", "too deep"],
    )
    def test_a_refusal_that_cannot_be_sent_is_a_refusal_nevertheless(self, error: Exception, log: Log) -> None:
        world, _ = recorded(connect=error)
        world.open("e1")
        world.receive("e1", "0")
        assert log.take("ERROR") == ["= a refusal's data cannot be sent, session e1, /"]
        assert world.membership.sockets_of("e1") == {}
        assert world.take("e1") == ['4{"message":"no"}']

    @pytest.mark.parametrize(
        ("always_connect", "packets"),
        [(False, ['4{"message":"Connection refused by server"}']), (True, [accepted(S1), "1"])],
    )
    def test_a_connect_handler_that_takes_too_long_refuses(self, always_connect: bool, packets: list[str]) -> None:
        async def connect(sid: str, environ: Any) -> None:
            await FakeEvent().wait()

        world = World(lambda sio: sio.on("connect", connect), always_connect=always_connect)
        world.open("e1")
        world.receive("e1", "0")
        world.runtime.cancel()
        assert world.membership.sockets_of("e1") == {}
        assert world.database.rows("sio_sockets") == []
        assert world.take("e1") == packets


class TestEvents:
    @pytest.mark.parametrize(
        ("text", "args"),
        [
            ('2["say"]', ()),
            ('2["say",1]', (1,)),
            ('2["say",null,{"a":[1.5,true]},"ü"]', (None, {"a": [1.5, True]}, "ü")),
        ],
    )
    def test_a_handler_gets_what_the_client_sent(self, text: str, args: tuple[Any, ...]) -> None:
        world, recorder = recorded(say=None)
        world.connect("e1")
        recorder.take()
        world.receive("e1", text)
        assert recorder.calls == [("say", S1, *args)]
        assert world.take("e1") == []

    @pytest.mark.parametrize(
        ("answer", "packet"),
        [
            (None, "37[]"),
            ("ok", '37["ok"]'),
            (0, "37[0]"),
            (False, "37[false]"),
            ([1, 2], "37[[1,2]]"),
            ({"a": 1}, '37[{"a":1}]'),
            ((), "37[]"),
            ((1, "two", None), '37[1,"two",null]'),
        ],
    )
    def test_an_acknowledgement_carries_what_the_handler_returns(self, answer: Any, packet: str) -> None:
        world, _ = recorded(say=answer)
        world.connect("e1")
        world.receive("e1", '27["say"]')
        assert world.take("e1") == [packet]

    def test_ack_id_nought_is_an_ack_id(self) -> None:
        world, _ = recorded(say="ok")
        world.connect("e1")
        world.receive("e1", '20["say"]')
        assert world.take("e1") == ['30["ok"]']

    def test_without_an_ack_id_nothing_is_answered(self) -> None:
        world, _ = recorded(say="ok")
        world.connect("e1")
        world.receive("e1", '2["say"]')
        assert world.take("e1") == []

    def test_an_event_nobody_handles_is_not_acknowledged(self) -> None:
        world, recorder = recorded()
        world.connect("e1")
        recorder.take()
        world.receive("e1", '27["unknown",1]')
        assert world.take("e1") == []
        assert recorder.calls == []
        assert world.closes() == []

    def test_a_number_may_name_an_event(self) -> None:
        world, recorder = recorded(**{"7": None})
        world.connect("e1")
        world.receive("e1", '2[7,"x"]')
        assert recorder.calls[-1] == ("7", S1, "x")

    @pytest.mark.parametrize(
        ("text", "name"), [("2[1.0]", "1"), ("2[1e3]", "1000"), ("2[-0.0]", "0"), ("2[1.5]", "1.5"), ("2[-7]", "-7")]
    )
    def test_a_number_names_the_event_javascript_would_name(self, text: str, name: str) -> None:
        world, recorder = recorded(**{name: None})
        world.connect("e1")
        world.receive("e1", text)
        assert recorder.calls[-1] == (name, S1)

    def test_binary_from_a_client(self) -> None:
        world, recorder = recorded(upload=None)
        world.connect("e1")
        world.receive(
            "e1", '52-9["upload",{"a":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}]', b"0", b"1"
        )
        assert recorder.calls[-1] == ("upload", S1, {"a": b"1"}, b"0")
        assert world.take("e1") == ["39[]"]

    def test_binary_to_a_client_and_back_in_the_acknowledgement(self) -> None:
        world, _ = recorded(echo=b"\x00\xff")
        world.connect("e1")
        world.receive("e1", '27["echo"]')
        assert world.take("e1") == ['61-7[{"_placeholder":true,"num":0}]', b"\x00\xff"]

    def test_a_packet_and_its_attachments_are_one_operation(self) -> None:
        world = World()
        world.connect("e1")
        world.forget()
        finish(world.sio.emit("x", (b"0", {"b": b"1"})))
        header = '52-["x",{"_placeholder":true,"num":0},{"b":{"_placeholder":true,"num":1}}]'
        assert world.sent == [(ENGINE, SendPackets((E1,), (header, b"0", b"1")))]

    def test_a_handler_that_raises_is_logged_and_costs_nobody_anything(self, log: Log) -> None:
        world, recorder = recorded(say=LookupError("secret"))
        world.connect("e1")
        world.receive("e1", '27["say"]')
        assert log.take("ERROR") == [f"= handler of 'say' raised, session e1, socket {S1}, /"]
        assert world.take("e1") == []
        assert world.closes() == []
        world.receive("e1", '2["say"]')
        assert len(recorder.calls) == 3
        assert len(log.take("ERROR")) == 1

    @pytest.mark.parametrize("event", ["say", "disconnect"])
    def test_a_handler_that_raises_type_error_is_called_once(self, event: str, log: Log) -> None:
        world, recorder = recorded(say=TypeError(), disconnect=TypeError())
        world.connect("e1")
        recorder.take()
        world.receive("e1", '2["say",1]' if event == "say" else "1")
        assert [call[0] for call in recorder.calls] == [event]
        assert len(log.take("ERROR")) == 1

    def test_an_answer_that_cannot_be_sent_is_logged(self, log: Log) -> None:
        world, _ = recorded(say={1, 2})
        world.connect("e1")
        world.receive("e1", '27["say"]')
        assert world.take("e1") == []
        assert len(log.take("ERROR")) == 1

    def test_a_plain_function_may_handle_events(self) -> None:
        world = World(lambda sio: sio.on("double", lambda sid, number: number * 2))
        world.connect("e1")
        world.receive("e1", '21["double",21]')
        assert world.take("e1") == ["31[42]"]

    def test_a_wrapped_handler_gets_everything(self) -> None:
        async def handler(sid: str, text: str) -> str:
            return text

        @functools.wraps(handler)
        async def wrapper(*args: Any) -> str:
            return "wrapped " + await handler(*args)

        world = World(lambda sio: sio.on("say", wrapper))
        world.connect("e1")
        world.receive("e1", '21["say","x"]')
        assert world.take("e1") == ['31["wrapped x"]']


class TestHandlers:
    """Which handler an event finds."""

    def test_the_nearest_handler_is_called_with_what_it_does_not_know(self) -> None:
        recorder = Recorder()

        def register(sio: Any) -> None:
            for event, namespace in (("say", "/"), ("*", "/"), ("say", "*"), ("*", "*"), ("connect", "*")):
                sio.on(event, recorder.handler(f"{event} in {namespace}"), namespace=namespace)

        world = World(register, namespaces="*")
        world.connect("e1")
        world.connect("e1", "/other")
        world.receive("e1", '2["say",1]', '2["else",2]', '2/other,["say",3]', '2/other,["else",4]')
        assert recorder.calls == [
            ("connect in *", "/", S1, {}, None),
            ("connect in *", "/other", S2, {}, None),
            ("say in /", S1, 1),
            ("* in /", "else", S1, 2),
            ("say in *", "/other", S2, 3),
            ("* in *", "else", "/other", S2, 4),
        ]

    def test_a_catch_all_handler_is_not_for_connect_and_disconnect(self) -> None:
        recorder = Recorder()
        world = World(lambda sio: sio.on("*", recorder.handler("*")))
        world.connect("e1")
        world.close("e1")
        assert recorder.calls == []

    def test_a_catch_all_namespace_for_disconnect(self) -> None:
        recorder = Recorder()
        world = World(lambda sio: sio.on("disconnect", recorder.handler("gone"), namespace="*"), namespaces="*")
        world.connect("e1", "/any")
        world.close("e1", "ping timeout")
        assert recorder.calls == [("gone", "/any", S1, "ping timeout")]

    def test_handlers_named_by_their_function(self) -> None:
        def register(sio: Any) -> None:
            async def say(sid: str, text: str) -> str:
                return text

            sio.event(say)
            sio.event(namespace="/chat")(say)

        world = World(register)
        world.connect("e1")
        world.connect("e1", "/chat")
        world.receive("e1", '21["say","a"]', '2/chat,2["say","b"]')
        assert world.take("e1") == ['31["a"]', '3/chat,2["b"]']


class Chat(socketio.AsyncNamespace):
    """A class-based namespace."""

    calls: list[tuple[Any, ...]]
    server: Any

    def on_connect(self, sid: str, environ: Any, auth: Any) -> None:
        self.calls.append(("connect", sid, auth))

    async def on_say(self, sid: str, text: str) -> str:
        self.calls.append(("say", sid, text))
        me: Any = self
        await me.enter_room(sid, "lobby")
        await me.emit("said", text, room="lobby")
        async with me.session(sid) as session:
            session["said"] = text
        return f"{me.rooms(sid)[1:]}"

    def on_disconnect(self, sid: str) -> None:
        self.calls.append(("disconnect", sid))


class Own(socketio.AsyncNamespace):
    """A namespace with a dispatch of its own."""

    calls: list[tuple[Any, ...]]

    async def trigger_event(self, event: str, *args: Any) -> Any:
        self.calls.append((event, *args))
        return "own"


def namespaced(kind: Any, name: str, **options: Any) -> tuple[World, list[tuple[Any, ...]]]:
    calls: list[tuple[Any, ...]] = []

    def register(sio: Any) -> None:
        namespace = kind(name)
        namespace.calls = calls
        sio.register_namespace(namespace)

    return World(register, **options), calls


class TestNamespaces:
    def test_a_class_handles_its_namespace(self) -> None:
        world, calls = namespaced(Chat, "/chat")
        world.open("e1")
        world.receive("e1", '0/chat,{"a":1}', '2/chat,1["say","hi"]', '2/chat,2["unknown"]', "1/chat,")
        assert calls == [("connect", S1, {"a": 1}), ("say", S1, "hi"), ("disconnect", S1)]
        assert world.take("e1") == [
            accepted(S1, "/chat,"),
            '2/chat,["said","hi"]',
            "3/chat,1[\"['lobby']\"]",
            "3/chat,2[]",
        ]

    def test_its_methods_work_on_its_namespace(self) -> None:
        world, _ = namespaced(Chat, "/chat")
        world.connect("e1", "/chat")
        world.receive("e1", '2/chat,["say","hi"]')
        assert finish(world.sio.get_session(S1, namespace="/chat")) == {"said": "hi"}
        assert world.sio.rooms(S1, namespace="/chat") == [S1, "lobby"]

    def test_its_own_trigger_event_decides(self) -> None:
        world, calls = namespaced(Own, "/own")
        world.open("e1", A="1")
        world.receive("e1", '0/own,{"a":1}', '2/own,5["say",1,2]', "1/own,")
        assert calls == [
            ("connect", S1, {"A": "1"}, {"a": 1}),
            ("say", S1, 1, 2),
            ("disconnect", S1, "client disconnect"),
        ]
        assert world.take("e1") == [accepted(S1, "/own,"), '3/own,5["own"]']

    def test_a_catch_all_class_gets_the_namespace_first(self) -> None:
        world, calls = namespaced(Own, "*", namespaces="*")
        world.open("e1")
        world.receive("e1", "0/any,", '2/any,["say",1]')
        assert calls == [("connect", "/any", S1, {}, None), ("say", "/any", S1, 1)]

    def test_a_function_comes_before_a_class(self) -> None:
        calls: list[Any] = []

        def register(sio: Any) -> None:
            make: Any = Chat
            namespace = make("/chat")
            namespace.calls = []
            sio.register_namespace(namespace)
            sio.on("say", lambda sid, text: calls.append(text), namespace="/chat")

        world = World(register)
        world.connect("e1", "/chat")
        world.receive("e1", '2/chat,["say","hi"]')
        assert calls == ["hi"]

    def test_call_of_a_namespace_needs_no_timeout(self) -> None:
        class Asking(socketio.AsyncNamespace):
            """A namespace that asks its client."""

            async def on_ask(self, sid: str) -> Any:
                me: Any = self
                return await me.call("question", to=sid)

        make: Any = Asking
        world = World(lambda sio: sio.register_namespace(make("/")))
        world.connect("e1")
        world.receive("e1", '21["ask"]')
        world.receive("e1", '31000["answer"]')
        assert world.take("e1") == ['21000["question"]', '31["answer"]']


class TestEmit:
    @pytest.fixture
    def world(self) -> World:
        """Four clients on two actors: 1 and 2 in room a, 2 and 3 in room b, 4 in none; 1 and 3 are of the same actor."""
        world = World(namespaces=["/", "/chat"])
        for number, actor in enumerate(("east", "west", "east", "west"), 1):
            world.connect(f"e{number}", actor=actor)
        for number, room in ((1, "a"), (2, "a"), (2, "b"), (3, "b")):
            world.do(world.sio.enter_room(socket_sid(number), room))
        world.forget()
        return world

    @pytest.mark.parametrize(
        ("options", "sends"),
        [
            ({}, {"east": ("e1", "e3"), "west": ("e2", "e4")}),
            ({"to": S2}, {"west": ("e2",)}),
            ({"room": "a"}, {"east": ("e1",), "west": ("e2",)}),
            ({"room": ["a", "b"]}, {"east": ("e1", "e3"), "west": ("e2",)}),
            ({"room": ["a", "b"], "skip_sid": S2}, {"east": ("e1", "e3")}),
            ({"skip_sid": [S1, S3]}, {"west": ("e2", "e4")}),
            ({"namespace": "/chat"}, {}),
            ({"room": "nobody"}, {}),
        ],
    )
    def test_one_operation_for_each_engine_actor(
        self, world: World, options: dict[str, Any], sends: dict[str, tuple[str, ...]]
    ) -> None:
        finish(world.sio.emit("x", {"a": 1}, **options))
        assert {actor: tuple(sorted(operation.engine_sids)) for actor, operation in world.sends()} == sends
        assert len(world.sent) == len(sends)
        assert {operation.packets for _, operation in world.sends()} <= {('2["x",{"a":1}]',)}

    def test_a_packet_is_encoded_once_for_everybody(self, world: World) -> None:
        finish(world.sio.emit("x", b"large"))
        one, other = (operation for _, operation in world.sends())
        assert one.packets is other.packets

    def test_send_is_the_event_message(self, world: World) -> None:
        finish(world.sio.send("hello", to=S1))
        assert world.take("e1") == ['2["message","hello"]']

    def test_the_order_of_a_clients_packets_is_that_of_the_calls(self, world: World) -> None:
        for number in range(5):
            finish(world.sio.emit("x", number, to=S1 if number % 2 else None))
        assert world.take("e1") == [f'2["x",{number}]' for number in range(5)]

    def test_a_client_that_left_a_room_gets_nothing_more(self, world: World) -> None:
        finish(world.sio.leave_room(S1, "a"))
        finish(world.sio.emit("x", room="a"))
        finish(world.sio.close_room("a"))
        finish(world.sio.emit("y", room="a"))
        assert world.take("e1") == []
        assert world.take("e2") == ['2["x"]']

    def test_a_closed_session_gets_nothing(self, world: World) -> None:
        world.close("e1")
        finish(world.sio.emit("x", room=["a", S1]))
        assert world.take("e1") == []
        assert world.take("e2") == ['2["x"]']

    def test_an_event_raised_by_one_client_reaches_the_others(self) -> None:
        def register(sio: Any) -> None:
            async def say(sid: str, data: dict[str, str]) -> str:
                await sio.emit("said", data["text"], room=data["room"], skip_sid=sid)
                return "ok"

            sio.on("say", say)
            sio.on("join", sio.enter_room)

        world = World(register)
        for engine_sid in ("e1", "e2", "e3"):
            world.connect(engine_sid)
        world.receive("e1", '2["join","r"]', '21["say",{"room":"r","text":"alone"}]')
        world.receive("e2", '2["join","r"]')
        world.receive("e1", '22["say",{"room":"r","text":"hi"}]')
        assert world.take("e1") == ['31["ok"]', '32["ok"]']
        assert world.take("e2") == ['2["said","hi"]']
        assert world.take("e3") == []


class TestSessions:
    def test_data_is_kept_for_each_socket(self) -> None:
        world = World(namespaces=["/", "/chat"])
        world.connect("e1")
        world.connect("e1", "/chat")
        finish(world.sio.save_session(S1, {"nick": "Bo"}))
        assert finish(world.sio.get_session(S1)) == {"nick": "Bo"}
        assert finish(world.sio.get_session(S2, namespace="/chat")) == {}

    def test_the_context_manager_saves_at_its_end(self) -> None:
        def register(sio: Any) -> None:
            async def count(sid: str) -> int:
                async with sio.session(sid) as session:
                    session["count"] = session.get("count", 0) + 1
                return int(session["count"])

            sio.on("count", count)

        world = World(register)
        world.connect("e1")
        world.receive("e1", '21["count"]', '22["count"]')
        assert world.take("e1") == ["31[1]", "32[2]"]
        assert finish(world.sio.get_session(S1)) == {"count": 2}

    def test_what_get_session_gives_is_a_copy(self) -> None:
        world = World()
        world.connect("e1")
        finish(world.sio.get_session(S1))["lost"] = 1
        assert finish(world.sio.get_session(S1)) == {}

    @pytest.mark.parametrize("data", [{"a": object()}, {"a": {1}}, {"a": b"x"}])
    def test_data_that_is_not_json_is_refused(self, data: Any) -> None:
        world = World()
        world.connect("e1")
        with pytest.raises(SessionDataError, match="session data survives sleep as JSON"):
            finish(world.sio.save_session(S1, data))
        assert finish(world.sio.get_session(S1)) == {}

    def test_the_session_of_nobody(self) -> None:
        world = World()
        with pytest.raises(KeyError):
            finish(world.sio.get_session("nobody"))
        with pytest.raises(KeyError):
            finish(world.sio.save_session("nobody", {}))

    @pytest.mark.parametrize(("sid", "namespace"), [(S1, "/chat"), (S2, None), (S2, "/")])
    def test_a_socket_has_data_and_environ_in_its_own_namespace_only(self, sid: str, namespace: str | None) -> None:
        world = World(namespaces=["/", "/chat"])
        world.connect("e1")
        world.connect("e1", "/chat")
        rows = world.database.rows("sio_sockets")
        with pytest.raises(KeyError):
            finish(world.sio.get_session(sid, namespace=namespace))
        with pytest.raises(KeyError):
            finish(world.sio.save_session(sid, {"nick": "Bo"}, namespace=namespace))
        assert world.sio.get_environ(sid, namespace=namespace) is None
        assert world.database.rows("sio_sockets") == rows

    def test_environ_is_the_handshake_of_the_session(self) -> None:
        world = World(namespaces=["/", "/chat"])
        world.connect("e1", HTTP_COOKIE="a=b")
        world.connect("e1", "/chat")
        assert world.sio.get_environ(S1) == {"HTTP_COOKIE": "a=b"}
        assert world.sio.get_environ(S2, namespace="/chat") == {"HTTP_COOKIE": "a=b"}
        assert world.sio.get_environ("nobody") is None

    def test_the_transport_has_a_name_that_an_upgrade_changes_for_good(self) -> None:
        world = World()
        world.connect("e1", **{"engine_do.transport": "polling", "HTTP_X": "1"})
        assert world.sio.transport(S1) == "polling"
        world.reset()
        world.sio.receive_upgraded("e1")
        world.sio.receive_upgraded("nobody")
        assert world.sio.transport(S1) == "websocket"
        world.reset()
        assert world.sio.transport(S1) == "websocket"
        assert world.sio.get_environ(S1) == {"engine_do.transport": "websocket", "HTTP_X": "1"}


class TestDisconnect:
    def test_a_client_leaves_one_namespace(self) -> None:
        recorder = Recorder()

        def register(sio: Any) -> None:
            sio.on("disconnect", recorder.handler("main"))
            sio.on("disconnect", recorder.handler("chat"), namespace="/chat")

        world = World(register)
        world.connect("e1")
        world.connect("e1", "/chat")
        world.receive("e1", "1/chat,")
        assert recorder.calls == [("chat", S2, "client disconnect")]
        assert world.membership.sockets_of("e1") == {"/": S1}
        assert world.sent[-1] != (ENGINE, CloseSessions((E1,), "transport error"))
        world.receive("e1", "0/chat,")
        assert world.take("e1") == [accepted(S3, "/chat,")]

    def test_leaving_a_namespace_never_joined_is_nothing(self) -> None:
        world, recorder = recorded()
        world.connect("e1")
        world.forget()
        recorder.calls.clear()
        world.receive("e1", "1/chat,", "1/nowhere,")
        assert world.sent == []
        assert recorder.calls == []

    @pytest.mark.parametrize("packet", ["1", "1/chat,"])
    def test_leaving_before_anything_was_joined_closes(self, packet: str, log: Log) -> None:
        world, recorder = recorded()
        world.open("e1")
        world.receive("e1", packet)
        assert world.closes() == [(ENGINE, CloseSessions((E1,), "transport error"))]
        assert recorder.calls == []
        assert len(log.take("WARNING")) == 1

    def test_leaving_what_is_still_being_joined_is_leaving(self) -> None:
        gate = FakeEvent()
        world = World(lambda sio: sio.on("connect", lambda sid, environ: gate.wait()))
        world.open("e1")
        world.receive("e1", "0", "1")
        gate.set()
        world.runtime.settle()
        assert world.take("e1") == [accepted(S1)]
        assert world.closes() == []
        assert world.membership.sockets_of("e1") == {}

    def test_the_server_disconnects_a_client(self) -> None:
        world, recorder = recorded()
        world.connect("e1")
        world.do(world.sio.disconnect(S1))
        world.do(world.sio.disconnect(S1))
        assert world.take("e1") == ["1"]
        assert recorder.calls[1:] == [("disconnect", S1, "server disconnect")]
        assert world.database.rows("sio_sockets") == []
        world.close("e1")
        assert len(recorder.calls) == 2

    def test_the_server_disconnects_a_client_from_a_namespace(self) -> None:
        world = World(namespaces=["/", "/chat"])
        world.connect("e1")
        world.connect("e1", "/chat")
        world.do(world.sio.disconnect(S2, namespace="/chat"))
        world.do(world.sio.disconnect(S1, namespace="/chat"))
        assert world.take("e1") == ["1/chat,"]
        assert world.membership.sockets_of("e1") == {"/": S1}

    def test_a_client_disconnected_in_its_own_handler(self) -> None:
        recorder = Recorder()

        def register(sio: Any) -> None:
            recorder.register(sio)
            sio.on("leave", sio.disconnect)

        world = World(register)
        world.connect("e1")
        world.receive("e1", '21["leave"]')
        assert recorder.calls[1:] == [("disconnect", S1, "server disconnect")]
        assert world.take("e1") == ["1"]

    def test_after_a_disconnect_the_client_may_come_again(self) -> None:
        world = World()
        world.connect("e1")
        world.do(world.sio.disconnect(S1))
        assert world.connect("e1") == S2

    def test_the_handler_still_finds_rooms_session_and_environ(self) -> None:
        found: list[Any] = []

        def register(sio: Any) -> None:
            async def disconnect(sid: str) -> None:
                found.extend([await sio.get_session(sid), sio.rooms(sid), sio.get_environ(sid)])
                await sio.emit("left", sid, room="lobby", skip_sid=sid)

            sio.on("disconnect", disconnect)

        world = World(register)
        world.connect("e1", A="1")
        world.connect("e2")
        for sid in (S1, S2):
            world.do(world.sio.enter_room(sid, "lobby"))
        world.do(world.sio.save_session(S1, {"nick": "Bo"}))
        world.close("e1")
        assert found == [{"nick": "Bo"}, [S1, "lobby"], {"A": "1"}]
        assert world.take("e2") == [f'2["left","{S1}"]']

    @pytest.mark.parametrize("taken", [1, 2])
    def test_a_handler_may_leave_out_the_reason(self, taken: int) -> None:
        calls: list[tuple[str, ...]] = []
        handlers: list[Callable[..., Any]] = [
            lambda sid: calls.append((sid,)),
            lambda sid, reason: calls.append((sid, reason)),
        ]
        world = World(lambda sio: sio.on("disconnect", handlers[taken - 1]))
        world.connect("e1")
        world.close("e1", "ping timeout")
        assert calls == [(S1, "ping timeout")[:taken]]

    def test_a_client_that_closes_while_it_connects_is_accepted_then_disconnected(self) -> None:
        gate, recorder = FakeEvent(), Recorder()

        async def connect(sid: str, environ: Any) -> None:
            await gate.wait()

        def register(sio: Any) -> None:
            recorder.register(sio)
            sio.on("connect", connect)

        world = World(register)
        world.open("e1")
        world.receive("e1", "0")
        world.close("e1")
        assert recorder.calls == []
        gate.set()
        world.runtime.settle()
        assert recorder.calls == [("disconnect", S1, "transport close")]
        assert world.database.rows("sio_sockets") == world.database.rows("sio_sessions") == []

    @pytest.mark.parametrize("end", ["refuses", "raises", "is cancelled"])
    @pytest.mark.parametrize("always_connect", [False, True])
    def test_a_client_that_closes_while_it_connects_and_is_refused_leaves_nothing(
        self, end: str, always_connect: bool, log: Log
    ) -> None:
        gate, recorder = FakeEvent(), Recorder()

        async def connect(sid: str, environ: Any) -> bool:
            await gate.wait()
            if end == "raises":
                raise LookupError
            return False

        def register(sio: Any) -> None:
            recorder.register(sio)
            sio.on("connect", connect)

        world = World(register, always_connect=always_connect)
        world.open("e1")
        world.receive("e1", "0")
        world.close("e1")
        if end == "is cancelled":
            world.runtime.cancel()
        else:
            gate.set()
            world.runtime.settle()
        assert len(log.take("ERROR")) == (end == "raises")
        assert recorder.calls == []
        assert world.database.rows("sio_sessions") == []
        assert not world.membership.has_session("e1")
        assert world.runtime.tasks == []

    def test_a_join_that_waited_while_its_session_ended_connects_nobody(self) -> None:
        gates, recorder = {name: FakeEvent() for name in ("wait", "leave")}, Recorder()

        def register(sio: Any) -> None:
            sio.on("disconnect", lambda sid: gates["leave"].wait())
            sio.on("wait", lambda sid: gates["wait"].wait(), namespace="/chat")
            for event in ("connect", "disconnect"):
                sio.on(event, recorder.handler(event), namespace="/chat")

        world = World(register)
        world.connect("e1")
        world.connect("e1", "/chat")
        world.receive("e1", '2/chat,["wait"]')
        world.do(world.sio.disconnect(S2, namespace="/chat"))
        world.receive("e1", "0/chat,")
        world.close("e1")
        world.forget()
        gates["wait"].set()
        world.runtime.settle()
        assert world.membership.sockets_of("e1") == {"/": S1}
        gates["leave"].set()
        world.runtime.settle()
        assert [call[:2] for call in recorder.calls] == [("connect", S2), ("disconnect", S2)]
        assert world.sent == []
        assert world.database.rows("sio_sessions") == world.database.rows("sio_sockets") == []

    @pytest.mark.parametrize(
        "message", ["0/chat,", '2["say"]', "31000[]", '51-["x",{"_placeholder":true,"num":0}]', "9"]
    )
    def test_what_comes_after_the_end_of_a_session_is_not_read(self, message: str, log: Log) -> None:
        gate, recorder = FakeEvent(), Recorder(say="ok")

        def register(sio: Any) -> None:
            recorder.register(sio)
            sio.on("disconnect", lambda sid: gate.wait())
            sio.on("connect", recorder.handler("chat"), namespace="/chat")

        world = World(register)
        world.connect("e1")
        finish(world.sio.emit("q", to=S1, callback=recorder.handler("answered")))
        recorder.take()
        world.forget()
        world.close("e1")
        world.receive("e1", message)
        assert +world.runtime.held == {}
        gate.set()
        world.runtime.settle()
        assert recorder.calls == []
        assert world.sent == []
        assert log.take("WARNING") == [f"= socket {S1}: 1 callbacks are lost: it is gone"]
        assert world.database.rows("sio_sessions") == world.database.rows("sio_sockets") == []

    def test_closing_the_transport(self) -> None:
        world = World()
        world.connect("e1")
        world.do(world.sio.eio.disconnect("e1"))
        assert world.closes() == [(ENGINE, CloseSessions((E1,), "server disconnect"))]

    def test_a_disconnect_handler_that_raises_leaves_no_session_behind(self, log: Log) -> None:
        world, _ = recorded(disconnect=LookupError())
        world.connect("e1")
        world.close("e1")
        assert log.take("ERROR") == [f"= handler of 'disconnect' raised, session e1, socket {S1}, /"]
        assert world.database.rows("sio_sockets") == []
        assert world.database.rows("sio_sessions") == []

    def test_a_disconnect_handler_that_takes_too_long_leaves_no_session_behind(self) -> None:
        async def disconnect(sid: str) -> None:
            await FakeEvent().wait()

        world = World(lambda sio: sio.on("disconnect", disconnect))
        world.connect("e1")
        world.close("e1")
        world.runtime.cancel()
        assert world.database.rows("sio_sessions") == []

    def test_a_disconnect_handler_that_raises_is_not_run_again_after_a_reset(self) -> None:
        world, recorder = recorded(disconnect=LookupError())
        world.connect("e1")
        with pytest.raises(LookupError):
            world.do(world.sio.disconnect(S1))
        assert world.take("e1") == ["1"]
        assert world.database.rows("sio_sockets") == []
        world.reset()
        world.close("e1")
        assert [call[0] for call in recorder.calls].count("disconnect") == 1
        assert world.database.rows("sio_sessions") == []

    def test_a_suspended_disconnect_handler_keeps_the_socket_it_is_about(self) -> None:
        gate, found = FakeEvent(), list[Any]()

        def register(sio: Any) -> None:
            async def disconnect(sid: str) -> None:
                await gate.wait()
                found.append(sio.rooms(sid))

            sio.on("disconnect", disconnect)

        world = World(register)
        world.connect("e1")
        world.runtime.start(world.sio.disconnect(S1))
        world.close("e1")
        gate.set()
        world.runtime.settle()
        assert found == [[S1]]
        assert world.database.rows("sio_sockets") == world.database.rows("sio_sessions") == []

    def test_two_disconnects_at_once_run_the_handler_once(self) -> None:
        gate, calls = FakeEvent(), list[str]()

        def register(sio: Any) -> None:
            async def disconnect(sid: str, reason: str) -> None:
                calls.append(reason)
                await gate.wait()

            sio.on("disconnect", disconnect)

        world = World(register)
        world.connect("e1")
        world.runtime.start(world.sio.disconnect(S1))
        world.do(world.sio.disconnect(S1))
        world.receive("e1", "1")
        gate.set()
        world.runtime.settle()
        assert calls == ["server disconnect"]
        assert world.take("e1") == ["1"]

    def test_a_client_whose_connect_handler_still_runs_is_not_disconnected(self) -> None:
        def register(sio: Any) -> None:
            sio.on("connect", lambda sid, environ: sio.disconnect(sid))

        world = World(register)
        world.open("e1")
        world.receive("e1", "0")
        assert world.take("e1") == [accepted(S1)]
        assert world.sio.manager.is_connected(S1, "/")


class TestCall:
    def asking(self) -> tuple[World, list[Any]]:
        """A server whose handlers ask the client back."""
        answers: list[Any] = []

        def register(sio: Any) -> None:
            async def ask(sid: str, *args: Any) -> Any:
                try:
                    answers.append(await sio.call("question", args or None, to=sid, timeout=30))
                except exceptions.TimeoutError:
                    answers.append("timeout")
                return answers[-1]

            sio.on("ask", ask)
            sio.on("note", lambda sid, text: answers.append(text))

        return World(register), answers

    @pytest.mark.parametrize(
        ("acknowledgement", "answer"),
        [("[]", None), ("[null]", None), ('["yes"]', "yes"), ("[[1]]", [1]), ('[1,"two"]', (1, "two"))],
    )
    def test_a_handler_may_wait_for_its_own_client(self, acknowledgement: str, answer: Any) -> None:
        world, answers = self.asking()
        world.connect("e1")
        world.receive("e1", '25["ask",1]')
        assert world.take("e1") == ['21000["question",1]']
        assert answers == []
        world.receive("e1", f"31000{acknowledgement}")
        assert answers == [answer]

    def test_what_came_meanwhile_is_handled_after_it_in_order(self) -> None:
        world, answers = self.asking()
        world.connect("e1")
        world.receive("e1", '2["ask"]', '2["note","first"]', '2["note","second"]')
        assert answers == []
        world.receive("e1", '31000["answer"]')
        assert answers == ["answer", "first", "second"]

    def test_binary_answers(self) -> None:
        world, answers = self.asking()
        world.connect("e1")
        world.receive("e1", '2["ask"]', '61-1000[{"_placeholder":true,"num":0}]', b"bytes")
        assert answers == [b"bytes"]

    def test_nobody_waits_longer_than_the_timeout(self) -> None:
        world, answers = self.asking()
        world.connect("e1")
        world.receive("e1", '21["ask"]')
        world.runtime.advance(29)
        assert answers == []
        world.runtime.advance(1)
        assert answers == ["timeout"]
        world.receive("e1", '31000["late"]')
        assert answers == ["timeout"]
        assert world.take("e1")[-1] == '31["timeout"]'
        assert world.closes() == []

    def test_no_timeout_is_the_usual_one(self) -> None:
        world = World()
        world.connect("e1")
        task = world.runtime.start(world.sio.call("q", to=S1, timeout=None))
        world.runtime.advance(59)
        assert not task.done
        with pytest.raises(exceptions.TimeoutError):
            world.runtime.advance(1)

    def test_the_answer_of_another_client_is_not_taken(self) -> None:
        world, answers = self.asking()
        world.connect("e1")
        world.connect("e2")
        world.receive("e1", '2["ask"]')
        world.receive("e2", '31000["forged"]')
        assert answers == []
        assert world.closes() == []

    def test_from_outside_of_events(self) -> None:
        world = World()
        world.connect("e1")
        task = world.runtime.start(world.sio.call("q", sid=S1))
        world.receive("e1", '31000["a"]')
        assert task.result == "a"

    def test_call_is_for_one_client(self) -> None:
        with pytest.raises(ValueError, match="broadcast"):
            finish(World().sio.call("q"))

    def test_two_calls_are_answered_in_any_order(self) -> None:
        world = World()
        world.connect("e1")
        one, two = (world.runtime.start(world.sio.call("q", to=S1)) for _ in range(2))
        world.receive("e1", '31001["two"]')
        assert [one.done, two.done] == [False, True]
        world.receive("e1", '31000["one"]')
        assert [one.result, two.result] == ["one", "two"]

    def test_a_callback_of_emit(self) -> None:
        world, answers = World(), list[Any]()
        world.connect("e1")
        finish(world.sio.emit("x", to=S1, callback=lambda *args: answers.append(args)))
        world.receive("e1", "31000[1,2]", "31000[3]")
        assert answers == [(1, 2)]

    def test_a_callback_that_raises_is_logged(self, log: Log) -> None:
        def callback() -> None:
            raise LookupError

        world = World()
        world.connect("e1")
        finish(world.sio.emit("x", to=S1, callback=callback))
        world.receive("e1", "31000[]")
        assert log.take("ERROR") == [f"= handler of 'ack' raised, session e1, socket {S1}, /"]
        assert world.closes() == []


class TestOrder:
    def gated(self) -> tuple[World, dict[str, FakeEvent], list[str]]:
        """Handlers that wait for a gate by name, when there is one."""
        gates: dict[str, FakeEvent] = {}
        trace: list[str] = []

        async def do(sid: str, name: str) -> None:
            trace.append(f"{name} begins")
            if name in gates:
                await gates[name].wait()
            trace.append(f"{name} ends")

        def register(sio: Any) -> None:
            sio.on("do", do)
            sio.on("do", do, namespace="/chat")
            sio.on("disconnect", lambda sid: trace.append("disconnect"))

        return World(register), gates, trace

    def test_handlers_of_one_socket_run_one_after_the_other(self) -> None:
        world, gates, trace = self.gated()
        gates["a"] = FakeEvent()
        world.connect("e1")
        world.receive("e1", '2["do","a"]', '2["do","b"]', '2["do","c"]')
        assert trace == ["a begins"]
        gates["a"].set()
        world.runtime.settle()
        assert trace == ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]

    def test_different_sockets_do_not_wait_for_each_other(self) -> None:
        world, gates, trace = self.gated()
        gates["a"] = FakeEvent()
        world.connect("e1")
        world.connect("e1", "/chat")
        world.connect("e2")
        world.receive("e1", '2["do","a"]', '2/chat,["do","b"]')
        world.receive("e2", '2["do","c"]')
        assert trace == ["a begins", "b begins", "b ends", "c begins", "c ends"]

    def test_a_handler_that_raises_does_not_stop_the_next(self, log: Log) -> None:
        world, gates, trace = self.gated()
        world.connect("e1")
        world.receive("e1", '2["do"]', '2["do","b"]')
        assert trace == ["b begins", "b ends"]
        assert len(log.take("ERROR")) == 1
        assert gates == {}

    def test_a_cancelled_handler_does_not_stop_the_next(self) -> None:
        world, gates, trace = self.gated()
        gates["a"] = FakeEvent()
        world.connect("e1")
        world.receive("e1", '21["do","a"]', '22["do","b"]')
        world.runtime.cancel()
        assert trace == ["a begins", "b begins", "b ends"]
        assert world.take("e1") == ["32[]"]

    @pytest.mark.parametrize("how", ["client", "close"])
    def test_the_disconnect_handler_comes_after_all_events(self, how: str) -> None:
        world, gates, trace = self.gated()
        gates["a"] = FakeEvent()
        world.connect("e1")
        world.receive("e1", '2["do","a"]', '2["do","b"]')
        if how == "close":
            world.close("e1")
        else:
            world.receive("e1", "1")
        assert trace == ["a begins"]
        gates["a"].set()
        world.runtime.settle()
        assert trace == ["a begins", "a ends", "b begins", "b ends", "disconnect"]

    def test_the_session_ends_with_its_last_socket(self) -> None:
        gate = FakeEvent()

        def register(sio: Any) -> None:
            sio.on("disconnect", lambda sid: gate.wait())
            sio.on("x", print, namespace="/chat")

        world = World(register)
        world.connect("e1")
        world.connect("e1", "/chat")
        world.close("e1")
        assert [row[0] for row in world.database.rows("sio_sockets")] == [S1]
        assert len(world.database.rows("sio_sessions")) == 1
        gate.set()
        world.runtime.settle()
        assert world.database.rows("sio_sockets") == world.database.rows("sio_sessions") == []

    def test_every_lane_names_its_session_first(self) -> None:
        world = World(namespaces=["/", "/chat"])
        world.connect("e1")
        world.connect("e1", "/chat")
        finish(world.sio.emit("q", to=S1, callback=print))
        world.receive("e1", "31000[]", '2["say"]', "1")
        world.close("e1")
        assert world.runtime.used == {("e1", "/"), ("e1", "/chat"), ("e1", "ack / 1000")}

    def test_background_tasks_and_sleep(self) -> None:
        trace: list[str] = []

        def register(sio: Any) -> None:
            async def work(name: str) -> None:
                await sio.sleep(5)
                trace.append(name)

            async def begin(sid: str) -> str:
                sio.start_background_task(work, "done")
                return "started"

            sio.on("begin", begin)

        world = World(register)
        world.connect("e1")
        world.receive("e1", '21["begin"]')
        assert world.take("e1") == ['31["started"]']
        world.runtime.advance(5)
        assert trace == ["done"]


class TestNeverYields:
    """What does not wait is finished after one step: upstream makes a task for each packet."""

    def steps(self, world: World) -> dict[str, Callable[[], Any]]:
        sio = world.sio
        packet = sio.packet_class(2, data=["x", b"0"], namespace="/")
        return {
            "emit": lambda: sio.emit("x", b"0"),
            "emit to a room": lambda: sio.emit("x", 1, room="lobby", skip_sid=S1),
            "emit with callback": lambda: sio.emit("x", 1, to=S1, callback=print),
            "send": lambda: sio.send("x"),
            "_send_packet": lambda: sio._send_packet("e1", packet),
            "enter_room": lambda: sio.enter_room(S1, "lobby"),
            "leave_room": lambda: sio.leave_room(S1, "lobby"),
            "close_room": lambda: sio.close_room("lobby"),
            "get_session": lambda: sio.get_session(S1),
            "save_session": lambda: sio.save_session(S1, {"a": 1}),
            "an event": lambda: sio._trigger_event("say", "/", S1, "x"),
            "an event nobody handles": lambda: sio._trigger_event("other", "/", S1),
            "disconnect": lambda: sio.disconnect(S1),
            "shutdown": sio.shutdown,
        }

    def test_one_step_finishes_it(self) -> None:
        async def say(sid: str, text: str) -> None:
            await world.sio.emit("said", text)

        world = World(lambda sio: sio.on("say", say))
        world.connect("e1")
        for name, step in self.steps(world).items():
            finish(step())
            assert world.runtime.tasks == [], name
        assert "1" in world.take("e1")

    @pytest.mark.parametrize("message", ["0", '21["say","x"]', "1", "31[]"])
    def test_a_message_is_handled_when_receive_message_returns(self, message: str) -> None:
        world, _ = recorded(say="ok")
        world.open("e1")
        if message != "0":
            world.sio.receive_message("e1", ENGINE, "0")
        world.sio.receive_message("e1", ENGINE, message)
        assert world.runtime.tasks == []
        assert not world.runtime.waiting(("e1", "/"))


class TestAttach:
    def test_there_is_nothing_to_attach_to(self) -> None:
        with pytest.raises(ConfigError, match="route"):
            World().sio.attach(object())
        with pytest.raises(ConfigError, match="route"):
            finish(World().sio.handle_request())


def test_the_text_of_packets_is_compact_json() -> None:
    world = World()
    world.connect("e1")
    finish(world.sio.emit("x", {"a": [1, "é\ud800"], "b": None}))
    packets: list[Packet] = world.take("e1")
    assert packets == ['2["x",{"a":[1,"é\\ud800"],"b":null}]']
    assert json.loads(str(packets[0])[1:]) == ["x", {"a": [1, "é\ud800"], "b": None}]


def test_a_queue_behind_a_slow_handler_is_logged_once_for_each_handler(log: Log) -> None:
    async def slow(sid: str) -> None:
        await world.sio.sleep(7)

    world = World(lambda sio: sio.on("slow", slow))
    world.connect("e1")
    for _ in range(2):
        world.receive("e1", '2["slow"]')
    world.runtime.advance(4.9)
    world.receive("e1", '2["slow"]')
    assert log.take("WARNING") == []
    world.runtime.advance(0.1)
    for _ in range(3):
        world.receive("e1", '2["slow"]')
    assert log.take("WARNING") == ["= session e1, /: 3 packets have waited behind the handler of 'slow' for 5 s"]
    world.runtime.advance(2)
    world.runtime.advance(6)
    world.receive("e1", '2["slow"]')
    [line] = log.take("WARNING")
    assert line.endswith("of 'slow' for 6 s")
