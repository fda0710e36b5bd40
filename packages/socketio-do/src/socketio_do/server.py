"""python-socketio's AsyncServer, told what happens by a link instead of by an Engine.IO server in the same process."""

import functools
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import socketio
from socketio.exceptions import ConnectionRefusedError as Refused
from socketio.exceptions import TimeoutError as NotAnswered

from shared_wire import AdmitSessions, CloseSessions, EngineSid
from socketio_do.acks import Acks
from socketio_do.assembly import Assemblies
from socketio_do.dispatch import call_handler, namespace_method
from socketio_do.engine import EngineProxy
from socketio_do.errors import PacketError
from socketio_do.limits import MAX_SOCKETS, MAX_WAITING
from socketio_do.manager import DurableManager
from socketio_do.membership import Membership
from socketio_do.options import check_options
from socketio_do.packets import ClientPacket, PacketType
from socketio_do.runtime import Runtime
from socketio_do.upstream import ENCODED_TYPES, encode_packet

__all__ = ["DurableServer"]

_logger = logging.getLogger("socketio_do")


class DurableServer(socketio.AsyncServer):
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
        self._runtime = runtime
        self._membership = membership
        self._assemblies = Assemblies(runtime.hold)
        #: Sessions told to close, whose further messages are not read; and sessions that ended while sockets still leave.
        self._expelled: set[str] = set()
        self._ended: set[str] = set()
        manager = DurableManager(membership, Acks(runtime.first_ack_id()))
        super().__init__(client_manager=manager, **{"logger": _logger, **options})
        self.manager_initialized = True

    def receive_opened(self, engine_sid: str, actor: str, environ: dict[str, str]) -> None:
        """Take a session that its engine actor announces."""
        self._membership.open_session(engine_sid, actor, environ)

    def receive_message(self, engine_sid: str, actor: str, data: str | bytes) -> None:
        """Take a client's message. A client that breaks the protocol loses its connection, and the log has one line."""
        if not self._membership.has_session(engine_sid):
            self._runtime.send(actor, CloseSessions((EngineSid(engine_sid),), "transport error"))
            return
        if engine_sid in self._expelled or engine_sid in self._ended:
            return
        try:
            packet = self._assemblies.add(engine_sid, data)
            if packet is not None:
                self._dispatch(engine_sid, packet)
        except PacketError as error:
            self._expel(engine_sid, error)

    def receive_closed(self, engine_sid: str, reason: str) -> None:
        """Take a session's end: each of its sockets is disconnected, once; then the session is forgotten."""
        self._assemblies.drop(engine_sid)
        self._expelled.discard(engine_sid)
        if not self._membership.has_session(engine_sid):
            return
        self._ended.add(engine_sid)
        for namespace in self._membership.sockets_of(engine_sid):
            self._queue(engine_sid, namespace, functools.partial(self._leave, engine_sid, namespace, reason))
        self._close_if_ended(engine_sid)

    def expire(self, engine_sid: str) -> None:
        """Close a session whose half-received packet did not come to its end in time."""
        if self._assemblies.drop(engine_sid):
            self._expel(engine_sid, PacketError("attachments did not come in time"))

    async def call(
        self,
        event: str,
        data: Any = None,
        to: str | None = None,
        sid: str | None = None,
        namespace: str | None = None,
        timeout: float | None = 60,
        ignore_queue: bool = False,
    ) -> Any:
        """Emit an event to one client and wait for its acknowledgement; works inside handlers too.

        ``timeout`` is in seconds; `socketio.exceptions.TimeoutError` is raised after it. Returns what the client answered: None,
        one value, or a tuple of several. The object stays awake meanwhile; a reset ends the wait with the handler.
        """
        if to is None and sid is None:
            raise ValueError("Cannot use call() to broadcast.")
        answers: list[tuple[Any, ...]] = []
        answered = self._runtime.make_event()

        def receive(*answer: Any) -> None:
            answers.append(answer)
            answered.set()

        await self.emit(event, data=data, to=to or sid, namespace=namespace, callback=receive)
        await self._runtime.wait(answered, 60 if timeout is None else timeout)
        if not answers:
            raise NotAnswered
        return answers[0] if len(answers[0]) > 1 else next(iter(answers[0]), None)

    async def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """Disconnect a client from a namespace; its handler runs once, and the socket is forgotten also when it raises."""
        namespace = namespace or "/"
        engine_sid = self.manager.eio_sid_from_sid(sid, namespace)
        if engine_sid is not None and self.manager.is_connected(sid, namespace):
            await self._answer(engine_sid, "DISCONNECT", namespace, None)
            await self._part(sid, namespace, self.reason.SERVER_DISCONNECT)

    async def get_session(self, sid: str, namespace: str | None = None) -> Any:
        """Read the session data of a socket: a copy; raises `KeyError` for one that is not connected."""
        return self._membership.data(self._in(sid, namespace))

    async def save_session(self, sid: str, session: Any, namespace: str | None = None) -> None:
        """Keep the session data of a socket, durably.

        ``session`` must be what JSON can hold; otherwise `SessionDataError` is raised. Raises `KeyError` for a socket that is not
        connected.
        """
        self._membership.save_data(self._in(sid, namespace), session)

    def get_environ(self, sid: str, namespace: str | None = None) -> dict[str, str] | None:
        """Read the handshake of a socket's session."""
        engine_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        return None if engine_sid is None else self._membership.environ(engine_sid)

    def _in(self, sid: str, namespace: str | None) -> str:
        if self.manager.eio_sid_from_sid(sid, namespace or "/") is None:
            raise KeyError(sid)
        return sid

    def _engineio_server_class(self) -> Callable[..., EngineProxy]:
        return functools.partial(EngineProxy, self._runtime, self._membership)

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        self.eio.broadcast((eio_sid,), encode_packet(pkt))

    async def _trigger_event(self, event: str, namespace: str, *args: Any) -> Any:
        """Call the handler of an event, as upstream finds it, once."""
        handler, found_args = self._get_event_handler(event, namespace, args)
        if handler:
            if event == "*":
                # A client may name an event so: the catch-all handler is told its name as of any other.
                found_args = (event, *found_args)
            return await call_handler(handler, event, found_args)
        owner, found_args = self._get_namespace_handler(namespace, args)
        if not owner:
            return self.not_handled
        method = namespace_method(owner, event)
        if method is None:
            return await owner.trigger_event(event, *found_args)
        return await call_handler(method, event, found_args)

    def _dispatch(self, engine_sid: str, packet: ClientPacket) -> None:
        if packet.is_ack:
            # Past the queue: the handler at its head may be waiting for just this.
            sid = self._membership.socket_in(engine_sid, packet.namespace)
            if sid is None:
                raise PacketError("an ack before its namespace is connected")
            if not self.manager.expects(sid, packet.id):
                return
            acknowledge = self.manager.trigger_callback(sid, packet.id, packet.data)
            self._runtime.run((engine_sid, f"ack {packet.id}"), lambda: self._guard("ack", engine_sid, acknowledge))
        elif packet.type is PacketType.CONNECT:
            if len(self._membership.sockets_of(engine_sid)) >= MAX_SOCKETS:
                raise PacketError("too many namespaces")
            self._run(engine_sid, packet.namespace, functools.partial(self._join, engine_sid, packet))
        elif packet.type is PacketType.DISCONNECT:
            reason = self.reason.CLIENT_DISCONNECT
            self._run(
                engine_sid, packet.namespace, functools.partial(self._leave, engine_sid, packet.namespace, reason)
            )
        else:
            self._run(engine_sid, packet.namespace, functools.partial(self._handle, engine_sid, packet))

    def _run(self, engine_sid: str, namespace: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        lane = (engine_sid, namespace)
        if self._runtime.waiting(lane) >= MAX_WAITING:
            raise PacketError("too many packets wait")
        self._queue(engine_sid, namespace, work)

    def _queue(self, engine_sid: str, namespace: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        lane = (engine_sid, namespace)
        self._runtime.run(lane, lambda: self._guard(namespace, engine_sid, work()))

    async def _guard(self, what: str, engine_sid: str, work: Coroutine[Any, Any, None]) -> None:
        """Let nothing of a client's packet get past here: its fault closes its connection, a handler's fault is logged."""
        try:
            await work
        except PacketError as error:
            self._expel(engine_sid, error)
        except Exception:
            _logger.exception("= handler raised, session %s, %s", engine_sid, what)

    async def _join(self, engine_sid: str, packet: ClientPacket) -> None:
        """Connect a session to a namespace. https://socket.io/docs/v4/socket-io-protocol/#connection-to-a-namespace"""
        namespace = packet.namespace
        if engine_sid in self._ended:
            return
        if not self._is_served(namespace):
            await self._answer(engine_sid, "CONNECT_ERROR", namespace, {"message": "Invalid namespace"})
            return
        sid = await self.manager.pre_connect(engine_sid, namespace)
        if sid is None:
            raise PacketError("connected to this namespace already")
        if self.always_connect:
            await self._accept(engine_sid, sid, namespace)
        try:
            refusal = await self._ask(sid, engine_sid, packet)
        except BaseException:  # the handler took too long and was cancelled
            await self._refuse(engine_sid, sid, namespace, {"message": "Connection refused by server"})
            raise
        if refusal is not None:
            await self._refuse(engine_sid, sid, namespace, refusal)
        elif not self.always_connect:
            await self._accept(engine_sid, sid, namespace)

    async def _refuse(self, engine_sid: str, sid: str, namespace: str, refusal: dict[str, Any]) -> None:
        """Forget a pending socket, and tell its client why; data that cannot be sent is left out."""
        await self.manager.disconnect(sid, namespace)
        if self.always_connect:
            await self._answer(engine_sid, "DISCONNECT", namespace, None)
            return
        try:
            await self._answer(engine_sid, "CONNECT_ERROR", namespace, refusal)
        except (TypeError, ValueError, RecursionError):
            _logger.exception("= a refusal's data cannot be sent, session %s, %s", engine_sid, namespace)
            await self._answer(engine_sid, "CONNECT_ERROR", namespace, {"message": refusal["message"]})

    async def _ask(self, sid: str, engine_sid: str, packet: ClientPacket) -> dict[str, Any] | None:
        """Run the connect handler; returns what to tell the client when it is refused."""
        try:
            answer = await self._trigger_event(
                "connect", packet.namespace, sid, self._membership.environ(engine_sid), packet.data or None
            )
        except Refused as refused:
            return dict(refused.error_args)
        except ConnectionRefusedError:
            return {"message": "Connection refused by server"}
        except Exception:
            _logger.exception("= connect handler raised, session %s, %s", engine_sid, packet.namespace)
            return {"message": "Connection refused by server"}
        return dict(Refused().error_args) if answer is False else None

    async def _accept(self, engine_sid: str, sid: str, namespace: str) -> None:
        if (actor := self._membership.actor(engine_sid)) is not None:
            self._runtime.send(actor, AdmitSessions((EngineSid(engine_sid),)))
        await self._answer(engine_sid, "CONNECT", namespace, {"sid": sid})
        await self.manager.connect(sid, namespace)

    async def _answer(self, engine_sid: str, kind: str, namespace: str, data: Any) -> None:
        await self._send_packet(engine_sid, self.packet_class(ENCODED_TYPES[kind], data=data, namespace=namespace))

    async def _handle(self, engine_sid: str, packet: ClientPacket) -> None:
        """Run the handler of an event, and acknowledge with what it returns."""
        namespace = packet.namespace
        sid = self._membership.socket_in(engine_sid, namespace)
        if not self.manager.is_connected(sid, namespace):
            raise PacketError("an event before its namespace is connected")
        data = [_name(packet.data[0]), *packet.data[1:]]
        await self._handle_event_internal(self, sid, engine_sid, data, namespace, packet.id)

    async def _leave(self, engine_sid: str, namespace: str, reason: str) -> None:
        """Disconnect a session from a namespace; a socket that leaves already is left to whoever began it."""
        sid = self._membership.socket_in(engine_sid, namespace)
        if sid is not None and self.manager.is_connected(sid, namespace):
            await self._part(sid, namespace, reason)
        self._close_if_ended(engine_sid)

    async def _part(self, sid: str, namespace: str, reason: str) -> None:
        """Run the disconnect handler, and forget the socket whatever comes of it; the last of a closed session ends the session."""
        engine_sid = self.manager.pre_disconnect(sid, namespace)
        try:
            await self._trigger_event("disconnect", namespace, sid, reason)
        finally:
            await self.manager.disconnect(sid, namespace)
            self._close_if_ended(engine_sid)

    def _close_if_ended(self, engine_sid: str) -> None:
        if engine_sid in self._ended and not self._membership.sockets_of(engine_sid):
            self._ended.discard(engine_sid)
            self._membership.close_session(engine_sid)

    def _is_served(self, namespace: str) -> bool:
        return (
            namespace in self.handlers
            or namespace in self.namespace_handlers
            or self.namespaces == "*"
            or namespace in self.namespaces
        )

    def _expel(self, engine_sid: str, error: PacketError) -> None:
        """Close a client's connection for what it did, once; it learns nothing but that."""
        if engine_sid in self._expelled or engine_sid in self._ended:
            return
        if self._membership.has_session(engine_sid):
            self._expelled.add(engine_sid)
        _logger.warning("= session %s closed: %s", engine_sid, error)
        self._assemblies.drop(engine_sid)
        if (actor := self._membership.actor(engine_sid)) is not None:
            self._runtime.send(actor, CloseSessions((EngineSid(engine_sid),), "transport error"))


def _name(event: str | float) -> str:
    """Name an event as JavaScript does, where a client named it with a number."""
    return str(int(event)) if isinstance(event, float) and event.is_integer() else str(event)
