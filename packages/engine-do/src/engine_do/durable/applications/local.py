"""An engine alone: its sessions lead to handlers in the same object."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final

from engine_do.durable.applications.application import Engine, Handlers
from engine_do.protocol.ids import EngineSid
from engine_do.session.session import (
    CloseRequested,
    Effect,
    Ended,
    Received,
)
from engine_do.session.sweep import Sweep
from shared_wire import HeldBytes, Lanes
from shared_wire.durable import log_fault
from shared_wire.reasons import Reason

__all__ = ["LocalApplication"]

_logger = logging.getLogger("engine_do")

#: Bytes of one session's messages, and of all sessions' together, that wait for `on_message` or are in it; and what each message
#: takes besides its own bytes.
_MAX_WAITING: Final = 8 * 1024 * 1024
_MAX_WAITING_OF_ALL: Final = 16 * 1024 * 1024
_OVERHEAD: Final = 1_000


class LocalApplication:
    """Calls handlers in the same object; what concerns one session runs in order."""

    announces_late = False
    #: What is under way ends with its event, and sessions that poll are stored.
    is_at_rest = True

    def __init__(self, engine: Engine, handlers: Handlers, start: Callable[[Any], None]) -> None:
        """Initialise with who holds the sockets, the handlers, and how to let them run."""
        self._engine = engine
        self._handlers = handlers
        self._lanes = Lanes(start, log_fault)
        self._ghosts_ended = False
        #: The messages that wait for their turn, and those in it: a session's, and the bytes of all.
        self._messages: dict[EngineSid, deque[str | bytes]] = {}
        self._hearing: dict[EngineSid, asyncio.Task[Any] | None] = {}
        self._waiting = HeldBytes(of_one=_MAX_WAITING, of_all=_MAX_WAITING_OF_ALL)
        #: Of the sessions whose effects are being told: whether the end was among them, or came while they were.
        self._ended: dict[EngineSid, list[Reason]] = {}

    async def connecting(self, engine_sid: EngineSid, environ: tuple[tuple[str, str], ...]) -> bool:
        """Ask `on_connect`; whatever it returns but False, it lets the client in. One that raises lets nobody in."""
        try:
            return await self._handlers.on_connect(engine_sid, dict(environ)) is not False
        except Exception:
            _logger.exception("= on_connect of %s raised", engine_sid)
            return False

    def cut(self, engine_sid: EngineSid) -> None:
        """Forget the messages whose turn has not come."""
        self._waiting.drop(engine_sid)
        self._messages.pop(engine_sid, deque()).clear()

    def receive(self, engine_sid: EngineSid, data: str | bytes) -> None:
        """Have a message handled in its turn; whoever has too many bytes waiting for that is closed, and they are not handled."""
        size = len(data) + _OVERHEAD
        waiting = self._messages.setdefault(engine_sid, deque())
        waiting.append(data)
        giving_way = self._waiting.add(engine_sid, size)
        if giving_way is not None:
            self._give_way(EngineSid(giving_way))

        async def handle() -> None:
            if not waiting:
                return
            self._hearing[engine_sid] = asyncio.current_task()
            try:
                await self._handlers.on_message(engine_sid, waiting.popleft())
            except asyncio.CancelledError:
                if self._messages.get(engine_sid) is waiting:
                    raise
            finally:
                self._hearing.pop(engine_sid, None)
                self._waiting.release(engine_sid, size)
                if not waiting and self._messages.get(engine_sid) is waiting:
                    del self._messages[engine_sid]

        self._run(engine_sid, "on_message", handle)

    def take(self, engine_sid: EngineSid, effects: tuple[Effect, ...]) -> None:
        """Call the handlers these effects stand for; what comes behind the end, though it came with it, is not heard."""
        outermost = engine_sid not in self._ended
        ended = self._ended.setdefault(engine_sid, [])
        try:
            self._take(engine_sid, effects, ended)
        finally:
            if outermost:
                del self._ended[engine_sid]

    def _take(self, engine_sid: EngineSid, effects: tuple[Effect, ...], ended: list[Reason]) -> None:
        for effect in effects:
            match effect:
                case Received(data) if not ended:
                    self.receive(engine_sid, data)
                case Ended(reason):
                    ended.append(reason)
                    self._part(engine_sid, reason)
                case _:
                    pass

    def swept(self, sweep: Sweep) -> bool:
        """Report the sessions that a reset took away. Within a life none goes without a word, so once in each is enough."""
        if not self._ghosts_ended:
            for engine_sid in self._engine.end_ghosts(sweep.open):
                self._part(engine_sid, Reason.TRANSPORT_ERROR)
            self._ghosts_ended = True
        return False

    def receive_alarm(self) -> None:
        """Do nothing: handlers have no deadlines."""

    def _give_way(self, engine_sid: EngineSid) -> None:
        _logger.warning("= session %s closed: too much waits for on_message", engine_sid)
        self.cut(engine_sid)
        if (task := self._hearing.pop(engine_sid, None)) is not None:
            task.cancel()  # it holds its message
        self._engine.apply(engine_sid, CloseRequested(Reason.TRANSPORT_ERROR))

    def _part(self, engine_sid: EngineSid, reason: Reason) -> None:
        self._run(engine_sid, "on_disconnect", lambda: self._handlers.on_disconnect(engine_sid, reason.value))

    def _run(self, engine_sid: EngineSid, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def guarded() -> None:
            try:
                await work()
            except Exception:
                _logger.exception("= %s of %s raised", what, engine_sid)

        self._lanes.run(engine_sid, guarded)
