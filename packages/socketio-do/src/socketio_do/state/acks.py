"""Callbacks that wait for a client's acknowledgement. In memory: they end with the object's life, unlike rooms and sessions."""

import logging
from collections.abc import Callable
from typing import Any, Final, NamedTuple, TypeAlias

from socketio_do.limits import MAX_ACKS

__all__ = ["ACK_IDS", "Acks", "Callback"]

_logger = logging.getLogger("socketio_do")

Callback: TypeAlias = Callable[..., Any]

#: How many ack ids there are. Clients in Java, C++, C# and Rust read them as signed numbers of 32 bits.
ACK_IDS: Final = 2**30


class _Waiting(NamedTuple):
    callback: Callback
    lost: Callable[[], None] | None


class Acks:
    """Who waits for which ack id of which socket.

    Ids go up by one from a number that each life of the object has for itself, so that an acknowledgement meant for an earlier life
    answers nobody. A callback that can no longer be called is reported: to whoever asked for that, else in the log.
    """

    def __init__(self, first_id: int) -> None:
        """Initialise with the first id to give; they are counted around the end of `ACK_IDS`."""
        self._first_id = first_id
        self._made = 0
        self._waiting: dict[str, dict[int, _Waiting]] = {}

    def make_id(self) -> int:
        """Make the id of an event, whoever will get it."""
        self._made += 1
        return (self._first_id + self._made - 1) % ACK_IDS

    def add(self, socket_sid: str, number: int, callback: Callback, lost: Callable[[], None] | None = None) -> None:
        """Remember a callback for a socket's answer, and what to call when it cannot be called any more.

        Of more than `MAX_ACKS` that wait for one socket, the oldest is lost.
        """
        waiting = self._waiting.setdefault(socket_sid, {})
        if len(waiting) >= MAX_ACKS:
            _lose(socket_sid, [waiting.pop(next(iter(waiting)))], "it leaves too many unanswered")
        waiting[number] = _Waiting(callback, lost)

    def waits(self, socket_sid: str, number: int) -> bool:
        """Return whether a callback waits for this acknowledgement."""
        return number in self._waiting.get(socket_sid, {})

    def is_of_this_life(self, number: int) -> bool:
        """Return whether an id was given in this life; what waited for one of an earlier life is lost."""
        return (number - self._first_id) % ACK_IDS < self._made

    def take(self, socket_sid: str, number: int) -> Callback | None:
        """Remove and return the callback an acknowledgement is for; none when it is nobody's, or came before."""
        waiting = self._waiting.get(socket_sid, {})
        found = waiting.pop(number, None)
        if not waiting:
            self._waiting.pop(socket_sid, None)
        return None if found is None else found.callback

    def drop(self, socket_sid: str) -> None:
        """Lose all callbacks of a socket that is gone."""
        _lose(socket_sid, [*self._waiting.pop(socket_sid, {}).values()], "it is gone")


def _lose(socket_sid: str, waiting: list[_Waiting], why: str) -> None:
    silent = [one for one in waiting if one.lost is None]
    if silent:
        _logger.warning("= socket %s: %d callbacks are lost: %s", socket_sid, len(silent), why)
    for one in waiting:
        if one.lost is not None:
            one.lost()
