"""The Worker in front of the actors: what the tests must see, and no client can, is read by HTTP.

By the name ``localhost`` clients are served by objects that are engine and application in one, by any other by two.
"""

from typing import Any
from urllib.parse import urlsplit

import hostile
import js
from actors import *  # noqa: F403 - the runtime finds the classes of objects in this module
from actors import CONFIGS, ENGINE, ONE_RECOVERY, TALK, lived
from emitting import command_by_http, emit_by_http
from one_object import *  # noqa: F403
from pyodide.ffi import to_js
from workers import WorkerEntrypoint, import_from_javascript

from engine_do.durable import route
from shared_wire.durable import raw

#: What is served at which path, besides all others; the engine's binding and its configuration.
SERVED = {name: (f"{name.upper()}_ENGINE", config) for name, config in CONFIGS.items()} | {
    "socket": ("TALK_ENGINE", TALK)
}
#: Bindings, each like the name of its class.
BINDINGS = [
    *("ENGINE", "SOCKET", "TALK_ENGINE", "TALK_SOCKET", "ONE_ENGINE", "ONE_TALK_ENGINE"),
    *(f"{name.upper()}_{part}" for name in CONFIGS for part in ("ENGINE", "SOCKET")),
    *(f"ONE_{name.upper()}_ENGINE" for name in CONFIGS),
]
#: Where an `Emitter` is served, and whose it is.
EMITTERS = {"emitter": "SOCKET", "msgpack-emitter": "MSGPACK_SOCKET"}
ACTORS = {
    "engine": ("ENGINE", "e0"),
    "socket": ("SOCKET", "main"),
    "fast-engine": ("FAST_ENGINE", "e0"),
    "fast-socket": ("FAST_SOCKET", "main"),
    "wide-engine-0": ("WIDE_ENGINE", "e0"),
    "wide-engine-1": ("WIDE_ENGINE", "e1"),
    "wide-socket": ("WIDE_SOCKET", "main"),
    "several-engine": ("SEVERAL_ENGINE", "e0"),
    "several-main": ("SEVERAL_SOCKET", "main"),
    "several-admin": ("SEVERAL_SOCKET", "admin"),
    "features-engine": ("FEATURES_ENGINE", "e0"),
    "features-socket": ("FEATURES_SOCKET", "main"),
    "msgpack-engine": ("MSGPACK_ENGINE", "e0"),
    "msgpack-socket": ("MSGPACK_SOCKET", "main"),
    "parity-engine": ("PARITY_ENGINE", "e0"),
    "parity-socket": ("PARITY_SOCKET", "main"),
    "hostile-engine": ("HOSTILE_ENGINE", "e0"),
    "hostile-socket": ("HOSTILE_SOCKET", "main"),
    "rooms-engine-0": ("ROOMS_ENGINE", "e0"),
    "rooms-engine-1": ("ROOMS_ENGINE", "e1"),
    "rooms-socket": ("ROOMS_SOCKET", "main"),
    "recovery-engine-0": ("RECOVERY_ENGINE", "e0"),
    "recovery-engine-1": ("RECOVERY_ENGINE", "e1"),
    "recovery-socket": ("RECOVERY_SOCKET", "main"),
    "deferred-engine": ("DEFERRED_ENGINE", "e0"),
    "deferred-socket": ("DEFERRED_SOCKET", "main"),
    "ledger-engine": ("LEDGER_ENGINE", "e0"),
    "ledger-socket": ("LEDGER_SOCKET", "main"),
    "lines-engine": ("LINES_ENGINE", "e0"),
    "lines-socket": ("LINES_SOCKET", "main"),
}


class Default(WorkerEntrypoint):
    async def fetch(self, request: Any) -> Any:
        url = urlsplit(request.url)
        find = self._find_one if url.hostname == "localhost" else self._find
        verb, _, actor = url.path.removeprefix("/").partition("/")
        if verb in ("probe", "kill", "evict", "counters", "crowd") and actor in ACTORS:
            return await self._visit(verb, *find(*ACTORS[actor]))
        if verb == "wipe":
            return await self._wipe()
        if verb == "heap":
            return js.Response.new(str(hostile.heap_bytes()))
        if verb == "command":
            return await command_by_http(*find("HOSTILE_SOCKET", "main"), await request.text())
        if verb == "journal":
            whose, _, after = actor.partition("/")
            namespace, name = find(f"{whose.upper()}_SOCKET", "main")
            return js.Response.new(await namespace.getByName(name).read(int(after)))
        if verb in EMITTERS:
            return await emit_by_http(*find(EMITTERS[verb], "main"), actor, url.query)
        binding, config = SERVED.get(verb, ("ENGINE", ENGINE))
        if verb == "recovery" and url.hostname == "localhost":
            config = ONE_RECOVERY  # several objects would be several applications
        version = str(request.headers.get("x-test-version") or "")
        return await route(request, find(binding, "")[0], config, version=version)

    def _find(self, binding: str, name: str) -> tuple[Any, str]:
        return raw(getattr(self.env, binding)), name

    def _find_one(self, binding: str, name: str) -> tuple[Any, str]:
        """Find what is both halves in the place of one of them."""
        both = getattr(self.env, f"ONE_{binding.replace('SOCKET', 'ENGINE')}", None)
        return self._find(binding, name) if both is None else (raw(both), "e0" if name == "main" else name)

    async def _wipe(self) -> Any:
        """Make it as if no object had lived: engine actors first, since they call the others."""
        for class_name, name in sorted(lived, key=lambda one: one[0].endswith("Socket")):
            binding = next(one for one in BINDINGS if one.replace("_", "") == class_name.upper())
            await self._visit("wipe", *self._find(binding, name))
        lived.clear()
        return js.Response.new("wiped")

    async def _visit(self, verb: str, namespace: Any, name: str) -> Any:
        stub = namespace.getByName(name)
        try:
            if verb == "evict":
                how = js.Object.fromEntries(to_js([["webSockets", "hibernate"]]))
                await import_from_javascript("workerd:unsafe").default.evict(stub, how)
                return js.Response.new("evicted")
            return js.Response.new(await getattr(stub, verb)())
        except Exception as error:
            return js.Response.new(str(error), status=500)
