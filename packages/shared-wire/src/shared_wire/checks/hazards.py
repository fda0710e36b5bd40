"""Calls that must not run while a module is imported: a deploy takes a snapshot after the imports, and all objects share it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from shared_wire.checks.findings import Finding
from shared_wire.checks.sources import ImportCall, Source

__all__ = ["find_hazards"]

_IN_HANDLER: Final = "Call it in a handler, in `configure`, or where the object is constructed"
_PER_OBJECT: Final = "Make it in `configure` or in `__init__` of the object's class, and keep it on `self`"


@dataclass(frozen=True, slots=True)
class _Hazard:
    """What is wrong with a call, and what to write instead."""

    code: str
    what: str
    instead: str


_JAVASCRIPT: Final = _Hazard(
    "js-object",
    "a JavaScript object that is made while the module is imported cannot be part of the deploy's snapshot",
    "Import the class (`from js import Object`), and make the object in a handler",
)
_RANDOM: Final = _Hazard(
    "randomness", "chance is refused while the module is imported, and would be the same in every copy", _IN_HANDLER
)
_CLOCK: Final = _Hazard(
    "clock-frozen", "the clock stands still while the module is imported, and the snapshot keeps that time", _IN_HANDLER
)
_ASYNC: Final = _Hazard(
    "shared-state",
    "all objects of the Worker share this module, and what one waits for another must not resolve",
    _PER_OBJECT,
)
_SERVER: Final = _Hazard(
    "shared-server",
    "all objects of the Worker share this module, and each needs a server of its own",
    "Register the handlers in `configure(self, sio)` of your SocketActor",
)

#: By the full name of what is called; one that ends with a dot stands for all that begins so.
_HAZARDS: Final = {
    "js.": _JAVASCRIPT,
    "pyodide.ffi.create_once_callable": _JAVASCRIPT,
    "pyodide.ffi.create_proxy": _JAVASCRIPT,
    "pyodide.ffi.to_js": _JAVASCRIPT,
    "pyodide.code.run_js": _JAVASCRIPT,
    "workers.Blob": _JAVASCRIPT,
    "workers.FormData": _JAVASCRIPT,
    "workers.Request": _JAVASCRIPT,
    "workers.Response": _JAVASCRIPT,
    "workers.fetch": _JAVASCRIPT,
    "os.getrandom": _RANDOM,
    "os.urandom": _RANDOM,
    "random.": _RANDOM,
    "secrets.": _RANDOM,
    "uuid.uuid1": _RANDOM,
    "uuid.uuid4": _RANDOM,
    "uuid.uuid6": _RANDOM,
    "uuid.uuid7": _RANDOM,
    "datetime.date.today": _CLOCK,
    "datetime.datetime.now": _CLOCK,
    "datetime.datetime.today": _CLOCK,
    "datetime.datetime.utcnow": _CLOCK,
    "time.gmtime": _CLOCK,
    "time.localtime": _CLOCK,
    "time.monotonic": _CLOCK,
    "time.monotonic_ns": _CLOCK,
    "time.perf_counter": _CLOCK,
    "time.perf_counter_ns": _CLOCK,
    "time.time": _CLOCK,
    "time.time_ns": _CLOCK,
    "asyncio.Barrier": _ASYNC,
    "asyncio.BoundedSemaphore": _ASYNC,
    "asyncio.Condition": _ASYNC,
    "asyncio.Event": _ASYNC,
    "asyncio.Future": _ASYNC,
    "asyncio.LifoQueue": _ASYNC,
    "asyncio.Lock": _ASYNC,
    "asyncio.PriorityQueue": _ASYNC,
    "asyncio.Queue": _ASYNC,
    "asyncio.Semaphore": _ASYNC,
    "asyncio.create_task": _ASYNC,
    "asyncio.ensure_future": _ASYNC,
    "asyncio.get_event_loop": _ASYNC,
    "asyncio.new_event_loop": _ASYNC,
    "engineio.AsyncServer": _SERVER,
    "engineio.Server": _SERVER,
    "socketio.AsyncServer": _SERVER,
    "socketio.Server": _SERVER,
    "socketio_do.DurableServer": _SERVER,
}

#: What begins like a hazard and is none: it keeps nothing, or is given its seed or its value.
_HARMLESS: Final[dict[str, Callable[[ImportCall], bool]]] = {
    "js.encodeURIComponent": lambda _: True,
    "js.console.error": lambda _: True,
    "js.console.log": lambda _: True,
    "js.console.warn": lambda _: True,
    "random.Random": lambda call: bool(call.node.args),
    "random.SystemRandom": lambda _: True,
    "secrets.compare_digest": lambda _: True,
    "time.gmtime": lambda call: bool(call.node.args),
    "time.localtime": lambda call: bool(call.node.args),
}


def find_hazards(source: Source) -> Iterator[Finding]:
    """Go through what a module must not do while it is imported."""
    for call in source.calls_at_import():
        hazard = _HAZARDS.get(call.name) or _HAZARDS.get(call.name.partition(".")[0] + ".")
        if hazard is not None and not _HARMLESS.get(call.name, _never)(call):
            where = f" (in {call.within}, which the module calls)" if call.within else ""
            what = f"{call.name}(){where}: {hazard.what}"
            yield Finding(source.path, call.node.lineno, hazard.code, what, hazard.instead)


def _never(_: ImportCall) -> bool:
    return False
