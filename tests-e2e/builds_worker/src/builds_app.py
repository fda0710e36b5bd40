"""The application that both builds run: plain python-socketio, whose numbers stand in the object's own storage."""

from typing import Any

#: What is counted there.
COUNTED = ("connects", "disconnects", "recovered", "gaps")


def count(kv: Any, what: str) -> int:
    """Count something, over all lives."""
    number: int = (kv.get(what) or 0) + 1
    kv.put(what, number)
    return number


def is_side(namespace: str, environ: Any, auth: Any) -> bool:
    """Let in what no handler names: the rows tell it after sleep."""
    del environ, auth
    return namespace.startswith("/side")


def register(sio: Any, kv: Any) -> None:
    """Register everything; ``kv`` is the object's own storage."""
    _register_connections(sio, kv)
    _register_rooms(sio, kv)
    _register_answers(sio, kv)

    @sio.event
    async def up(sid: str, number: int, pause: float = 0, *attached: Any) -> list[Any]:
        """Handle a numbered message and send its number back; counts what came out of turn."""
        async with sio.session(sid) as session:
            if number != session.get("up", 0) + 1:
                count(kv, "gaps")
            session["up"] = number
        if pause:
            await sio.sleep(pause)
        await sio.emit("down", number, to=sid)
        return [number, *attached]

    @sio.on("side", namespace=is_side)
    async def side(namespace: str, sid: str, text: str) -> list[str]:
        return [namespace, text]


def _register_connections(sio: Any, kv: Any) -> None:
    @sio.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        count(kv, "connects")
        await sio.save_session(sid, {"name": (auth or {}).get("name")})

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:
        count(kv, "disconnects")

    @sio.on_recovered
    def note_recovered(sid: str) -> None:
        count(kv, "recovered")

    @sio.event
    async def whoami(sid: str) -> dict[str, Any]:
        session = await sio.get_session(sid)
        environ = sio.get_environ(sid) or {}
        return {
            "sid": sid,
            "rooms": sorted(sio.rooms(sid)[1:]),
            "query": environ.get("QUERY_STRING"),
            "name": session["name"],
        }


def _register_rooms(sio: Any, kv: Any) -> None:
    @sio.event
    async def publish(sid: str, room: str, times: int = 1) -> int:
        """Send the next numbers to a room."""
        for _ in range(times):
            number = count(kv, f"published {room}")
            await sio.emit("number", number, to=room)
        return number

    @sio.event
    async def whisper(sid: str, room: str) -> bool:
        """Say something to those who are in a room now."""
        await sio.emit("whispered", to=room)
        return True

    @sio.event
    async def enter(sid: str, room: str) -> bool:
        await sio.enter_room(sid, room)
        return True

    @sio.event
    async def leave(sid: str, room: str) -> bool:
        await sio.leave_room(sid, room)
        return True


def _register_answers(sio: Any, kv: Any) -> None:
    @sio.event
    async def ask(sid: str, number: int, timeout_s: float) -> bool:
        """Ask the client itself, durably; what becomes of it stands in storage."""
        kept = {"callback": "kept", "callback_context": {"number": number}, "timeout": timeout_s}
        await sio.emit("question", number, to=sid, **kept)
        return True

    @sio.on_answer("kept")
    def kept(context: Any, sid: str, *answer: Any) -> None:
        kv.put(f"question {context['number']}", f"{answer[0]}")

    @sio.on_no_answer("kept")
    def not_kept(context: Any, sid: str, reason: str) -> None:
        kv.put(f"question {context['number']}", reason)

    @sio.event
    async def told(sid: str, number: int) -> Any:
        """Return what became of a question."""
        return kv.get(f"question {number}")
