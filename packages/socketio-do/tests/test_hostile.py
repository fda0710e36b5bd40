"""What a client can do wrong costs that client its connection, and nobody anything else."""

import functools
import inspect
from typing import Any

import pytest
import socketio
from server_fakes import ENGINE, FakeEvent, Log, World, finish, socket_sid

from shared_wire import CloseSessions, EngineSid, Packet, SendPackets
from socketio_do.limits import MAX_SOCKETS, MAX_WAITING

S1, S2 = socket_sid(1), socket_sid(2)
BAD, GOOD = EngineSid("bad"), EngineSid("good")
CLOSED = [(ENGINE, CloseSessions((BAD,), "transport error"))]

HEADER = '51-["upload",{"_placeholder":true,"num":0}]'
DEEP = 100_000


def header(number: str) -> str:
    return f'51-["upload",{{"_placeholder":true,"num":{number}}}]'


class Scene:
    """Two clients: one that will misbehave, and one that must not notice."""

    def __init__(self, *, namespaces: Any = None) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.gate = FakeEvent()
        self.world = World(self._register, namespaces=namespaces)
        self.world.connect("bad")
        self.world.connect("good")
        self.world.do(self.world.sio.enter_room(S2, "lobby"))
        self.world.forget()
        self.calls.clear()

    def _register(self, sio: Any) -> None:
        async def wait(sid: str) -> None:
            await self.gate.wait()

        for name in ("connect", "disconnect", "say", "upload"):
            sio.on(name, functools.partial(self._note, name))
        sio.on("wait", wait)

    def _note(self, name: str, *args: Any) -> str:
        self.calls.append((name, *args))
        return "ok"

    def others_are_well(self) -> None:
        """The other client sends, is sent to, and has what it had."""
        world = self.world
        world.forget()
        self.calls.clear()
        world.receive("good", '27["say","hello"]')
        finish(world.sio.emit("news", 1, room="lobby"))
        assert world.take("good") == ['37["ok"]', '2["news",1]']
        assert self.calls == [("say", S2, "hello")]
        assert world.closes() == []
        assert world.sio.rooms(S2) == [S2, "lobby"]

    def end(self) -> None:
        """The engine closes the client as it was told to: its socket is disconnected once, and nothing of it is left."""
        self.calls.clear()
        self.world.close("bad", "transport error")
        assert self.calls == [("disconnect", S1, "transport error")]
        assert [row[0] for row in self.world.database.rows("sio_sockets")] == [S2]
        assert [row[0] for row in self.world.database.rows("sio_sessions")] == ["good"]
        assert +self.world.runtime.held == {}


@pytest.fixture
def scene() -> Scene:
    return Scene()


SINGLE: list[Packet] = [
    # not a packet
    "",
    "x",
    " 2",
    "-1",
    "7",
    "9[]",
    "\0",
    '２["say"]',
    b"",
    b"lone",
    b"2",
    # the wrong shape
    "2",
    "2[]",
    "2{}",
    "2null",
    '2"say"',
    "2[null]",
    "2[true]",
    "2[{}]",
    '2[["say"]]',
    '2["say"',
    '2["say"]junk',
    "0[]",
    "0null",
    '0"token"',
    "0{",
    "1{}",
    "1[]",
    "3",
    "30",
    "3[]",
    "30{}",
    "30null",
    '30"x"',
    # only the server's
    "4",
    '4{"message":"x"}',
    *(
        f'2["{name}"]'
        for name in ("connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener")
    ),
    '51-["disconnect",{"_placeholder":true,"num":0}]',
    # out of turn
    "0",
    "0{}",
    "0/,",
    '2/chat,["say"]',
    '20/chat,["say"]',
    "3/chat,1[]",
    "30/chat,[]",
    # attachments
    '5["upload"]',
    '5-["upload"]',
    '51.5-["upload"]',
    '511-["upload"]',
    '5999-["upload"]',
    '5999999999-["upload"]',
    '59999999999999999999-["upload"]',
    '5-1-["upload"]',
    '61-["x"]',
    '21-["say"]',
    '31-["say"]',
    "01-{}",
    # numbers and nesting
    '2["say",NaN]',
    '2["say",Infinity]',
    '2["say",-Infinity]',
    '29007199254740992["say"]',
    "2" + "9" * 17 + '["say"]',
    "2" + "9" * 5_000 + '["say"]',
    '2["say",' + "9" * 5_000 + "]",
    '2["say",' + "[" * DEEP + "]" * DEEP + "]",
    "2" + "[" * DEEP,
    "0/" + "n" * 300 + ",",
]


@pytest.mark.parametrize("message", SINGLE, ids=lambda message: repr(message[:24]))
def test_a_message_no_client_sends_closes_its_session_once(scene: Scene, message: Packet, log: Log) -> None:
    scene.world.receive("bad", message)
    assert scene.world.sent == CLOSED
    assert scene.calls == []
    assert len(log.take("WARNING")) == 1
    scene.others_are_well()
    scene.end()


@pytest.mark.parametrize(
    "messages",
    [
        *(
            (header(number), b"0")
            for number in ("-5", "-1", "1", "99", "1.5", '"0"', "null", "true", "[0]", str(2**70))
        ),
        ('51-["upload",{"_placeholder":true}]', b"0"),
        (HEADER, '2["say"]'),
        (HEADER, HEADER),
        (HEADER, "1"),
        (HEADER, ""),
    ],
    ids=repr,
)
def test_attachments_no_client_sends_close_its_session_once(scene: Scene, messages: tuple[Packet, ...]) -> None:
    scene.world.receive("bad", *messages)
    assert scene.world.sent == CLOSED
    assert scene.calls == []
    scene.others_are_well()
    scene.end()


def test_an_attachment_too_many(scene: Scene) -> None:
    scene.world.receive("bad", HEADER, b"0", b"1")
    assert scene.calls == [("upload", S1, b"0")]
    assert scene.world.closes() == CLOSED


@pytest.mark.parametrize("message", ['2["say"]', '20["say"]', "30[]", '51-["say",{"_placeholder":true,"num":0}]'])
def test_nothing_goes_before_connect(scene: Scene, message: str) -> None:
    scene.world.open("new")
    scene.world.receive("new", message, *([b"0"] if message.startswith("5") else []))
    assert scene.world.sent == [(ENGINE, CloseSessions((EngineSid("new"),), "transport error"))]
    assert scene.calls == []
    scene.others_are_well()


def test_attachments_of_nobody_are_not_waited_for(scene: Scene) -> None:
    scene.world.open("new")
    scene.world.receive("new", HEADER)
    assert scene.world.sent == [(ENGINE, CloseSessions((EngineSid("new"),), "transport error"))]
    assert +scene.world.runtime.held == {}
    scene.others_are_well()


def test_attachments_may_come_while_a_namespace_is_being_connected() -> None:
    """By rights a client waits for the answer; what it does not wait for is handled after it."""
    calls: list[Any] = []
    gate = FakeEvent()

    async def may_exist(name: str, environ: Any, auth: Any) -> bool:
        await gate.wait()
        return True

    world = World(lambda sio: sio.on("upload", lambda *args: calls.append(args), namespace=may_exist))
    world.open("e1")
    world.receive("e1", "0/new,", HEADER.replace("[", "/new,[", 1), b"0")
    gate.set()
    world.runtime.settle()
    assert calls == [("/new", S1, b"0")]
    assert world.closes() == []


def test_an_event_after_a_refusal_is_one_before_connect() -> None:
    world = World(lambda sio: sio.on("connect", lambda sid, environ: False))
    world.open("bad")
    world.receive("bad", "0", '2["say"]')
    assert world.closes() == CLOSED


def test_a_second_connect_while_the_first_is_asked_closes(scene: Scene) -> None:
    gate = FakeEvent()
    world = World(lambda sio: sio.on("connect", lambda sid, environ: gate.wait()))
    world.open("bad")
    world.receive("bad", "0", "0")
    gate.set()
    world.runtime.settle()
    assert world.closes() == CLOSED


class TestAcks:
    """https://github.com/miguelgrinberg/python-socketio keeps its counter of ack ids where a client's ack of id 0 reaches it."""

    @pytest.mark.parametrize("number", ["0", "1", "999", "1001", str(2**53 - 1)])
    def test_an_ack_nobody_waits_for_is_ignored(self, scene: Scene, number: str) -> None:
        answers: list[Any] = []
        finish(scene.world.sio.emit("q", to=S1, callback=answers.append))
        scene.world.forget()
        scene.world.receive("bad", f'3{number}["x"]', f'3{number}["x"]')
        assert scene.world.sent == []
        assert answers == []
        scene.world.receive("bad", '31000["real"]')
        finish(scene.world.sio.emit("q", to=S1, callback=answers.append))
        scene.world.receive("bad", '31001["next"]')
        assert answers == ["real", "next"]
        scene.others_are_well()

    def test_an_ack_of_the_wrong_shape_for_its_callback_is_the_callbacks_fault(self, scene: Scene, log: Log) -> None:
        answers: list[Any] = []
        finish(scene.world.sio.emit("q", to=S1, callback=answers.append))
        scene.world.receive("bad", "31000[]")
        assert len(log.take("ERROR")) == 1
        assert answers == []
        scene.others_are_well()

    def test_repeating_an_ack_does_not_pile_up_work(self, scene: Scene) -> None:
        async def callback() -> None:
            await scene.gate.wait()

        finish(scene.world.sio.emit("q", to=S1, callback=callback))
        scene.world.receive("bad", *["31000[]"] * (MAX_WAITING + 500))
        assert len(scene.world.runtime.tasks) == 1
        assert scene.world.runtime.waiting(("bad", "ack 1000")) == 0
        scene.gate.set()
        scene.world.runtime.settle()
        assert scene.world.runtime.tasks == []


class TestNames:
    @pytest.mark.parametrize(
        "name",
        [
            "",
            "__proto__",
            "constructor",
            "toString",
            "__class__",
            "__init__",
            "trigger_event",
            "emit",
            "on_say",
            "message",
            "\\u0000",
        ],
    )
    def test_names_that_mean_something_elsewhere_mean_nothing_here(self, scene: Scene, name: str) -> None:
        scene.world.receive("bad", f'21["{name}",1]')
        assert scene.world.sent == []
        assert scene.calls == []

    @pytest.mark.parametrize("name", ["__proto__", "constructor", "hasOwnProperty"])
    def test_such_names_can_be_handled(self, name: str) -> None:
        calls: list[Any] = []
        world = World(lambda sio: sio.on(name, lambda sid, data: calls.append(data)))
        world.connect("e1")
        world.receive("e1", f'2["{name}",{{"{name}":1}}]')
        assert calls == [{name: 1}]

    @pytest.mark.parametrize("name", ["trigger_event", "emit", "server", "__init__", "connect_", "\\ud800"])
    def test_a_class_based_namespace_shows_its_handlers_only(self, name: str) -> None:
        make: Any = socketio.AsyncNamespace
        world = World(lambda sio: sio.register_namespace(make("/")))
        world.connect("e1")
        world.receive("e1", f'21["{name}",1]')
        assert world.take("e1") == ["31[]"]
        assert world.closes() == []

    @pytest.mark.parametrize("namespace", ["/__proto__", "/constructor", "/*", "/../", "/%2F"])
    def test_a_namespace_is_served_by_its_exact_name(self, scene: Scene, namespace: str) -> None:
        scene.world.receive("bad", f"0{namespace},")
        assert scene.world.take("bad") == [f'4{namespace},{{"message":"Invalid namespace"}}']
        assert scene.world.closes() == []

    def test_an_event_named_star_is_an_event_like_any_other(self) -> None:
        calls: list[tuple[Any, ...]] = []

        def register(sio: Any) -> None:
            sio.on("*", lambda event, sid, *args: calls.append((event, sid, *args)))

        world = World(register)
        world.connect("bad")
        world.receive("bad", '2["*","sid of a victim","data"]')
        assert calls == [("*", S1, "sid of a victim", "data")]

    def test_an_event_named_star_that_nobody_handles_is_ignored(self, scene: Scene) -> None:
        scene.world.receive("bad", '21["*","sid of a victim"]')
        assert scene.world.sent == []
        assert scene.calls == []

    def test_an_event_named_star_in_any_namespace(self) -> None:
        calls: list[tuple[Any, ...]] = []

        def register(sio: Any) -> None:
            sio.on("*", lambda *args: calls.append(args), namespace="*")

        world = World(register, namespaces="*")
        world.connect("bad", "/any")
        world.receive("bad", '2/any,["*","sid of a victim","data"]')
        assert calls == [("*", "/any", S1, "sid of a victim", "data")]


class TestFloods:
    def test_unknown_namespaces_are_refused_and_leave_nothing(self, scene: Scene) -> None:
        rows = scene.world.database.rows("sio_sockets")
        scene.world.receive("bad", *(f"0/n{number}," for number in range(1_000)))
        assert scene.world.take("bad") == [f'4/n{number},{{"message":"Invalid namespace"}}' for number in range(1_000)]
        assert scene.world.closes() == []
        assert scene.world.database.rows("sio_sockets") == rows
        assert scene.calls == []
        scene.others_are_well()
        scene.end()

    def test_as_many_namespaces_as_allowed_and_one_more(self) -> None:
        scene = Scene(namespaces="*")
        scene.world.receive("bad", *(f"0/n{number}," for number in range(MAX_SOCKETS - 1)))
        assert len(scene.world.membership.sockets_of("bad")) == MAX_SOCKETS
        assert scene.world.closes() == []
        scene.world.receive("bad", "0/more,")
        assert scene.world.closes() == CLOSED
        assert len(scene.world.membership.sockets_of("bad")) == MAX_SOCKETS
        scene.others_are_well()

    def test_as_many_packets_as_may_wait_and_one_more(self, scene: Scene) -> None:
        scene.world.receive("bad", '2["wait"]', *['2["say"]'] * MAX_WAITING)
        assert scene.world.closes() == []
        scene.world.receive("bad", '2["say"]')
        assert scene.world.closes() == CLOSED
        scene.others_are_well()

    def test_packets_that_wait_in_one_namespace_do_not_count_in_another(self) -> None:
        scene = Scene(namespaces="*")
        scene.world.connect("bad", "/other")
        scene.world.forget()
        scene.world.receive("bad", '2["wait"]', *['2["say"]'] * MAX_WAITING, '2/other,["say"]')
        assert scene.world.closes() == []

    def test_a_disconnect_handler_is_not_cut_short_by_what_its_client_sends(self) -> None:
        scene = Scene(namespaces="*")
        done: list[str] = []

        async def take_leave(sid: str, reason: str) -> None:
            await scene.gate.wait()
            done.append(sid)

        scene.world.sio.on("disconnect", take_leave, namespace="/side")
        sid = scene.world.connect("bad", "/side")
        scene.world.receive("bad", "1/side,", *[f'2/side,["say","{"x" * 900_000}"]'] * 9)
        assert scene.world.closes() == CLOSED
        scene.gate.set()
        scene.world.runtime.settle()
        assert done == [sid]

    def test_packets_that_wait_are_bounded_in_bytes_and_given_up_when_they_are_too_much(
        self, scene: Scene, log: Log
    ) -> None:
        large = f'2["say","{"x" * 900_000}"]'
        scene.world.receive("bad", '2["wait"]', *[large] * 8)
        assert scene.world.closes() == []
        scene.world.receive("bad", large)
        assert scene.world.closes() == CLOSED
        assert log.take("WARNING") == ["= session bad closed: too many bytes of it wait"]
        assert all(task.done for task in scene.world.runtime.tasks), "the handler under way is cancelled too"
        scene.others_are_well()
        scene.gate.set()
        scene.world.runtime.settle()
        assert scene.calls == [("say", S2, "hello")], "nothing of what was given up is handled"
        scene.end()

    def test_a_session_ends_also_when_it_holds_all_it_may(self, scene: Scene) -> None:
        scene.world.receive("bad", '2["wait"]', f'2["say","{"x" * 7_995_000}"]')
        assert scene.world.closes() == []
        scene.world.close("bad")
        scene.gate.set()
        scene.world.runtime.settle()
        assert scene.calls[-1] == ("disconnect", S1, "transport close")
        assert [row[0] for row in scene.world.database.rows("sio_sessions")] == ["good"]

    def test_values_count_for_what_they_take_in_memory(self, scene: Scene) -> None:
        scene.world.receive("bad", '2["wait"]', *['2["say",' + ",".join(["{}"] * 30_000) + "]"] * 4)
        assert scene.world.closes() == CLOSED

    def test_halves_of_packets_count_with_those_that_wait(self, scene: Scene) -> None:
        two = '52-["say",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
        scene.world.receive("bad", '2["wait"]', two, b"x" * 8_100_000)
        assert scene.world.closes() == CLOSED
        assert scene.world.runtime.held["bad"] == 0
        scene.others_are_well()

    def test_who_holds_most_gives_way_when_all_together_hold_too_much(self) -> None:
        scene = Scene()
        for number in range(4):
            scene.world.connect(f"e{number}")
        scene.world.forget()
        large = f'2["say","{"x" * 900_000}"]'
        for engine_sid, count in (("bad", 8), ("e0", 7), ("e1", 1)):
            scene.world.receive(engine_sid, '2["wait"]', *[large] * count)
        assert scene.world.closes() == []
        scene.world.receive("e2", '2["wait"]', large, large)
        assert scene.world.closes() == CLOSED
        scene.gate.set()
        scene.world.runtime.settle()
        assert len([call for call in scene.calls if call[0] == "say"]) == 10

    def test_what_is_handled_makes_room(self, scene: Scene) -> None:
        large = f'2["say","{"x" * 900_000}"]'
        scene.world.receive("bad", *[large] * 30)
        assert scene.world.closes() == []

    @pytest.mark.parametrize("expelled", [False, True])
    def test_a_session_with_a_full_lane_can_be_closed(self, scene: Scene, expelled: bool) -> None:
        scene.world.receive("bad", '2["wait"]', *['2["say"]'] * (MAX_WAITING + expelled))
        scene.world.close("bad")
        scene.gate.set()
        scene.world.runtime.settle()
        assert [call for call in scene.calls if call[0] == "disconnect"] == [("disconnect", S1, "transport close")]
        assert [row[0] for row in scene.world.database.rows("sio_sessions")] == ["good"]

    @pytest.mark.parametrize("message", ["9", HEADER, '2["say"]'])
    def test_what_comes_after_the_fault_is_not_handled(self, scene: Scene, message: str, log: Log) -> None:
        scene.world.receive("bad", "9", *[message] * 10)
        assert scene.world.sent == CLOSED
        assert scene.calls == []
        assert len(log.take("WARNING")) == 1

    def test_faults_that_waited_together_close_once(self, scene: Scene, log: Log) -> None:
        scene.world.receive("bad", '2["wait"]', "0", "0", '2["say"]')
        scene.gate.set()
        scene.world.runtime.settle()
        assert scene.world.sent == CLOSED
        assert len(log.take("WARNING")) == 1

    def test_a_half_received_packet_ends_with_the_fault(self, scene: Scene) -> None:
        scene.world.receive("bad", HEADER, "9", b"0")
        assert scene.world.runtime.held["bad"] == 0
        assert scene.world.sent == CLOSED
        assert scene.calls == []

    def test_a_session_announced_after_its_end_is_heard_again(self, scene: Scene) -> None:
        scene.world.receive("bad", "9")
        scene.end()
        scene.world.connect("bad")
        scene.world.receive("bad", '21["say"]')
        assert scene.world.take("bad") == ['31["ok"]']


def test_what_waited_for_a_session_that_is_gone_is_told_to_nobody(scene: Scene, log: Log) -> None:
    scene.world.receive("bad", '2["wait"]', '2["say"]')
    scene.world.do(scene.world.sio.disconnect(S1))
    scene.world.close("bad")
    scene.world.forget()
    scene.gate.set()
    scene.world.runtime.settle()
    assert scene.world.sent == []
    assert len(log.take("WARNING")) == 1
    scene.others_are_well()


def test_a_fault_found_after_the_end_is_nobodys_any_more(log: Log) -> None:
    """The session has ended while a socket of it still leaves; announced again later, it has done nothing wrong."""
    gates = {name: FakeEvent() for name in ("wait", "leave")}

    def register(sio: Any) -> None:
        sio.on("wait", lambda sid: gates["wait"].wait())
        sio.on("disconnect", lambda sid: gates["leave"].wait(), namespace="/chat")

    world = World(register)
    world.connect("bad")
    world.connect("bad", "/chat")
    world.receive("bad", '2["wait"]', '2["say"]')
    world.do(world.sio.disconnect(S1))
    world.close("bad")
    world.forget()
    gates["wait"].set()
    world.runtime.settle()
    assert world.database.rows("sio_sessions") != []
    gates["leave"].set()
    world.runtime.settle()
    assert world.database.rows("sio_sessions") == []
    assert world.sent == []
    assert log.take("WARNING") == []
    assert world.connect("bad") == socket_sid(3)
    assert world.closes() == []


class TestExpiry:
    def test_a_half_received_packet_that_is_too_late_closes_its_session(self, scene: Scene, log: Log) -> None:
        scene.world.receive("bad", HEADER)
        scene.world.sio.expire("bad")
        assert scene.world.sent == CLOSED
        assert scene.world.runtime.held["bad"] == 0
        assert len(log.take("WARNING")) == 1
        scene.others_are_well()

    @pytest.mark.parametrize("messages", [(), (HEADER, b"0")])
    def test_a_session_without_a_half_received_packet_stays(self, scene: Scene, messages: tuple[Packet, ...]) -> None:
        """The packet may have come to its end while the expiry was on its way."""
        scene.world.receive("bad", *messages)
        scene.world.sio.expire("bad")
        scene.world.sio.expire("unknown")
        assert scene.world.sent == []


def test_data_nested_as_deep_as_json_is_read_harms_nobody(scene: Scene, log: Log) -> None:
    """Reading has its own limit; what passes it may be too deep to write, which is the acknowledgement's fault."""
    for depth in (100, 500, 900, 990):
        nested = "[" * depth + "]" * depth
        scene.world.receive("bad", f'21["say",{nested}]', header("0").replace("{", f'{{"a":{nested},', 1), b"0")
    log.take("ERROR")
    log.take("WARNING")
    assert {type(operation) for _, operation in scene.world.sent} <= {SendPackets, CloseSessions}
    scene.others_are_well()


@pytest.mark.parametrize("work", ["say", "upload"])
def test_a_reset_in_the_middle_of_a_flood_harms_nobody(work: str) -> None:
    scene = Scene()
    messages: dict[str, list[Packet]] = {"say": ['2["say"]'] * 3, "upload": [HEADER, b"0", HEADER]}
    scene.world.receive("bad", '2["wait"]', *messages[work])
    scene.world.reset()
    scene.others_are_well()
    scene.end()


def test_every_kind_of_fault_is_named_for_whoever_reads_the_log(log: Log) -> None:
    faults: list[tuple[Packet, ...]] = [("9",), ("2",), (b"lone",), ("0",), (HEADER, "2"), ("2[",), ('511-["say"]',)]
    for messages in faults:
        Scene().world.receive("bad", *messages)
    lines = log.take("WARNING")
    assert len(set(lines)) == len(faults)
    assert all(line.startswith("= session bad closed: ") for line in lines)


class TestLosses:
    """What the link has lost ends, each session once, and whatever becomes of the others."""

    def test_sessions_that_are_lost_end_and_are_closed(self, scene: Scene) -> None:
        scene.world.sio.receive_lost(ENGINE, [BAD, EngineSid("unknown")])
        assert scene.world.closes() == CLOSED
        assert [call[0] for call in scene.calls] == ["disconnect"]
        scene.others_are_well()

    def test_a_session_is_lost_once_also_while_its_handlers_run(self, scene: Scene) -> None:
        scene.world.receive("bad", '2["wait"]')
        for _ in range(3):
            scene.world.sio.receive_lost(ENGINE, [BAD])
        assert scene.world.closes() == CLOSED

    def test_what_is_lost_by_the_end_of_another_ends_after_it(self) -> None:
        world = World()
        sids = [EngineSid(f"s{number}") for number in range(300)]
        depths: list[int] = []

        def disconnect(sid: str, reason: str) -> None:
            depths.append(len(inspect.stack(0)))
            world.sio.receive_lost(ENGINE, sids[len(depths) : len(depths) + 2])

        world.sio.on("disconnect", disconnect)
        for sid in sids:
            world.connect(sid)
        world.sio.receive_lost(ENGINE, sids[:1])
        assert len(depths) == 300
        assert len({*depths}) == 1
        assert world.database.rows("sio_sessions") == []

    def test_all_sessions_of_an_engine_actor_may_be_lost(self, scene: Scene) -> None:
        scene.world.connect("elsewhere", actor="engine-1")
        scene.world.forget()
        scene.world.sio.receive_lost(ENGINE, None)
        assert scene.world.closes() == [(ENGINE, CloseSessions((BAD, GOOD), "transport error"))]
        assert scene.world.membership.has_session("elsewhere")

    def test_a_fault_in_the_end_of_one_keeps_no_other_from_ending(
        self, scene: Scene, log: Log, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = scene.world.membership.sockets_of

        def break_for_bad(engine_sid: str) -> dict[str, str]:
            if engine_sid == BAD:
                raise LookupError("broken")
            return real(engine_sid)

        monkeypatch.setattr(scene.world.membership, "sockets_of", break_for_bad)
        scene.world.sio.receive_lost(ENGINE, [BAD, GOOD])
        assert scene.world.closes() == [(ENGINE, CloseSessions((BAD, GOOD), "transport error"))]
        assert not scene.world.membership.has_session("good")
        assert log.take("ERROR") == ["= session bad could not be ended"]
        monkeypatch.setattr(scene.world.membership, "sockets_of", real)
        scene.world.sio.receive_closed(BAD, "transport close")
        assert not scene.world.membership.has_session("bad")


class TestHandlersThatNoPacketStarts:
    """They have the same timeout as those that one does."""

    def test_a_disconnect_handler_that_an_application_starts_is_given_up(self, log: Log) -> None:
        world = World(lambda sio: sio.on("disconnect", lambda sid, reason: FakeEvent().wait()))
        world.connect("e1")
        task = world.runtime.start(world.sio.disconnect(S1))
        world.runtime.settle()
        assert not task.done
        with pytest.raises(TimeoutError):
            world.advance(121)
        assert world.membership.socket(S1) is None
        assert world.runtime.tasks == [] or all(task.done for task in world.runtime.tasks)

    def test_a_handler_that_a_deadline_starts_is_given_up(self, log: Log) -> None:
        def register(sio: Any) -> None:
            sio.on_answer("reply", lambda context, sid, *answer: None)
            sio.on_no_answer("reply", lambda context, sid, reason: FakeEvent().wait())

        world = World(register)
        world.connect("e1")
        world.do(world.sio.emit("ask", callback="reply", timeout=5))
        world.advance(5)
        assert [task.done for task in world.runtime.tasks] != []
        world.advance(121)
        assert [task for task in world.runtime.tasks if not task.done] == []
        assert len(log.take("ERROR")) == 1
