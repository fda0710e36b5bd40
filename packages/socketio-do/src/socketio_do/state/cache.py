"""Texts kept in memory beside their rows, so that memory does not grow with the number of sockets."""

from typing import Final

__all__ = ["TextCache"]

#: Characters that an entry counts for besides its text: what a key and a dictionary's entry take.
_ENTRY: Final = 200


class TextCache:
    """The most recently used texts, by key, up to a number of characters in all. An absent key means that the row must be read."""

    def __init__(self, most: int) -> None:
        """Initialise with the number of characters."""
        self._most = most
        self._texts: dict[str, str] = {}
        self._size = 0

    def find(self, key: str) -> str | None:
        """Return a text that is kept, and make it the most recently used one."""
        text = self._texts.pop(key, None)
        if text is not None:
            self._texts[key] = text
        return text

    def keep(self, key: str, text: str) -> None:
        """Keep a text in place of the key's last one; the least recently used ones make room."""
        before = self._texts.pop(key, None)
        self._texts[key] = text
        self._size += len(text) + _ENTRY if before is None else len(text) - len(before)
        while self._size > self._most:
            self.drop(next(iter(self._texts)))

    def drop(self, key: str) -> None:
        """Forget a text."""
        text = self._texts.pop(key, None)
        if text is not None:
            self._size -= len(text) + _ENTRY
