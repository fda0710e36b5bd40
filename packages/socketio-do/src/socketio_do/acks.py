"""Callbacks that wait for a client's acknowledgement. In memory: they end with the object's life, unlike rooms and sessions."""

from collections.abc import Callable
from typing import Any

__all__ = ["Acks"]


class Acks:
    """Who waits for which ack id of which socket.

    Ids go up by one from a number drawn for each life of the object, so that an acknowledgement meant for an earlier life answers
    nobody.
    """

    def __init__(self, first_id: int) -> None:
        """Take the first id to give."""
        self._next_id = first_id
        self._waiting: dict[str, dict[int, Callable[..., Any]]] = {}

    def add(self, socket_sid: str, callback: Callable[..., Any]) -> int:
        """Remember a callback; returns the id to send with the event."""
        number = self._next_id
        self._next_id += 1
        self._waiting.setdefault(socket_sid, {})[number] = callback
        return number

    def waits(self, socket_sid: str, number: int) -> bool:
        """Tell whether a callback waits for this acknowledgement."""
        return number in self._waiting.get(socket_sid, {})

    def take(self, socket_sid: str, number: int) -> Callable[..., Any] | None:
        """Take the callback an acknowledgement is for; none when it is nobody's, or came before."""
        waiting = self._waiting.get(socket_sid, {})
        callback = waiting.pop(number, None)
        if not waiting:
            self._waiting.pop(socket_sid, None)
        return callback

    def drop(self, socket_sid: str) -> None:
        """Forget all callbacks of a socket that is gone."""
        self._waiting.pop(socket_sid, None)
