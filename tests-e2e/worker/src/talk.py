"""The application of the conversations that are held with three servers; runs unchanged on python-socketio's own."""

from typing import Any

import socketio


def register(sio: socketio.AsyncServer) -> None:
    """Register the same handlers for two namespaces."""
    for namespace in ("/", "/other"):
        _register(sio, namespace)


def _register(sio: socketio.AsyncServer, namespace: str) -> None:
    @sio.event(namespace=namespace)
    async def connect(sid: str, environ: dict[str, str], auth: Any) -> None:
        if isinstance(auth, dict) and "refuse" in auth:
            raise socketio.exceptions.ConnectionRefusedError("not you", auth["refuse"])

    @sio.event(namespace=namespace)
    async def echo(sid: str, *args: Any) -> tuple[Any, ...]:
        return args

    @sio.event(namespace=namespace)
    async def nothing(sid: str, *args: Any) -> None:
        """Answer without a value."""

    @sio.event(namespace=namespace)
    async def back(sid: str, *args: Any) -> None:
        await sio.emit("back", args, to=sid, namespace=namespace)

    @sio.event(namespace=namespace)
    async def join(sid: str, room: Any) -> None:
        await sio.enter_room(sid, room, namespace=namespace)

    @sio.event(namespace=namespace)
    async def leave(sid: str, room: Any) -> None:
        await sio.leave_room(sid, room, namespace=namespace)

    @sio.event(namespace=namespace)
    async def tell(sid: str, room: Any, *args: Any) -> None:
        await sio.emit("told", args, room=room, namespace=namespace)

    @sio.event(namespace=namespace)
    async def ask(sid: str, *args: Any) -> None:
        async def answered(*answer: Any) -> None:
            await sio.emit("answered", answer, to=sid, namespace=namespace)

        await sio.emit("question", args, to=sid, namespace=namespace, callback=answered)

    @sio.event(namespace=namespace)
    async def bye(sid: str) -> None:
        await sio.disconnect(sid, namespace=namespace)
