"""python-socketio's AsyncServer, told what happens by a link instead of by an Engine.IO server in the same process."""

import functools
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from shared_wire import (
    CloseSessions,
    EngineSid,
)
from shared_wire.reasons import Reason
from socketio_do.errors import LimitError, PacketError, RemoteServerError
from socketio_do.limits import MAX_LOG_ROWS, MAX_SOCKETS, MAX_WAITING
from socketio_do.protocol.assembly import Assemblies
from socketio_do.protocol.packets import ACKS, EVENTS, ClientPacket, PacketType
from socketio_do.protocol.serializers import choose_serializer
from socketio_do.runtime import Runtime
from socketio_do.server.administration import Administration
from socketio_do.server.backlog import Backlog, Held, Work
from socketio_do.server.base import MAX_LOGGED, ServerBase
from socketio_do.server.emission import Emission
from socketio_do.server.endings import Endings
from socketio_do.server.hooks import Hooks
from socketio_do.server.options import check_options, read_recovery
from socketio_do.state.acks import Acks
from socketio_do.state.callbacks import Callbacks
from socketio_do.state.found import Session
from socketio_do.state.membership import Membership
from socketio_do.state.namespaces import Namespaces
from socketio_do.state.recovery_log import RecoveryLog
from socketio_do.state.recovery_rows import RecoveryRows
from socketio_do.upstream.engine import EngineProxy, Handshakes
from socketio_do.upstream.manager import DurableManager

__all__ = ["DurableServer"]

_logger = logging.getLogger("socketio_do")

#: How long packets wait behind a handler before the log says so.
_SLOW_MS: Final = 5_000


class DurableServer(Endings, Emission, Administration):
    """A `socketio.AsyncServer` whose clients, rooms and sessions survive the object's sleep, resets and deploys.

    The application uses it as it uses upstream's: handlers, `emit`, rooms, sessions, namespaces. Handlers of one socket run one
    after the other, those of different sockets concurrently. `connect` is not run again after sleep. What does not survive is what
    Python holds: attributes, closures, callbacks of `emit`, and handlers in the middle of an `await` when the object is reset; then
    the clients concerned are disconnected and reconnect.
    """

    def __init__(self, runtime: Runtime, membership: Membership, **options: Any) -> None:
        """Make the server of one object; `SocketActor` does this.

        The options are `AsyncServer`'s; one that cannot work here raises `ConfigError` and says what to write instead.
        """
        check_options(options)
        self._recovery = read_recovery(options.pop("connection_state_recovery", None))
        options["serializer"], decode = choose_serializer(options.get("serializer", "default"))
        cleanup = bool(options.pop("cleanup_empty_child_namespaces", False))
        # Upstream hands to its engine, which is `EngineProxy`, the options that are not its own.
        engine_options = {"runtime": runtime, "membership": membership}
        super().__init__(**{"logger": _logger, "async_handlers": False, **options, **engine_options})
        self._runtime = runtime
        self._membership = membership
        self._sends_itself = type(self)._send_packet is ServerBase._send_packet
        self._backlog = Backlog(runtime.lanes.give_up)
        self._assemblies = Assemblies(self._hold_frame, self._hold, decode)
        #: Sessions announced in this life whose first packet has not come.
        self._fresh: set[str] = set()
        #: Sessions told to close, whose further messages are not read; and sessions that ended while sockets still leave.
        self._expelled: set[str] = set()
        self._ended: set[str] = set()
        self._stuck: set[str] = set()
        self._departed: set[str] = set()
        #: Sessions that were lost and whose end has not begun, and the one whose is beginning.
        self._lost: dict[EngineSid, None] = {}
        self._joining = Counter[str]()
        #: Events handled beside each other, by socket, and all so far.
        self._side_by_side = Counter[str]()
        self._events = 0
        #: Which handler a session is in, in each of its namespaces, and since when: for the log.
        self._under_way: dict[tuple[str, str], tuple[str, int]] = {}
        self._hooks = Hooks()
        self._callbacks = Callbacks(membership.storage)
        self._answer_handlers, self._silence_handlers = {}, {}
        self._namespaces = Namespaces(
            membership.storage, self.handlers, self.namespace_handlers, self.namespaces, cleanup=cleanup
        )
        membership.room_changes.is_watched = self._watches_rooms
        self._recovery_rows = RecoveryRows(membership.storage.database, MAX_LOG_ROWS)
        self._log, self._moved = None, {}
        if self._recovery is not None:
            clock = runtime.clock
            later = clock.later if self._recovery.write == "deferred" else None
            self._log = RecoveryLog(
                self._recovery_rows, runtime.make_socket_sid, runtime.outbox.precede, later, clock.now_ms
            )
        membership.log = self._log
        self.manager = DurableManager(membership, self._namespaces, Acks(runtime.first_ack_id()))
        self.manager.set_server(self)
        self.manager_initialized = True
        self.environ: Mapping[str, dict[str, str]] = Handshakes(membership)  # type: ignore[assignment]  # it is read only

    def receive_opened(self, engine_sid: str, actor: str, environ: dict[str, str]) -> None:
        """Open a session that its engine actor announces."""
        if self._membership.open_session(engine_sid, actor, environ):
            self._fresh.add(engine_sid)

    def receive_upgraded(self, engine_sid: str) -> None:
        """Note that a session that polled has a WebSocket now."""
        self._membership.upgrade_session(engine_sid)

    def receive_message(self, engine_sid: str, actor: str, data: str | bytes) -> None:
        """Handle a client's message. A client that breaks the protocol loses its connection, and the log has one line."""
        session = self._membership.session(engine_sid)
        if session is None or not session.actor:
            self._runtime.outbox.send(actor, CloseSessions((EngineSid(engine_sid),), Reason.TRANSPORT_ERROR))
            return
        if engine_sid in self._expelled or engine_sid in self._ended:
            return
        entries = self._membership.entries
        entries.in_step = True
        try:
            packet = self._assemblies.add(engine_sid, data)
            if engine_sid in self._fresh:
                self._check_first(engine_sid, packet)
            if packet is None:
                self._check_half(engine_sid, session)
            elif packet.type in EVENTS:
                self._take_event(engine_sid, session, packet)
            else:
                self._dispatch(engine_sid, session, packet)
        except PacketError as error:
            self._expel(engine_sid, error)
        finally:
            entries.in_step = False
            if entries.is_second:
                entries.end_step()

    def expire(self, engine_sid: str) -> None:
        """Close a session whose half-received packet did not come to its end in time."""
        if self._assemblies.drop(engine_sid):
            self._expel(engine_sid, PacketError("attachments did not come in time"))

    def _engineio_server_class(self) -> Callable[..., EngineProxy]:
        return EngineProxy

    def _check_first(self, engine_sid: str, packet: ClientPacket | None) -> None:
        """Have a client begin with a CONNECT. https://socket.io/docs/v4/socket-io-protocol/#connection-to-a-namespace"""
        self._fresh.discard(engine_sid)
        if packet is None or packet.type is not PacketType.CONNECT:
            raise PacketError("the first packet is no connect")

    def _check_half(self, engine_sid: str, session: Session) -> None:
        """Have nobody who is in no namespace send attachments."""
        if not (session.sockets or self._joining.get(engine_sid)):
            raise PacketError("attachments before a namespace is connected")

    def _dispatch(self, engine_sid: str, session: Session, packet: ClientPacket) -> None:
        """Handle what is no event."""
        if packet.type in ACKS:
            self._acknowledge(engine_sid, packet)
        elif packet.type is PacketType.CONNECT:
            if len(session.sockets) + self._joining.get(engine_sid, 0) >= MAX_SOCKETS:
                raise PacketError("too many namespaces")
            self._run(engine_sid, packet, "connect", functools.partial(self._join, engine_sid, packet))
        else:
            reason = self.reason.CLIENT_DISCONNECT
            work = functools.partial(self._leave, engine_sid, packet.namespace, reason)
            self._run(engine_sid, packet, "disconnect", work)

    def _acknowledge(self, engine_sid: str, packet: ClientPacket) -> None:
        """Call back past the queue: the handler at its head may be waiting for just this."""
        sid = self._membership.socket_in(engine_sid, packet.namespace)
        if sid is None:
            raise PacketError("an ack before its namespace is connected")
        if (work := self._taker(sid, packet)) is not None:
            lane = (engine_sid, f"ack {packet.namespace} {packet.id}")
            self._runtime.lanes.run(lane, self._held(engine_sid, packet.namespace, "ack", work, packet.weight))

    def _taker(self, sid: str, packet: ClientPacket) -> Work | None:
        """Find what takes an acknowledgement: a function in memory, or a handler named in storage."""
        number = packet.id or 0
        if self.manager.expects(sid, number):
            return functools.partial(self.manager.trigger_callback, sid, number, packet.data)
        if self._answer_handlers:
            return functools.partial(self._take_answer, sid, number, packet.data)
        self.manager.note_stray(sid, number)
        return None

    def _take_event(self, engine_sid: str, session: Session, packet: ClientPacket) -> None:
        """Handle an event in its socket's turn, or, with `async_handlers`, beside the socket's others once it is connected."""
        name = packet.data[0]
        event = name if isinstance(name, str) else _name(name)
        work = functools.partial(self._handle, engine_sid, packet, event)
        sid = session.sockets.get(packet.namespace) if self.async_handlers else None
        if sid is not None and self.manager.is_connected(sid, packet.namespace):
            self._run_beside(engine_sid, sid, packet, event, work)
        else:
            self._run(engine_sid, packet, event, work)

    def _run_beside(self, engine_sid: str, sid: str, packet: ClientPacket, event: str, work: Work) -> None:
        if self._side_by_side[sid] >= MAX_WAITING:
            raise PacketError("too many handlers run")
        self._side_by_side[sid] += 1
        self._events += 1
        lane = (engine_sid, f"event {self._events}")
        held = self._held(engine_sid, packet.namespace, event, work, packet.weight)
        self._runtime.lanes.run(lane, functools.partial(self._beside, sid, held))

    async def _beside(self, sid: str, work: Work) -> None:
        try:
            await work()
        finally:
            self._side_by_side[sid] -= 1
            if not self._side_by_side[sid]:
                del self._side_by_side[sid]

    def _run(self, engine_sid: str, packet: ClientPacket, event: str, work: Work) -> None:
        lanes, lane = self._runtime.lanes, (engine_sid, packet.namespace)
        if waiting := lanes.waiting(lane):
            if waiting >= MAX_WAITING:
                raise PacketError("too many packets wait")
            self._warn_of_queue(engine_sid, packet.namespace, waiting)
        lanes.run(lane, self._held(engine_sid, packet.namespace, event, work, packet.weight))

    def _warn_of_queue(self, engine_sid: str, namespace: str, waiting: int) -> None:
        """Log, once for each handler, that packets have been waiting behind it for long."""
        event, began_ms = self._under_way.get((engine_sid, namespace), ("", self._runtime.clock.now_ms()))
        if (passed_ms := self._runtime.clock.now_ms() - began_ms) >= _SLOW_MS:
            del self._under_way[engine_sid, namespace]
            _logger.warning(
                "= session %s, %s: %d packets have waited behind the handler of %r for %d s",
                *(engine_sid, namespace, waiting + 1, event[:MAX_LOGGED], passed_ms // 1000),
            )

    def _queue_leaving(self, engine_sid: str, namespace: str, reason: str) -> None:
        """Have a socket leave in its turn. That is held against nobody: it is how what is held comes to its end."""
        held = Held()
        held.work = functools.partial(self._leave, engine_sid, namespace, reason)
        work = functools.partial(self._guard, engine_sid, namespace, "disconnect", held)
        self._runtime.lanes.run((engine_sid, namespace), work)

    def _held(self, engine_sid: str, namespace: str, event: str, work: Work, size: int) -> Work:
        """Hold a packet's work until it is done; whoever has too much waiting then is closed, and it is given up."""
        held, giving_way = self._backlog.add(engine_sid, work, size)
        if giving_way is not None:
            self._give_way(giving_way)
        return functools.partial(self._guard, engine_sid, namespace, event, held)

    def _hold_frame(self, engine_sid: str) -> Callable[[], None]:
        """Keep a frame open that has brought a part of a packet; the rest must come in time."""
        return self._runtime.lanes.hold(engine_sid, functools.partial(self.expire, engine_sid))

    def _hold(self, engine_sid: str, size: int) -> None:
        """Count bytes of a half-received packet, or, if they are less than 0, count them no longer."""
        if size < 0:
            self._backlog.release(engine_sid, -size)
        else:
            self._give_way(self._backlog.hold(engine_sid, size))

    def _give_way(self, engine_sid: str | None) -> None:
        if engine_sid is not None:
            self._backlog.drop(engine_sid)
            self._expel(engine_sid, LimitError("too many bytes of it wait"))

    async def _guard(self, engine_sid: str, namespace: str, event: str, held: Held) -> None:
        """Let nothing of a client's packet get past here: its fault closes its connection, a handler's fault is reported."""
        work = held.work
        if work is None:
            return
        held.task = self._runtime.lanes.current()
        self._under_way[engine_sid, namespace] = event, self._runtime.clock.now_ms()
        session = self._membership.session(engine_sid)
        sid = None if session is None else session.sockets.get(namespace)
        try:
            await work()
            if self._membership.entries.waiting:
                self._membership.entries.write()
        except RemoteServerError as error:
            self._expel(engine_sid, error)
        except Exception as error:
            await self._report(error, event, namespace, sid=sid, engine_sid=engine_sid)
        finally:
            self._under_way.pop((engine_sid, namespace), None)
            self._backlog.end(engine_sid, held)

    async def _handle(self, engine_sid: str, packet: ClientPacket, event: str) -> None:
        """Run the handler of an event that middleware lets pass, and acknowledge with what it returns."""
        namespace, args = packet.namespace, packet.data[1:]
        sid = self._membership.connected(engine_sid, namespace) or self._moved.get((engine_sid, namespace))
        if sid is None:
            raise PacketError("an event before its namespace is connected")
        has = self._hooks.has
        if (has("any") or has("use_packet")) and not await self._pass_event(
            event, sid, args, engine_sid, namespace, packet.id
        ):
            return
        await self._handle_event_internal(self, sid, engine_sid, [event, *args], namespace, packet.id)

    def _expel(self, engine_sid: str, error: RemoteServerError) -> None:
        """Close a client's connection for what it did, once; it learns nothing but that.

        What waits of it still runs, unless that is what was too much: a handler may be about to finish what it was told.
        """
        if engine_sid in self._expelled or engine_sid in self._ended:
            return
        if self._membership.has_session(engine_sid):
            self._expelled.add(engine_sid)
        _logger.warning("= session %s closed: %s", engine_sid, error)
        self._assemblies.drop(engine_sid)
        if (actor := self._membership.actor(engine_sid)) is not None:
            self._runtime.outbox.send(actor, CloseSessions((EngineSid(engine_sid),), Reason.TRANSPORT_ERROR))


def _name(event: float) -> str:
    """Name an event that a client named with a number, as JavaScript does."""
    return str(int(event)) if isinstance(event, float) and event.is_integer() else str(event)
