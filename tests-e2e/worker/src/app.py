"""The application the end-to-end tests talk to: plain python-socketio."""

import asyncio
from typing import Any

import socketio


class Rooms(socketio.AsyncNamespace):
    """A class-based namespace."""

    async def on_connect(self, sid: str, environ: dict[str, str]) -> None:
        await self.enter_room(sid, "everybody")

    async def on_shout(self, sid: str, text: str) -> str:
        await self.emit("shouted", text, room="everybody", skip_sid=sid)
        return "heard"

    def on_disconnect(self, sid: str) -> None:
        """Accept no reason: older applications do not."""


def register(sio: socketio.AsyncServer, kv: Any) -> None:
    """Register the handlers; ``kv`` counts, in the object's own storage, what must not happen twice."""

    def count(what: str) -> None:
        kv.put(what, (kv.get(what) or 0) + 1)

    @sio.event
    async def connect(sid: str, environ: dict[str, str], auth: dict[str, Any] | None) -> None:
        count("connects")
        if auth and "refuse" in auth:
            raise socketio.exceptions.ConnectionRefusedError("not you", auth["refuse"])
        if auth and "wait_s" in auth:
            await asyncio.sleep(auth["wait_s"])
        await sio.save_session(sid, {"user": (auth or {}).get("user")})

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:
        count("disconnects")
        user = (await sio.get_session(sid))["user"]
        if user is not None:
            await sio.emit("left", {"user": user, "reason": reason, "rooms": sio.rooms(sid)[1:]}, skip_sid=sid)

    @sio.event
    async def echo(sid: str, *data: Any) -> tuple[Any, ...]:
        return data

    @sio.event
    async def enter(sid: str, room: str) -> Any:
        await sio.enter_room(sid, room)
        return sio.rooms(sid)[1:]

    @sio.event
    async def leave(sid: str, room: str) -> Any:
        await sio.leave_room(sid, room)
        return sio.rooms(sid)[1:]

    @sio.event
    async def close(sid: str, room: str) -> None:
        await sio.close_room(room)

    @sio.event
    async def say(sid: str, room: str | None, data: Any) -> str:
        await sio.emit("said", data, room=room, skip_sid=sid)
        return "ok"

    @sio.event
    async def remember(sid: str, key: str, value: Any) -> None:
        async with sio.session(sid) as session:
            session[key] = value

    @sio.event
    async def whoami(sid: str) -> dict[str, Any]:
        environ = sio.get_environ(sid) or {}
        return {
            "session": await sio.get_session(sid),
            "rooms": sio.rooms(sid)[1:],
            "query": environ.get("QUERY_STRING"),
            "agent": environ.get("HTTP_USER_AGENT"),
            "sid": sid,
        }

    @sio.event
    async def ask(sid: str, question: Any) -> Any:
        return await sio.call("question", question, to=sid, timeout=5)

    @sio.event
    async def wait(sid: str, seconds: float) -> str:
        await sio.sleep(seconds)
        return "waited"

    held: dict[str, asyncio.Future[str]] = {}

    @sio.event
    async def hold(sid: str, name: str) -> str:
        """Wait on a bare future, which only another event resolves."""
        held[name] = asyncio.get_running_loop().create_future()
        return await held[name]

    @sio.event
    async def release(sid: str, name: str) -> bool:
        if name in held:
            held.pop(name).set_result("released")
            return True
        return False

    @sio.event
    async def fail(sid: str) -> None:
        raise RuntimeError("the secret of the server")

    @sio.event
    async def up(sid: str, number: int, pause: float) -> None:
        """Handle a numbered message and send its number back; counts what came out of turn."""
        async with sio.session(sid) as session:
            if number != session.get("up", 0) + 1:
                count("gaps")
            session["up"] = number
        if pause:
            await sio.sleep(pause)
        await sio.emit("down", number, to=sid)

    @sio.event
    async def flood(sid: str, count: int, size: int) -> str:
        """Emit to the client, and when it is done to everybody."""
        for number in range(count):
            await sio.emit("drop", [number, "x" * size], to=sid)
        await sio.emit("over", count)
        return "done"

    @sio.event
    async def later(sid: str) -> str:
        """Have something done in the background: it begins when this step has ended."""

        async def work() -> None:
            await sio.emit("in the background", to=sid)

        sio.start_background_task(work)
        await sio.emit("in the handler", to=sid)
        return "begun"

    @sio.event
    async def kick(sid: str, other: str) -> None:
        await sio.disconnect(other)

    sio.register_namespace(Rooms("/rooms"))
