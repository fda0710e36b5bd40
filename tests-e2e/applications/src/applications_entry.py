"""Applications written for python-socketio, each with actors of its own: what differs is how the server is made."""

import asyncio
from types import ModuleType
from typing import Any

import background
import burst
import dispatch
import history
import js
import module_level
import odd
import origins
import whole
from pyodide.ffi import to_js
from workers import WorkerEntrypoint, import_from_javascript

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from shared_wire.durable import raw
from socketio_do.durable import SocketActor


def engine_config(application: ModuleType) -> EngineConfig:
    """Serve an application under a path of its own, and the engine's options that it names."""
    return EngineConfig(path=f"/{application.__name__}/", cors_allowed_origins=getattr(application, "ALLOWED", None))


class Socket(SocketActor):
    """Runs an application, unchanged."""

    application: ModuleType

    def configure(self, sio: Any) -> None:
        self.application.register(sio)

    async def kill(self) -> None:
        """End the object's life as a crash would, by a timer of JavaScript's: none of Python's frames may be on the stack."""
        inner = self.ctx._ctx
        js.setTimeout(inner.abort.bind(inner, "a test wants it"), 0)
        await asyncio.get_running_loop().create_future()


class BackgroundEngine(EngineActor):
    config = engine_config(background)
    peer_binding = "BACKGROUND_SOCKET"


class BackgroundSocket(Socket):
    application = background
    peer_binding = "BACKGROUND_ENGINE"


class BurstEngine(EngineActor):
    config = engine_config(burst)
    peer_binding = "BURST_SOCKET"


class BurstSocket(Socket):
    application = burst
    peer_binding = "BURST_ENGINE"


class DispatchEngine(EngineActor):
    config = engine_config(dispatch)
    peer_binding = "DISPATCH_SOCKET"


class DispatchSocket(Socket):
    application = dispatch
    peer_binding = "DISPATCH_ENGINE"


class HistoryEngine(EngineActor):
    config = engine_config(history)
    peer_binding = "HISTORY_SOCKET"


class HistorySocket(Socket):
    application = history
    peer_binding = "HISTORY_ENGINE"


class ModuleLevelEngine(EngineActor):
    config = engine_config(module_level)
    peer_binding = "MODULE_LEVEL_SOCKET"


class ModuleLevelSocket(Socket):
    application = module_level
    peer_binding = "MODULE_LEVEL_ENGINE"


class OddEngine(EngineActor):
    config = engine_config(odd)
    peer_binding = "ODD_SOCKET"


class OddSocket(Socket):
    application = odd
    peer_binding = "ODD_ENGINE"


class OriginsEngine(EngineActor):
    config = engine_config(origins)
    peer_binding = "ORIGINS_SOCKET"


class OriginsSocket(Socket):
    application = origins
    peer_binding = "ORIGINS_ENGINE"


class WholeEngine(EngineActor):
    config = engine_config(whole)
    peer_binding = "WHOLE_SOCKET"


class WholeSocket(Socket):
    application = whole
    peer_binding = "WHOLE_ENGINE"


ENGINES = (
    BackgroundEngine,
    BurstEngine,
    DispatchEngine,
    HistoryEngine,
    ModuleLevelEngine,
    OddEngine,
    OriginsEngine,
    WholeEngine,
)
CONFIGS = {engine.config.path.strip("/"): engine.config for engine in ENGINES}


class Default(WorkerEntrypoint):
    async def fetch(self, request: Any) -> Any:
        """Serve an application at its path; `/evict/<its name>` and `/kill/<its name>` end the life of its socket actor."""
        verb, _, rest = request.url.partition("?")[0].split("/", 3)[3].partition("/")
        if verb in CONFIGS:
            return await route(request, getattr(self.env, f"{verb.upper()}_ENGINE"), CONFIGS[verb])
        if verb in ("evict", "kill"):
            return await self._end(verb, raw(getattr(self.env, f"{rest.upper()}_SOCKET")).getByName("main"))
        return js.Response.new("")

    async def _end(self, verb: str, socket: Any) -> Any:
        try:
            return js.Response.new(await (evict(socket) if verb == "evict" else socket.kill()))
        except Exception as error:
            return js.Response.new(str(error), status=500)


async def evict(stub: Any) -> str:
    """End an object's life as sleep does; one that has not begun needs no end."""
    how = js.Object.fromEntries(to_js([["webSockets", "hibernate"]]))
    try:
        await import_from_javascript("workerd:unsafe").default.evict(stub, how)
    except Exception as error:
        if "not currently running" not in str(error):
            raise
    return "evicted"
