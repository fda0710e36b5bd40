"""The pass that the alarm makes over all sessions of an object."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final, TypeVar

from engine_do.config import EngineConfig
from engine_do.durable.sessions import Sessions
from engine_do.session import Phase, Session
from engine_do.sweep import Sweep

__all__ = ["look_at_all"]

_T = TypeVar("_T")

#: Sessions that are looked at before other events are let in.
_SLICE: Final = 250


async def look_at_all(sessions: Sessions, now: int, config: EngineConfig) -> Sweep:
    """Look at every session once, and at each as it is then: between slices other events come in. Returns what was seen."""
    sweep = sessions.sweep = Sweep(now, config)
    try:
        calm = [one async for one in _look_at_sockets(sessions, sweep)]
        async for ws, session in _sliced(calm):
            left = sessions.look(sweep, ws) if sweep.pings else session
            if left is not None:
                sweep.note(left)
        async for polling in _sliced(sessions.polls.all()):
            sessions.look_at_polling(sweep, polling)
    finally:
        sessions.sweep = None
    return sweep


async def _look_at_sockets(sessions: Sessions, sweep: Sweep) -> AsyncIterator[tuple[Any, Session]]:
    """Look at what each socket is; gives those who were not pinged, which may have to be made up for."""
    async for ws in _sliced(sessions.sockets.all()):
        left = sessions.look(sweep, ws)
        if left is None or left.phase is not Phase.OPEN:
            continue
        if sweep.pings:
            sweep.note(left)
        else:
            yield ws, left


async def _sliced(looked_at: list[_T]) -> AsyncIterator[_T]:
    """Go through a list, and let other events in after every slice of it."""
    for number, one in enumerate(looked_at, 1):
        yield one
        if number % _SLICE == 0:
            await asyncio.sleep(0)
