"""The application whose process is killed while clients write: what it has acknowledged stands in the object's own storage."""

from typing import Any

from journal import Journal


def register(sio: Any, journal: Journal, kv: Any) -> None:
    """Register everything; ``kv`` counts, in the object's own storage."""

    def count(what: str) -> int:
        number: int = (kv.get(what) or 0) + 1
        kv.put(what, number)
        return number

    @sio.event
    async def connect(sid: str, environ: Any, auth: Any) -> None:
        count("connects")

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:
        count("disconnects")

    @sio.on_recovered
    def note_recovered(sid: str) -> None:
        count("recovered")

    @sio.event
    async def write(sid: str, name: str, number: int) -> int:
        """Write a client's number down; answers with the number of the entry."""
        return journal.write(sid, "write", name, number)

    @sio.event
    async def ask(sid: str, timeout: float) -> int:
        """Ask the client durably; answers with the number of the entry, in which the question ends."""
        entry = journal.write(sid, "ask")
        await sio.emit("question", entry, to=sid, callback="answered", callback_context=entry, timeout=timeout)
        return entry

    @sio.on_answer("answered")
    async def answered(entry: Any, sid: str, *answer: Any) -> None:
        journal.write(sid, "answered", entry, *answer)

    @sio.on_no_answer("answered")
    async def unanswered(entry: Any, sid: str, reason: str) -> None:
        journal.write(sid, "unanswered", entry, reason)

    @sio.event
    async def publish(sid: str) -> int:
        """Send everybody the next number."""
        number = count("published")
        await sio.emit("number", number)
        return number
