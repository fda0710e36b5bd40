"""What an application stores with a session, as the text that is stored."""

from typing import Any

from engine_do.errors import LocalEngineError
from shared_wire import RefusedJson, UnwritableValue, bounded_json

__all__ = ["read_data", "write_data"]


def read_data(text: str | None) -> dict[str, Any]:
    """Read what `write_data` wrote, an empty dict where there is none; raises `LocalEngineError` for what it would not write."""
    if text is None:
        return {}
    try:
        found: dict[str, Any] = bounded_json.parse(text)
    except RefusedJson as error:
        raise LocalEngineError(f"what is stored with the session cannot be read ({error}): save it anew") from None
    return found


def write_data(data: dict[str, Any]) -> str:
    """Write data as JSON; raises `LocalEngineError` for what JSON cannot hold, and for what could not be read again."""
    try:
        text = bounded_json.write(data)
        bounded_json.parse(text)
    except (UnwritableValue, RefusedJson) as error:
        raise LocalEngineError(f"this cannot be stored with a session: {error}") from None
    return text
