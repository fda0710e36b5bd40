"""What a Python Worker imports and CPython does not have: `js`, `pyodide.ffi`, `workers`."""

import asyncio
import json
import sys
import types
from contextvars import copy_context
from typing import Any

from shared_wire.testing.http import Headers, Request, Response
from shared_wire.testing.loop import EagerTask, VirtualLoop, current_life, is_over
from shared_wire.testing.sockets import make_pair
from shared_wire.testing.values import Deferred, JsException, OnceCallable, to_js

__all__ = ["install"]


class _Timers:
    """``setTimeout`` and ``clearTimeout``: what is set keeps the object awake until it rings or is cleared."""

    def __init__(self) -> None:
        self._set: dict[int, tuple[asyncio.TimerHandle, Any]] = {}
        self._number = 0

    def set(self, function: Any, ms: float = 0) -> int:
        loop, life = asyncio.get_running_loop(), current_life.get()
        assert isinstance(loop, VirtualLoop)
        self._number += 1
        number = self._number
        release = life.hold(f"a timer of {ms / 1000:g} s") if life is not None else lambda: None

        def ring() -> None:
            del self._set[number]
            release()
            if life is None or life.is_alive:
                function()

        handle = loop.call_unwatched(max(ms, 0) / 1000, ring, copy_context())
        self._set[number] = handle, release
        return number

    def clear(self, number: int) -> None:
        if number in self._set:
            handle, release = self._set.pop(number)
            handle.cancel()
            release()


class _Wait:
    """``scheduler.wait``."""

    def __call__(self, ms: float = 0) -> Any:
        return asyncio.sleep(ms / 1000)

    def bind(self, *args: Any) -> Any:
        return lambda: self(*args[1:])


class _Bound:
    """What ``bind`` makes of ``Function.prototype.call``: a function that calls another one. It may be given properties."""

    def __init__(self, function: Any, *bound: Any) -> None:
        self._function, self._bound = function, bound

    def __call__(self, *args: Any) -> Any:
        _this, *rest = *self._bound, *args
        return self._function(*rest)


class _Pair:
    def __init__(self) -> None:
        self._ends = make_pair()

    @classmethod
    def new(cls) -> "_Pair":
        return cls()

    def object_values(self) -> Any:
        return self._ends


class DurableObject:
    """The SDK's base class."""

    def __init__(self, ctx: Any, env: Any) -> None:
        self.ctx, self.env = ctx, env


class WorkerEntrypoint(DurableObject):
    """The SDK's base class of entrypoints."""


def _queue_microtask(function: Any) -> None:
    life = current_life.get()
    loop = asyncio.get_running_loop() if life is None else life.owner.loop  # an object may be constructed outside of it
    loop.call_soon(lambda: None if is_over() else function())


def _js() -> types.ModuleType:
    js, timers = types.ModuleType("js"), _Timers()
    contents: dict[str, Any] = {
        "Object": types.SimpleNamespace(
            fromEntries=lambda pairs: {str(name): value for name, value in pairs},
            setPrototypeOf=lambda value, _prototype: value,
        ),
        "Function": types.SimpleNamespace(prototype=types.SimpleNamespace(call=types.SimpleNamespace(bind=_Bound))),
        "JSON": types.SimpleNamespace(stringify=json.dumps, parse=json.loads),
        "Promise": types.SimpleNamespace(withResolvers=Deferred),
        "Headers": Headers,
        "Request": Request,
        "Response": Response,
        "WebSocketPair": _Pair,
        "WebSocketRequestResponsePair": types.SimpleNamespace(new=lambda asked, answer: (asked, answer)),
        "setTimeout": timers.set,
        "clearTimeout": timers.clear,
        "queueMicrotask": _queue_microtask,
        "scheduler": types.SimpleNamespace(wait=_Wait()),
        "console": types.SimpleNamespace(log=print, warn=print, error=print),
    }
    vars(js).update(contents)
    return js


def _import_from_javascript(name: str) -> Any:
    raise JsException(f"the model has no module {name!r}")


def install() -> None:
    """Put the modules where imports find them; nothing happens when they are there already, or in a Worker."""
    if "workers" in sys.modules:
        return
    pyodide, ffi, workers = (types.ModuleType(name) for name in ("pyodide", "pyodide.ffi", "workers"))
    vars(ffi).update(
        JsException=JsException,
        JsProxy=object,
        to_js=to_js,
        create_once_callable=OnceCallable,
        create_proxy=OnceCallable,
    )
    vars(pyodide).update(ffi=ffi)
    vars(workers).update(
        DurableObject=DurableObject,
        WorkerEntrypoint=WorkerEntrypoint,
        Request=Request,
        Response=Response,
        import_from_javascript=_import_from_javascript,
    )
    sys.modules.update({"js": _js(), "pyodide": pyodide, "pyodide.ffi": ffi, "workers": workers})
    import shared_wire.durable as durable

    # Where the packages start tasks, with the option of Python 3.12.
    vars(durable).update(asyncio=types.SimpleNamespace(**{**vars(asyncio), "Task": EagerTask}))
