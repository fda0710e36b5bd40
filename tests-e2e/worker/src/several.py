"""An application over several socket actors: the same handlers in each, for the namespaces that are routed there."""

import re
from typing import Any

import socketio


def actor_of(namespace: str) -> str:
    """Name the actor that serves a namespace: the administrators' own, one for each of ten parts, and the main one."""
    if namespace == "/admin" or re.fullmatch(r"/part-\d", namespace):
        return namespace[1:]
    return "main"


def register(sio: Any, name: str, kv: Any) -> None:
    """Register the handlers of the actor called ``name``; ``kv`` counts in its own storage."""

    def count(what: str) -> None:
        kv.put(what, (kv.get(what) or 0) + 1)

    @sio.on("connect", namespace="*")
    async def connect(namespace: str, sid: str, environ: dict[str, str], auth: Any) -> None:
        if namespace == "/admin" and auth != {"token": "admin"}:
            raise socketio.exceptions.ConnectionRefusedError("administrators only")
        count("connects")

    @sio.on("disconnect", namespace="*")
    async def disconnect(namespace: str, sid: str, reason: str) -> None:
        count("disconnects")

    @sio.on("where", namespace="*")
    async def where(namespace: str, sid: str) -> Any:
        environ = sio.get_environ(sid, namespace)
        return {
            "actor": name,
            "namespace": namespace,
            "transport": sio.transport(sid, namespace),
            "cookie": environ.get("HTTP_COOKIE"),
            "x": environ.get("HTTP_X_TEST"),
        }

    @sio.on("echo", namespace="*")
    async def echo(namespace: str, sid: str, *data: Any) -> Any:
        return data

    @sio.on("enter", namespace="*")
    async def enter(namespace: str, sid: str, room: str) -> None:
        await sio.enter_room(sid, room, namespace)

    @sio.on("say", namespace="*")
    async def say(namespace: str, sid: str, room: str, data: Any) -> None:
        await sio.emit("said", data, room=room, namespace=namespace, skip_sid=sid)

    @sio.on("wait", namespace="*")
    async def wait(namespace: str, sid: str, seconds: float) -> str:
        await sio.sleep(seconds)
        return "waited"
