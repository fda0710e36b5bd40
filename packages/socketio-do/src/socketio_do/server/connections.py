"""How a session's socket comes into a namespace, and how it goes."""

import contextlib
import logging
from collections import Counter
from dataclasses import replace
from typing import Any

from socketio.exceptions import ConnectionRefusedError as Refused

from shared_wire import AdmitSessions, CloseSessions, EngineSid
from shared_wire.reasons import Reason
from socketio_do.errors import PacketError
from socketio_do.protocol.offsets import Claim, read_claim
from socketio_do.protocol.packets import ClientPacket
from socketio_do.server.recovery import Recovery
from socketio_do.state.membership import judged_sid
from socketio_do.state.namespaces import NamespaceName

__all__ = ["Connections"]

_logger = logging.getLogger("socketio_do")


class Connections(Recovery):
    """The part of `DurableServer` that connects and disconnects sockets."""

    #: Sessions that ended while sockets still leave.
    _ended: set[str]
    #: How many namespaces a session waits to be let into.
    _joining: Counter[str]
    #: Of those, sessions whose sockets or rows could not be deleted: the next word of their end tries it again.
    _stuck: set[str]
    #: Sockets whose disconnect handler has run, and which could not be deleted yet.
    _departed: set[str]

    async def disconnect(self, sid: str, namespace: NamespaceName | None = None, ignore_queue: bool = False) -> None:
        """Disconnect a client from a namespace; its handlers run once, and the socket is forgotten also when one raises."""
        del ignore_queue
        socket = self._membership.socket(sid)
        if socket is not None and self.manager.is_connected(sid, namespace or "/"):
            await self._answer(socket.engine_sid, "DISCONNECT", socket.namespace, None)
            await self._part(sid, socket.namespace, self.reason.SERVER_DISCONNECT)

    async def _join(self, engine_sid: str, packet: ClientPacket) -> None:
        """Connect a session to a namespace. https://socket.io/docs/v4/socket-io-protocol/#connection-to-a-namespace"""
        namespace = packet.namespace
        if self._is_gone(engine_sid):
            return
        if self._recovery is not None:
            claim, data = read_claim(packet.data)
            packet = replace(packet, data=data)
            if claim is not None and await self._comes_back(engine_sid, packet, claim):
                return
        if not (self._namespaces.is_static(namespace) or await self._is_served(engine_sid, packet)):
            await self._answer(engine_sid, "CONNECT_ERROR", namespace, {"message": "Invalid namespace"})
            return
        if self._is_gone(engine_sid):
            self._namespaces.release(namespace, lambda: not self._membership.participants(namespace, (None,)))
            return
        sid = await self.manager.pre_connect(engine_sid, namespace)
        if sid is None:
            raise PacketError("connected to this namespace already")
        try:
            refusal = await self._ask(sid, engine_sid, packet)
        except BaseException:  # a handler took too long and was cancelled
            await self._refuse(engine_sid, sid, namespace, {"message": "Connection refused by server"})
            raise
        if refusal is not None:
            await self._refuse(engine_sid, sid, namespace, refusal)
        elif not self.always_connect:
            await self._accept(engine_sid, sid, namespace)

    def _is_gone(self, engine_sid: str) -> bool:
        """Return whether a session's connection has ended meanwhile."""
        session = self._membership.session(engine_sid)
        return session is None or not session.actor or engine_sid in self._ended

    async def _comes_back(self, engine_sid: str, packet: ClientPacket, claim: Claim) -> bool:
        """Recover a client; return whether it is no new one. Where that fails, its connection closes: it comes again."""
        try:
            return await self._recover(engine_sid, packet, claim)
        except Exception:
            self._lose(engine_sid)
            raise

    async def _is_served(self, engine_sid: str, packet: ClientPacket) -> bool:
        """Return whether a client may connect to a namespace; a predicate that raises lets nobody in."""
        environ = self._membership.environ(engine_sid)
        self._joining[engine_sid] += 1
        try:
            return await self._namespaces.admit(packet.namespace, environ, packet.data or None)
        except Exception as error:
            await self._report(error, "namespace", packet.namespace, engine_sid=engine_sid)
            return False
        finally:
            self._joining[engine_sid] -= 1
            if not self._joining[engine_sid]:
                del self._joining[engine_sid]

    async def _ask(self, sid: str, engine_sid: str, packet: ClientPacket) -> dict[str, Any] | None:
        """Run middleware and the connect handler; return what to tell the client when one of them refuses.

        What they emit meanwhile reaches the socket, though it is pending.
        """
        namespace, auth = packet.namespace, packet.data or None
        environ = self._membership.environ
        token = judged_sid.set(sid)
        try:
            if self._hooks.has("use") and not await self._pass_connect(sid, environ(engine_sid), auth, namespace):
                return dict(Refused().error_args)
            if self.always_connect:
                await self._accept(engine_sid, sid, namespace)
            answer = await self._trigger_event("connect", namespace, sid, environ(engine_sid), auth)
        except Refused as refused:
            return dict(refused.error_args)
        except ConnectionRefusedError:
            return {"message": "Connection refused by server"}
        except Exception as error:
            await self._report(error, "connect", namespace, sid=sid, engine_sid=engine_sid)
            return {"message": "Connection refused by server"}
        finally:
            with contextlib.suppress(
                ValueError
            ):  # at the end of a life this runs in the context of whoever collects garbage
                judged_sid.reset(token)
        return dict(Refused().error_args) if answer is False else None

    async def _refusal_of(self, sid: str, engine_sid: str, packet: ClientPacket) -> dict[str, Any] | None:
        """Run middleware for a client that comes back; return what to tell it when it is refused."""
        environ, auth = self._membership.environ(engine_sid), packet.data or None
        try:
            is_let_in = await self._pass_connect(sid, environ, auth, packet.namespace)
        except Refused as refused:
            return dict(refused.error_args)
        except Exception as error:
            await self._report(error, "connect", packet.namespace, sid=sid, engine_sid=engine_sid)
            is_let_in = False
        return None if is_let_in else dict(Refused().error_args)

    async def _refuse(self, engine_sid: str, sid: str, namespace: str, refusal: dict[str, Any]) -> None:
        """Forget a socket, and tell its client why; data that cannot be sent is left out."""
        socket = self._membership.socket(sid)
        was_accepted = socket is None or not socket.pending
        await self._let_others_in(sid)
        await self.manager.disconnect(sid, namespace)
        if was_accepted:
            await self._answer(engine_sid, "DISCONNECT", namespace, None)
            return
        try:
            await self._answer(engine_sid, "CONNECT_ERROR", namespace, refusal)
        except Exception:
            _logger.exception("= a refusal's data cannot be sent, session %s, %s", engine_sid, namespace)
            await self._answer(engine_sid, "CONNECT_ERROR", namespace, {"message": refusal["message"]})

    async def _accept(self, engine_sid: str, sid: str, namespace: str) -> None:
        if (actor := self._membership.actor(engine_sid)) is not None:
            self._runtime.outbox.send(actor, AdmitSessions((EngineSid(engine_sid),)))
        socket = self._membership.socket(sid)
        await self._answer(
            engine_sid, "CONNECT", namespace, {"sid": sid} if socket is None else self._issue_ticket(socket)
        )
        try:
            await self.manager.connect(sid, namespace)
        except Exception:
            self._lose(engine_sid)  # its client is told that it is connected, and the next life would not know it
            raise

    async def _leave(self, engine_sid: str, namespace: str, reason: str) -> None:
        """Disconnect a session from a namespace; a socket that leaves already is left to whoever began it."""
        sid = self._membership.socket_in(engine_sid, namespace)
        if sid is not None and self.manager.is_connected(sid, namespace):
            await self._part(sid, namespace, reason)
        elif sid is not None and sid in self._departed:
            await self._delete(sid, engine_sid, namespace)
        self._close_if_ended(engine_sid)

    async def _part(self, sid: str, namespace: str, reason: str) -> None:
        """Run the disconnect handlers, and forget the socket whatever comes of it; the last one of a closed session ends that.

        They run to their end also where whoever waits for it is given up: the application takes leave of every socket, once.
        """
        engine_sid = self.manager.pre_disconnect(sid, namespace)
        await self._runtime.lanes.unbroken(self._take_leave(sid, engine_sid, namespace, reason))

    async def _take_leave(self, sid: str, engine_sid: str, namespace: str, reason: str) -> None:
        try:
            await self._announce_leaving(sid, engine_sid, namespace, reason)
            await self._let_others_in(sid)
            await self._runtime.lanes.bounded(self._forget(sid, engine_sid, namespace, reason))
        finally:
            self._close_if_ended(engine_sid)

    async def _let_others_in(self, sid: str) -> None:
        """Give way to others before a socket is forgotten, where that takes a while."""
        if self._membership.is_crowded(sid):
            await self._runtime.clock.let_others_in()

    async def _forget(self, sid: str, engine_sid: str, namespace: str, reason: str) -> None:
        """Run the `disconnect` handler, and forget the socket in the step that ends it: no reset comes between."""
        try:
            await self._trigger_event("disconnect", namespace, sid, reason)
        finally:
            await self._delete(sid, engine_sid, namespace)

    async def _delete(self, sid: str, engine_sid: str, namespace: str) -> None:
        """Delete a socket that has taken its leave; where that fails, its session is closed, and its end tries it again."""
        try:
            await self.manager.disconnect(sid, namespace)
        except Exception:
            if self._membership.socket(sid) is not None:
                self._departed.add(sid)
                self._put_off_end(engine_sid)
            raise
        self._departed.discard(sid)

    async def _announce_leaving(self, sid: str, engine_sid: str, namespace: str, reason: str) -> None:
        """Run the `disconnecting` handler; a class that dispatches events itself knows none.

        Where nobody has registered one, nobody is looked for, and no task is made.
        """
        known = ["disconnecting" in handlers for handlers in self.handlers.values()]
        if not (self.namespace_handlers or any(known)):
            return
        try:
            await self._runtime.lanes.bounded(self._trigger_event("disconnecting", namespace, sid, reason))
        except Exception as error:
            await self._report(error, "disconnecting", namespace, sid=sid, engine_sid=engine_sid)

    def _close_if_ended(self, engine_sid: str) -> None:
        is_parked = self._recovery is not None and self._membership.is_parked(engine_sid)
        if (is_parked or engine_sid in self._ended) and not self._membership.sockets_of(engine_sid):
            try:
                self._membership.close_session(engine_sid)
                if is_parked:
                    self._release(engine_sid)
            except Exception:
                self._stuck.add(engine_sid)
                raise
            self._ended.discard(engine_sid)
            self._stuck.discard(engine_sid)

    def _put_off_end(self, engine_sid: str) -> None:
        """Have a session closed, and ended again when that is told, or by the next sweep; it is not heard any more."""
        self._ended.add(engine_sid)
        self._stuck.add(engine_sid)
        if (actor := self._membership.actor(engine_sid)) is not None:
            self._runtime.outbox.send(actor, CloseSessions((EngineSid(engine_sid),), Reason.TRANSPORT_ERROR))

    def _lose(self, engine_sid: str) -> None:
        """Have a session end and close in whose step a fault of ours was raised."""
        if (actor := self._membership.actor(engine_sid)) is not None:
            self.receive_lost(actor, (EngineSid(engine_sid),))
