"""A newsroom: who connects gets what was there before, in the `connect` handler."""

from typing import Any

import socketio

LINES = 5_100
PAGES = 20


def register(sio: socketio.AsyncServer) -> None:
    @sio.event
    async def connect(sid: str, environ: dict[str, Any], auth: dict[str, str]) -> None:
        if auth["history"] == "book":
            await sio.emit("book", "x" * 2_000_000, to=sid)
        elif auth["history"] == "pages":
            for number in range(PAGES):
                await sio.emit("page", (number, "x" * 100_000), to=sid)
        else:
            for number in range(LINES):
                await sio.emit("line", number, to=sid)

    @sio.event
    async def read(sid: str) -> str:
        return "well read"
