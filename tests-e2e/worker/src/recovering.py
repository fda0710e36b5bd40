"""The application whose clients lose their connections and come back. What is published is numbered here, over all lives."""

from typing import Any

#: What is counted, in the object's own storage.
COUNTED = ("connects", "disconnects", "recovered")


def register(sio: Any, kv: Any) -> None:
    """Register everything; ``kv`` is the object's own storage."""

    def count(what: str) -> int:
        number: int = (kv.get(what) or 0) + 1
        kv.put(what, number)
        return number

    @sio.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        count("connects")
        await sio.save_session(sid, {"name": (auth or {}).get("name")})

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:
        count("disconnects")

    @sio.on_recovered
    def note_recovered(sid: str) -> None:
        count("recovered")

    @sio.event
    async def publish(sid: str, room: Any = None, times: int = 1, options: Any = None) -> int:
        """Send the next numbers to a room, or to all."""
        for _ in range(times):
            number = count(f"published {room}")
            await sio.emit("number", number, to=room, **(options or {}))
        return number

    @sio.event
    async def send(sid: str, name: str, arguments: list[Any], options: dict[str, Any]) -> None:
        await sio.emit(name, tuple(arguments), **options)

    @sio.event
    async def enter(sid: str, room: str) -> list[Any]:
        await sio.enter_room(sid, room)
        return list(sio.rooms(sid)[1:])

    @sio.event
    async def leave(sid: str, room: str) -> list[Any]:
        await sio.leave_room(sid, room)
        return list(sio.rooms(sid)[1:])

    @sio.event
    async def whoami(sid: str) -> dict[str, Any]:
        session = await sio.get_session(sid)
        rooms = list(sio.rooms(sid)[1:])
        return {"sid": sid, "rooms": rooms, "recovered": sio.recovered(sid), **session}

    @sio.on_answer("answered")
    async def answered(context: Any, sid: str, *answer: Any) -> None:
        kv.put("answer", str(answer[0]))

    @sio.event
    async def ask(sid: str, whom: str, question: str) -> None:
        """Ask a client durably."""
        await sio.emit("question", question, to=whom, callback="answered")

    @sio.event
    async def answer(sid: str) -> str | None:
        found: str | None = kv.get("answer")
        return found
