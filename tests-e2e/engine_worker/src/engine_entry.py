"""Engines alone, with the application of `commands`; what the tests must see, and no client can, is read by HTTP."""

import asyncio
import gc
import json
from typing import Any
from urllib.parse import parse_qs

import commands
import configs
import faults
import js
from pyodide.ffi import to_js
from workers import WorkerEntrypoint, import_from_javascript

from engine_do.durable import EngineActor, route
from engine_do.durable.sessions.sockets import _records
from shared_wire.durable import raw, shorten_way_to, start_eagerly

#: The objects that have lived in this process: of which class, and their names.
lived: set[tuple[str, str]] = set()

_TABLE = "CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY, sid TEXT, what TEXT)"


class Engine(EngineActor):
    config = configs.ENGINE

    def __init__(self, ctx: Any, env: Any) -> None:
        lived.add((type(self).__name__, str(ctx.id.name)))
        super().__init__(ctx, env)
        self.gate = asyncio.Event()
        self.sql = raw(self.ctx.storage).sql
        self.sql.exec(_TABLE)

    async def on_connect(self, sid: str, environ: dict[str, str]) -> bool | None:
        query = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
        if "refuse" in query:
            return False
        self.note(sid, "connect")
        if "held" in query:
            await self.gate.wait()
        if "keep" in query:
            await self.save_session(sid, {"kept": "from the start"})
        if "greet" in query:
            await self.send(sid, "hello")
        return None

    async def on_message(self, sid: str, data: str | bytes) -> None:
        await commands.obey(self, sid, data)

    async def on_disconnect(self, sid: str, reason: str) -> None:
        self.note(sid, f"disconnect: {reason}")

    def note(self, sid: str, what: str) -> None:
        """Keep what happened in the object's storage."""
        self.sql.exec("INSERT INTO seen (sid, what) VALUES (?, ?)", sid, what)

    def start(self, work: Any) -> None:
        """Let work run beside the handlers."""
        start_eagerly(self.ctx, work)

    async def seen(self, sid: str) -> str:
        """Return what happened to a session, in order; to all of them for ``*``."""
        found = self.sql.exec("SELECT what FROM seen WHERE sid = ?1 OR ?1 = '*' ORDER BY number", sid).raw().toArray()
        return json.dumps([row[0] for row in found])

    async def probe(self, _: str) -> str:
        """Return which life this is, and what it holds."""
        rows = self.sql.exec("SELECT count(*) FROM engine_do_sessions").raw().toArray()[0][0]
        said = raw(self.ctx.storage).kv.get("said") or 0
        sockets = self.ctx.getWebSockets().length
        return json.dumps({"life": str(self.life), "sockets": sockets, "rows": rows, "said": said})

    async def objects(self, _: str) -> str:
        """Count the objects that Python's collector follows, of all of the Worker together.

        Two kinds are left out: the records read last, whose number is limited, and what the runtime makes for each request, which
        JavaScript's collector lets go when it likes.
        """
        _records.short.clear()
        _records.long.clear()
        gc.collect()
        return json.dumps(sum(not _is_of_a_request(one) for one in gc.get_objects()))

    async def say(self, argument: str) -> str:
        """Send a numbered message to a session, and (``sid,turns``) end the life so many turns of the loop later."""
        sid, _, turns = argument.partition(",")
        kv = raw(self.ctx.storage).kv
        number = (kv.get("said") or 0) + 1
        kv.put("said", number)
        await self.send(sid, f"said:{number}")
        if turns:
            for _turn in range(int(turns)):
                await asyncio.sleep(0)
            await commands.end_life(self.ctx)
        return json.dumps(number)

    async def let_in(self, _: str) -> str:
        """Go on with the handshakes that are held."""
        self.gate.set()
        return json.dumps(True)

    async def kill(self, _: str) -> None:
        await commands.end_life(self.ctx)

    async def wipe(self, _: str) -> None:
        """Forget what the object has stored, and end its life."""
        storage = raw(self.ctx.storage)
        await storage.deleteAlarm()
        await storage.deleteAll()
        await commands.end_life(self.ctx)

    async def fault(self, what: str) -> str:
        """Break something: ``what`` and, behind a comma, the session concerned."""
        name, _, sid = what.partition(",")
        faults.FAULTS[name](self, sid)
        return json.dumps(name)

    async def sweep(self, _: str) -> str:
        return json.dumps(await faults.count_sweep(self))

    async def allowances(self, _: str) -> str:
        return json.dumps(len(self._sessions.rates))

    async def ways(self, _: str) -> str:
        """Call a handler with a short way to it by all the methods that the runtime may call it by."""
        called = _Called()
        note: Any = called.note
        note("plainly")
        note.callRelaxed("callRelaxed")
        await note.callPromising("callPromising")
        note.call(None, "call")
        note.callWithOptions(None, "callWithOptions")
        note.bind(None, "bind")()
        note.apply(None, to_js(["apply"]))
        return json.dumps(called.noted)


class _Called:
    """What has a handler."""

    def __init__(self) -> None:
        self.noted: list[str] = []
        shorten_way_to(self, "note")

    def note(self, what: str) -> None:
        """Note how it was called."""
        self.noted.append(what)


class Fast(Engine):
    config = configs.FAST


class Old(Engine):
    config = configs.OLD


class Strict(Engine):
    config = configs.STRICT
    may_block = True


class Shop(Engine):
    config = configs.SHOP


class Crowd(Engine):
    config = configs.CROWD


class Echo(Engine):
    config = configs.ECHO

    async def on_message(self, sid: str, data: str | bytes) -> None:
        await self.send(sid, data)


CONFIGS = {
    one.path.strip("/"): one
    for one in (configs.FAST, configs.OLD, configs.STRICT, configs.SHOP, configs.CROWD, configs.ECHO)
}
VERBS = (
    "seen",
    "probe",
    "objects",
    "say",
    "kill",
    "counters",
    "evict",
    "fault",
    "sweep",
    "allowances",
    "ways",
    "let_in",
)
BINDINGS = ("ENGINE", "FAST", "OLD", "STRICT", "SHOP", "CROWD", "ECHO")


def _is_of_a_request(one: object) -> bool:
    owner = getattr(one, "__self__", one)
    return isinstance(owner, WorkerEntrypoint) or type(owner).__module__.startswith("workers.")


class Default(WorkerEntrypoint):
    async def fetch(self, request: Any) -> Any:
        """Serve the engines, and ``/verb/BINDING/object/argument`` for the tests."""
        parts = request.url.split("?")[0].split("/")[3:]
        if len(parts) == 4 and parts[0] in VERBS and parts[1] in BINDINGS:
            return await self._visit(*parts)
        path = parts[0]
        if path == "wipe":
            return await self._wipe()
        if path in CONFIGS:
            return await route(request, getattr(self.env, path.upper()), CONFIGS[path])
        if path == "skewed":
            return await route(request, self.env.ECHO, configs.SKEWED)
        return await route(request, self.env.ENGINE, configs.ENGINE)

    async def _wipe(self) -> Any:
        """Make it as if no object had lived."""
        for class_name, name in sorted(lived):
            await self._visit("wipe", class_name.upper(), name, "")
        lived.clear()
        return js.Response.new("wiped")

    async def _visit(self, verb: str, binding: str, name: str, argument: str) -> Any:
        stub = raw(getattr(self.env, binding)).getByName(name)
        try:
            if verb == "evict":
                how = js.Object.fromEntries(to_js([["webSockets", "hibernate"]]))
                await import_from_javascript("workerd:unsafe").default.evict(stub, how)
                return js.Response.new("evicted")
            if verb == "counters":
                return js.Response.new(await stub.counters())
            return js.Response.new(await getattr(stub, verb)(argument))
        except Exception as error:
            return js.Response.new(str(error), status=500)
