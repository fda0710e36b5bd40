"""Clients that lose their connection and come back, as JavaScript's do: pid and offset in CONNECT."""

import json
from typing import Any

import pytest
from server_fakes import ENGINE, Log, World

from shared_wire.reasons import Reason
from socketio_do.errors import ConfigError
from socketio_do.limits import MAX_SEARCHED_AGAIN
from socketio_do.protocol.offsets import OFFSET_EVENT

#: The order in which JavaScript's client writes its query, and python-socketio's.
JAVASCRIPT = {"QUERY_STRING": "EIO=4&transport=websocket"}
PYTHON = {"QUERY_STRING": "transport=websocket&EIO=4"}


class Client:
    """What a JavaScript client keeps: its pid, the last offset, what it was told."""

    def __init__(self, world: World, namespace: str = "/") -> None:
        self.world, self.namespace = world, namespace
        self.events: list[Any] = []
        self.sid = self.pid = self.engine_sid = ""
        self.offset: str | None = None
        self.recovered = False

    @property
    def prefix(self) -> str:
        return "" if self.namespace == "/" else f"{self.namespace},"

    def connect(self, engine_sid: str, actor: str = ENGINE, **claimed: Any) -> "Client":
        self.engine_sid = engine_sid
        if not self.world.membership.has_session(engine_sid):
            self.world.open(engine_sid, actor, **JAVASCRIPT)
        data = {"pid": self.pid, "offset": self.offset} if self.pid else {}
        if self.offset is None:
            data.pop("offset", None)
        data.update(claimed)
        self.world.receive(engine_sid, f"0{self.prefix}{json.dumps(data) if data else ''}", actor=actor)
        return self.read()

    def read(self) -> "Client":
        for packet in self.world.take(self.engine_sid):
            assert isinstance(packet, str)
            if packet.startswith(f"0{self.prefix}{{"):
                told = json.loads(packet[1 + len(self.prefix) :])
                self.sid, self.recovered = told["sid"], bool(self.pid) and told.get("pid") == self.pid
                self.pid = told.get("pid", "")
            elif packet.startswith(f"2{self.prefix}"):
                self._take(packet[1 + len(self.prefix) :])
        return self

    def _take(self, text: str) -> None:
        number, _, rest = text.partition("[")
        arguments = json.loads(f"[{rest}")
        if not number and isinstance(arguments[-1], str) and self.pid:
            self.offset = arguments.pop()
        if arguments[0] != OFFSET_EVENT:
            self.events.append(arguments[1] if len(arguments) == 2 else arguments[1:])

    def lose_connection(self, reason: str = Reason.TRANSPORT_CLOSE) -> None:
        self.read()
        self.world.close(self.engine_sid, reason)

    def take(self) -> list[Any]:
        events, self.events = self.read().events, []
        return events


class Told:
    """An application that notes what its handlers are told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    def register(self, sio: Any) -> None:
        def note(kind: str) -> Any:
            async def handler(sid: str, *args: Any) -> None:
                self.said.append((kind, args[0] if args and kind == "disconnect" else sid))

            return handler

        for kind in ("connect", "disconnect"):
            sio.on(kind, note(kind))
        sio.on_recovered(note("recovered"))
        sio.on("enter", lambda sid, room: sio.enter_room(sid, room))
        sio.on("leave", lambda sid, room: sio.leave_room(sid, room))

    def kinds(self) -> list[str]:
        kinds = [kind for kind, _ in self.said]
        self.said.clear()
        return kinds


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def world(told: Told) -> World:
    return World(told.register, connection_state_recovery=True)


def emit(world: World, text: str, **where: Any) -> None:
    world.do(world.sio.emit("said", text, **where))


def test_a_client_that_comes_back_is_who_it_was_and_gets_what_it_missed(world: World, told: Told) -> None:
    client = Client(world).connect("e1")
    sid = client.sid
    emit(world, "one")
    client.lose_connection()
    emit(world, "two")
    emit(world, "three", to=sid)
    client.connect("e2")
    assert (client.recovered, client.sid, client.take()) == (True, sid, ["one", "two", "three"])
    emit(world, "four")
    assert client.take() == ["four"]
    assert told.kinds() == ["connect", "recovered"]
    assert world.sio.recovered(sid)
    assert world.database.rows("sio_parked") == []
    assert [row[0] for row in world.database.rows("sio_sessions")] == ["e2"]


def test_one_that_had_no_event_yet_is_recovered_too(world: World) -> None:
    client = Client(world).connect("e1")
    client.lose_connection()
    emit(world, "one")
    assert client.connect("e2").recovered
    assert client.take() == ["one"]


def test_rooms_are_those_of_the_moment_in_which_something_was_sent(world: World) -> None:
    client = Client(world).connect("e1")
    world.receive("e1", '2["enter","left"]')
    emit(world, "seen", room="left")
    client.read()
    emit(world, "lost on the way", room="left")
    world.take("e1")
    world.receive("e1", '2["leave","left"]')
    emit(world, "after leaving", room="left")
    emit(world, "before entering", room="entered")
    world.receive("e1", '2["enter","entered"]')
    emit(world, "after entering", room="entered")
    emit(world, "not for it", room="entered", skip_sid=client.sid)
    emit(world, "nor this", except_rooms="entered")
    emit(world, "nor what is volatile", room="entered", volatile=True)
    world.take("e1")
    world.close("e1")
    assert client.connect("e2").take() == ["seen", "lost on the way", "after entering"]
    assert client.recovered


def test_it_is_forgotten_when_its_time_is_over_and_disconnect_runs_then(world: World, told: Told) -> None:
    client = Client(world).connect("e1")
    client.lose_connection(Reason.PING_TIMEOUT)
    world.advance(119)
    assert told.kinds() == ["connect"]
    world.advance(2)
    assert told.said == [("disconnect", "ping timeout")]
    told.kinds()
    assert [world.database.rows(table) for table in ("sio_parked", "sio_sessions", "sio_sockets")] == [[], [], []]
    before = client.sid
    assert not client.connect("e2").recovered
    assert client.sid != before
    assert told.kinds() == ["connect"]


@pytest.mark.parametrize("reset", ["before the break", "while it is away", "both"])
def test_it_survives_resets_of_the_object(world: World, told: Told, reset: str) -> None:
    client = Client(world).connect("e1")
    world.receive("e1", '2["enter","lobby"]')
    world.do(world.sio.save_session(client.sid, {"name": "Bo"}))
    emit(world, "one", room="lobby")
    client.read()
    if reset != "while it is away":
        world.reset()
    emit(world, "two", room="lobby")
    world.take("e1")
    world.close("e1")
    if reset != "before the break":
        world.reset()
    emit(world, "three", room="lobby")
    assert client.connect("e2").recovered
    assert client.take() == ["one", "two", "three"]
    assert world.do(world.sio.get_session(client.sid)) == {"name": "Bo"}
    assert told.kinds() == ["connect", "recovered"]
    assert world.membership.actor("e2") == ENGINE
    emit(world, "four", room="lobby")
    assert client.take() == ["four"]


def test_one_that_comes_back_before_its_break_was_noticed_takes_its_place(world: World, told: Told) -> None:
    client = Client(world).connect("e1")
    emit(world, "one")
    client.connect("e2")
    assert client.recovered
    assert client.take() == ["one"]
    assert [close.engine_sids for _, close in world.closes()] == [("e1",)]
    world.receive("e1", '2["enter","lobby"]')
    world.close("e1")
    assert world.membership.rooms_of(client.sid) == [client.sid]
    assert told.kinds() == ["connect", "recovered"]


def test_of_two_clients_with_one_pid_the_last_one_wins(world: World) -> None:
    client = Client(world).connect("e1")
    client.lose_connection()
    client.connect("e2")
    client.connect("e3")
    assert client.recovered
    assert [close.engine_sids for _, close in world.closes()] == [("e2",)]
    emit(world, "one")
    assert [operation.engine_sids for _, operation in world.sends()][-1] == ("e3",)


def test_its_packets_that_wait_are_handled_before_those_it_sends_now() -> None:
    order: list[str] = []
    doors: list[Any] = []

    def register(sio: Any) -> None:
        @sio.on("slow")
        async def slow(sid: str, text: str) -> None:
            door = sio.eio.create_event()
            doors.append(door)
            await door.wait()
            order.append(text)

        @sio.on("quick")
        async def quick(sid: str, text: str) -> None:
            order.append(text)

    world = World(register, connection_state_recovery=True)
    client = Client(world).connect("e1")
    world.receive("e1", '2["slow","1"]', '2["quick","2"]')
    client.lose_connection()
    client.connect("e2")
    world.receive("e2", '2["quick","3"]')
    assert (client.recovered, order) == (True, [])
    doors[0].set()
    world.runtime.settle()
    assert order == ["1", "2", "3"]
    assert world.runtime.faults == []


FORGED = {
    "a pid of nobody": lambda client: {"pid": "x" * 40},
    "a pid with another secret": lambda client: {"pid": client.pid[:-1] + ("A" if client.pid[-1] != "A" else "B")},
    "a pid that is no text": lambda client: {"pid": 5},
    "a pid that is too long": lambda client: {"pid": client.pid + "x"},
    "an offset that is none": lambda client: {"offset": "hello"},
    "an offset that is no text": lambda client: {"offset": [1]},
    "an offset further on": lambda client: {"offset": "1." + client.offset.partition(".")[2]},
    "an offset with another proof": lambda client: {
        "offset": client.offset[:-1] + ("0" if client.offset[-1] != "0" else "1")
    },
    "an offset of rows to come": lambda client: {"offset": "fffff.0.000000000000"},
}


@pytest.mark.parametrize("forged", FORGED)
def test_whoever_claims_what_cannot_be_proven_is_an_ordinary_client(world: World, told: Told, forged: str) -> None:
    client = Client(world).connect("e1")
    emit(world, "one")
    client.lose_connection()
    before = client.sid
    client.connect("e2", **FORGED[forged](client))
    assert (client.sid != before, client.recovered) == (True, False)
    assert "recovered" not in told.kinds()


def test_a_pid_is_for_the_namespace_that_it_was_given_in(told: Told) -> None:
    def register(sio: Any) -> None:
        told.register(sio)
        sio.on("connect", lambda *_: None, namespace="/other")

    world = World(register, connection_state_recovery=True)
    main = Client(world).connect("e1")
    emit(world, "one")
    main.lose_connection()
    other = Client(world, "/other").connect("e2", pid=main.pid, offset=main.read().offset)
    assert other.sid not in ("", main.sid), "it was let in, as somebody new"
    assert main.connect("e3").recovered, "and it is still its own"


def test_whom_the_application_disconnects_does_not_come_back_to_the_same_socket(world: World, told: Told) -> None:
    client = Client(world).connect("e1")
    client.lose_connection(Reason.SERVER_DISCONNECT)
    assert told.kinds() == ["connect", "disconnect"]
    assert not client.connect("e2").recovered


def test_a_right_pid_with_an_offset_that_is_not_known_ends_the_old_socket(world: World, told: Told) -> None:
    client = Client(world).connect("e1")
    client.lose_connection()
    client.connect("e2", offset="0.0.000000000000")
    assert told.kinds() == ["connect", "disconnect", "connect"]
    assert len(world.database.rows("sio_sockets")) == 1


def test_what_the_application_is_told_is_what_its_client_gave(told: Told) -> None:
    auths: list[Any] = []
    world = World(
        lambda sio: sio.on("connect", lambda sid, environ, auth: auths.append(auth)), connection_state_recovery=True
    )
    client = Client(world).connect("e1", token="t")
    client.lose_connection()
    client.connect("e2", pid="x" * 40, token="t")
    client.lose_connection()
    client.connect("e3", pid="x" * 40)
    assert auths == [{"token": "t"}, {"token": "t"}, None]


def test_pythons_clients_see_no_offset_and_are_not_kept(world: World, told: Told) -> None:
    world.connect("e1", **PYTHON)
    emit(world, "one")
    assert world.take("e1") == ['2["said","one"]']
    world.close("e1")
    assert told.kinds() == ["connect", "disconnect"]
    assert world.database.rows("sio_log") == []


def test_an_event_to_both_kinds_is_sent_to_each_as_it_takes_it(world: World) -> None:
    client = Client(world).connect("e1")
    world.connect("e2", **PYTHON)
    emit(world, "one")
    assert world.take("e2") == ['2["said","one"]']
    assert (client.take(), client.offset is not None) == (["one"], True)


def test_arguments_that_are_text_are_taken_for_no_offset(world: World) -> None:
    client = Client(world).connect("e1")
    emit(world, "volatile, before anything", volatile=True)
    emit(world, "plain")
    emit(world, "volatile", volatile=True)
    world.do(world.sio.emit("asked", "text", to=client.sid, callback=lambda *args: None))
    client.read()
    world.take("e1")
    client.lose_connection()
    emit(world, "missed")
    client.take()
    assert client.connect("e2").recovered
    assert client.take() == ["missed"]


def test_one_that_asked_for_an_answer_and_was_missed_comes_with_its_number(world: World) -> None:
    answers: list[Any] = []
    client = Client(world).connect("e1")
    client.lose_connection()
    world.do(world.sio.emit("asked", "text", to=client.sid, callback=lambda *args: answers.append(args)))
    client.engine_sid = "e2"
    world.open("e2", ENGINE, **JAVASCRIPT)
    world.receive("e2", f"0{json.dumps({'pid': client.pid})}")
    asked = world.take("e2")[1]
    assert isinstance(asked, str)
    number = asked[1 : asked.index("[")]
    world.receive("e2", f'3{number}["yes"]')
    assert answers == [("yes",)]


@pytest.mark.parametrize("end", ["client", "server", "protocol"])
def test_a_connection_that_was_ended_does_not_come_back(world: World, told: Told, end: str) -> None:
    client = Client(world).connect("e1")
    if end == "client":
        world.receive("e1", "1")
    elif end == "server":
        world.do(world.sio.disconnect(client.sid))
    else:
        world.receive("e1", "9")
    client.lose_connection()
    assert told.kinds() == ["connect", "disconnect"]
    assert not client.connect("e2").recovered


def test_the_application_disconnects_one_that_is_away(world: World, told: Told) -> None:
    client = Client(world).connect("e1")
    client.lose_connection()
    world.do(world.sio.disconnect(client.sid))
    assert told.kinds() == ["connect", "disconnect"]
    assert [world.database.rows(table) for table in ("sio_parked", "sio_sessions", "sio_sockets")] == [[], [], []]


def test_each_namespace_is_recovered_by_itself(told: Told) -> None:
    def register(sio: Any) -> None:
        told.register(sio)
        sio.on("connect", lambda sid, environ: None, namespace="/other")

    world = World(register, connection_state_recovery=True)
    main, other = Client(world).connect("e1"), Client(world, "/other").connect("e1")
    world.close("e1")
    emit(world, "to main")
    world.do(world.sio.emit("said", "to other", namespace="/other"))
    main.connect("e2")
    assert (main.recovered, main.take()) == (True, ["to main"])
    other.connect("e2")
    assert (other.recovered, other.take()) == (True, ["to other"])
    assert world.database.rows("sio_parked") == []


def test_namespaces_that_are_not_named_are_not_recovered(told: Told) -> None:
    world = World(told.register, connection_state_recovery={"namespaces": ["/other"]})
    assert Client(world).connect("e1").pid == ""


def test_middleware_runs_for_those_who_come_back_if_that_is_asked_for() -> None:
    passed: list[str] = []

    def register(sio: Any) -> None:
        @sio.use
        def check(sid: str, environ: Any, auth: Any) -> bool:
            passed.append(sid)
            return (auth or {}).get("token") == "t"

    world = World(register, connection_state_recovery={"skip_middlewares": False})
    client = Client(world).connect("e1", token="t")
    client.lose_connection()
    client.connect("e2")
    assert not client.recovered
    assert client.connect("e3", token="t").recovered
    assert passed == [client.sid] * 3


def test_ghosts_and_lost_links_are_breaks_too(world: World, told: Told) -> None:
    client = Client(world).connect("e1")
    emit(world, "one")
    world.sio.receive_lost(ENGINE, None)
    world.runtime.settle()
    emit(world, "two")
    client.take()
    world.take("e1")
    assert client.connect("e2").recovered
    assert client.take() == ["two"]
    assert told.kinds() == ["connect", "recovered"]


def test_a_parked_session_is_no_ghost_and_is_not_offered(world: World) -> None:
    Client(world).connect("e1").lose_connection()
    assert world.membership.sessions_of(ENGINE) == []
    world.reset()
    assert world.membership.sessions_of(ENGINE) == []
    world.receive("e1", '2["late",1]')
    assert [close.engine_sids for _, close in world.closes()][-1] == ("e1",)


@pytest.mark.parametrize("room", [None, "lobby", "own"])
def test_nothing_is_sent_to_where_a_parked_client_was(world: World, room: str | None) -> None:
    client = Client(world).connect("e1")
    world.receive("e1", '2["enter","lobby"]')
    client.lose_connection()
    world.connect("e2", **PYTHON)
    for life in range(3):
        world.forget()
        emit(world, str(life), room=client.sid if room == "own" else room)
        assert all(operation.engine_sids == ("e2",) for _, operation in world.sends())
        world.reset()
    assert client.connect("e3").take() == ["0", "1", "2"]


def test_one_event_is_one_row(world: World) -> None:
    client = Client(world).connect("e1")

    async def many() -> None:
        for number in range(20):
            await world.sio.emit("said", str(number))
            await world.sio.enter_room(client.sid, number)

    world.do(many())
    assert len(world.database.rows("sio_log")) == 1


def test_without_the_option_there_is_no_row_and_no_byte(told: Told) -> None:
    world = World(told.register)
    assert Client(world).connect("e1").pid == ""
    emit(world, "one")
    assert world.take("e1") == ['2["said","one"]']
    world.close("e1")
    assert [world.database.rows(table) for table in ("sio_log", "sio_parked")] == [[], []]
    assert told.kinds() == ["connect", "disconnect"]


def test_what_was_sent_is_in_the_log_before_the_answer_to_its_frame_leaves(world: World) -> None:
    Client(world).connect("e1")
    before = len(world.database.rows("sio_log"))
    world.runtime.start(world.sio.emit("said", "one"))
    assert len(world.database.rows("sio_log")) == before
    world.sio.write_log()
    assert len(world.database.rows("sio_log")) == before + 1


def test_writing_is_put_off_where_that_is_asked_for(told: Told) -> None:
    world = World(told.register, connection_state_recovery={"write": "deferred"})
    client = Client(world).connect("e1")
    client.lose_connection()
    for number in range(5):
        emit(world, str(number))
    assert len(world.database.rows("sio_log")) == 2
    world.advance(1)
    assert len(world.database.rows("sio_log")) == 3
    world.advance(1)
    world.reset()
    assert client.connect("e2").recovered
    assert client.take() == ["0", "1", "2", "3", "4"]


def test_a_reset_that_may_have_lost_something_is_told(told: Told) -> None:
    world = World(told.register, connection_state_recovery={"write": "deferred"})
    client = Client(world).connect("e1")
    client.lose_connection()
    emit(world, "1")
    emit(world, "2")
    world.reset()
    assert not client.connect("e2").recovered
    assert told.kinds() == ["connect", "disconnect", "connect"]


@pytest.mark.parametrize(
    "option", [5, {"seconds": 1}, {"max_disconnection_s": 0}, {"namespaces": "/"}, {"write": "late"}]
)
def test_an_option_that_cannot_be_is_refused(option: Any) -> None:
    with pytest.raises(ConfigError):
        World(connection_state_recovery=option)


def test_nobody_has_the_whole_log_searched_again_and_again(world: World) -> None:
    client = Client(world).connect("e1")
    emit(world, "one")
    client.lose_connection()
    for _ in range(MAX_SEARCHED_AGAIN + 1):
        emit(world, "more", to=client.sid)
    offset = client.offset
    assert client.connect("e2").recovered
    assert not client.connect("e3", offset=offset).recovered
    later = Client(world).connect("e4")
    emit(world, "one")
    later.lose_connection()
    assert later.connect("e5").recovered
    assert later.connect("e6").recovered


def test_who_comes_back_while_somebody_looks_on_gets_what_is_sent_then(told: Told) -> None:
    """The function that sees what is sent waits, and meanwhile the client takes its place over another connection."""
    doors: list[Any] = []

    def register(sio: Any) -> None:
        told.register(sio)

        @sio.on_any_outgoing
        async def look(event: str, sids: Any, *args: Any) -> None:
            if args[0] == "slow":
                doors.append(sio.eio.create_event())
                await doors[-1].wait()

    world = World(register, connection_state_recovery=True)
    client = Client(world).connect("e1")
    emit(world, "one")
    client.lose_connection()
    world.runtime.start(world.sio.emit("said", "slow"))
    client.connect("e2")
    doors[0].set()
    world.runtime.settle()
    emit(world, "three")
    assert (client.recovered, client.take()) == (True, ["one", "slow", "three"])


def test_what_json_cannot_hold_makes_those_ordinary_clients_who_miss_it(world: World, log: Log) -> None:
    client = Client(world).connect("e1")
    emit(world, "one")
    client.lose_connection()
    world.do(world.sio.emit("said", "two", skip_sid=frozenset(["x"])))
    emit(world, "three")
    assert not client.connect("e2").recovered
    assert len(log.take("ERROR")) == 1


def test_of_more_than_may_be_parked_the_next_ones_end_at_once(
    world: World, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socketio_do.server.recovery.MAX_PARKED", 1)
    first, second = Client(world).connect("e1"), Client(world).connect("e2")
    first.lose_connection()
    second.lose_connection()
    assert told.kinds() == ["connect", "connect", "disconnect"]
    assert first.connect("e3").recovered
    first.lose_connection()
    world.reset()
    third = Client(world).connect("e4")
    third.lose_connection()
    assert told.kinds() == ["recovered", "connect", "disconnect"]


def test_who_did_not_come_back_is_counted_once(world: World, told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socketio_do.server.recovery.MAX_PARKED", 2)
    Client(world).connect("e1").lose_connection()
    world.advance(60)
    Client(world).connect("e2").lose_connection()
    world.advance(61)
    assert told.kinds() == ["connect", "connect", "disconnect"]
    Client(world).connect("e3").lose_connection()
    Client(world).connect("e4").lose_connection()
    assert told.kinds() == ["connect", "connect", "disconnect"]


def test_a_connect_that_waited_is_not_carried_out_for_one_that_is_parked(told: Told) -> None:
    doors: list[Any] = []

    def register(sio: Any) -> None:
        told.register(sio)

        async def let_in(name: str, environ: Any, auth: Any) -> bool:
            doors.append(sio.eio.create_event())
            await doors[-1].wait()
            return True

        sio.on("connect", lambda name, sid, environ: told.said.append(("late", sid)), namespace=let_in)

    world = World(register, connection_state_recovery=True)
    Client(world).connect("e1")
    world.receive("e1", "0/other")
    world.close("e1")
    doors[0].set()
    world.runtime.settle()
    assert told.kinds() == ["connect"]


def test_a_parked_session_that_could_not_be_deleted_is_ended_by_the_next_alarm(
    world: World, told: Told, log: Log
) -> None:
    Client(world).connect("e1").lose_connection()
    world.database.failing = ("DELETE FROM sio_sockets",)
    world.advance(121)
    world.database.failing = ()
    world.advance(601)
    assert told.kinds() == ["connect", "disconnect"]
    assert [world.database.rows(table) for table in ("sio_parked", "sio_sessions", "sio_sockets")] == [[], [], []]
    assert len(log.take("ERROR")) == 1


@pytest.mark.parametrize(("waited_s", "is_closed"), [(1, True), (9, True), (11, False)])
def test_who_may_lack_what_the_last_life_sent_comes_back_before_anything_else_is_sent(
    world: World, told: Told, monkeypatch: pytest.MonkeyPatch, waited_s: int, *, is_closed: bool
) -> None:
    """What is on its way to another object when this one is reset may be lost, and its client would hear of nothing."""
    client, other = Client(world).connect("e1"), Client(world).connect("e2")
    world.receive("e1", '2["enter","lobby"]')
    world.connect("e3", **PYTHON)
    world.advance(20)
    emit(world, "lost on the way", room="lobby")
    world.take("e1")
    world.advance(waited_s)
    world.reset()
    world.runtime.arrives_at_once = False
    world.sio.receive_life()
    closed = [sid for _, close in world.closes() for sid in close.engine_sids]
    assert closed == (["e1"] if is_closed else [])
    if is_closed:
        emit(world, "later", room="lobby")
        assert client.connect("e4").recovered
        assert client.take() == ["lost on the way", "later"]
    assert other.take() == []
    assert "disconnect" not in told.kinds()


def test_what_was_parked_is_ended_in_its_time_where_a_deploy_switches_recovery_off(world: World, told: Told) -> None:
    Client(world).connect("e1").lose_connection()
    world.advance(60)
    Client(world).connect("e2").lose_connection()
    world._options = {}
    world.reset()
    world.advance(61)
    assert told.kinds() == ["connect", "connect", "disconnect"]
    world.advance(60)
    assert told.kinds() == ["disconnect"]
    assert [world.database.rows(table) for table in ("sio_parked", "sio_sessions", "sio_sockets")] == [[], [], []]
