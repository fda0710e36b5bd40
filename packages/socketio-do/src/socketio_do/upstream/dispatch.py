"""Calling an application's handlers: which one, and with how many arguments."""

import inspect
import re
import traceback
import types
from collections.abc import Callable
from typing import Any, Final

import socketio

__all__ = ["Handler", "call_handler", "call_trigger_event", "namespace_method"]

#: Takes any arguments; may be a coroutine function.
Handler = Callable[..., Any]

#: Events whose last arguments a handler may leave out: `auth` of connect, `reason` of disconnect.
_OPTIONAL_TAIL: Final = {"connect": 1, "disconnect": 1, "disconnecting": 1}

#: What Python says where a function takes fewer arguments than it was given.
_TOO_MANY: Final = re.compile(r"takes (?:from \d+ to )?(\d+) positional arguments? but (\d+) were given")


async def call_handler(handler: Handler, event: str, args: tuple[Any, ...]) -> Any:
    """Call a handler once, with what it takes.

    Where a decorator or ``*rest`` hides what that is, it gets all, as with python-socketio, and is called again without the last
    only if that was one too many for what it hides.
    """
    fitted = _fit(handler, event, args)
    return await (_call_hidden(handler, event, args) if fitted is None else _call(handler, fitted))


async def call_trigger_event(owner: Any, event: str, prefix: tuple[Any, ...], args: tuple[Any, ...]) -> Any:
    """Have a namespace with its own `trigger_event` dispatch an event, with what its method takes if it has one for it."""
    method = getattr(owner, f"on_{event}", None)
    fitted = _fit(method, event, (*prefix, *args)) if callable(method) else None
    if fitted is not None:
        return await _call(owner.trigger_event, (event, *fitted))
    return await _call_hidden(owner.trigger_event, event, (event, *prefix, *args))


async def _call(handler: Handler, args: tuple[Any, ...]) -> Any:
    result = handler(*args)
    return await result if type(result) is types.CoroutineType or inspect.isawaitable(result) else result


async def _call_hidden(handler: Handler, event: str, args: tuple[Any, ...]) -> Any:
    try:
        return await _call(handler, args)
    except TypeError as error:
        if event not in _OPTIONAL_TAIL or not _is_one_too_many(error, len(args)):
            raise
    return await _call(handler, args[:-1])


def _is_one_too_many(error: TypeError, number: int) -> bool:
    """Return whether something that passes so many arguments on has passed one too many; it may have added one, as methods do.

    An error in a handler's own body is its own.
    """
    counts = _TOO_MANY.search(str(error))
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    passes_on = frame.f_code.co_flags & inspect.CO_VARARGS
    if counts is None or not passes_on:
        return False
    taken, given = int(counts[1]), int(counts[2])
    return given - taken == 1 and number - 1 <= given <= number + 1


def namespace_method(namespace: socketio.AsyncNamespace, event: str) -> Handler | None:
    """Find a class-based namespace's method for an event; none where it has its own `trigger_event`, which then decides."""
    if type(namespace).trigger_event is not socketio.AsyncNamespace.trigger_event:
        return None
    method: Handler | None = getattr(namespace, f"on_{event}", None)
    return method if callable(method) else _ignore


def _ignore(*args: Any) -> None:
    """Stand for the method a namespace does not have."""


def _fit(handler: Handler, event: str, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Leave out what a handler does not take; none where its signature does not tell."""
    spare = _OPTIONAL_TAIL.get(event, 0)
    if not spare:
        return args
    try:
        places = _count_places(handler)
    except (TypeError, ValueError):
        return args
    return None if places is None else args[: max(places, len(args) - spare)]


def _count_places(handler: Handler) -> int | None:
    """Count the positional arguments that a handler takes; none for any number. Raises where its signature cannot be read."""
    if isinstance(handler, types.FunctionType) and not hasattr(handler, "__signature__"):
        code = handler.__code__  # says the same as the signature, which takes a hundred times as long to make
        return None if code.co_flags & inspect.CO_VARARGS else code.co_argcount
    kinds = [one.kind for one in inspect.signature(handler, follow_wrapped=False).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return None
    return kinds.count(inspect.Parameter.POSITIONAL_ONLY) + kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD)
