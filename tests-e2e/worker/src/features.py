"""The application for what there is besides python-socketio.

What handlers saw is noted under a topic, and read with `noted`.
"""

import json
import re
from typing import Any

import socketio

from socketio_do import EventRefusedError

#: Lets namespaces in by name.
LESSONS = re.compile(r"/lesson-\d+")


class Notes:
    """Lists of what happened, in the object's own storage: a reset changes nothing."""

    def __init__(self, kv: Any) -> None:
        self._kv = kv

    def add(self, topic: str, *what: Any) -> None:
        self._kv.put(f"notes:{topic}", json.dumps([*self.of(topic), what]))

    def of(self, topic: str) -> list[Any]:
        noted: list[Any] = json.loads(self._kv.get(f"notes:{topic}") or "[]")
        return noted


def register(sio: Any, kv: Any) -> None:
    """Register everything; ``kv`` is the object's own storage."""
    notes = Notes(kv)
    _register_administration(sio, notes)
    _register_answers(sio, notes)
    _register_parents(sio, notes)
    _register_strict(sio, notes)


def _register_administration(sio: Any, notes: Notes) -> None:
    @sio.event
    async def enter(sid: str, room: str) -> Any:
        await sio.enter_room(sid, room)
        return sio.rooms(sid)[1:]

    @sio.event
    async def noted(sid: str, topic: str) -> list[Any]:
        return notes.of(topic)

    @sio.event
    async def administer(sid: str, do: str, arguments: dict[str, Any]) -> Any:
        return await getattr(sio, do)(**arguments)

    @sio.event
    async def size(sid: str, room: str) -> Any:
        return await sio.room_size(room)

    @sio.event
    async def describe(sid: str, room: str) -> list[Any]:
        found = await sio.fetch_sockets(room)
        return [[one.sid, list(one.rooms[1:]), one.session, one.environ["REQUEST_METHOD"]] for one in found]

    @sio.event
    async def remember(sid: str, session: Any) -> None:
        await sio.save_session(sid, session)

    @sio.event
    async def ask_all(sid: str, room: str, timeout: float) -> dict[str, Any]:
        found = await sio.emit_with_ack("ready?", "go", room=room, skip_sid=sid, timeout=timeout)
        answers = {sid: list(answer) if isinstance(answer, tuple) else answer for sid, answer in found.answers.items()}
        return {"answers": answers, "missing": list(found.missing)}

    @sio.event
    async def volatile(sid: str, text: str) -> None:
        await sio.emit("said", text, to=sid, volatile=True)

    @sio.event
    async def burst(sid: str) -> None:
        """What a handler emits at once is never in its own way: so the first is let go before the volatile one."""
        await sio.sleep(0)  # others are in: for ten milliseconds, giving way lets nobody in
        await sio.emit("said", "first", to=sid)
        await sio.sleep(0)
        await sio.emit("said", "volatile, behind the first", to=sid, volatile=True)
        await sio.emit("said", "last", to=sid)

    for what in ("create", "join", "leave", "delete"):
        sio.on_room(what, lambda room, *sid, what=what: notes.add(f"room {room}", what, *sid))


def _register_answers(sio: Any, notes: Notes) -> None:
    @sio.event
    async def expect(sid: str, to: str, context: Any, timeout: float) -> None:
        await sio.emit("pay", 5, to=to, callback="paid", callback_context=context, timeout=timeout)

    @sio.on_answer("paid")
    async def paid(context: Any, sid: str, *answer: Any) -> None:
        notes.add(context["order"], sid, "paid")
        await sio.emit("paid", (context, sid, *answer), room=context["order"])

    @sio.on_no_answer("paid")
    async def not_paid(context: Any, sid: str, reason: str) -> None:
        notes.add(context["order"], sid, reason)
        await sio.emit("not paid", (context, sid, reason), room=context["order"])


def _register_parents(sio: Any, notes: Notes) -> None:
    def is_club(name: str, environ: Any, auth: Any) -> bool:
        notes.add("asked", name)
        return name.startswith("/club-") and bool(auth) and auth.get("role") == "founder"

    @sio.on("say", namespace=LESSONS)
    async def say_in_lesson(namespace: str, sid: str, text: str) -> str:
        await sio.emit("said", text, namespace=namespace, skip_sid=sid)
        return namespace

    @sio.on("say", namespace=is_club)
    async def say_in_club(namespace: str, sid: str, text: str) -> str:
        await sio.emit("said", text, namespace=namespace, skip_sid=sid)
        return namespace

    @sio.event
    async def announce(sid: str, parent: str, text: str) -> None:
        await sio.emit("news", text, namespace=LESSONS if parent == "lessons" else is_club)


def _register_strict(sio: Any, notes: Notes) -> None:
    """Have a namespace in which everything is looked at."""

    @sio.use(namespace="/strict")
    async def authenticate(sid: str, environ: Any, auth: Any) -> None:
        if not auth or "name" not in auth:
            raise socketio.exceptions.ConnectionRefusedError("who are you?", {"code": 401})
        await sio.save_session(sid, {"name": auth["name"]}, namespace="/strict")

    @sio.use(namespace="/strict")
    async def judge(sid: str, environ: Any, auth: Any) -> Any:
        return auth["name"] != "eve"

    @sio.event(namespace="/strict")
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        notes.add("strict", "connect", auth["name"])

    @sio.on_any(namespace="/strict")
    async def look_on(event: str, sid: str, *args: Any) -> None:
        notes.add("strict", event, *(len(one) if isinstance(one, bytes) else one for one in args))

    @sio.use_packet(namespace="/strict")
    async def filter_packets(event: str, sid: str, *args: Any) -> Any:
        if event == "forbidden":
            raise EventRefusedError({"error": "not allowed"}, event)
        return event != "dropped"

    @sio.on("*", namespace="/strict")
    async def anything(event: str, sid: str, *args: Any) -> list[Any]:
        return [event, *args]

    @sio.event(namespace="/strict")
    async def move_in(sid: str, room: str) -> None:
        await sio.enter_room(sid, room, namespace="/strict")

    @sio.event(namespace="/strict")
    async def disconnecting(sid: str, reason: str) -> None:
        notes.add("strict", "disconnecting", reason, sio.rooms(sid, namespace="/strict")[1:])

    @sio.event(namespace="/strict")
    async def disconnect(sid: str, reason: str) -> None:
        notes.add("strict", "disconnect", (await sio.get_session(sid, namespace="/strict"))["name"])
