"""An application whose clients ask for as much as they may. What it does for them costs nothing by itself."""

from collections.abc import Callable
from typing import Any

import socketio

#: What the names of the namespaces begin with that everybody is let into.
OPEN = "/open"


def heap_bytes() -> int:
    """Measure the memory of the interpreter, which all objects share. It never shrinks: this is the most it was."""
    import pyodide_js  # here: the model of the runtime has none

    return int(pyodide_js._module.HEAPU8.length)


def register(sio: socketio.AsyncServer) -> None:
    """Register the same handlers for the main namespace and for those that are open."""

    def is_open(name: str, environ: Any, auth: Any) -> bool:
        return name.startswith(OPEN)

    for namespace in ("/", is_open):
        _register(sio, namespace)


def _register(sio: Any, namespace: str | Callable[..., bool]) -> None:
    """A handler of a predicate's namespace is told its name first."""

    async def take(*_: Any) -> str:
        return "taken"

    async def echo(*args: Any) -> Any:
        return args[-1]

    async def wait(*args: Any) -> str:
        await sio.sleep(args[-1])
        return "waited"

    async def enter(*args: Any) -> int:
        *name, sid, rooms = args
        for room in rooms:
            await sio.enter_room(sid, room, *name)
        return len(rooms)

    async def remember(*args: Any) -> str:
        *name, sid, data = args
        await sio.save_session(sid, data, *name)
        return "remembered"

    async def count_hashes(*args: Any) -> int:
        return len(set(map(hash, args[-1])))

    for handler in (take, echo, wait, enter, remember, count_hashes):
        sio.on(handler.__name__, handler, namespace=namespace)
