"""Who is in which room, as the chat's parts ask python-socketio about it."""

from collections.abc import Mapping
from typing import Any

import socketio

import checks


def key(room: str) -> str:
    """Return the server's name of a room; every sid is a room too, which nobody may join."""
    return f"room:{room}"


def of(sio: socketio.AsyncServer, sid: str) -> list[str]:
    """List the rooms a client is in."""
    return [name.removeprefix("room:") for name in sio.rooms(sid) if name.startswith("room:")]


def sids_in(sio: socketio.AsyncServer, room: str) -> list[str]:
    """List the clients in a room."""
    return [sid for sid, _ in sio.manager.get_participants("/", key(room))]


def entered(sio: socketio.AsyncServer, sid: str, data: Mapping[str, Any]) -> str:
    """Return the room that an event is about; its sender must be there."""
    room = checks.room(data.get("room"))
    if room not in of(sio, sid):
        raise checks.Invalid("You are not in this room.")
    return room


async def nick(sio: socketio.AsyncServer, sid: str, namespace: str = "/") -> str:
    """Return a client's nickname, or "" if it is disconnecting and its session is gone."""
    try:
        return str((await sio.get_session(sid, namespace))["nick"])
    except KeyError:
        return ""
