"""The link to engine actors in other objects."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import js
from pyodide.ffi import create_once_callable

from shared_wire import EngineSid, Operation, SessionsRange, sessions_in
from shared_wire.durable import RpcWire, Streams
from socketio_do.durable.handler_lanes import FrameLanes
from socketio_do.durable.outbox import Progress
from socketio_do.durable.receiver import Receiver
from socketio_do.server.server import DurableServer

__all__ = ["Uplink"]


class Uplink(Receiver, RpcWire):
    """The link's `Wire`: it calls engine actors, and gives the server what they say."""

    def __init__(
        self,
        ctx: Any,
        namespace: Any,
        lanes: FrameLanes,
        progress: Progress,
        server: Callable[[], DurableServer],
        streams: Streams,
        counters: Counter[str],
        *,
        note_failing: Callable[[str, tuple[EngineSid, ...] | None], None],
        note_unheard: Callable[[str], None],
        hear: Callable[[str], None],
    ) -> None:
        """Initialise with the object's own context, the engine actors' binding and streams, and where what comes is handled.

        ``note_failing`` is told for whom something waits while a call to an engine actor fails, or (None) that it does no longer,
        ``note_unheard`` of one that was given up, ``hear`` of one that has said which sessions it has.
        """
        Receiver.__init__(self, server)
        RpcWire.__init__(self, ctx, namespace, streams, counters)
        self._lanes = lanes
        self._progress = progress
        self._note_failing, self._note_unheard, self._hear = note_failing, note_unheard, hear

    def deliver(
        self, peer: str, operations: tuple[Operation, ...], done: Callable[[Iterable[EngineSid]], None]
    ) -> None:
        """Deliver an engine actor's operations; ``done`` is called with each session that has no handler of theirs left."""
        self._lanes.deliver(sessions_in(operations), done, partial(self.take, peer, operations))
        self.server.write_log()

    def take_range(self, peer: str, theirs: SessionsRange) -> None:
        """Compare some of an engine actor's sessions with ours; the last ones are all it was asked for."""
        super().take_range(peer, theirs)
        if not theirs.until:
            self._hear(peer)

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """End sessions whose stream to or from ``peer`` has a gap; what waited for them waits no more."""
        self._progress.note(peer)
        super().lose(peer, engine_sids)

    def note_failing(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """Note for whom something waits while a call to an engine actor fails; none: it does no longer."""
        self._note_failing(peer, engine_sids)

    def note_unheard(self, peer: str) -> None:
        """Note that an engine actor was given up that has sockets to close."""
        self._note_unheard(peer)

    def defer(self, action: Callable[[], None]) -> None:
        """Do it as soon as the running step of a handler gives way; what was sent in it is in the log then."""
        js.queueMicrotask(create_once_callable(partial(self._do_deferred, action) if self.server.has_log else action))

    def _do_deferred(self, action: Callable[[], None]) -> None:
        self.server.write_log()
        action()

    def say(self, peer: str, data: bytes, heard: Callable[[bytes | None], None]) -> bool:
        """Make a call over the peer's stream, if there is one that takes it."""
        self._progress.note(peer)
        return super().say(peer, data, heard)

    async def call(self, peer: str, data: bytes) -> bytes | None:
        """Make a call by RPC."""
        self._progress.note(peer)
        return await super().call(peer, data)
