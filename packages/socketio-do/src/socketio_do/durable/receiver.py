"""From whoever holds the sockets to the server: the operations that go up."""

import logging
from collections.abc import Callable, Iterable

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
from shared_wire.durable import log_fault
from socketio_do.durable.handler_lanes import ObjectLanes
from socketio_do.server.server import DurableServer

__all__ = ["Receiver"]

_logger = logging.getLogger("socketio_do")


class Receiver:
    """Gives the server what engine actors say."""

    def __init__(self, lanes: ObjectLanes, server: Callable[[], DurableServer]) -> None:
        """Initialise with where handlers run; ``server`` gives the server, which is made after what it sends by."""
        self._lanes = lanes
        self._server = server

    def deliver(
        self, peer: str, operations: tuple[Operation, ...], done: Callable[[Iterable[EngineSid]], None]
    ) -> None:
        """Deliver an engine actor's operations; ``done`` is called with each session that has no handler of theirs left."""
        with self._lanes.delivery(sessions_in(operations), done):
            for operation in operations:
                self._take_safely(peer, operation)

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """End sessions whose stream to or from ``peer`` has a gap."""
        self._server().receive_lost(peer, engine_sids)

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
            case MessageReceived(engine_sid, packet):
                server.receive_message(engine_sid, peer, packet)
            case SessionOpened(engine_sid, environ):
                server.receive_opened(engine_sid, peer, dict(environ))
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
