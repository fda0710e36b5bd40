"""Values of the application that survive as JSON text: session data, and the contexts of callbacks."""

from typing import Any, Final

from shared_wire import LocalWireError, RemoteWireError
from shared_wire.bounded_json import parse, write
from socketio_do.errors import SessionDataError

__all__ = ["load_value", "store_value"]

#: Characters of a text that is not read again before it is stored: none so short can hold too much for that.
_SHORT: Final = 200


def store_value(value: Any, what: str, most: int) -> str:
    """Return a value as JSON text.

    Raises `SessionDataError` for what JSON cannot hold, for what could not be read back (nested too deep, or too many values), and
    for more than ``most`` characters.
    """
    try:
        text = write(value)
        if _SHORT < len(text) <= most:
            parse(text)
    except (LocalWireError, RemoteWireError) as error:
        raise SessionDataError(
            f"{what} survives sleep as JSON: store text, numbers, lists and dicts ({error})"
        ) from None
    if len(text) > most:
        raise SessionDataError(
            f"{what} takes {len(text):,} characters as JSON, {most:,} is the most: store the rest elsewhere, and its key here"
        )
    return text


def load_value(text: str) -> Any:
    """Return the value that a text holds, a fresh copy; raise `SessionDataError` for what only an earlier release would store."""
    try:
        return parse(text)
    except RemoteWireError as error:
        raise SessionDataError(f"what was stored cannot be read ({error}): store another value") from None
