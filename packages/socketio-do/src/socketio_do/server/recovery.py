"""Connections that break and come back: https://socket.io/docs/v4/connection-state-recovery

connected ── the connection breaks ──> parked ── CONNECT with its pid and offset ──> connected, with what it missed
    │                                    │
    │                                    └── max_disconnection_s ──> `disconnect` runs, and it is forgotten
    └── CONNECT with its pid and offset, before the break was noticed ──> connected over the new connection; the old one is closed

To the application a parked socket is connected: it is in its rooms, and what is sent to it is in the log. `connect` is not run
again.
"""

import itertools
import json
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final, overload

from shared_wire import AdmitSessions, CloseSessions, EngineSid
from shared_wire.reasons import Reason
from socketio_do.limits import MAX_LOG_ROWS, MAX_PARKED, MAX_SEARCHED_AGAIN
from socketio_do.protocol.offsets import Claim, is_recoverable
from socketio_do.protocol.packets import ClientPacket
from socketio_do.server.durable_callbacks import DurableCallbacks
from socketio_do.server.middleware import Middleware
from socketio_do.server.options import RecoveryOptions
from socketio_do.state.found import Socket
from socketio_do.state.namespaces import NamespaceName
from socketio_do.state.recovery_log import RecoveryLog
from socketio_do.state.recovery_rows import RecoveryRows
from socketio_do.state.tickets import Ticket
from socketio_do.upstream.dispatch import Handler
from socketio_do.upstream.signatures import H

__all__ = ["Recovery"]

_logger = logging.getLogger("socketio_do")

#: Why a connection ends that may come back: whoever leaves a namespace for good says so in that namespace, before it closes.
_BREAKS: Final = frozenset(
    [Reason.TRANSPORT_CLOSE, Reason.TRANSPORT_ERROR, Reason.PING_TIMEOUT, Reason.CLIENT_DISCONNECT]
)

#: The pauses between the attempts of a call come to less, and an object that has slept has sent nothing for longer. Attempts that
#: take long themselves may make it more: what was sent before, and is still on its way when a life ends, is lost and not told.
_ON_THE_WAY_MS: Final = 10_000

#: Within so long after it was recovered a socket's client is not worth a long search for what it has missed.
_OFTEN_MS: Final = 10_000

#: Of how many namespaces a session may have the whole log searched for what it has missed.
_SEARCHES: Final = 4

#: When it is tried again to take leave of a parked client, should a reset cut that short.
_AGAIN_MS: Final = 600_000


class Recovery(DurableCallbacks, Middleware):
    """The part of `DurableServer` that keeps sockets whose connection broke, and gives them to the client that comes back."""

    _recovery: RecoveryOptions | None
    _recovery_rows: RecoveryRows
    #: What was sent; none where nothing is recovered.
    _log: RecoveryLog | None
    #: Sockets whose former session has packets that wait, by that session and their namespace.
    _moved: dict[tuple[str, str], str]
    #: How many sessions are parked; not known before the first one of a life.
    _parked: int | None = None
    _ended: set[str]
    _stuck: set[str]

    def recovered(self, sid: str) -> bool:
        """Return whether a socket's connection broke and its client came back to it; False for one that is not connected."""
        socket = self._membership.socket(sid)
        ticket = None if socket is None else Ticket.read(socket.ticket)
        return ticket is not None and ticket.recovered_ms is not None

    @overload
    def on_recovered(self, handler: H, namespace: NamespaceName | None = None) -> H: ...
    @overload
    def on_recovered(self, handler: None = None, namespace: NamespaceName | None = None) -> Callable[[H], H]: ...
    def on_recovered(self, handler: Handler | None = None, namespace: NamespaceName | None = None) -> Any:
        """Register what is told that a client came back to its socket, in place of `connect`, or decorate it.

        It is called with ``sid``; the client has been sent what it missed. What it raises is logged.
        """
        return self._register("recovered", handler, namespace)

    @property
    def has_log(self) -> bool:
        """Whether what is sent is logged."""
        return self._log is not None

    def write_log(self) -> None:
        """Write what was sent until now into the log: before the frame that has it leaves."""
        if self._log is not None:
            self._log.commit()

    def receive_life(self) -> None:
        """Begin a life: where sockets are in other objects, what the last one sent may have been on its way when it was reset."""
        if self._log is not None and not self._runtime.outbox.arrives_at_once:
            self._close_uncertain(self._log)
        super().receive_life()

    def _close_uncertain(self, log: RecoveryLog) -> None:
        """Have those come back who may lack what was sent last, before anything else is sent to them: then they get it."""
        sent = log.sent_since(self._runtime.clock.now_ms() - _ON_THE_WAY_MS)
        if sent is None:
            sent = [(namespace, "") for namespace in self._membership.namespaces()]
        concerned: dict[str, dict[EngineSid, None]] = {}
        for namespace, room in sent:
            rooms = (json.loads(room) if room else None,)
            for sid, engine_sid in self._membership.participants(namespace, rooms).items():
                if is_recoverable(sid) and (actor := self._membership.actor(engine_sid)) is not None:
                    concerned.setdefault(actor, {})[EngineSid(engine_sid)] = None
        for actor, engine_sids in concerned.items():
            self.receive_lost(actor, engine_sids)

    def receive_alarm(self) -> None:
        """Forget the clients that did not come back, and do what else is due; called by the object's alarm.

        Also where a deploy has switched recovery off: what was parked before it is ended in its time.
        """
        try:
            now_ms = self._runtime.clock.now_ms()
            for engine_sid, reason in self._recovery_rows.some_due(now_ms):
                self._give_up_parked(engine_sid, reason, now_ms)
        finally:
            super().receive_alarm()

    def _give_up_parked(self, engine_sid: str, reason: str, now_ms: int) -> None:
        """End a session whose client did not come back; its row goes last, so that a reset in between has it ended again."""
        try:
            if engine_sid not in self._ended or engine_sid in self._stuck:
                self._take_leave_of(engine_sid, reason)
            if self._membership.has_session(engine_sid):
                self._recovery_rows.park(engine_sid, now_ms + _AGAIN_MS, reason)
            else:
                self._recovery_rows.release(engine_sid)  # of one that an earlier life, or release, has ended
        except Exception:
            _logger.exception("= session %s could not be ended", engine_sid)

    def _release(self, engine_sid: str) -> None:
        """Forget that a session is parked."""
        self._recovery_rows.release(engine_sid)
        if self._parked is not None:
            self._parked = max(0, self._parked - 1)

    def _next_parked_ms(self) -> int | None:
        return self._recovery_rows.next_due_ms()

    def _may_be_recovered(self, engine_sid: str, namespace: str) -> bool:
        """Return whether a session's sockets in a namespace are recovered."""
        options, environ = self._recovery, self._membership.environ(engine_sid)
        if options is None or environ is None:
            return False
        return (options.namespaces is None or namespace in options.namespaces) and options.clients(environ)

    def _issue_ticket(self, socket: Socket) -> dict[str, str]:
        """Return what a client is told of its socket, which is about to be connected."""
        sid = socket.socket_sid
        if self._log is None or not is_recoverable(sid):
            return {"sid": sid}
        ticket = Ticket(self._runtime.make_socket_sid(), self._log.since())
        socket.ticket = ticket.write()
        return {"sid": sid, "pid": sid + ticket.secret}

    def _park(self, engine_sid: str, reason: str) -> bool:
        """Keep a session whose connection broke, for a while; return whether it may come back. Sockets that may not leave."""
        if self._recovery is None or reason not in _BREAKS:
            return False
        sockets = self._membership.sockets_of(engine_sid)
        leaving = [
            namespace
            for namespace, sid in sockets.items()
            if not (is_recoverable(sid) and self._membership.connected(engine_sid, namespace))
        ]
        if len(leaving) == len(sockets) or self._is_full():
            return False
        due_ms = self._runtime.clock.now_ms() + round(1000 * self._recovery.max_disconnection_s)
        self._recovery_rows.park(engine_sid, due_ms, reason)
        self._parked = (self._parked or 0) + 1
        self._membership.park(engine_sid)
        self._ended.discard(engine_sid)
        self._stuck.discard(engine_sid)
        for namespace in leaving:
            self._queue_leaving(engine_sid, namespace, reason)
        self._arm()
        return True

    def _is_full(self) -> bool:
        """Return whether as many sessions are parked as may be; their rows are counted once in each life."""
        if self._parked is None:
            self._parked = self._recovery_rows.count_parked(MAX_PARKED)
        return self._parked >= MAX_PARKED

    async def _recover(self, engine_sid: str, packet: ClientPacket, claim: Claim) -> bool:
        """Give a client the socket that it had, with what it missed; return whether it is no new one."""
        options = self._recovery
        socket = self._claimed(engine_sid, packet.namespace, claim)
        if socket is None or options is None or self._log is None:
            return False
        if not options.skip_middlewares and self._hooks.has("use"):
            refusal = await self._refusal_of(socket.socket_sid, engine_sid, packet)
            if refusal is not None:
                await self._answer(engine_sid, "CONNECT_ERROR", packet.namespace, refusal)
                return True
            socket = self._claimed(engine_sid, packet.namespace, claim)
            if socket is None:
                return False
        former = socket.engine_sid
        self._retire(former)
        if not self._membership.is_parked(former):
            return False
        missed = self._missed(socket, engine_sid, claim)
        if missed is None:
            self._queue_leaving(former, socket.namespace, Reason.TRANSPORT_CLOSE)
            return False
        await self._take_over(socket, engine_sid, missed)
        return True

    def _claimed(self, engine_sid: str, namespace: str, claim: Claim) -> Socket | None:
        """Find the socket that a session says is its client's."""
        socket = self._membership.socket(claim.socket_sid)
        session = self._membership.session(engine_sid)
        if socket is None or session is None or not session.actor or engine_sid in self._ended:
            return None
        if socket.namespace != namespace or socket.pending or socket.leaving or namespace in session.sockets:
            return None
        ticket = Ticket.read(socket.ticket)
        is_its = ticket is not None and ticket.is_of(claim.secret) and socket.engine_sid != engine_sid
        return socket if is_its else None

    def _retire(self, engine_sid: str) -> None:
        """Have a session's connection end whose client has come over another one."""
        if engine_sid in self._ended or self._membership.is_parked(engine_sid):
            return
        if (actor := self._membership.actor(engine_sid)) is not None:
            self._runtime.outbox.send(actor, CloseSessions((EngineSid(engine_sid),), Reason.TRANSPORT_ERROR))
        self._end(engine_sid, Reason.TRANSPORT_ERROR)

    def _missed(self, socket: Socket, engine_sid: str, claim: Claim) -> list[tuple[str | bytes, ...]] | None:
        """Return what a socket has missed; none where that is not known, or would be sought too often."""
        ticket = Ticket.read(socket.ticket)
        if self._log is None or ticket is None:
            return None
        last_ms = ticket.recovered_ms
        is_again = last_ms is not None and self._runtime.clock.now_ms() < last_ms + _OFTEN_MS
        is_again |= len(self._membership.sockets_of(engine_sid)) >= _SEARCHES
        most = MAX_SEARCHED_AGAIN if is_again else MAX_LOG_ROWS
        keys = self._membership.room_keys(socket.socket_sid)
        return self._log.missed(socket.socket_sid, socket.namespace, keys, ticket.since, claim.offset, most)

    async def _take_over(self, socket: Socket, engine_sid: str, missed: list[tuple[str | bytes, ...]]) -> None:
        """Give a socket to a session; its packets wait for those that its former session has brought."""
        sid, namespace, former = socket.socket_sid, socket.namespace, socket.engine_sid
        ticket = Ticket.read(socket.ticket)
        assert ticket is not None
        self._membership.move(sid, engine_sid, ticket._replace(recovered_ms=self._runtime.clock.now_ms()).write())
        self._moved[former, namespace] = sid
        self._close_if_ended(former)
        self._runtime.outbox.send(socket.actor, AdmitSessions((EngineSid(engine_sid),)))
        self._runtime.outbox.count("recovered", 1)
        await self._answer(engine_sid, "CONNECT", namespace, {"sid": sid, "pid": sid + ticket.secret})
        self.eio.broadcast((engine_sid,), tuple(itertools.chain.from_iterable(missed)))
        self._runtime.lanes.start(self._settle_move(former, namespace))
        await self._runtime.lanes.caught_up((former, namespace))
        if self._membership.connected(engine_sid, namespace) == sid:  # else it has left, or moved on
            await self._tell("recovered", namespace, sid)

    async def _settle_move(self, former: str, namespace: str) -> None:
        """Forget where a session's socket went when the session's packets have been handled, however long that takes."""
        await self._runtime.lanes.caught_up((former, namespace))
        self._moved.pop((former, namespace), None)

    async def _refusal_of(self, sid: str, engine_sid: str, packet: ClientPacket) -> dict[str, Any] | None:
        """Run middleware; return what to tell the client when it refuses. `Connections` does it."""
        raise NotImplementedError

    def _end(self, engine_sid: str, reason: str) -> None:
        """End a session, or park it; `Endings` does it."""
        raise NotImplementedError

    def _take_leave_of(self, engine_sid: str, reason: str) -> None:
        """End a session; `Endings` does it."""
        raise NotImplementedError

    def _queue_leaving(self, engine_sid: str, namespace: str, reason: str) -> None:
        """Have a socket leave in its turn; `DurableServer` does it."""
        raise NotImplementedError

    def _close_if_ended(self, engine_sid: str) -> None:
        """Forget a session that has no sockets any more; `Connections` does it."""
        raise NotImplementedError

    def receive_lost(self, actor: str, engine_sids: Iterable[EngineSid] | None) -> None:
        """End sessions of an engine actor; `Endings` does it."""
        raise NotImplementedError
