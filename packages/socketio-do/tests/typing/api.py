"""Every public name, used as an application uses it. mypy checks this file strictly; nobody runs it.

`test_typing.py` has it that no public name is left out.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any, ClassVar, assert_type

import socketio

from socketio_do import (
    Answers,
    CommandError,
    ConfigError,
    DurableServer,
    EventRefusedError,
    Extension,
    LimitError,
    LocalServerError,
    NamespaceRoutes,
    NestingError,
    OversizeError,
    PacketError,
    RemoteServerError,
    ServerError,
    SessionDataError,
    SocketDescription,
)
from socketio_do.durable import Emitter, SocketActor

A_DATE = Extension(0, (1_700_000_000_000).to_bytes(8, signed=True))
PARENT = re.compile(r"/room-\d+")
ROUTES = NamespaceRoutes({"/admin": "admin", PARENT: "rooms"}, default="main", serializer="msgpack")
BY_FUNCTION = NamespaceRoutes(lambda namespace: namespace.rpartition("/")[2][:8])
assert_type(ROUTES("", "0/admin,"), tuple[str, str])


def may_exist(name: str, environ: Mapping[str, str], auth: Any) -> bool:
    return bool(auth) and environ["PATH_INFO"] == name


async def may_exist_after_a_look(name: str, environ: Mapping[str, str], auth: Any) -> bool:
    await asyncio.sleep(0)
    return may_exist(name, environ, auth)


def takes_offsets(environ: Mapping[str, str]) -> bool:
    return "EIO=4&" in environ["QUERY_STRING"]


class Chat(SocketActor):
    peer_binding: ClassVar[str] = "ENGINE"
    options: ClassVar[Mapping[str, Any]] = {
        "always_connect": True,
        "async_handlers": True,
        "cleanup_empty_child_namespaces": True,
        "connection_state_recovery": {"max_disconnection_s": 60, "write": "deferred", "clients": takes_offsets},
        "logger": logging.getLogger("chat"),
        "namespaces": ["/", "/news"],
    }
    handler_timeout_s: ClassVar[float] = 30

    def configure(self, sio: DurableServer) -> None:
        register_handlers(sio)
        register_namespaces(sio)
        register_middleware(sio)
        register_rooms(sio)
        register_answers(sio)
        sio.start_background_task(emit_everything, sio, "a sid")

    async def look(self, sid: str) -> None:
        assert_type(self.lives(sid), dict[str, str])
        assert_type(await self.counters(), str)
        await self.alarm()


def register_handlers(sio: DurableServer) -> None:
    @sio.event
    async def connect(sid: str, environ: dict[str, str], auth: Any) -> bool:
        if not auth:
            raise socketio.exceptions.ConnectionRefusedError("who are you?")
        await sio.save_session(sid, {"nick": auth["nick"]})
        return True

    @sio.on_recovered
    async def welcome_back(sid: str) -> None:
        assert_type(sio.recovered(sid), bool)

    @sio.on_recovered(namespace="/news")
    def note_return(sid: str) -> None: ...

    assert_type(note_return("a sid"), None)
    sio.on_recovered(welcome_back, namespace=PARENT)

    @sio.event
    async def disconnecting(sid: str, reason: str) -> None:
        assert_type(sio.rooms(sid), list[str | int | float | bool | None])

    @sio.on("disconnect")
    def disconnect(sid: str, reason: str) -> None: ...

    @sio.on("*")
    async def any_event(event: str, sid: str, *args: Any) -> tuple[int, str]:
        return len(args), event

    @sio.event(namespace="/news")
    def read(sid: str) -> bytes:
        return b"news"

    # A decorator gives back the function it was given.
    assert_type(disconnect("a sid", "a reason"), None)
    assert_type(read("a sid"), bytes)
    sio.on("say", any_event, namespace="*")


def register_namespaces(sio: DurableServer) -> None:
    class News(socketio.AsyncNamespace):
        async def on_connect(self, sid: str, environ: dict[str, str]) -> None: ...

    sio.register_namespace(News("/news"))  # type: ignore[no-untyped-call]  # its base has no types

    @sio.on("say", namespace=PARENT)
    async def say(namespace: str, sid: str, text: str) -> str:
        await sio.emit("said", text, namespace=namespace)
        return "ok"

    @sio.event(namespace=may_exist)
    async def connect(namespace: str, sid: str, environ: dict[str, str]) -> None: ...

    @sio.event(namespace=may_exist_after_a_look)
    async def ask(namespace: str, sid: str) -> None: ...

    assert [say, connect, ask]


def register_middleware(sio: DurableServer) -> None:
    @sio.use
    async def authenticate(sid: str, environ: dict[str, str], auth: Any) -> bool:
        return bool(auth)

    @sio.use(namespace=PARENT)
    def authenticate_in_rooms(namespace: str, sid: str, environ: dict[str, str]) -> None: ...

    @sio.use_packet
    async def judge(event: str, sid: str, *args: Any) -> bool:
        if event == "write":
            raise EventRefusedError({"error": "not allowed"}, 403)
        return event != "ignored"

    @sio.on_any
    def note(event: str, sid: str, *args: Any) -> None: ...

    @sio.on_any_outgoing(namespace="*")
    def note_outgoing(namespace: str, event: str, sids: tuple[str, ...], *args: Any) -> None: ...

    @sio.on_error
    async def report(error: Exception, event: str, sid: str | None, namespace: str) -> None:
        if isinstance(error, ServerError):
            assert_type(error.code, str)

    @sio.on_wake
    async def begin() -> None: ...

    assert_type(begin.__name__, str)
    assert_type(judge.__name__, str)
    assert [authenticate, authenticate_in_rooms, note, note_outgoing, report]


def register_rooms(sio: DurableServer) -> None:
    @sio.on_room("create")
    def created(room: str) -> None: ...

    @sio.on_room("join", namespace=PARENT)
    async def joined(namespace: str, room: str, sid: str) -> None: ...

    assert_type(created("a room"), None)
    sio.on_room("leave", joined)
    sio.on_room("delete", created)


def register_answers(sio: DurableServer) -> None:
    @sio.on_answer("paid")
    async def paid(context: dict[str, int], sid: str, *answer: Any) -> None:
        await sio.emit("thanks", context["order"], to=sid)

    @sio.on_no_answer("paid")
    def not_paid(context: dict[str, int], sid: str, reason: str) -> None: ...

    assert_type(not_paid({"order": 7}, "a sid", "timeout"), None)
    sio.on_answer("seen", paid)
    sio.on_no_answer("seen", not_paid)


async def emit_everything(sio: DurableServer, sid: str) -> None:
    await sio.emit("plain")
    await sio.emit("event", {"binary": b"1"}, to=sid, namespace="/news", ignore_queue=True, compress=False)
    await sio.emit("event", ("several", 2), room=["a", "b"], skip_sid=[sid], except_rooms="c", volatile=True)
    await sio.emit("event", namespace=PARENT, callback=print)
    await sio.emit("pay", 5, to=sid, callback="paid", callback_context={"order": 7}, timeout=3600)
    await sio.send("message", to=sid, room="a", skip_sid=sid, namespace="/", callback=print, ignore_queue=False)


async def wait_for_answers(sio: DurableServer, sid: str) -> Any:
    answers = await sio.emit_with_ack(
        "ready?", 1, to="a", room="a", skip_sid=sid, namespace="/", timeout=5, except_rooms=["b"]
    )
    assert_type(answers, Answers)
    assert_type(answers.answers, dict[str, Any])
    assert_type(answers.missing, tuple[str, ...])
    try:
        return await sio.call("question", {"a": 1}, to=sid, sid=sid, namespace="/", timeout=None, ignore_queue=False)
    except socketio.exceptions.TimeoutError:
        return None


async def keep_data(sio: DurableServer, sid: str) -> None:
    async with sio.session(sid, namespace="/news") as session:
        session["count"] = 1
    try:
        await sio.save_session(sid, await sio.get_session(sid), namespace="/")
    except SessionDataError as error:
        assert_type(error.code, str)
    try:
        await sio.emit("news", {"a": [1]}, to=sid)
    except (NestingError, OversizeError) as error:
        assert_type(error.code, str)
    assert_type(sio.get_environ(sid, namespace="/"), dict[str, str] | None)
    assert_type(sio.environ["an engine sid"], dict[str, str])
    assert_type(sio.transport(sid, namespace="/"), str)
    await sio.sleep(1.5)
    await sio.shutdown()


async def administrate(sio: DurableServer, sid: str) -> None:
    try:
        await sio.enter_room(sid, "a", namespace="/")
    except LimitError as error:
        assert_type(error.code, str)
    await sio.leave_room(sid, 7, namespace="/")
    await sio.close_room("a", namespace=PARENT)
    assert_type(await sio.room_size("a", "/", except_rooms=["b"]), int)
    for socket in await sio.fetch_sockets(["a", "b"], namespace=PARENT, except_rooms="c"):
        assert_type(socket, SocketDescription)
        assert_type((socket.sid, socket.namespace), tuple[str, str])
        assert_type(socket.rooms, tuple[str | int | float | bool | None, ...])
        assert_type(socket.environ, Mapping[str, str])
        socket.session["nick"].upper()
    await sio.sockets_join("a", ["b", "c"], "/", except_rooms=sid)
    await sio.sockets_leave("a", "b", namespace="/", except_rooms=None)
    await sio.disconnect_sockets("a", "/", except_rooms="b", close=True)
    await sio.disconnect(sid, namespace="/", ignore_queue=False)
    assert_type(sio.is_asyncio_based(), bool)


async def emit_from_elsewhere(env: Any, sid: str) -> None:
    emitter = Emitter(env.SOCKET, "main")
    try:
        await emitter.emit("tick", {"at": b"1"}, room=["a"], namespace="/", skip_sid=sid, except_rooms="b")
    except CommandError as error:
        assert_type(error.code, str)
    assert_type(await emitter.emit_with_ack("ready?", room="a", timeout=5), Answers)
    await emitter.call("question", to=sid, timeout=5)
    await emitter.disconnect(sid, namespace="/")
    await emitter.disconnect_sockets("a", namespace="/")
    assert_type(await emitter.room_size("a", namespace="/"), int)
    assert_type(await emitter.rooms(sid), list[Any])


def tell_whose_fault(error: ServerError) -> str:
    match error:
        case EventRefusedError():
            assert_type(error.answer, tuple[Any, ...])
            return "nobody's"
        case ConfigError() | LocalServerError():
            return "ours"
        case PacketError() | RemoteServerError():
            return "a client's"
        case _:
            return error.code
