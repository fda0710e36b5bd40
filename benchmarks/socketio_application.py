"""The application that is measured: plain python-socketio, the same for both servers."""

import itertools
from typing import Any

__all__ = ["register"]


def register(sio: Any) -> None:
    """Register the handlers with a `socketio.AsyncServer`."""
    numbers = itertools.count(1)

    @sio.event
    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:
        """Let everybody in."""

    @sio.event
    async def echo(sid: str, data: Any) -> Any:
        """Answer with an acknowledgement."""
        return data

    @sio.event
    async def reply(sid: str, data: Any) -> None:
        """Answer with an event."""
        await sio.emit("replied", data, to=sid)

    @sio.event
    async def note(sid: str, data: Any) -> None:
        """Answer nothing."""

    @sio.event
    async def enter(sid: str, room: str) -> str:
        """Join a room."""
        await sio.enter_room(sid, room)
        return room

    @sio.event
    async def enter_many(sid: str, rooms: list[str]) -> int:
        """Join some rooms, one after the other."""
        for room in rooms:
            await sio.enter_room(sid, room)
        return len(rooms)

    @sio.event
    async def say(sid: str, room: str, data: Any) -> None:
        """Send to everybody in a room."""
        await sio.emit("said", data, room=room)

    @sio.event
    async def publish(sid: str) -> int:
        """Send the next number to everybody."""
        number = next(numbers)
        await sio.emit("number", number)
        return number
