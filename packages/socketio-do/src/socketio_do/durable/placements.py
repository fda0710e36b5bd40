"""Where the clients' sockets are: in other objects, behind a link, or in this one."""

from collections import Counter
from collections.abc import Callable
from typing import Any, Protocol

from shared_wire import EngineSid, Life, LinkDriver, ListSessions, MessageReceived, Operation
from shared_wire.durable import log_fault, raw
from shared_wire.link.placement import EnginePort
from socketio_do.durable.clock import ObjectClock
from socketio_do.durable.failing_calls import FailingCalls
from socketio_do.durable.handler_lanes import FrameLanes, ObjectLanes
from socketio_do.durable.outbox import DirectOutbox, LinkOutbox, Progress
from socketio_do.durable.receiver import Receiver
from socketio_do.durable.streams import AcceptedStreams
from socketio_do.durable.unheard import Unheard
from socketio_do.durable.uplink import Uplink
from socketio_do.errors import ConfigError
from socketio_do.runtime import Outbox
from socketio_do.server.server import DurableServer

__all__ = ["OneObject", "Placement", "SeveralObjects"]


class Placement(Protocol):
    """What carries operations, and what depends on it."""

    @property
    def outbox(self) -> Outbox:
        """The way to those who hold the sockets."""

    @property
    def clock(self) -> ObjectClock:
        """Time, and the object's alarm."""

    def engine_life(self, actor: str) -> Life | None:
        """Return the life in which an engine actor was last met during this life, if it was."""

    def receive_alarm(self) -> None:
        """Do what is due: the object's alarm has rung."""

    def answer(self, data: bytes) -> bytes:
        """Answer a frame; raises `ConfigError` where there is no link."""


class SeveralObjects:
    """The engine actors are other objects."""

    def __init__(
        self,
        ctx: Any,
        namespace: Any,
        lanes: FrameLanes,
        server: Callable[[], DurableServer],
        *,
        name: str,
        life: Life,
        counters: Counter[str],
    ) -> None:
        """Initialise with the object's context, the engine actors' binding, where handlers run, and who we are."""
        self._progress = Progress()
        self._counters = counters
        self._server = server
        self._is_set = False
        kv = raw(ctx.storage).kv
        self._failing = FailingCalls(kv, counters)
        self._unheard = Unheard(kv, counters, lambda peer: self._driver.send(peer, ListSessions()))
        self.streams = AcceptedStreams(ctx, counters, self._answer)
        uplink = Uplink(
            ctx,
            namespace,
            lanes,
            self._progress,
            server,
            self.streams,
            counters,
            note_failing=self._note_failing,
            note_unheard=self._note_unheard,
            hear=self._hear,
        )
        self._driver = LinkDriver(name, life, uplink, peer_holds_sockets=True, counters=counters)
        self._set_alarm = raw(ctx.storage).setAlarm
        self.clock = ObjectClock(self._arm)
        self.outbox = LinkOutbox(self._driver, self._progress, self.clock, counters)
        self.engine_life = self._driver.peer_life

    def begin_life(self) -> None:
        """Do what is left of the last life, before the first event. Not at once: a subclass has not been constructed yet."""
        if self._failing.left():
            self.clock.defer(self._end_left)

    def _end_left(self) -> None:
        """End the sessions for whom something waited behind a failing call when the last life ended; their engine hears of it."""
        for peer, engine_sids in self._failing.left().items():
            try:
                self._server().receive_lost(peer, engine_sids)
                self._note_unheard(peer)
            except Exception as error:  # the next life finds it again
                log_fault(f"ending what may have missed something at {peer}", error)

    def _arm(self, at_ms: int) -> None:
        """Set the object's alarm for the server, or earlier: it is billed as a row."""
        self._is_set = True
        self._counters["rows_written"] += 1
        self._set_alarm(self.clock.apart(min([at_ms, *self._due_ms()])))

    def _due_ms(self) -> list[int]:
        """List when the alarm is to ring for what became of calls."""
        return [ms for ms in (self._unheard.next_ms, self._failing.next_ms) if ms is not None]

    def _note_failing(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        if engine_sids is None:
            self._failing.end(peer)
        elif self._failing.note(peer, engine_sids):
            self._arm_anew()

    def _ring_failing(self) -> None:
        try:
            self._failing.ring()
        except Exception as error:  # the next ring tries it again
            log_fault("deleting what is over of failing calls", error)

    def _hear(self, peer: str) -> None:
        self._failing.hear(peer)
        self._unheard.hear(peer)

    def _note_unheard(self, peer: str) -> None:
        self._failing.give_up(peer)
        self._unheard.note(peer)
        self._arm_anew()

    def _arm_anew(self) -> None:
        """Set the alarm for whoever comes first."""
        self.clock.note_alarm()
        self._is_set = False
        self._server()._arm()
        if not self._is_set and (due_ms := self._due_ms()):
            self._arm(min(due_ms))

    def receive_alarm(self) -> None:
        """Do what is due, and set the next alarm."""
        self.clock.note_alarm()
        try:
            self._server().receive_alarm()
        finally:
            if self._due_ms():
                self._unheard.ring()
                self._ring_failing()
                self._arm_anew()

    def answer(self, data: bytes) -> bytes:
        """Answer an RPC of an engine actor."""
        self._counters["rpcs_taken"] += 1
        return self._answer(data)

    def _answer(self, data: bytes) -> bytes:
        reply = self._driver.answer(data)
        self._progress.note_all()  # what waited for the caller may have left with the reply
        return reply


class OneObject:
    """This object is the engine actor. `ApplicationPort` of its engine."""

    def __init__(
        self,
        engine: EnginePort,
        lanes: ObjectLanes,
        server: Callable[[], DurableServer],
        *,
        life: Life,
        counters: Counter[str],
    ) -> None:
        """Initialise with the engine, where handlers run, and who we are."""
        self._engine = engine
        self._lanes = lanes
        self._life = life
        self._receiver = Receiver(server)
        self.clock = ObjectClock(engine.arm)
        self.outbox = DirectOutbox(engine, self.clock, counters)

    @property
    def is_at_rest(self) -> bool:
        """Whether no handler and nothing that one has set going is suspended, and no packet is half received."""
        return not (self._lanes.suspended or self._receiver.server._backlog.total)

    @property
    def must_compare(self) -> bool:
        """Whether a session has ended whose rows are still there: its handlers run, or it could not be deleted."""
        return bool(self._receiver.server._ended)

    def engine_life(self, actor: str) -> Life | None:
        """Return this life: it is the engine's, too."""
        del actor
        return self._life

    def answer(self, data: bytes) -> bytes:
        """Refuse: nobody has a link to this object."""
        del data
        raise ConfigError("engine and application are one object: it is not called by others of its kind")

    def receive_message(self, engine_sid: EngineSid, data: str | bytes) -> None:
        """Have the server handle a client's message."""
        peer = self._engine.name
        try:
            self._receiver.server.receive_message(engine_sid, peer, data)
        except Exception as error:
            self._receiver.note_fault(peer, MessageReceived(engine_sid, data), error)

    def deliver(self, operations: tuple[Operation, ...]) -> None:
        """Have the server handle what the engine says."""
        self._receiver.take(self._engine.name, operations)

    def receive_alarm(self) -> None:
        """Have the server do what is due."""
        self.clock.note_alarm()
        self._receiver.server.receive_alarm()
