"""A chat, written as for any python-socketio server.

The object that runs this code may be rebuilt between any two events. Rooms and sessions survive
that, Python variables do not: whatever the chat must remember is a membership or a session.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

import socketio
from socketio import exceptions

import checks

DEFAULT_ROOM = "lobby"
ROOMS_PER_CLIENT = 8
CLIENTS_PER_ROOM = 200

Lives = Callable[[str], dict[str, str]]
Reply = dict[str, Any]
Handler = Callable[[str, Mapping[str, Any]], Awaitable[Reply]]
Acked = Callable[[Handler], Callable[..., Awaitable[Reply]]]


def register(sio: socketio.AsyncServer, lives: Lives) -> None:
    """Add the chat to a server; `lives(sid)` names the current lives of the two Durable Objects."""
    acked = _acked(lives)
    _add_sessions(sio, acked)
    _add_rooms(sio, acked)
    _add_messages(sio, acked)


def _acked(lives: Lives) -> Acked:
    """Make a decorator for handlers: the ack is the reply, or what was wrong with the payload."""

    def decorate(handler: Handler) -> Callable[..., Awaitable[Reply]]:
        @wraps(handler)
        async def answer(sid: str, data: object = None, *_surplus: object) -> Reply:
            try:
                reply = {"ok": True, **await handler(sid, checks.fields(data))}
            except checks.Invalid as error:
                reply = {"ok": False, "error": str(error)}
            return {**reply, "lives": lives(sid)}

        return answer

    return decorate


def _add_sessions(sio: socketio.AsyncServer, acked: Acked) -> None:
    @sio.event
    async def connect(sid: str, environ: dict[str, Any], auth: Any) -> None:  # noqa: ARG001
        try:
            nick = checks.nick(auth)
        except checks.Invalid as error:
            raise exceptions.ConnectionRefusedError(str(error)) from error
        await sio.save_session(sid, {"nick": nick, "session": secrets.token_hex(3)})

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:  # noqa: ARG001
        for room in _rooms_of(sio, sid):
            await sio.emit("left", {"room": room, "id": sid}, room=_key(room), skip_sid=sid)

    @sio.event
    @acked
    async def status(sid: str, data: Mapping[str, Any]) -> Reply:  # noqa: ARG001
        session = await sio.get_session(sid)
        return {**session, "rooms": sorted(_rooms_of(sio, sid))}


def _add_rooms(sio: socketio.AsyncServer, acked: Acked) -> None:
    @sio.event
    @acked
    async def join(sid: str, data: Mapping[str, Any]) -> Reply:
        room = checks.room(data.get("room", DEFAULT_ROOM))
        if room not in _rooms_of(sio, sid):
            await _enter(sio, sid, room)
        return {"room": room, "members": await _members(sio, room)}

    @sio.event
    @acked
    async def leave(sid: str, data: Mapping[str, Any]) -> Reply:
        room = _entered(sio, sid, data)
        await sio.leave_room(sid, _key(room))
        await sio.emit("left", {"room": room, "id": sid}, room=_key(room))
        return {"room": room}

    @sio.event
    @acked
    async def typing(sid: str, data: Mapping[str, Any]) -> Reply:
        room, on = _entered(sio, sid, data), checks.flag(data.get("on"))
        await sio.emit("typing", {"room": room, "id": sid, "on": on}, room=_key(room), skip_sid=sid)
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
        room, message_id = _entered(sio, sid, data), checks.message_id(data.get("id"))
        sender = {"from": sid, "nick": await _nick(sio, sid)}
        message = {"room": room, "id": message_id, **sender, **content}
        recipients = len(_sids_in(sio, room)) - 1
        await sio.emit(event, message, room=_key(room), skip_sid=sid)
        return {"recipients": recipients}

    @sio.event
    @acked
    async def shown(sid: str, data: Mapping[str, Any]) -> Reply:
        room, ids = _entered(sio, sid, data), checks.message_ids(data.get("ids"))
        author = data.get("from")
        if author != sid and author in _sids_in(sio, room):
            await sio.emit("seen", {"room": room, "ids": ids, "by": sid}, to=author)
        return {}


def _key(room: str) -> str:
    """Return the server's name of a room; every sid is a room too, which nobody may join."""
    return f"room:{room}"


def _rooms_of(sio: socketio.AsyncServer, sid: str) -> list[str]:
    return [key.removeprefix("room:") for key in sio.rooms(sid) if key.startswith("room:")]


def _sids_in(sio: socketio.AsyncServer, room: str) -> list[str]:
    return [sid for sid, _ in sio.manager.get_participants("/", _key(room))]


def _entered(sio: socketio.AsyncServer, sid: str, data: Mapping[str, Any]) -> str:
    room = checks.room(data.get("room"))
    if room not in _rooms_of(sio, sid):
        raise checks.Invalid("You are not in this room.")
    return room


async def _enter(sio: socketio.AsyncServer, sid: str, room: str) -> None:
    if len(_rooms_of(sio, sid)) >= ROOMS_PER_CLIENT:
        raise checks.Invalid(f"You are in {ROOMS_PER_CLIENT} rooms already: leave one first.")
    if len(_sids_in(sio, room)) >= CLIENTS_PER_ROOM:
        raise checks.Invalid("This room is full.")
    await sio.enter_room(sid, _key(room))
    member = {"id": sid, "nick": await _nick(sio, sid)}
    await sio.emit("joined", {"room": room, **member}, room=_key(room), skip_sid=sid)


async def _members(sio: socketio.AsyncServer, room: str) -> list[dict[str, str]]:
    nicks = {sid: await _nick(sio, sid) for sid in _sids_in(sio, room)}
    present = set(_sids_in(sio, room))
    return [{"id": sid, "nick": nick} for sid, nick in nicks.items() if nick and sid in present]


async def _nick(sio: socketio.AsyncServer, sid: str) -> str:
    """Return a client's nickname, or "" if it is disconnecting and its session is gone."""
    try:
        return str((await sio.get_session(sid))["nick"])
    except KeyError:
        return ""
