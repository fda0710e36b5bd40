"""Boards of notes: each is a namespace of its own, `/board-<name>`, that exists because its name matches.

Messages are in pages only. Notes are in the object's storage: they stay for a day, whoever comes and goes.
"""

import re
from collections.abc import Mapping
from typing import Any

import socketio

import checks
import rooms
from replies import Lives, Reply, acked, refusing
from store import Store

# The page names the board of a room as `encodeURIComponent` does.
BOARDS = re.compile(r"/board-[A-Za-z0-9%!'()*~._-]{1,200}")


def register(sio: socketio.AsyncServer, store: Store, lives: Lives, namespace: Any = BOARDS) -> None:
    """Serve the boards. Handlers for a pattern are told the namespace first, as those for python-socketio's "*" are."""

    @sio.event(namespace=namespace)
    async def connect(board: str, sid: str, environ: dict[str, Any], auth: Any) -> None:  # noqa: ARG001
        with refusing():
            await sio.save_session(sid, {"nick": checks.nick(auth)}, namespace=board)

    @sio.event(namespace=namespace)
    @acked(lives, told=2)
    async def notes(board: str, sid: str, data: Mapping[str, Any]) -> Reply:  # noqa: ARG001
        return {"notes": store.notes(board)}

    @sio.event(namespace=namespace)
    @acked(lives, told=2)
    async def pin(board: str, sid: str, data: Mapping[str, Any]) -> Reply:
        store.pin(board, await rooms.nick(sio, sid, board), checks.note(data.get("text")))
        await sio.emit("pinned", {"notes": store.notes(board)}, namespace=board)
        return {}
