"""What a Socket.IO server is asked for first: echo, broadcast, rooms, and a server that speaks unasked.

`start_clock` begins the ticks that `clock.py` sends: an endless loop in `sio.start_background_task` would keep the object awake.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import socketio


def register(sio: socketio.AsyncServer, start_clock: Callable[[], Awaitable[Any]]) -> None:
    _add_talk(sio, start_clock)
    _add_rooms(sio)


def _add_talk(sio: socketio.AsyncServer, start_clock: Callable[[], Awaitable[Any]]) -> None:
    @sio.event
    async def connect(sid: str, environ: dict[str, Any]) -> None:
        await start_clock()

    @sio.event
    async def echo(sid: str, data: Any) -> None:
        await sio.emit("heard", data, to=sid)

    @sio.event
    async def broadcast(sid: str, data: Any) -> None:
        await sio.emit("heard", data)

    @sio.event
    async def bye(sid: str) -> None:
        await sio.disconnect(sid)

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:
        await sio.emit("gone", {"sid": sid, "reason": reason}, skip_sid=sid)


def _add_rooms(sio: socketio.AsyncServer) -> None:
    @sio.event
    async def join(sid: str, room: str) -> list[str]:
        await sio.enter_room(sid, room)
        return sio.rooms(sid)

    @sio.event
    async def leave(sid: str, room: str) -> list[str]:
        await sio.leave_room(sid, room)
        return sio.rooms(sid)

    @sio.event
    async def tell(sid: str, room: str, data: Any) -> None:
        await sio.emit("heard", data, room=room)

    @sio.event
    async def close(sid: str, room: str) -> None:
        await sio.emit("heard", f"{room} is closing", room=room)
        await sio.close_room(room)
