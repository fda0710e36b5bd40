"""The pass that the alarm makes over all sessions of an object."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final, TypeVar

from engine_do.config import EngineConfig
from engine_do.durable.sessions.sessions import Sessions
from engine_do.durable.sessions.sockets import Probe
from engine_do.session.heartbeat import polling_deadline
from engine_do.session.polling import Polling
from engine_do.session.session import NORMAL_CLOSE, Phase, Session, Swept
from engine_do.session.sweep import Sweep

__all__ = ["look_at_all", "must_look"]

_T = TypeVar("_T")

#: Sessions that are looked at before other events are let in.
_SLICE: Final = 250


async def look_at_all(sessions: Sessions, now: int, config: EngineConfig) -> Sweep:
    """Look at every session once, and at each as it is then: between slices other events come in. Returns what was seen."""
    sweep = sessions.sweep = Sweep(now, config, (polling.session for polling in sessions.polls.all()))
    try:
        calm = [one async for one in _look_at_sockets(sessions, sweep)]
        async for ws, session in _sliced(calm):
            left = _look(sessions, sweep, ws) if sweep.pings else session
            if left is not None:
                sweep.note(left)
        async for polling in _sliced(sessions.polls.all()):
            _look_at_polling(sessions, sweep, polling, config)
    finally:
        sessions.sweep = None
    return sweep


def must_look(sessions: Sessions) -> bool:
    """Return whether there is anything to look at."""
    return bool(sessions.polls.all()) or any(True for _ in sessions.sockets.open_sessions())


async def _look_at_sockets(sessions: Sessions, sweep: Sweep) -> AsyncIterator[tuple[Any, Session]]:
    """Look at what each socket is; gives those who were not pinged, which may have to be made up for."""
    async for ws in _sliced(sessions.sockets.all()):
        left = _look(sessions, sweep, ws)
        if left is None or left.phase is not Phase.OPEN:
            continue
        if sweep.pings:
            sweep.note(left)
        else:
            yield ws, left


def _look(sessions: Sessions, sweep: Sweep, ws: Any) -> Session | None:
    """Look at what a socket is; returns its session as that is then, if it is one and was open."""
    found = sessions.sockets.read(ws)
    if isinstance(found, Probe):
        polling = sessions.polls.get(found.engine_sid)
        if ws.readyState == ws.OPEN and (polling is None or polling.probe_ms is None):
            sessions.sockets.close(ws, NORMAL_CLOSE)  # a reset of this object has forgotten what it came for
        return None
    if found is None or found.phase is Phase.CLOSED:
        return None
    answered = sessions.sockets.answered_ms(ws)
    return sessions.sweep_socket(ws, found, Swept(sweep.now_ms, answered, sweep.look(found)))


def _look_at_polling(sessions: Sessions, sweep: Sweep, polling: Polling, config: EngineConfig) -> None:
    engine_sid = polling.session.engine_sid
    sessions.step_polling(engine_sid, Swept(sweep.now_ms, None, sweep.look(polling.session)))
    left = sessions.polls.get(engine_sid)
    if left is not None:
        sweep.note(left.session)
        sweep.must_look(polling_deadline(left, config))


async def _sliced(looked_at: list[_T]) -> AsyncIterator[_T]:
    """Go through a list, and let other events in after every slice of it."""
    for number, one in enumerate(looked_at, 1):
        yield one
        if number % _SLICE == 0:
            await asyncio.sleep(0)
