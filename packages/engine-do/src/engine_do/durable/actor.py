"""The Durable Object that holds the sockets: translate what happened, step the core, carry out the effects."""

import json
import logging
import secrets
from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

from workers import DurableObject

from engine_do.config import EngineConfig
from engine_do.durable.application import Application, Linked, LocalApplication
from engine_do.durable.interop import (
    error_response,
    frame_to_js,
    message_to_python,
    number_or_none,
    read_request,
    upgrade_response,
)
from engine_do.durable.sockets import Sockets
from engine_do.errors import FORBIDDEN, ConfigError, RemoteEngineError
from engine_do.handshake import make_environ, open_packet
from engine_do.heartbeat import is_ping_due, next_deadline
from engine_do.ids import EngineSid, make_engine_sid
from engine_do.session import (
    NORMAL_CLOSE,
    CloseRequested,
    CloseSocket,
    Effect,
    Ended,
    FrameReceived,
    Input,
    Reason,
    SendFrame,
    Session,
    SocketGone,
    Swept,
    step,
)
from shared_wire.durable import begin_life, now_ms, raw, start_eagerly

__all__ = ["EngineActor"]

_logger = logging.getLogger("engine_do")

#: Keys of our records in the object's storage; the application may use the rest.
_KEY_PREFIX = "engine_do:"


class EngineActor(DurableObject):
    """An Engine.IO server in one Durable Object. Derive from it, and name the class in the Worker's configuration.

    Alone, it calls its own `on_connect`, `on_message` and `on_disconnect`. With `peer_binding` set to the name of a Durable Object
    binding, it serves the application in that object instead, and these are not called.

    Sessions, their heartbeats and deadlines survive hibernation; attributes that a subclass sets on ``self`` do not.
    """

    config: ClassVar[EngineConfig] = EngineConfig()
    #: The binding of the socket actors this engine serves; none for an engine alone.
    peer_binding: ClassVar[str | None] = None
    #: The name of the socket actor among those.
    peer_name: ClassVar[str] = "main"

    def __init__(self, ctx: Any, env: Any) -> None:
        """Begin a life of the object; called by the runtime, also on every wake."""
        super().__init__(ctx, env)
        self.life = begin_life()
        self._counters = Counter[str]()
        self._name = _name_of(ctx)
        self._storage = raw(self.ctx.storage)
        self._sockets = Sockets(self.ctx)
        self._alarm_ms: int | None = None
        self._early: dict[str, list[Any]] = {}
        self._application: Application = self._make_application()

    async def on_connect(self, sid: str, environ: dict[str, str]) -> bool | None:
        """Take a new client; return False to refuse it with 403.

        ``environ`` describes the handshake as WSGI does. Messages may be sent from here on.
        """
        del sid, environ
        return None

    async def on_message(self, sid: str, data: str | bytes) -> None:
        """Take a message of client ``sid``: text as ``str``, binary as ``bytes``. An exception is logged and changes nothing."""
        del sid, data

    async def on_disconnect(self, sid: str, reason: str) -> None:
        """Take the end of a client's session; ``reason`` is one of `engine_do.Reason`."""
        del sid, reason

    async def send(self, sid: str, data: str | bytes) -> None:
        """Send a message to a client; nothing happens when it is gone.

        ``data`` is sent as a text or a binary message. Never waits.
        """
        self._send((EngineSid(sid),), (data if isinstance(data, bytes) else "4" + data,))

    async def disconnect(self, sid: str) -> None:
        """Close a client's session; its `on_disconnect` gets the reason ``server disconnect``."""
        self._apply(EngineSid(sid), CloseRequested(Reason.SERVER_DISCONNECT))

    async def fetch(self, request: Any) -> Any:
        """Open a session for a handshake that `route` let through; called by the runtime."""
        http = read_request(request)
        engine_sid = make_engine_sid(secrets.token_urlsafe(16), self._name)
        self._early[engine_sid] = []
        try:
            environ = make_environ(http)
            if not await self._application.connecting(engine_sid, environ):
                raise RemoteEngineError(FORBIDDEN)
            session = self._new_session(engine_sid, environ)
            await self._arm(next_deadline((session,), self.config) or session.pinged_ms)
            return upgrade_response(self._open(session))
        except RemoteEngineError as error:
            return error_response(error)
        finally:
            self._early.pop(engine_sid, None)

    def webSocketMessage(self, ws: Any, message: Any) -> None:  # noqa: N802 - the runtime's name
        """Take a frame; called by the runtime."""
        self._counters["frames"] += 1
        self._step(ws, FrameReceived(message_to_python(message)))

    def webSocketClose(self, ws: Any, code: int, reason: str, was_clean: bool) -> None:  # noqa: N802, ARG002
        """Take a socket's close, and answer it: plain workerd leaves that to us."""
        self._step(ws, SocketGone(failed=False))

    def webSocketError(self, ws: Any, error: Any) -> None:  # noqa: N802, ARG002
        """Take a socket's failure; called by the runtime."""
        self._step(ws, SocketGone(failed=True))

    async def link(self, data: Any) -> bytes:
        """Take a call of the socket actor: one frame in, one frame out (`shared_wire`)."""
        if not isinstance(self._application, Linked):
            raise ConfigError(f"{type(self).__name__} has no peer_binding, so nobody may call it")
        return self._application.carrier.answer(bytes(data))

    async def counters(self) -> str:
        """Tell what this life of the object has cost so far, as a JSON object; for other parts of the Worker, by RPC.

        ``frames`` received from clients (20 of them are billed as a request), ``alarms``, ``rows_written``, ``closed: <reason>``,
        and what `shared_wire.Carrier` counts. In memory: a new life counts from 0.
        """
        return json.dumps({"life": str(self.life), **self._counters})

    def alarm(self, info: Any = None) -> None:
        """Ping, find the dead, compare sessions with the peer, and arm the next alarm; called by the runtime."""
        del info
        self._counters["alarms"] += 1
        now = now_ms()
        found = list(self._sockets.open_sessions())
        ping = is_ping_due((session for _, session in found), now, self.config)
        for ws, _ in found:
            self._step(ws, Swept(now, self._sockets.pong_ms(ws), ping))
        unsettled = self._application.swept()
        deadline = next_deadline((session for _, session in self._sockets.open_sessions()), self.config)
        if unsettled:
            deadline = min(deadline or now + self.config.ping_interval_ms, now + self.config.ping_interval_ms)
        self._alarm_ms = None
        if deadline is not None:
            self._set_alarm(max(deadline, now + 1))

    def _make_application(self) -> Application:
        if self.peer_binding is None:
            return LocalApplication(self, lambda work: start_eagerly(self.ctx, work))
        namespace = getattr(self.env, self.peer_binding, None)
        if namespace is None:
            raise ConfigError(
                f"{type(self).__name__}.peer_binding is {self.peer_binding!r}, but the Worker has no such binding: "
                f'add {{"name": "{self.peer_binding}", "class_name": ...}} to durable_objects.bindings'
            )
        engine = _EngineFace(self)
        return Linked(
            self.ctx, namespace, engine, name=self._name, life=self.life, peer=self.peer_name, counters=self._counters
        )

    def _new_session(self, engine_sid: EngineSid, environ: tuple[tuple[str, str], ...]) -> Session:
        now = now_ms()
        late = self._application.announces_late
        return Session(
            engine_sid=engine_sid,
            pinged_ms=now,
            deadline_ms=now + self.config.connect_timeout_ms if late else None,
            environ=environ if late else None,
        )

    def _open(self, session: Session) -> Any:
        """Accept the socket; the open packet is the first frame on it, then what was sent while the client was being judged."""
        client, server = self._sockets.accept(session)
        self._sockets.send(server, [open_packet(session.engine_sid, self.config), *self._early[session.engine_sid]])
        return client

    async def _arm(self, at_ms: int) -> None:
        """Make sure the alarm fires by then; one that fires earlier is left alone."""
        if self._alarm_ms is None:
            self._alarm_ms = number_or_none(await self._storage.getAlarm())
        if self._alarm_ms is None or self._alarm_ms > at_ms:
            self._set_alarm(at_ms)

    def _set_alarm(self, at_ms: int) -> None:
        self._alarm_ms = at_ms
        self._counters["rows_written"] += 1
        self._storage.setAlarm(at_ms)

    def _step(self, ws: Any, event: Input) -> None:
        session = self._sockets.read(ws)
        if session is None:
            return
        changed, effects = step(session, event, self.config)
        if changed != session:
            self._sockets.write(ws, changed)
        for effect in effects:
            self._carry_out(ws, effect)
            if isinstance(effect, Ended):
                self._counters[f"closed: {effect.reason}"] += 1
            if isinstance(event, FrameReceived) and isinstance(effect, CloseSocket) and effect.code != NORMAL_CLOSE:
                _logger.warning("= session %s closed with %d for what it sent", session.engine_sid, effect.code)
        self._application.take(session.engine_sid, effects)

    def _carry_out(self, ws: Any, effect: Effect) -> None:
        match effect:
            case SendFrame(frame):
                self._sockets.send_one(ws, frame)
            case CloseSocket(code):
                self._sockets.close(ws, code)
            case _:
                pass

    def _apply(self, engine_sid: EngineSid, event: Input) -> None:
        ws = self._sockets.find(engine_sid)
        if ws is not None:
            self._step(ws, event)

    def _send(self, engine_sids: Iterable[EngineSid], frames: Iterable[str | bytes]) -> None:
        ready = [frame_to_js(frame) for frame in frames]
        for engine_sid in engine_sids:
            if engine_sid in self._early:
                self._early[engine_sid].extend(ready)
                continue
            ws = self._sockets.find(engine_sid)
            if ws is not None:
                self._sockets.send(ws, ready)


class _EngineFace:
    """The actor as its application sees it (`application.Engine`): methods of an RPC class would be callable from outside."""

    def __init__(self, actor: EngineActor) -> None:
        self._actor = actor
        self.send = actor._send
        self.apply = actor._apply

    def announced(self) -> list[EngineSid]:
        return [session.engine_sid for _, session in self._actor._sockets.open_sessions() if session.announced]

    def load(self, key: str) -> str | None:
        value = self._actor._storage.kv.get(_KEY_PREFIX + key)
        return value if isinstance(value, str) else None

    def store(self, key: str, value: str) -> None:
        self._actor._counters["rows_written"] += 1
        self._actor._storage.kv.put(_KEY_PREFIX + key, value)


def _name_of(ctx: Any) -> str:
    name = ctx.id.name
    if not isinstance(name, str):
        raise ConfigError("an engine actor must be reached by name: use engine_do.durable.route")
    return name
