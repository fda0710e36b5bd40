"""From whoever holds the sockets to the server: the operations that go up."""

import functools
import logging
from collections.abc import Callable

from shared_wire import (
    EngineSid,
    MessageReceived,
    Operation,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
    SessionUpgraded,
    sessions_of,
)
from shared_wire.durable import log_fault
from socketio_do.server.server import DurableServer

__all__ = ["Receiver"]

_logger = logging.getLogger("socketio_do")


class Receiver:
    """Has the server handle what engine actors say."""

    def __init__(self, server: Callable[[], DurableServer]) -> None:
        """Initialise with what gives the server, which is made after what it sends by."""
        self._find_server = server

    @functools.cached_property
    def server(self) -> DurableServer:
        """The server."""
        return self._find_server()

    def take(self, peer: str, operations: tuple[Operation, ...]) -> None:
        """Hand on an engine actor's operations; a fault of ours in one must not keep the others from being taken."""
        for operation in operations:
            try:
                self._take(peer, operation)
            except Exception as error:
                self.note_fault(peer, operation, error)

    def note_fault(self, peer: str, operation: Operation, error: Exception) -> None:
        """End the sessions of an operation that could not be handed on."""
        log_fault(f"{type(operation).__name__} of {peer}", error)
        self.lose(peer, sessions_of(operation))

    def take_range(self, peer: str, theirs: SessionsRange) -> None:
        """Compare some of an engine actor's sessions with ours."""
        self.server.receive_range(peer, theirs)

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """End sessions whose stream to or from ``peer`` has a gap."""
        self.server.receive_lost(peer, engine_sids)

    def _take(self, peer: str, operation: Operation) -> None:
        server = self.server
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
                self.take_range(peer, operation)
            case _:
                _logger.error("= %s sent an operation that goes down: %s", peer, type(operation).__name__)
