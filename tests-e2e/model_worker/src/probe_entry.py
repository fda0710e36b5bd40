"""An object that does what a client's frames tell it, and notes in its storage what the runtime tells it."""

import asyncio
import inspect
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import js
import verbs
from pyodide.ffi import JsException, to_js
from workers import DurableObject, WorkerEntrypoint, import_from_javascript

from shared_wire.durable import now_ms, raw


class Probe(DurableObject):
    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self.storage = raw(self.ctx.storage)
        self.sql, self.kv = self.storage.sql, self.storage.kv
        self.sql.exec("CREATE TABLE IF NOT EXISTS notes (number INTEGER PRIMARY KEY, what TEXT)")
        self.memory = 0
        self.note("begins")
        if self.kv.get("broken"):
            self.kv.delete("broken")
            raise RuntimeError("broken on purpose")

    def note(self, what: str) -> None:
        self.sql.exec("INSERT INTO notes (what) VALUES (?)", what)

    async def fetch(self, request: Any) -> Any:
        request = getattr(request, "js_object", request)
        where = urlsplit(request.url)
        if request.headers.get("upgrade") == "websocket":
            client, server = js.WebSocketPair.new().object_values()
            tags = parse_qs(where.query).get("tag", [])
            self.ctx.acceptWebSocket(server, to_js(tags))
            if where.query == "late":
                await asyncio.sleep(1)
            return js.Response.new(None, status=101, webSocket=client)
        self.note(f"{request.method} {where.query}")
        return js.Response.new(f"{request.method} {where.query}")

    async def webSocketMessage(self, ws: Any, message: Any) -> None:  # noqa: N802
        if not isinstance(message, str):
            ws.send(to_js(bytes(message.to_bytes())[::-1]))
            return
        verb, _, rest = message.partition(" ")
        try:
            answer = getattr(verbs, verb)(self, ws, rest)
            answer = await answer if inspect.isawaitable(answer) else answer
        except (JsException, ValueError) as error:
            answer = f"error {type(error).__name__}"
        if answer is not None:
            ws.send(answer)

    def webSocketClose(self, ws: Any, code: int, reason: str, was_clean: bool) -> None:  # noqa: N802
        self.note(f"close {code} {reason!r} {bool(was_clean)}")
        ws.close(code if code not in (1005, 1006) else 1000, reason)

    def webSocketError(self, ws: Any, error: Any) -> None:  # noqa: N802
        self.note("error")

    async def alarm(self, info: Any = None) -> None:
        self.note("alarm")
        if self.kv.get("alarm_fails"):
            self.kv.delete("alarm_fails")
            raise RuntimeError("the alarm fails on purpose")

    async def called(self, what: str) -> str:
        self.note(f"called {what}")
        if what == "fail":
            raise RuntimeError("fails on purpose")
        if what == "abort":
            await end_life(self.ctx)
        if what == "wait":
            await asyncio.sleep(0.05)
        return f"answer to {what}"

    async def reversed(self, data: Any) -> Any:
        return bytes(data)[::-1]

    async def notes(self) -> str:
        rows = self.sql.exec("SELECT what FROM notes ORDER BY number").raw().toArray()
        return json.dumps([row[0] for row in rows])

    async def end(self) -> None:
        await end_life(self.ctx)


async def end_life(ctx: Any) -> None:
    """End the object's life as a crash would; see the other Workers' `end_life` for why by a timer."""
    inner = getattr(ctx, "_ctx", ctx)
    js.setTimeout(inner.abort.bind(inner, "on purpose") if hasattr(inner.abort, "bind") else inner.abort, 0)
    await asyncio.get_running_loop().create_future()


class Default(WorkerEntrypoint):
    async def fetch(self, request: Any) -> Any:
        """Serve ``/name`` by the object of that name, and ``/name/verb`` for the tests."""
        request = getattr(request, "js_object", request)
        name, _, verb = urlsplit(request.url).path[1:].partition("/")
        stub = raw(self.env.PROBE).getByName(name)
        try:
            if verb == "evict":
                how = js.Object.fromEntries(to_js([["webSockets", "hibernate"]]))
                await import_from_javascript("workerd:unsafe").default.evict(stub, how)
                return js.Response.new("evicted")
            if verb:
                return js.Response.new(await getattr(stub, verb)())
            return await stub.fetch(request)
        except JsException:
            return js.Response.new("failed", status=500)


__all__ = ["Default", "Probe", "now_ms"]
