"""The Durable Object that holds the sockets: its public face, and the runtime's events on their way to its sessions."""

import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Container, Iterable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

import js
from pyodide.ffi import to_js
from workers import DurableObject

from engine_do.config import EngineConfig
from engine_do.durable.alarm import Alarm
from engine_do.durable.alarm_sweep import look_at_all, must_look
from engine_do.durable.applications.application import Application
from engine_do.durable.applications.direct import DirectApplication
from engine_do.durable.applications.linked import LinkedApplication
from engine_do.durable.applications.local import LocalApplication
from engine_do.durable.http.giving_way import GivingWay
from engine_do.durable.http.http import Http
from engine_do.durable.javascript import to_bytes
from engine_do.durable.sessions.held_gets import HeldGets
from engine_do.durable.sessions.resting_rows import RestingRows
from engine_do.durable.sessions.session_table import SessionTable
from engine_do.durable.sessions.sessions import Sessions
from engine_do.durable.sessions.sockets import Sockets
from engine_do.errors import ConfigError
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import encode_message
from engine_do.requests.admission import EIO3_PREFIX
from engine_do.session.application_data import read_data, write_data
from engine_do.session.session import (
    REVISION,
    CloseRequested,
)
from shared_wire.durable import begin_life, hold_awake, name_of_object, now_ms, raw, shorten_way_to, start_eagerly
from shared_wire.link.placement import RunsApplication
from shared_wire.names import DEFAULT_PEER
from shared_wire.reasons import Reason

__all__ = ["EngineActor"]

_logger = logging.getLogger("engine_do")

#: Keys of our records in the object's storage; the application may use the rest.
_KEY_PREFIX: Final = "engine_do:"


class EngineActor(DurableObject):
    """An Engine.IO server in one Durable Object. Derive from it, and name the class in the Worker's configuration.

    Alone, it calls its own `on_connect`, `on_message` and `on_disconnect`. Together with a class that runs an application, as
    socketio-do's `SocketActor` does (``class Chat(SocketActor, EngineActor)``), it serves that; with `peer_binding` set to the name
    of a Durable Object binding, the application in that object. Then these are not called.

    Sessions, their heartbeats and deadlines survive hibernation; attributes that a subclass sets on ``self`` do not.
    """

    config: ClassVar[EngineConfig] = EngineConfig()
    #: The binding of the socket actors this engine serves; none for an engine alone.
    peer_binding: ClassVar[str | None] = None
    #: The name of the socket actor among those; `EngineConfig.choose_peer` chooses between several.
    peer_name: ClassVar[str] = DEFAULT_PEER
    #: Whether handlers may block on a promise (`pyodide.ffi.run_sync`, and HTTP clients that do without ``await``). An event costs
    #: a quarter to a half more then.
    may_block: ClassVar[bool] = False

    def __init__(self, ctx: Any, env: Any) -> None:
        """Begin a life of the object; called by the runtime, also on every wake."""
        super().__init__(ctx, env)
        if not self.may_block:
            shorten_way_to(self, "webSocketMessage", "webSocketClose")
        self.life = begin_life()
        self._counters = Counter[str]()
        self._storage = raw(self.ctx.storage)
        name = _name_of(ctx, self._counters)
        is_alone = not (self.peer_binding or isinstance(self, RunsApplication))
        rows = SessionTable(self._storage.sql, self._counters) if is_alone else None
        sockets = Sockets(self.ctx, 3 if name.startswith(EIO3_PREFIX) else REVISION)
        resting = RestingRows(self._storage.sql, self._counters)
        polls = HeldGets(rows, resting, lambda: hold_awake(self.ctx))
        self._sessions = Sessions(self.config, sockets, polls, rows, self._counters)
        self._alarm = Alarm(
            self.ctx,
            self._counters,
            lambda: self._application.receive_alarm(),
            self._sweep,
            lambda: must_look(self._sessions),
            self.config,
        )
        giving_way = GivingWay(self._sessions, self._alarm, self._storage.kv, self._counters)
        self._http = Http(name, self.config, self._sessions, self._alarm, giving_way)
        self._application = self._sessions.application = self._make_application(name)

    async def on_connect(self, sid: str, environ: dict[str, str]) -> bool | None:
        """Handle a new client; return False to refuse it with 403.

        ``environ`` describes the handshake as WSGI does. Messages may be sent from here on.
        """
        del sid, environ
        return None

    async def on_message(self, sid: str, data: str | bytes) -> None:
        """Handle a message of client ``sid``: text as ``str``, binary as ``bytes``. An exception is logged and changes nothing."""
        del sid, data

    async def on_disconnect(self, sid: str, reason: str) -> None:
        """Handle the end of a client's session, once for each; ``reason`` is one of `engine_do.Reason`.

        For clients that a reset of the object took away it is called by the next alarm, with ``transport error``.
        """
        del sid, reason

    async def send(self, sid: str, data: str | bytes) -> None:
        """Send a message to a client; nothing happens when it is gone.

        ``data`` is sent as a text or a binary message. Never waits.
        """
        self._sessions.send((EngineSid(sid),), (encode_message(data),))

    async def broadcast(self, data: str | bytes, sids: Iterable[str] | None = None) -> None:
        """Send a message to many clients, prepared once: to those in ``sids``, or to all of this object. Never waits."""
        chosen = sids if sids is not None else (session.engine_sid for session in self._sessions.announced())
        self._sessions.send(map(EngineSid, chosen), (encode_message(data),))

    async def disconnect(self, sid: str) -> None:
        """Close a client's session; its `on_disconnect` gets the reason ``server disconnect``."""
        self._sessions.apply(EngineSid(sid), CloseRequested(Reason.SERVER_DISCONNECT))

    def transport(self, sid: str) -> str:
        """Return how a client's packets travel: ``polling`` or ``websocket``. Raises `KeyError` when it is gone."""
        transport = self._sessions.transport(EngineSid(sid))
        if transport is None:
            raise KeyError(sid)
        return transport.value

    async def get_session(self, sid: str) -> dict[str, Any]:
        """Read what `save_session` stored for a client; empty when nothing was. Survives hibernation and resets."""
        return read_data(self._sessions.stored.data(EngineSid(sid)))

    async def save_session(self, sid: str, session: dict[str, Any]) -> None:
        """Store something with a client until its session ends: what JSON can hold, up to 1 MB.

        Costs a row written. Raises `KeyError` when the client is gone, `ConfigError` when the actor serves an application, and
        `LocalEngineError` for what JSON cannot hold and what is nested too deep.
        """
        if not self._sessions.stored.write_data(EngineSid(sid), write_data(session)):
            raise KeyError(sid)

    @asynccontextmanager
    async def session(self, sid: str) -> AsyncIterator[dict[str, Any]]:
        """Read what is stored for a client, and store it at the end of the block: ``async with self.session(sid) as session``."""
        session = await self.get_session(sid)
        yield session
        await self.save_session(sid, session)

    async def fetch(self, request: Any) -> Any:
        """Answer a request that `route` let through; called by the runtime."""
        now = now_ms()
        if now >= self._alarm.heal_ms:
            self._alarm.heal(now)
        return await self._http.answer(request)

    def webSocketMessage(self, ws: Any, message: Any) -> None:  # noqa: N802 - the runtime's name
        """Handle a frame; called by the runtime."""
        now = now_ms()
        if now >= self._alarm.heal_ms:
            self._alarm.heal(now)
        self._sessions.receive_frame(ws, message if isinstance(message, str) else to_bytes(message), now)

    def webSocketClose(self, ws: Any, code: int, reason: str, was_clean: bool) -> None:  # noqa: N802, ARG002
        """Handle a socket's close, and answer it: plain workerd leaves that to us."""
        self._sessions.lose_socket(ws, failed=False)

    def webSocketError(self, ws: Any, error: Any) -> None:  # noqa: N802, ARG002
        """Handle a socket's failure; called by the runtime."""
        self._sessions.lose_socket(ws, failed=True)

    async def link(self, data: Any) -> bytes:
        """Answer a call of the socket actor: one frame in, one frame out (`shared_wire`)."""
        if not isinstance(self._application, LinkedApplication):
            raise ConfigError(f"{type(self).__name__} has no peer_binding, so nobody may call it")
        return self._application.answer(bytes(data))

    async def counters(self) -> str:
        """Return what this life of the object has cost so far, as a JSON object; for other parts of the Worker, by RPC.

        ``frames`` received from clients (20 of them are billed as a request), ``alarms``, ``rows_written``, ``closed: <reason>``,
        ``rpcs`` made and ``rpcs_taken``, ``streams_opened`` and ``streams_refused`` (a request each), ``stream_messages`` received
        (20 to a request), and what `shared_wire.LinkDriver` counts. In memory: a new life counts from 0.
        """
        return json.dumps({"life": str(self.life), **self._counters})

    async def compare_config(self, described: str) -> str:
        """Name the options, as a JSON list, in which `route` was given another configuration than this class has; called by it."""
        return json.dumps(self.config.differing(json.loads(described)))

    async def alarm(self, info: Any = None) -> None:
        """Ping, find the dead, compare sessions with the peer, and arm the next alarm; called by the runtime."""
        del info
        await self._alarm.ring(now_ms())

    async def _sweep(self, now: int) -> int | None:
        """Look at every session and compare them with the peer's; returns when to do so again, if ever."""
        sweep = await look_at_all(self._sessions, now, self.config)
        if self._application.swept(sweep):
            sweep.must_look(now + self.config.ping_interval_ms)
        return sweep.deadline_ms

    def _make_application(self, name: str) -> Application:
        engine = _EngineFace(self)
        class_name = type(self).__name__
        has_application = isinstance(self, RunsApplication)
        self.config.check_peer(class_name, has_peer=bool(self.peer_binding), has_application=has_application)
        if isinstance(self, RunsApplication):
            if self.peer_binding:
                raise ConfigError(f"{class_name} is engine and application in one object: leave its peer_binding out")
            return DirectApplication(engine, name, self._alarm.arm_application, self._begin_application)
        if not self.peer_binding:
            return LocalApplication(engine, self, lambda work: start_eagerly(self.ctx, work))
        namespace = getattr(self.env, self.peer_binding, None)
        if namespace is None:
            raise ConfigError(
                f"{class_name}.peer_binding is {self.peer_binding!r}, but the Worker has no such binding: "
                f'add {{"name": "{self.peer_binding}", "class_name": ...}} to durable_objects.bindings'
            )
        return LinkedApplication(
            self.ctx,
            namespace,
            engine,
            name=name,
            life=self.life,
            peer=self.peer_name,
            counters=self._counters,
            has_streams=self.config.stream,
        )


class _EngineFace:
    """The actor as its application sees it (`application.Engine`): methods of an RPC class would be callable from outside."""

    def __init__(self, actor: EngineActor) -> None:
        sessions = actor._sessions
        self.send, self.apply, self.announced = sessions.send, sessions.apply, sessions.announced
        self.is_hasty, self.are_others_about = sessions.rates.is_hasty, sessions.rates.are_others_about
        self._sessions = sessions
        self._kv, self._counters = actor._storage.kv, actor._counters

    def end_ghosts(self, alive: Container[EngineSid]) -> list[EngineSid]:
        sessions = self._sessions
        return sessions.stored.end_ghosts(alive, lambda engine_sid: sessions.transport(engine_sid) is not None)

    def load(self, key: str) -> str | None:
        value = self._kv.get(_KEY_PREFIX + key)
        return None if value is None else str(value)  # what is no text a later release has stored: it is not nothing

    def store(self, key: str, value: str | None) -> None:
        self._counters["rows_written"] += 1
        if value is None:
            self._kv.delete(_KEY_PREFIX + key)
        else:
            self._kv.put(_KEY_PREFIX + key, value)

    def stored(self, prefix: str) -> list[str]:
        within = js.Object.fromEntries(to_js([["prefix", _KEY_PREFIX + prefix]]))
        return [str(key).removeprefix(_KEY_PREFIX + prefix) for key, _ in self._kv.list(within)]


def _name_of(ctx: Any, counters: Counter[str]) -> str:
    name = name_of_object(ctx, counters)
    if name is None:
        raise ConfigError("an engine actor must be reached by name: use engine_do.durable.route")
    return name
