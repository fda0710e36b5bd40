"""A chat, written as for any python-socketio server.

The object that runs this code may be rebuilt between any two events. Rooms and sessions survive
that, Python variables do not: whatever the chat must remember is a membership or a session.
"""

import secrets
from collections.abc import Mapping
from typing import Any

import socketio

import checks
import rooms
from replies import Acked, Lives, Reply, acked, refusing

DEFAULT_ROOM = "lobby"
ROOMS_PER_CLIENT = 8
CLIENTS_PER_ROOM = 200


def register(sio: socketio.AsyncServer, lives: Lives) -> None:
    """Add the chat to a server; `lives(sid)` names the current lives of the two Durable Objects."""
    decorate = acked(lives)
    _add_sessions(sio, decorate)
    _add_rooms(sio, decorate)
    _add_messages(sio, decorate)


def _add_sessions(sio: socketio.AsyncServer, acked: Acked) -> None:
    @sio.event
    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:  # noqa: ARG001
        with refusing():
            nick = checks.nick(auth)
        await sio.save_session(sid, {"nick": nick, "session": secrets.token_hex(3)})

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:  # noqa: ARG001
        for room in rooms.of(sio, sid):
            await sio.emit("left", {"room": room, "id": sid}, room=rooms.key(room), skip_sid=sid)

    @sio.event
    @acked
    async def status(sid: str, data: Mapping[str, Any]) -> Reply:  # noqa: ARG001
        session = await sio.get_session(sid)
        return {**session, "rooms": sorted(rooms.of(sio, sid))}


def _add_rooms(sio: socketio.AsyncServer, acked: Acked) -> None:
    @sio.event
    @acked
    async def join(sid: str, data: Mapping[str, Any]) -> Reply:
        room = checks.room(data.get("room", DEFAULT_ROOM))
        if room not in rooms.of(sio, sid):
            await _enter(sio, sid, room)
        return {"room": room, "members": await _members(sio, room)}

    @sio.event
    @acked
    async def leave(sid: str, data: Mapping[str, Any]) -> Reply:
        room = rooms.entered(sio, sid, data)
        await sio.leave_room(sid, rooms.key(room))
        await sio.emit("left", {"room": room, "id": sid}, room=rooms.key(room))
        return {"room": room}

    @sio.event
    @acked
    async def typing(sid: str, data: Mapping[str, Any]) -> Reply:
        room, on = rooms.entered(sio, sid, data), checks.flag(data.get("on"))
        await sio.emit("typing", {"room": room, "id": sid, "on": on}, room=rooms.key(room), skip_sid=sid)
        return {}


def _add_messages(sio: socketio.AsyncServer, acked: Acked) -> None:
    @sio.event
    @acked
    async def say(sid: str, data: Mapping[str, Any]) -> Reply:
        return await deliver("said", sid, data, {"text": checks.text(data.get("text"))})

    @sio.event
    @acked
    async def share(sid: str, data: Mapping[str, Any]) -> Reply:
        file = {
            "name": checks.file_name(data.get("name")),
            "type": checks.file_type(data.get("type")),
            "data": checks.file_bytes(data.get("data")),
        }
        return await deliver("shared", sid, data, file)

    async def deliver(event: str, sid: str, data: Mapping[str, Any], content: Reply) -> Reply:
        room, message_id = rooms.entered(sio, sid, data), checks.message_id(data.get("id"))
        sender = {"from": sid, "nick": await rooms.nick(sio, sid)}
        message = {"room": room, "id": message_id, **sender, **content}
        recipients = len(rooms.sids_in(sio, room)) - 1
        await sio.emit(event, message, room=rooms.key(room), skip_sid=sid)
        return {"recipients": recipients}

    @sio.event
    @acked
    async def shown(sid: str, data: Mapping[str, Any]) -> Reply:
        room, ids = rooms.entered(sio, sid, data), checks.message_ids(data.get("ids"))
        author = data.get("from")
        if author != sid and author in rooms.sids_in(sio, room):
            await sio.emit("seen", {"room": room, "ids": ids, "by": sid}, to=author)
        return {}


async def _enter(sio: socketio.AsyncServer, sid: str, room: str) -> None:
    if len(rooms.of(sio, sid)) >= ROOMS_PER_CLIENT:
        raise checks.Invalid(f"You are in {ROOMS_PER_CLIENT} rooms already: leave one first.")
    if len(rooms.sids_in(sio, room)) >= CLIENTS_PER_ROOM:
        raise checks.Invalid("This room is full.")
    await sio.enter_room(sid, rooms.key(room))
    member = {"id": sid, "nick": await rooms.nick(sio, sid)}
    await sio.emit("joined", {"room": room, **member}, room=rooms.key(room), skip_sid=sid)


async def _members(sio: socketio.AsyncServer, room: str) -> list[dict[str, str]]:
    nicks = {sid: await rooms.nick(sio, sid) for sid in rooms.sids_in(sio, room)}
    present = set(rooms.sids_in(sio, room))
    return [{"id": sid, "nick": nick} for sid, nick in nicks.items() if nick and sid in present]
