"""An application that is asked for everything, and who plays scenarios of it: on ours, and on stock `socketio.AsyncServer`."""

import re
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import socketio
from socketio import exceptions

from shared_wire import Packet

Refused: Any = exceptions.ConnectionRefusedError

#: All of them are there from the beginning; which connect is the scenario's.
CLIENTS: Final = ("e1", "e2", "e3")

#: What is seen after a step: calls as ("call", ...), packets as (client, packet), a closed connection as (client, "closed").
Trace: TypeAlias = list[tuple[Any, ...]]
Register: TypeAlias = Callable[[Any, Callable[..., None]], None]


@dataclass(frozen=True)
class Close:
    """A client's connection ends."""

    client: str
    reason: str = "transport close"


#: A client and what it sends, the end of a connection, or what the application does.
Step: TypeAlias = tuple[Packet, ...] | Close | Callable[[Any], Coroutine[Any, Any, Any]]

ANSWERS: Final[list[Any]] = [
    None,
    0,
    False,
    "ok",
    [1, [2]],
    [],
    {"a": None},
    (),
    (1,),
    (1, "two", None),
    b"\0\xff",
    (b"1", {"b": [b"2"]}),
]
REFUSALS: Final[list[Any]] = [
    Refused(),
    Refused("go"),
    Refused("go", {"code": 7}),
    Refused("go", 1, None),
    ConnectionRefusedError("secret"),
]


def application(sio: Any, note: Callable[..., None]) -> None:
    """Register what scenarios ask for, as functions."""
    for register in (_connections, _rooms, _questions):
        register(sio, note)
    sio.on("answer", lambda sid, number: ANSWERS[number])
    sio.on("*", lambda event, sid, *args: note("any event", event, sid, *args), namespace="/stars")
    sio.on("disconnect", lambda sid: note("short disconnect", sid), namespace="/stars")
    sio.on("*", lambda event, name, sid, *args: note("anything", event, name, sid, *args), namespace="*")


def _connections(sio: Any, note: Callable[..., None]) -> None:
    async def connect(sid: str, environ: Any, auth: Any = None) -> Any:
        note("connect", sid, environ, auth)
        match auth:
            case {"refuse": int(number)}:
                raise REFUSALS[number]
            case {"raise": _}:
                raise LookupError
            case {"do": value}:
                await sio.save_session(sid, {"first": value})
                await sio.enter_room(sid, "early")
                await sio.emit("came", sid, room="early")
                await sio.disconnect(sid)  # too early to mean anything
        return not (auth and "refuse" in auth)

    async def disconnect(sid: str, reason: str) -> None:
        note("disconnect", sid, reason, await sio.get_session(sid), sorted(sio.rooms(sid)), sio.get_environ(sid))
        await sio.emit("left", sid, skip_sid=sid)

    async def kick(sid: str, other: str) -> None:
        await sio.disconnect(other)

    for handler in (connect, disconnect, kick):
        sio.event(handler)


def _rooms(sio: Any, note: Callable[..., None]) -> None:
    async def join(sid: str, room: str) -> list[str]:
        await sio.enter_room(sid, room)
        return sorted(sio.rooms(sid))

    async def leave(sid: str, room: str) -> list[str]:
        await sio.leave_room(sid, room)
        return sorted(sio.rooms(sid))

    async def say(sid: str, text: Any, to: Any) -> None:
        await sio.emit("said", text, to=to, skip_sid=sid)

    async def count(sid: str) -> Any:
        async with sio.session(sid) as session:
            session["count"] = session.get("count", 0) + 1
        return await sio.get_session(sid)

    async def scribble(sid: str) -> None:
        (await sio.get_session(sid))["lost"] = sio.get_environ(sid)["LOST"] = "in memory only"

    async def elsewhere(sid: str) -> None:
        for work in (sio.get_session(sid, namespace="/stars"), sio.save_session(sid, {}, namespace="/stars")):
            try:
                note("elsewhere", await work)
            except KeyError:
                note("not elsewhere")
        note("elsewhere", sio.get_environ(sid, namespace="/stars"))

    for handler in (join, leave, say, count, scribble, elsewhere):
        sio.event(handler)


def _questions(sio: Any, note: Callable[..., None]) -> None:
    def echo(sid: str, *args: Any) -> Any:
        note("echo", sid, *args)
        return args

    async def ask(sid: str, *args: Any) -> None:
        await sio.emit("question", args, to=sid, callback=lambda *answer: note("answered", *answer))

    async def call(sid: str, *args: Any) -> Any:
        return await sio.call("question", args, to=sid)

    async def wait(sid: str) -> None:
        await sio.eio.create_event().wait()

    for handler in (echo, ask, call, wait):
        sio.event(handler)


class Chat(socketio.AsyncNamespace):
    """A class-based namespace."""

    note: Any

    def on_connect(self, sid: str, environ: Any) -> None:
        self.note("connect", sid, environ)

    async def on_say(self, sid: str, text: str) -> str:
        me: Any = self
        await me.enter_room(sid, "lobby")
        await me.emit("said", text, room="lobby")
        async with me.session(sid) as session:
            session["said"] = text
        return f"{sorted(me.rooms(sid))} {await me.get_session(sid)}"

    async def on_disconnect(self, sid: str, reason: str) -> None:
        self.note("disconnect", sid, reason)


class Own(socketio.AsyncNamespace):
    """A namespace with a dispatch of its own."""

    note: Any

    async def trigger_event(self, event: str, *args: Any) -> Any:
        self.note(event, *args)
        return None if event == "connect" else "own"


class Rude(Chat):
    """A namespace whose disconnect handler raises."""

    async def on_disconnect(self, sid: str, reason: str) -> None:
        self.note("disconnect", sid, reason)
        raise TypeError("its own")


def classes(sio: Any, note: Callable[..., None]) -> None:
    """Register class-based namespaces."""
    kinds: dict[str, Any] = {"/chat": Chat, "/own": Own, "/rude": Rude, "*": Own}
    for name, kind in kinds.items():
        namespace = kind(name)
        namespace.note = note
        sio.register_namespace(namespace)


@dataclass(frozen=True)
class Scenario:
    """What happens, in one of the modes stock has: whether `async_handlers`."""

    steps: list[Step]
    register: Register = application
    options: Mapping[str, Any] = field(default_factory=dict)
    modes: tuple[bool, ...] = (False, True)


class Play:
    """One scenario on one server: who sees what, step by step. Ack ids are named #0, #1, ... in the order a client gets them."""

    def __init__(self, kind: Any, scenario: Scenario, **options: Any) -> None:
        self._calls: Trace = []
        self._acks: defaultdict[str, list[str]] = defaultdict(list)
        self._closed = 0
        self._steps = scenario.steps
        self.world = kind(lambda sio: scenario.register(sio, self._note), **scenario.options, **options)

    def run(self) -> list[Trace]:
        for client in CLIENTS:
            self.world.open(client, QUERY_STRING=client)
        return [self._seen() for step in self._steps for _ in self._do(step)]

    def _note(self, *call: Any) -> None:
        self._calls.append(("call", *call))

    def _do(self, step: Step) -> Iterator[None]:
        if isinstance(step, tuple):
            for packet in step[1:]:
                yield self.world.receive(str(step[0]), self._real(str(step[0]), packet))
        elif isinstance(step, Close):
            yield self.world.close(step.client, step.reason)
        else:
            yield self.world.do(step(self.world.sio))

    def _seen(self) -> Trace:
        calls, self._calls = self._calls, []
        packets = [(client, self._named(client, packet)) for client in CLIENTS for packet in self.world.take(client)]
        closed = [(sid, "closed") for _, operation in self.world.closes() for sid in operation.engine_sids]
        new, self._closed = closed[self._closed :], len(closed)
        return [*calls, *packets, *new]

    def _named(self, client: str, packet: Packet) -> Packet:
        match = re.match(r"([25](?:\d-)?(?:/[^,]*,)?)(\d+)(\[.*)", packet) if isinstance(packet, str) else None
        if match is None:
            return packet
        self._acks[client].append(match[2])
        return f"{match[1]}#{len(self._acks[client]) - 1}{match[3]}"

    def _real(self, client: str, packet: Packet) -> Packet:
        if isinstance(packet, bytes):
            return packet
        return re.sub(r"#(\d)", lambda match: self._acks[client][int(match[1])], packet)
