"""Calling an application's handlers: which one, and with how many arguments."""

import inspect
from collections.abc import Callable
from typing import Any, Final

import socketio

__all__ = ["Handler", "call_handler", "namespace_method"]

#: Takes any arguments; may be a coroutine function.
Handler = Callable[..., Any]

#: Events whose last arguments a handler may leave out: `auth` of connect, `reason` of disconnect.
_OPTIONAL_TAIL: Final = {"connect": 1, "disconnect": 1, "disconnecting": 1}


async def call_handler(handler: Handler, event: str, args: tuple[Any, ...]) -> Any:
    """Call a handler once, with what it takes: its signature is read, never guessed from a `TypeError`."""
    result = handler(*_fit(handler, event, args))
    return await result if inspect.isawaitable(result) else result


def namespace_method(namespace: socketio.AsyncNamespace, event: str) -> Handler | None:
    """Find a class-based namespace's method for an event; none where it has its own `trigger_event`, which then decides."""
    if type(namespace).trigger_event is not socketio.AsyncNamespace.trigger_event:
        return None
    method: Handler | None = getattr(namespace, f"on_{event}", None)
    return method if callable(method) else _ignore


def _ignore(*args: Any) -> None:
    """Stand for the method a namespace does not have."""


def _parameters(handler: Handler) -> list[inspect.Parameter]:
    """Read a handler's own parameters; a wrapper that takes any has those of what it wraps."""
    own = list(inspect.signature(handler, follow_wrapped=False).parameters.values())
    return list(inspect.signature(handler).parameters.values()) if _takes_any(own) else own


def _takes_any(parameters: list[inspect.Parameter]) -> bool:
    return any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)


def _fit(handler: Handler, event: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    spare = _OPTIONAL_TAIL.get(event, 0)
    if not spare:
        return args
    try:
        parameters = _parameters(handler)
    except (TypeError, ValueError):
        return args
    if _takes_any(parameters):
        return args
    places = sum(
        parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD) for parameter in parameters
    )
    return args[: max(places, len(args) - spare)]
