"""Handlers that hide behind decorators and an own `trigger_event`; each namespace has another kind, and says what it was given."""

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

import socketio

USERS = {"t1": "ann"}


def logged(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Log each call; written without `functools.wraps`."""

    async def wrapper(*args: Any) -> Any:
        return await handler(*args)

    return wrapper


def with_user(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Load the user whom the token names, and pass it on: the handler takes other arguments than the wrapper."""

    @functools.wraps(handler)
    async def wrapper(sid: str, environ: dict[str, Any], auth: Any = None) -> Any:
        return await handler(sid, USERS.get((auth or {}).get("token", ""), "guest"))

    return wrapper


def in_time(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Accept any arguments, and look like the handler."""

    @functools.wraps(handler)
    async def wrapper(sid: str, *rest: Any) -> Any:
        return await handler(sid, *rest)

    return wrapper


class Audited(socketio.AsyncNamespace):
    """A class that sees each event before its own method does; written before there was `auth`, and before reasons."""

    def __init__(self, namespace: str, notes: list[Any]) -> None:
        super().__init__(namespace)
        self.notes = notes

    async def trigger_event(self, event: str, *args: Any) -> Any:
        self.notes.append(event)
        return await super().trigger_event(event, *args)

    async def on_connect(self, sid: str, environ: dict[str, Any]) -> None:
        await self.emit("given", ["environ", environ["REQUEST_METHOD"]], to=sid)

    async def on_say(self, sid: str, *texts: str) -> list[str]:
        return ["said", *texts]

    def on_disconnect(self, sid: str) -> None:
        self.notes.append("gone")


def register(sio: socketio.AsyncServer) -> None:
    notes: list[Any] = []

    @sio.event
    async def noted(sid: str) -> list[Any]:
        found = [*notes]
        notes.clear()
        return found

    sio.register_namespace(Audited("/class", notes))
    _register_bare(sio, notes)
    _register_wrapped(sio, notes)
    _register_faulty(sio, notes)


def _register_bare(sio: socketio.AsyncServer, notes: list[Any]) -> None:
    """Have handlers behind a decorator without `functools.wraps`, with `auth` and without."""

    @sio.on("connect", namespace="/bare")
    @logged
    async def connect(sid: str, environ: dict[str, Any]) -> None:
        await sio.emit("given", ["environ", environ["REQUEST_METHOD"]], to=sid, namespace="/bare")

    @sio.on("say", namespace="/bare")
    @logged
    async def say(sid: str, text: str) -> str:
        return f"bare {text}"

    @sio.on("disconnect", namespace="/bare")
    @logged
    async def disconnect(sid: str) -> None:
        notes.append("bare gone")

    @sio.on("connect", namespace="/bare-auth")
    @logged
    async def connect_with_auth(sid: str, environ: dict[str, Any], auth: Any) -> None:
        await sio.emit("given", ["auth", auth], to=sid, namespace="/bare-auth")

    @sio.on("disconnect", namespace="/bare-auth")
    @logged
    async def disconnect_with_reason(sid: str, reason: str) -> None:
        notes.append(["bare gone", reason])


def _register_wrapped(sio: socketio.AsyncServer, notes: list[Any]) -> None:
    """Have handlers behind decorators that use it, of other signatures than theirs."""

    @sio.event(namespace="/wraps")
    @with_user
    async def connect(sid: str, user: str) -> None:
        await sio.save_session(sid, {"user": user}, namespace="/wraps")
        await sio.emit("given", ["user", user], to=sid, namespace="/wraps")

    @sio.event(namespace="/wraps")
    @in_time
    async def say(sid: str, text: str) -> str:
        return f"{(await sio.get_session(sid, namespace='/wraps'))['user']} {text}"

    @sio.event(namespace="/wraps")
    @in_time
    async def disconnect(sid: str) -> None:
        notes.append("wrapped gone")

    @sio.on("connect", namespace="/rest")
    async def connect_rest(sid: str, *rest: Any) -> None:
        given = [list(rest[1:]), rest[0]["REQUEST_METHOD"]]
        await sio.emit("given", given, to=sid, namespace="/rest")

    @sio.on("disconnect", namespace="/rest")
    async def disconnect_rest(sid: str, *rest: Any) -> None:
        notes.append(["gone", *rest])


def _register_faulty(sio: socketio.AsyncServer, notes: list[Any]) -> None:
    """Have handlers with a `TypeError` of their own, and count how often they are called."""
    calls = Counter[str]()

    def fail(what: str) -> None:
        calls[what] += 1
        notes.append([what, calls[what]])
        len(None)  # type: ignore[arg-type]

    @sio.event(namespace="/faulty")
    async def say(sid: str, text: str) -> None:
        fail("say")

    @sio.event(namespace="/faulty")
    async def disconnect(sid: str, reason: str) -> None:
        fail("disconnect")

    @sio.on("disconnect", namespace="/faulty-default")
    async def disconnect_default(sid: str, reason: str = "") -> None:
        fail("disconnect with a default")

    @sio.on("connect", namespace="/faulty-connect")
    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        fail("connect")

    @sio.on("connect", namespace="/faulty-connect-default")
    async def connect_default(sid: str, environ: dict[str, Any], auth: Any = None) -> None:
        fail("connect with a default")
