"""Handlers that the runtime calls as it calls JavaScript's, which spares most of the way into Python."""

from collections.abc import Callable
from inspect import CO_VARARGS
from typing import Any
from weakref import ref

import js
from pyodide.ffi import create_proxy

__all__ = ["shorten_way_to"]


def shorten_way_to(actor: Any, *names: str) -> None:
    """Have the runtime call these methods of a Durable Object's class without a stack of their own.

    For a Python function the runtime switches to another stack of WebAssembly, so that the function could block on a promise
    (`pyodide.ffi.run_sync`), and binds the arguments to the function's signature, in Python: together as much as all the rest of a
    bare echo costs. What it finds on ``actor`` instead is a function of JavaScript, in whatever way it calls that; so `run_sync`
    raises `RuntimeError` there.
    """
    for name in names:
        setattr(actor, name, _function_of(_weak_method(actor, name)))


def _weak_method(actor: Any, name: str) -> Callable[..., Any]:
    """Return what calls a method with as many of the arguments as it takes, as the runtime does.

    It does not keep the object: no collector sees a circle that leads through both languages.
    """
    find, method = ref(actor), getattr(type(actor), name)
    code = getattr(method, "__code__", None)
    most = None if code is None or code.co_flags & CO_VARARGS else code.co_argcount - 1

    def call(*args: Any) -> Any:
        return method(find(), *args[:most])

    return call


def _function_of(handle: Callable[..., Any]) -> Any:
    """Return a function of JavaScript that calls ours, also by the methods that Pyodide's proxies have for that."""
    proxy, call = create_proxy(handle), js.Function.prototype.call
    function = call.bind(proxy, None)
    js.Object.setPrototypeOf(function, proxy)  # has all methods but the next two, which would not find the proxy
    function.callRelaxed = proxy
    function.callWithOptions = call.bind(proxy)  # takes the options for `this`
    return function
