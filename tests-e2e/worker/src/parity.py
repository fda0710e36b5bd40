"""The application for python-socketio's own members: a client names one, and is told what came of it.

What handlers saw is noted under a topic, in storage, and read with `noted`.
"""

import asyncio
import inspect
from typing import Any

import socketio
from features import Notes

PLAIN = "/plain"


async def perform(owner: Any, what: str, arguments: dict[str, Any]) -> Any:
    """Call a method; gives what it returns, or what it raises."""
    try:
        found = getattr(owner, what)(**arguments)
        return await found if inspect.isawaitable(found) else found
    except Exception as error:
        return {"raised": type(error).__name__}


async def greet(sio: Any, sid: str, namespace: str, auth: Any) -> None:
    """Send a client its payload back, when it is connected: what a connect handler emits goes before the word that it may come."""
    await sio.sleep(0)
    await sio.emit("auth", auth or {}, to=sid, namespace=namespace)


class Everything(socketio.AsyncNamespace):
    """A class-based namespace whose members are asked for as the server's are."""

    server: Any

    async def on_do(self, sid: str, what: str, arguments: dict[str, Any]) -> Any:
        return await perform(self, what, arguments)

    async def on_count(self, sid: str) -> None:
        async with self.session(sid) as session:
            session["count"] = session.get("count", 0) + 1

    async def on_describe(self, sid: str) -> dict[str, Any]:
        return {
            "namespace": self.namespace,
            "is_asyncio_based": self.is_asyncio_based(),
            "is_mine": self.server.namespace_handlers[self.namespace] is self,
        }


class Own(socketio.AsyncNamespace):
    """A namespace with a dispatch of its own."""

    async def trigger_event(self, event: str, *args: Any) -> Any:
        return None if event == "connect" else ["own", event, *args[1:]]


def register(sio: Any, kv: Any) -> None:
    """Register everything; ``kv`` is the object's own storage."""
    notes = Notes(kv)

    @sio.on_wake
    async def begin() -> None:
        """Count the lives in which something was begun in the background."""
        kv.put("wakes", (kv.get("wakes") or 0) + 1)

    @sio.on("wakes")
    async def wakes(sid: str) -> int:
        await sio.sleep(0.05)
        return int(kv.get("wakes") or 0)

    @sio.on("too large")
    async def too_large(sid: str) -> Any:
        return await perform(sio, "emit", {"event": "too large", "data": "x" * 31_000_000})

    _register_members(sio)
    _register_handlers(sio, notes)
    _register_memory(sio, notes)
    _register_conformance(sio)
    _register_faults(sio, notes)
    sio.register_namespace(Everything("/class"))
    sio.register_namespace(Own("/own"))


def _register_members(sio: Any) -> None:
    @sio.event
    async def do(sid: str, what: str, arguments: dict[str, Any]) -> Any:
        return await perform(sio, what, arguments)

    @sio.event
    async def count(sid: str) -> None:
        async with sio.session(sid) as session:
            session["count"] = session.get("count", 0) + 1

    @sio.event
    async def describe(sid: str) -> dict[str, Any]:
        handshake = sio.environ[sio.manager.eio_sid_from_sid(sid, "/")]
        return {
            "async_mode": sio.async_mode,
            "eio": [sio.eio.async_mode, hasattr(sio.eio, "sockets")],
            "environ": handshake == sio.get_environ(sid) and handshake["REQUEST_METHOD"],
            "handlers": "describe" in sio.handlers["/"],
            "manager": sio.manager.get_rooms(sid, "/") == sio.rooms(sid) and sid in sio.manager.rooms["/"][None],
            "manager_initialized": sio.manager_initialized,
            "namespace_handlers": sorted(sio.namespace_handlers),
            "namespaces": sio.namespaces,
            "not_handled": sio.not_handled is await sio._trigger_event("nobody's", PLAIN, sid),
            "packet_class": sio.packet_class(packet_type=2, data=["x"]).encode(),
            "reason": sio.reason.CLIENT_DISCONNECT,
            "reserved_events": sorted(sio.reserved_events),
        }

    @sio.event
    async def later(sid: str, text: str) -> str:
        async def work(to: str, *, said: str) -> None:
            await sio.sleep(0.05)
            await sio.emit("later", said, to=to)

        sio.start_background_task(work, sid, said=text)
        return "begun"


def _register_handlers(sio: Any, notes: Notes) -> None:
    """Have handlers of each kind."""

    @sio.event
    async def noted(sid: str, topic: str) -> list[Any]:
        return notes.of(topic)

    @sio.event
    def plainly(sid: str, *args: Any) -> list[Any]:
        return ["a function", *args]

    async def renamed(sid: str, *args: Any) -> list[Any]:
        return ["a coroutine function", *args]

    sio.on("by any name", renamed)

    @sio.on("*")
    async def anything(event: str, sid: str, *args: Any) -> list[Any]:
        return ["any event", event, *args]

    @sio.on("hello", namespace="*")
    async def anywhere(namespace: str, sid: str, *args: Any) -> list[Any]:
        return ["any namespace", namespace, *args]

    def is_child(name: str, environ: Any, auth: Any) -> bool:
        notes.add("asked", name)
        return name.startswith("/child-")

    @sio.on("hello", namespace=is_child)
    async def in_child(namespace: str, sid: str) -> list[str]:
        return ["a child", namespace]

    @sio.on_any_outgoing(namespace=PLAIN)
    async def look_on(event: str, sids: tuple[str, ...], *args: Any) -> None:
        notes.add(f"sent {event}", sorted(sids), *args)

    @sio.on("connect")
    async def connect(sid: str, environ: dict[str, str], auth: Any) -> None:
        auth = auth or {}
        if "topic" in auth:
            notes.add(auth["topic"], "connect")
            await sio.save_session(sid, {"topic": auth["topic"]})
        if auth.get("waits") and len(notes.of(auth["topic"])) == 1:
            await asyncio.get_running_loop().create_future()
        if "conformance" in environ["QUERY_STRING"]:
            sio.start_background_task(greet, sio, sid, "/", auth)

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:
        topic = (await sio.get_session(sid)).get("topic")
        if topic is not None:
            notes.add(topic, "disconnect", reason, sio.rooms(sid)[1:])
            if topic.startswith("raises"):
                raise RuntimeError("on purpose")


def _register_memory(sio: Any, notes: Notes) -> None:
    """Have what only memory holds."""
    remembered: dict[str, Any] = {}

    @sio.event
    async def memorize(sid: str, name: str, value: Any) -> None:
        remembered[name] = value

    @sio.event
    async def recall(sid: str, name: str) -> Any:
        return remembered.get(name)

    @sio.event
    async def scribble(sid: str) -> None:
        sio.get_environ(sid)["SCRIBBLE"] = "in a copy"
        (await sio.get_session(sid))["scribble"] = "in a copy"

    @sio.event
    async def ask(sid: str, to: str, topic: str) -> None:
        await sio.emit("pay", topic, to=to, callback=lambda *answer: notes.add(topic, *answer))

    async def wait_for_finish(topic: str) -> None:
        notes.add(topic, "begun")
        remembered[topic] = asyncio.get_running_loop().create_future()
        await remembered[topic]
        notes.add(topic, "finished")

    @sio.event
    async def hold(sid: str, topic: str) -> None:
        await wait_for_finish(topic)

    @sio.event
    async def background(sid: str, topic: str) -> None:
        sio.start_background_task(wait_for_finish, topic)

    @sio.event
    async def finish(sid: str, topic: str) -> bool:
        """Let what waits go on; tells whether anything waited."""
        if topic not in remembered:
            return False
        remembered.pop(topic).set_result(None)
        return True

    @sio.on_room("join")
    async def joined(room: Any, sid: str) -> None:
        if str(room).startswith("slow "):
            notes.add(str(room), "join", sid)
            await asyncio.get_running_loop().create_future()

    @sio.on_room("leave")
    async def left(room: Any, sid: str) -> None:
        if str(room).startswith("slow "):
            notes.add(str(room), "leave", sid)


def _register_conformance(sio: Any) -> None:
    """Answer what servers are asked to show that they keep to the protocol."""

    @sio.event(namespace="/custom")
    async def connect(sid: str, environ: dict[str, str], auth: Any) -> None:
        sio.start_background_task(greet, sio, sid, "/custom", auth)

    @sio.event(namespace="/custom")
    async def tell(sid: str, what: str) -> bytes:
        return what.encode()

    @sio.event
    async def message(sid: str, *args: Any) -> None:
        await sio.emit("message-back", args, to=sid)

    @sio.on("message-with-ack")
    async def message_with_ack(sid: str, *args: Any) -> tuple[Any, ...]:
        return args


def _register_faults(sio: Any, notes: Notes) -> None:
    """Have handlers that raise, and be told of it."""

    @sio.event
    async def fail(sid: str, topic: str, kind: str) -> None:
        notes.add(topic, "called")
        raise {"LookupError": LookupError, "TypeError": TypeError}[kind](topic)

    @sio.event
    async def two(sid: str, topic: str, number: int) -> int:
        notes.add(topic, "called")
        return number

    @sio.event
    async def flood(sid: str, rooms: list[str]) -> str:
        for room in rooms:
            await sio.enter_room(sid, room)
        return "in"

    @sio.event
    async def ask_often(sid: str, to: str, times: int) -> None:
        for number in range(times):
            await sio.emit("pay", number, to=to, callback=lambda *answer: None)

    @sio.on_error
    async def told(error: Exception, event: str, sid: str | None, namespace: str) -> None:
        notes.add(f"errors {sid}", type(error).__name__, event, namespace)
