"""The Durable Object that runs the application: frames in, handlers, frames out."""

import inspect
import json
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pyodide.ffi import to_js
from workers import DurableObject

from shared_wire import Life
from shared_wire.durable import begin_life, name_of_object, raw, raw_request, shorten_way_to
from shared_wire.link.placement import ApplicationPort, EnginePort
from socketio_do.cluster.commands import read_command, write_value
from socketio_do.durable.clock import ObjectClock
from socketio_do.durable.handler_lanes import FrameLanes, ObjectLanes
from socketio_do.durable.placements import OneObject, Placement, SeveralObjects
from socketio_do.durable.sql import ObjectDatabase
from socketio_do.errors import ConfigError
from socketio_do.runtime import Outbox
from socketio_do.server.emission import Answers
from socketio_do.server.server import DurableServer
from socketio_do.state.membership import SID_BYTES, Membership
from socketio_do.state.tables import Storage

__all__ = ["SocketActor"]

#: Where the number of the tables' layout is kept.
_SCHEMA_KEY = "socketio_do:schema"


class SocketActor(DurableObject):
    """A Socket.IO application in one Durable Object. Derive from it, and name the class in the Worker's configuration.

    `configure` registers the handlers. Clients, rooms and sessions survive hibernation, resets and deploys; ``self`` does not.
    """

    #: The binding of the engine actors that hold the sockets; none where this class is an engine actor itself.
    peer_binding: ClassVar[str | None] = None
    #: Options of `socketio.AsyncServer`; those that cannot work here are errors that say what to write instead.
    options: ClassVar[Mapping[str, Any]] = {}
    #: Seconds a handler may take before it is cancelled; while one waits, the object stays awake.
    handler_timeout_s: ClassVar[float] = 120
    #: Whether handlers may block on a promise (`pyodide.ffi.run_sync`, and HTTP clients that do without ``await``). An event costs
    #: a quarter to a half more then.
    may_block: ClassVar[bool] = False

    life: Life
    _counters: Counter[str]
    #: What begins a life sets it: this class, or the engine that is in the same object.
    _placement: Placement = None  # type: ignore[assignment]

    def __init__(self, ctx: Any, env: Any) -> None:
        """Begin a life of the object; called by the runtime, also on every wake."""
        super().__init__(ctx, env)
        if self._placement is None:  # else the engine in this object has begun it
            if not self.may_block:
                shorten_way_to(self, "webSocketMessage", "webSocketClose")
            self.life, self._counters = begin_life(), Counter[str]()
            who = {"name": _name_of(ctx, self._counters), "life": self.life, "counters": self._counters}
            lanes = FrameLanes(ctx, self.handler_timeout_s)
            others = SeveralObjects(self.ctx, _binding(self, env), lanes, lambda: self._server, **who)
            self._begin(lanes, others)
            others.begin_life()

    def _begin_application(self, engine: EnginePort) -> ApplicationPort:
        """Begin a life in the object of an engine, which calls this (`shared_wire.link.placement.RunsApplication`)."""
        lanes = ObjectLanes(self.ctx, self.handler_timeout_s)
        here = OneObject(engine, lanes, lambda: self._server, life=self.life, counters=self._counters)
        self._begin(lanes, here)
        return here

    def _begin(self, lanes: ObjectLanes, placement: Placement) -> None:
        storage = raw(self.ctx.storage)
        tables = Storage(ObjectDatabase(storage.sql, self._counters))
        _prepare_tables(tables, storage.kv)
        self._placement = placement
        self._membership = Membership(tables)
        runtime = _ObjectRuntime(placement.outbox, lanes, placement.clock)
        self._server = DurableServer(runtime, self._membership, **self.options)
        self.configure(self._server)
        self._server.receive_life()

    def configure(self, sio: DurableServer) -> None:
        """Register the application's handlers with ``sio``; called once per life of the object, before any event.

        ``self.env`` has the Worker's bindings and variables, ``self.ctx`` the object's storage.
        """
        del sio
        raise ConfigError(f"{type(self).__name__} has no configure(self, sio): register your handlers there")

    def lives(self, sid: str) -> dict[str, str]:
        """Return the ids of the current lives of the two objects that serve client ``sid``; they change with sleep and resets."""
        socket = self._membership.socket(sid)
        engine = self._placement.engine_life(socket.actor) if socket is not None else None
        return {"engine": str(engine or ""), "socket": str(self.life)}

    async def counters(self) -> str:
        """Return what this life of the object has cost so far, as a JSON object; for other parts of the Worker, by RPC.

        ``rows_read``, ``rows_written`` (ours, not the application's), ``rpcs`` made and ``rpcs_taken``, ``stream_messages``
        received (20 of them are billed as a request), and what `shared_wire.LinkDriver` counts. In memory: a new life counts
        from 0.
        """
        return json.dumps({"life": str(self.life), **self._counters})

    async def command(self, text: str, attachments: Any) -> Any:
        """Do what an `Emitter` asks: called by other parts of the Worker, by RPC. Raises `CommandError` for anything else."""
        name, arguments = read_command(text, [bytes(one) for one in attachments])
        result = getattr(self._server, name)(**arguments)
        answer = await result if inspect.isawaitable(result) else result
        if isinstance(answer, Answers):
            answer = {"answers": answer.answers, "missing": list(answer.missing)}
        written, attached = write_value(answer)
        return to_js([written, attached])

    async def alarm(self, info: Any = None) -> None:
        """Do what is due; called by the runtime. The object's alarm is ours, or the engine's that is in this object."""
        if isinstance(self._placement, OneObject):
            await super().alarm(info)  # the engine's, which calls `OneObject.receive_alarm`
            return
        self._counters["alarms"] += 1
        self._placement.receive_alarm()

    async def fetch(self, request: Any) -> Any:
        """Accept a stream of an engine actor, and nothing else; in an engine's object, answer a request of a client."""
        if isinstance(self._placement, SeveralObjects):
            return self._placement.streams.accept(raw_request(request))
        return await super().fetch(request)

    def webSocketMessage(self, ws: Any, message: Any) -> None:  # noqa: N802 - the runtime's name
        """Handle a message of a stream; in an engine's object, a frame of a client."""
        if isinstance(self._placement, SeveralObjects):
            self._placement.streams.receive(ws, message)
        else:
            super().webSocketMessage(ws, message)

    def webSocketClose(self, ws: Any, code: int, reason: str, was_clean: bool) -> None:  # noqa: N802
        """Handle the end of a stream; in an engine's object, the close of a client's socket."""
        if isinstance(self._placement, SeveralObjects):
            self._placement.streams.end(ws, code)
        else:
            super().webSocketClose(ws, code, reason, was_clean)

    def webSocketError(self, ws: Any, error: Any) -> None:  # noqa: N802
        """Handle the failure of a stream; in an engine's object, of a client's socket."""
        if isinstance(self._placement, SeveralObjects):
            self._placement.streams.end(ws)
        else:
            super().webSocketError(ws, error)

    async def link(self, data: Any) -> bytes:
        """Answer a call of an engine actor: one frame in, one frame out (`shared_wire`)."""
        return self._placement.answer(bytes(data))


@dataclass(frozen=True, slots=True)
class _ObjectRuntime:
    """`Runtime` of one Durable Object."""

    outbox: Outbox
    lanes: ObjectLanes
    clock: ObjectClock

    def make_socket_sid(self) -> str:
        return secrets.token_urlsafe(SID_BYTES)

    def first_ack_id(self) -> int:
        """Begin with the clock's milliseconds: no life gives an id for each, and ids come round after twelve days only."""
        return self.clock.now_ms()


def _binding(actor: SocketActor, env: Any) -> Any:
    name = actor.peer_binding
    binding = getattr(env, name, None) if name else None
    if binding is None:
        raise ConfigError(
            f"{type(actor).__name__}.peer_binding is {name!r}, but the Worker has no such binding: set it to the binding of the "
            'engine\'s class, and add {"name": "ENGINE", "class_name": ...} to durable_objects.bindings'
        )
    return binding


def _name_of(ctx: Any, counters: Counter[str]) -> str:
    name = name_of_object(ctx, counters)
    if name is None:
        raise ConfigError(
            "a socket actor is reached by its name: EngineActor.peer_name, or what EngineConfig.choose_peer gives"
        )
    return name


def _prepare_tables(tables: Storage, kv: Any) -> None:
    stored = kv.get(_SCHEMA_KEY)
    number = tables.prepare(stored if isinstance(stored, int | float) else None)
    if number is not None:
        kv.put(_SCHEMA_KEY, number)
