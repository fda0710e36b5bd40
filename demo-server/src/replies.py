"""What the chat's answers have in common: acknowledgements, and refusals of a connect."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from socketio import exceptions

import checks

Lives = Callable[[str], dict[str, str]]
Reply = dict[str, Any]
Handler = Callable[..., Awaitable[Reply]]
Acked = Callable[[Handler], Handler]


def acked(lives: Lives, told: int = 1) -> Acked:
    """Make a decorator for handlers: the ack is the reply, or what was wrong with the payload.

    A handler is `told` so many things before its payload, the last of them the sid: (sid), or (namespace, sid).
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        async def answer(*args: Any) -> Reply:
            where, data = args[:told], args[told] if len(args) > told else None
            try:
                reply = {"ok": True, **await handler(*where, checks.fields(data))}
            except checks.Invalid as error:
                reply = refusal(error)
            return {**reply, "lives": lives(where[-1])}

        return answer

    return decorate


@contextmanager
def refusing() -> Iterator[None]:
    """Refuse to connect a client whose `auth` fails a check, with the check's words."""
    try:
        yield
    except checks.Invalid as error:
        raise exceptions.ConnectionRefusedError(str(error)) from error


def refusal(error: checks.Invalid) -> Reply:
    """Say what was wrong."""
    return {"ok": False, "error": str(error)}
