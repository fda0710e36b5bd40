"""WebSockets that have come for sessions that poll: each is given a while to show what it is."""

import functools
from collections.abc import Callable
from typing import Any

from engine_do.config import EngineConfig
from engine_do.durable.sessions.sockets import Sockets
from engine_do.protocol.ids import EngineSid
from shared_wire.durable import Timer

__all__ = ["UpgradeProbes"]


class UpgradeProbes:
    """The timers of one object's probes. In memory: after a reset the next sweep closes what is left of them."""

    def __init__(self, sockets: Sockets, config: EngineConfig, expire: Callable[[EngineSid], None]) -> None:
        """Initialise with what to do when the upgrade's timeout of a session is over."""
        self._sockets = sockets
        self._config = config
        self._expire = expire
        self._timers: dict[EngineSid, Timer] = {}

    def watch(self, engine_sid: EngineSid, later_ms: int = 0) -> None:
        """Start the upgrade's timeout of a session's probe; it is so much longer."""
        seconds = (self._config.upgrade_timeout_ms + later_ms) / 1000
        self._timers[engine_sid] = Timer(seconds, functools.partial(self._expire, engine_sid))

    def forget(self, engine_sid: EngineSid) -> None:
        """Stop the timer, if there is one."""
        timer = self._timers.pop(engine_sid, None)
        if timer is not None:
            timer.cancel()

    def act(self, engine_sid: EngineSid, action: Callable[[Any], None]) -> None:
        """Do something with the socket that probes, if it is still there."""
        ws = self._sockets.find_probe(engine_sid)
        if ws is not None:
            action(ws)
