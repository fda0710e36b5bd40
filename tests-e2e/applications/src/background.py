"""A clock: the first client that comes starts it, and may say for how long; some are greeted, and some sent away, by a task."""

import itertools
from typing import Any

import socketio

TICK_S = 0.02


def register(sio: socketio.AsyncServer) -> None:
    thread: Any = None

    async def tick(count: int | None) -> None:
        for number in itertools.count(1) if count is None else range(1, count + 1):
            await sio.emit("tick", number, room="clock")
            await sio.sleep(TICK_S)

    @sio.event
    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        nonlocal thread
        is_first = thread is None
        if is_first:
            thread = sio.start_background_task(tick, (auth or {}).get("ticks"))
        await sio.emit("clock", "started" if is_first else "runs", to=sid)
        await _receive(sio, sid, auth)

    @sio.event
    async def watch(sid: str) -> None:
        await sio.enter_room(sid, "clock")


async def _receive(sio: socketio.AsyncServer, sid: str, auth: Any) -> None:
    """Greet a client, or send it away, in the background."""

    async def greet() -> None:
        await sio.emit("greeting", "in the background", to=sid)

    match auth:
        case {"banned": True}:
            sio.start_background_task(sio.disconnect, sid)
        case {"greet": "last"}:
            await sio.emit("greeting", "in the handler", to=sid)
            sio.start_background_task(greet)
        case {"greet": "first"}:
            sio.start_background_task(greet)
            await sio.emit("greeting", "in the handler", to=sid)
