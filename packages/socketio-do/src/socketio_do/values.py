"""Values of the application that survive as JSON text: session data, and the contexts of callbacks."""

import json
from typing import Any

from socketio_do.errors import SessionDataError

__all__ = ["load_value", "store_value"]


def store_value(value: Any, what: str, most: int) -> str:
    """Return a value as JSON text; raise `SessionDataError` for what JSON cannot hold, and for more than ``most`` characters."""
    try:
        text = json.dumps(value, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise SessionDataError(
            f"{what} survives sleep as JSON: store text, numbers, lists and dicts ({error})"
        ) from None
    if len(text) > most:
        raise SessionDataError(
            f"{what} takes {len(text):,} characters as JSON, {most:,} is the most: store the rest elsewhere, and its key here"
        )
    return text


def load_value(text: str) -> Any:
    """Return the value that a text holds, a fresh copy."""
    return json.loads(text)
