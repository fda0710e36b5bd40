"""An engine whose application is in the same object: operations are handed over as values, in calls."""

from collections import deque
from collections.abc import Callable
from operator import itemgetter
from typing import Any

import js
from pyodide.ffi import create_once_callable

from engine_do.durable.applications.application import Engine
from engine_do.durable.applications.operations import effects_to_operations, reason_of
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import encode_message
from engine_do.session.session import Admitted, CloseRequested, Effect
from engine_do.session.sweep import Sweep
from shared_wire import AdmitSessions, CloseSessions, Operation, SendPackets, ranges
from shared_wire.durable import log_fault
from shared_wire.link.placement import ApplicationPort, EnginePort

__all__ = ["DirectApplication"]


class DirectApplication:
    """Hands sessions' events to the application, and carries out what it sends.

    The application is never called while it sends: what that leads to (a session that ends, since its socket takes no more) waits
    for the end of the running step, and so does the closing of sessions.
    """

    announces_late = True

    def __init__(
        self, engine: Engine, name: str, arm: Callable[[int], None], begin: Callable[[EnginePort], ApplicationPort]
    ) -> None:
        """Initialise with who holds the sockets, what sets the object's alarm, and what begins the application."""
        self.name = name
        self.arm = arm
        self._engine = engine
        self._is_sending = False
        #: What is to be done at the end of the running step.
        self._later: deque[Callable[[], None]] = deque()
        self._is_compared = False
        self._application = begin(self)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing of what sessions have sent is under way."""
        return not self._later and self._application.is_at_rest

    async def connecting(self, engine_sid: EngineSid, environ: tuple[tuple[str, str], ...]) -> bool:
        """Let everybody in: the application judges at its own connect, and the deadline bounds the wait."""
        del engine_sid, environ
        return True

    def cut(self, engine_sid: EngineSid) -> None:
        """Do nothing: what a session has sent is with the application already, and ends there with the session."""

    def receive(self, engine_sid: EngineSid, data: str | bytes) -> None:
        """Hand on a message."""
        if self._is_sending or self._later:
            self._put_off(lambda: self._application.receive_message(engine_sid, data))
        else:
            self._application.receive_message(engine_sid, data)

    def take(self, engine_sid: EngineSid, effects: tuple[Effect, ...]) -> None:
        """Hand on what effects mean."""
        operations = tuple(dict.fromkeys(map(itemgetter(1), effects_to_operations(engine_sid, effects))))
        if not operations:
            return
        if self._is_sending or self._later:
            self._put_off(lambda: self._application.deliver(operations))
        else:
            self._application.deliver(operations)

    def send_packets(self, engine_sids: tuple[EngineSid, ...], packets: tuple[str | bytes, ...]) -> None:
        """Send messages to sessions (`EnginePort`)."""
        before, self._is_sending = self._is_sending, True
        try:
            self._engine.send(engine_sids, map(encode_message, packets))
        finally:
            self._is_sending = before

    def send(self, *operations: Operation) -> None:
        """Carry out what else the application sends (`EnginePort`)."""
        before, self._is_sending = self._is_sending, True
        try:
            for operation in operations:
                self._carry_out(operation)
        finally:
            self._is_sending = before

    def _carry_out(self, operation: Operation) -> None:
        match operation:
            case SendPackets(engine_sids, packets):
                self.send_packets(engine_sids, packets)
            case AdmitSessions(engine_sids):
                for engine_sid in engine_sids:
                    self._engine.apply(engine_sid, Admitted())
            case CloseSessions(engine_sids, reason):
                self._put_off(lambda: self._close(engine_sids, reason))
            case _:
                raise TypeError(f"between the halves of one object nothing means {type(operation).__name__}")

    def _close(self, engine_sids: tuple[EngineSid, ...], reason: str) -> None:
        for engine_sid in engine_sids:
            self._engine.apply(engine_sid, CloseRequested(reason_of(reason)))

    def swept(self, sweep: Sweep) -> bool:
        """Say, once in a life, which sessions there are: what a reset took away is known to the application only.

        All of them, whatever peers their records name: those are of a release of the class that had its application elsewhere.
        """
        if not self._is_compared or self._application.must_compare:
            self._is_compared = True
            self._application.deliver(tuple(ranges(sweep.announced(*sweep.peers))))
        return self._application.must_compare

    def receive_alarm(self) -> None:
        """Have the application do what is due."""
        self._application.receive_alarm()

    def _put_off(self, action: Callable[[], Any]) -> None:
        if not self._later:
            js.queueMicrotask(create_once_callable(self._catch_up))
        self._later.append(action)

    def _catch_up(self) -> None:
        while self._later:
            action = self._later[0]
            try:
                action()
            except Exception as error:
                log_fault("what was put off to the end of a step", error)
            self._later.popleft()
