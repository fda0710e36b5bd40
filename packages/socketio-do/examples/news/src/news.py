"""A newspaper: a variable has its title, a secret the editor's key, KV the headline, and the object counts the reads."""

import hmac
from typing import Any

import socketio


def register(sio: socketio.AsyncServer, env: Any, storage: Any) -> None:
    @sio.event
    async def connect(sid: str, environ: dict[str, Any]) -> None:
        await sio.enter_room(sid, "readers")

    @sio.event
    async def read(sid: str) -> dict[str, Any]:
        reads = 1 + (storage.kv.get("reads") or 0)
        storage.kv.put("reads", reads)
        return {"paper": env.TITLE, "headline": await env.NEWS.get("headline"), "reads": reads}

    @sio.event
    async def write(sid: str, key: str, headline: str) -> str:
        if not hmac.compare_digest(str(key).encode(), env.EDITOR_KEY.encode()):
            return "this is not the editor's key"
        await env.NEWS.put("headline", str(headline)[:200])
        return "printed"
