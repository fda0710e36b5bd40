"""Bindings that are no objects, as far as a test needs them."""

from typing import Any

__all__ = ["KvNamespace"]


class KvNamespace:
    """A KV namespace, in memory. What was written is there at once."""

    def __init__(self) -> None:
        """Initialise empty."""
        self._values: dict[str, str] = {}

    async def get(self, key: str, *_options: Any) -> str | None:
        """Return a value."""
        return self._values.get(key)

    async def put(self, key: str, value: str, *_options: Any, **_more: Any) -> None:
        """Store a value."""
        self._values[key] = value

    async def delete(self, key: str) -> None:
        """Forget a value."""
        self._values.pop(key, None)
