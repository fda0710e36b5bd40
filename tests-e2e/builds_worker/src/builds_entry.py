"""Objects whose next life may run another build. What the tests must see, and no client can, is read by HTTP.

An object says in its own storage which build its lives run, as a deploy does that it meets when it has slept: sockets, rows and the
alarm are those that the other build has left.
"""

import importlib
import json
from typing import Any
from urllib.parse import urlsplit

import builds_app
import js
from pyodide.ffi import to_js
from workers import DurableObject, WorkerEntrypoint, import_from_javascript

from shared_wire.durable import raw

BUILDS = {"tree": importlib.import_module("builds_actors"), "next": importlib.import_module("builds_actors_next")}
#: The build of the entrypoint, which changes when no object does.
at_entrypoint = {"build": "tree"}
SERVED = {"two": ("ENGINE", "TWO"), "rpc": ("RPC_ENGINE", "RPC"), "one": ("CHAT", "ONE"), "alone": ("ALONE", "ALONE")}


class _Switch(DurableObject):
    """Hands everything on to the actor of one build."""

    def __init__(self, ctx: Any, env: Any) -> None:
        super().__init__(ctx, env)
        self.kv = raw(self.ctx.storage).kv
        self.build = self.kv.get("build") or "tree"
        self.actor = getattr(BUILDS[self.build], type(self).__name__)(ctx, env)

    async def adopt(self, build: str) -> str:
        """Have later lives run a build."""
        self.kv.put("build", build)
        return self.build

    async def probe(self) -> str:
        counts = {what: self.kv.get(what) or 0 for what in builds_app.COUNTED}
        cost = json.loads(await self.actor.counters())
        return json.dumps({"build": self.build, **cost, **counts})

    async def fetch(self, request: Any) -> Any:
        return await self.actor.fetch(request)

    async def alarm(self, info: Any = None) -> None:
        await self.actor.alarm(info)

    def webSocketMessage(self, ws: Any, message: Any) -> None:  # noqa: N802 - the runtime's names
        self.actor.webSocketMessage(ws, message)

    def webSocketClose(self, ws: Any, code: int, reason: str, was_clean: bool) -> None:  # noqa: N802
        self.actor.webSocketClose(ws, code, reason, was_clean)

    def webSocketError(self, ws: Any, error: Any) -> None:  # noqa: N802
        self.actor.webSocketError(ws, error)

    async def link(self, data: Any) -> Any:
        return await self.actor.link(data)

    async def compare_config(self, described: str) -> Any:
        return await self.actor.compare_config(described)


class Engine(_Switch): ...


class Socket(_Switch): ...


class RpcEngine(_Switch): ...


class RpcSocket(_Switch): ...


class Chat(_Switch): ...


class Alone(_Switch): ...


class Default(WorkerEntrypoint):
    async def fetch(self, request: Any) -> Any:
        verb, *names = urlsplit(request.url).path.removeprefix("/").split("/")
        if verb == "route":
            [at_entrypoint["build"]] = names
            return js.Response.new(names[0])
        if verb in ("adopt", "probe"):
            try:
                return js.Response.new(await getattr(self, verb)(*names))
            except Exception as error:
                return js.Response.new(str(error), status=500)
        if verb not in SERVED:
            return js.Response.new("", status=404)
        binding, config = SERVED[verb]
        build = BUILDS[at_entrypoint["build"]]
        return await build.route(request, getattr(self.env, binding), getattr(build, config))

    async def adopt(self, binding: str, name: str, build: str) -> str:
        """Have an object run another build from its next life on, which begins now: its sockets stay."""
        stub = raw(getattr(self.env, binding)).getByName(name)
        before: str = await stub.adopt(build)
        how = js.Object.fromEntries(to_js([["webSockets", "hibernate"]]))
        await import_from_javascript("workerd:unsafe").default.evict(stub, how)
        return before

    async def probe(self, binding: str, name: str) -> Any:
        return await raw(getattr(self.env, binding)).getByName(name).probe()
