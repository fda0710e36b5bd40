"""From the link to the server: the operations of engine actors."""

import logging
from collections.abc import Callable, Iterable
from typing import Any

import js
from pyodide.ffi import create_once_callable

from shared_wire import (
    EngineSid,
    MessageReceived,
    Operation,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
    SessionUpgraded,
    sessions_in,
    sessions_of,
)
from shared_wire.durable import RpcWire, log_fault
from socketio_do.durable.handler_lanes import ObjectLanes
from socketio_do.durable.outbox import Progress
from socketio_do.server.server import DurableServer

__all__ = ["Uplink"]

_logger = logging.getLogger("socketio_do")


class Uplink(RpcWire):
    """The link's `Wire`: it calls engine actors, and gives the server what they say."""

    def __init__(
        self, ctx: Any, namespace: Any, lanes: ObjectLanes, progress: Progress, server: Callable[[], DurableServer]
    ) -> None:
        """Initialise with the object's own context, the engine actors' binding, and where what comes is handled.

        ``server`` gives the server, which is made after the link that it sends by.
        """
        super().__init__(ctx, namespace)
        self._lanes = lanes
        self._progress = progress
        self._server = server

    def deliver(
        self, peer: str, operations: tuple[Operation, ...], done: Callable[[Iterable[EngineSid]], None]
    ) -> None:
        """Deliver an engine actor's operations; ``done`` is called with each session that has no handler of theirs left."""
        with self._lanes.delivery(sessions_in(operations), done):
            for operation in operations:
                self._take_safely(peer, operation)

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """End sessions whose stream to or from ``peer`` has a gap; what waited for them waits no more."""
        self._progress.note(peer)
        self._server().receive_lost(peer, engine_sids)

    def defer(self, action: Callable[[], None]) -> None:
        """Do it as soon as the running step of a handler gives way."""
        js.queueMicrotask(create_once_callable(action))

    async def call(self, peer: str, data: bytes) -> bytes | None:
        """Make the RPC."""
        self._progress.note(peer)
        return await super().call(peer, data)

    def _take_safely(self, peer: str, operation: Operation) -> None:
        """Deliver one operation; a fault of ours in one must not keep the frame's others from being taken."""
        try:
            self._take(peer, operation)
        except Exception as error:
            log_fault(f"{type(operation).__name__} of {peer}", error)
            self.lose(peer, sessions_of(operation))

    def _take(self, peer: str, operation: Operation) -> None:
        server = self._server()
        match operation:
            case SessionOpened(engine_sid, environ):
                server.receive_opened(engine_sid, peer, dict(environ))
            case MessageReceived(engine_sid, packet):
                server.receive_message(engine_sid, peer, packet)
            case SessionClosed(engine_sid, reason):
                server.receive_closed(engine_sid, reason)
            case SessionUpgraded(engine_sid):
                server.receive_upgraded(engine_sid)
            case SessionsDigest():
                server.receive_digest(peer, operation)
            case SessionsRange():
                server.receive_range(peer, operation)
            case _:
                _logger.error("= %s sent an operation that goes down: %s", peer, type(operation).__name__)
