"""Middleware: who comes in, to the chat and to any board, and how fast they may speak. Stock python-socketio has none."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import checks
from replies import Lives, refusal, refusing

if TYPE_CHECKING:
    from socketio_do import DurableServer

SERVER_NICK = "Dormouse"
SPOKEN = frozenset({"say", "share", "pin", "call_roll"})
SPOKEN_LIMIT = 10
WINDOW_S = 5


def register(sio: DurableServer, lives: Lives) -> None:
    """Stand before the handlers of all namespaces."""
    from socketio_do import EventRefusedError  # not installed where the rest is tested on stock python-socketio

    pace = Pace()

    @sio.use(namespace="*")
    async def introduce(namespace: str, sid: str, environ: dict[str, Any], auth: Any) -> None:  # noqa: ARG001
        with refusing():
            check_nick(auth)

    @sio.use_packet(namespace="*")
    async def slow_down(namespace: str, event: str, sid: str, *args: Any) -> None:  # noqa: ARG001
        if event in SPOKEN and not pace.allows(sid, time.time()):
            error = checks.Invalid(f"Slow down: {SPOKEN_LIMIT} messages in {WINDOW_S} seconds are enough.")
            raise EventRefusedError({**refusal(error), "lives": lives(sid)})


def check_nick(auth: object) -> None:
    """Refuse what is no nickname, and the one that announcements come from."""
    if checks.nick(auth).casefold() == SERVER_NICK.casefold():
        raise checks.Invalid(f"{SERVER_NICK} is what the server calls itself. Please choose another nickname.")


class Pace:
    """Counts what each client says. In memory: whoever lets the object sleep was slow enough."""

    def __init__(self) -> None:
        self._began_s = 0.0
        self._spoken: Counter[str] = Counter()

    def allows(self, sid: str, now_s: float) -> bool:
        """Count one more, and tell whether it may pass."""
        if not 0 <= now_s - self._began_s < WINDOW_S:
            self._began_s = now_s
            self._spoken.clear()
        self._spoken[sid] += 1
        return self._spoken[sid] <= SPOKEN_LIMIT
