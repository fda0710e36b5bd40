"""A place to try things: it greets with several arguments, refuses who asks for it, and answers whatever it is sent."""

from typing import Any

import socketio
from socketio import exceptions


def register(sio: socketio.AsyncServer) -> None:
    @sio.event
    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        if auth and auth.get("refuse"):
            raise exceptions.ConnectionRefusedError("as you wish", {"you said": auth})
        await sio.emit("hello", (1, "two", {"three": environ["REMOTE_ADDR"]}), to=sid)

    @sio.on("*")
    async def anything(event: str, sid: str, *args: Any) -> tuple[Any, ...]:
        return event, *args
