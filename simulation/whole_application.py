"""The socket actor: the real `DurableServer` with handlers of an application, and a model of the shell around it.

`Hub` does what `socketio_do/durable/uplink.py` and `handler_lanes.py` do, over the runtime that the package's own tests use.
A fault is not contained here but ends the run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from server_fakes import Cancelled, FakeDatabase, FakeRuntime, Until
from socketio.exceptions import ConnectionRefusedError as Refused
from whole_clients import Stream
from wire_fakes import Done, FakeWire

from shared_wire import (
    CloseSessions,
    EngineSid,
    Life,
    LinkDriver,
    MessageReceived,
    Operation,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
    Work,
    sessions_in,
)
from socketio_do import DurableServer
from socketio_do.runtime import Lane
from socketio_do.server.frame_work import FrameWork
from socketio_do.state.membership import Membership
from socketio_do.state.tables import Storage

__all__ = ["ENGINE", "Gate", "Hub", "Judge", "SocketSide"]

ENGINE = "engine"


@dataclass(slots=True, eq=False)
class Gate:
    """What a suspended handler waits for."""

    is_open: bool = False


class Judge(Protocol):
    """Who checks what the application is told, and says what its handlers do."""

    def session_opened(self, engine_sid: EngineSid) -> None:
        """Note that the application hears of a session."""

    def session_closed(self, engine_sid: EngineSid) -> None:
        """Note that the application hears of a session's end, in whatever way."""

    def session_forgotten(self, engine_sid: EngineSid) -> None:
        """Note that the link has lost a session here."""

    def closing_sent(self, engine_sid: EngineSid) -> None:
        """Note that the application has a session closed."""

    def stream_of(self, engine_sid: str, namespace: str) -> Stream:
        """Find a client's socket by its session."""

    def stream(self, socket_sid: str) -> Stream:
        """Find a client's socket by its sid."""

    def expect(self, stream: Stream, packet: str, *, is_own: bool) -> None:
        """Note a packet that is about to be sent to a socket."""

    def next_emission(self) -> int:
        """Number an emission."""

    def suspend(self) -> Gate:
        """Make a gate that the simulation opens some time."""

    def may_suspend_parting(self) -> bool:
        """Return whether a `disconnect` handler suspends."""

    def members(self, namespace: str, room: str | None) -> list[str]:
        """Name the connected sockets in a room or a namespace, as the rows say."""

    def note(self, what: str) -> None:
        """Count that something happened."""


class _HubWire(FakeWire):
    """The link's wire; operations are delivered to the hub."""

    def __init__(self, hub: "Hub") -> None:
        super().__init__(loser=hub.lose)
        self._hub = hub
        self.deferred = list[Callable[[], None]]()

    def deliver(self, peer: str, operations: tuple[Operation, ...], done: Done) -> None:
        self._hub.deliver(peer, operations, done)


class Hub(FakeRuntime):
    """Between link and server in one life: the server's `Runtime`, and what takes the link's operations."""

    server: DurableServer
    driver: LinkDriver

    def __init__(self, judge: Judge, make_socket_sid: Callable[[], str], first_ack_id: int) -> None:
        super().__init__(make_socket_sid, first_ack_id)
        self._judge = judge
        self._frame = FrameWork((), lambda _: None)
        self._is_over = False

    @property
    def is_quiet(self) -> bool:
        """Whether nothing runs and nothing waits for its turn."""
        return all(task.done for task in self.tasks) and not self._lanes._waiting and not +self.held

    def end_life(self) -> None:
        """End all that is suspended; what it still says reaches nobody."""
        self._is_over = True
        self.end()

    def send(self, actor: str, *operations: Operation) -> None:
        if self._is_over:
            return
        for operation in operations:
            if isinstance(operation, CloseSessions):
                for engine_sid in operation.engine_sids:
                    self._judge.closing_sent(engine_sid)
        self.driver.send(actor, *operations)

    def busy(self, actor: str) -> set[str]:
        return set(self.driver.busy(actor))

    def queued(self, actor: str) -> int:
        return self.driver.queued(actor)

    def run(self, lane: Lane, work: Work) -> None:
        frame, engine_sid = self._frame, EngineSid(lane[0])
        frame.begin(engine_sid)

        async def tracked() -> None:
            try:
                await work()
            finally:
                frame.end(engine_sid)

        super().run(lane, tracked)

    def hold(self, engine_sid: str, expire: Callable[[], None]) -> Callable[[], None]:
        frame, session, release = self._frame, EngineSid(engine_sid), super().hold(engine_sid, expire)
        frame.begin(session)

        def end() -> None:
            release()
            frame.end(session)

        return end

    def deliver(self, peer: str, operations: tuple[Operation, ...], done: Done) -> None:
        """Hand an engine actor's operations to the server."""
        frame = self._frame = FrameWork(sessions_in(operations), done)
        for operation in operations:
            self._take(peer, operation)
        frame.delivered()

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """End sessions whose stream has a gap."""
        for engine_sid in engine_sids or ():
            self._judge.session_forgotten(engine_sid)
        self.server.receive_lost(peer, engine_sids)

    def _take(self, peer: str, operation: Operation) -> None:
        match operation:
            case SessionOpened(engine_sid, environ):
                self._judge.session_opened(engine_sid)
                self.server.receive_opened(engine_sid, peer, dict(environ))
            case MessageReceived(engine_sid, packet):
                self.server.receive_message(engine_sid, peer, packet)
            case SessionClosed(engine_sid, reason):
                self._judge.session_closed(engine_sid)
                self.server.receive_closed(engine_sid, reason)
            case SessionsDigest():
                self.server.receive_digest(peer, operation)
            case SessionsRange():
                ours = self.server._membership.sessions_of(peer, operation.after, operation.until)
                for ghost in sorted(set(ours).difference(operation.engine_sids)):
                    self._judge.note("ghost ended")
                    self._judge.session_closed(EngineSid(ghost))
                self.server.receive_range(peer, operation)
            case _:
                raise AssertionError(operation)


@dataclass(slots=True, eq=False)
class SocketSide:
    """One socket actor over its lives. `database` and `layout` survive everything."""

    judge: Judge
    name: str = "socket"
    database: FakeDatabase = field(default_factory=FakeDatabase)
    #: The number of the tables' layout, where the object stores it.
    layout: int | None = None
    life: Life = field(init=False)
    hub: Hub = field(init=False)
    wire: FakeWire = field(init=False)
    driver: LinkDriver = field(init=False)
    server: Any = field(init=False)
    membership: Membership = field(init=False)
    _socket_sids: int = 0

    def begin(self, life: Life) -> None:
        """Begin a life on the rows there are."""
        self.life = life
        tables = Storage(self.database)
        number = tables.prepare(self.layout)
        self.layout = self.layout if number is None else number
        self.membership = Membership(tables)
        self.hub = Hub(self.judge, self._make_socket_sid, life.start_ms)
        self.wire = _HubWire(self.hub)
        self.wire.has_stream = bool(life.nonce % 2)  # in half of the lives
        self.driver = self.hub.driver = LinkDriver(self.name, life, self.wire, peer_holds_sockets=True)
        self.server = self.hub.server = DurableServer(self.hub, self.membership)
        _register(self.server, self.judge)

    def end(self) -> None:
        """End the life where it is. What it still writes reaches no row."""
        old, self.database = self.database, self.database.successor()
        self.hub.end_life()
        old._connection.close()

    def close(self) -> None:
        """Close the database."""
        self.hub.end_life()
        self.database._connection.close()

    @property
    def is_busy(self) -> bool:
        """Whether something keeps the object awake."""
        return not self.wire.may_sleep or not self.hub.is_quiet or bool(self.wire.deferred)

    def _make_socket_sid(self) -> str:
        self._socket_sids += 1
        return f"socket-{self._socket_sids:013}"

    def members(self, namespace: str, room: str | None) -> list[str]:
        """Name the connected sockets in a room or a namespace, as the rows say and what the running step will write."""
        sockets = [row[0] for row in self.database.rows("sio_sockets") if row[2] == namespace]
        if room is None:
            return sockets
        place = namespace, f'"{room}"'
        entered = {row[2] for row in self.database.rows("sio_rooms") if row[:2] == place}
        waiting = self.membership.entries.waiting
        entered |= {one.socket_sid for one, key in waiting if (one.namespace, key) == place}
        return [sid for sid in sockets if sid in entered]


def _is_side(namespace: str, environ: Any, auth: Any) -> bool:
    """Let namespaces in that are nobody's by name: their rows tell it after sleep."""
    del environ, auth
    return namespace.startswith("/side-")


def _register(sio: Any, judge: Judge) -> None:
    handlers = _Handlers(sio, judge)
    for event, handler in (
        ("connect", handlers.connect),
        ("say", handlers.say),
        ("blob", handlers.say),
        ("disconnect", handlers.disconnect),
    ):
        sio.on(event, handler, namespace="/")
        sio.on(event, _past_namespace(handler), namespace=_is_side)


def _past_namespace(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Leave out the namespace that the handlers of a parent are told first."""

    async def handle(namespace: str, *arguments: Any) -> Any:
        del namespace
        return await handler(*arguments)

    return handle


class _Handlers:
    """What the application does: what the client's event asks for, noted before it is done."""

    def __init__(self, sio: Any, judge: Judge) -> None:
        self._sio = sio
        self._judge = judge

    async def connect(self, sid: str, environ: dict[str, str], auth: dict[str, Any]) -> bool:
        engine_sid = self._sio.manager.eio_sid_from_sid(sid, auth["namespace"])
        stream = self._judge.stream_of(engine_sid, auth["namespace"])
        stream.socket_sid = sid
        for name, argument in auth["plan"]:
            if name == "refuse":
                self._judge.expect(stream, stream.write("4"), is_own=True)
                if argument:
                    raise Refused("no")
                return False
            try:
                await self._do(stream, name, argument)
            except Cancelled:  # its session holds too much, and is closed
                self._judge.expect(stream, stream.write("4"), is_own=False)
                raise
        self._judge.expect(stream, stream.write("0"), is_own=True)
        stream.is_accepted = True
        return True

    async def say(self, sid: str, number: int, plan: list[tuple[str, Any]], blob: bytes | None = None) -> int:
        stream = self._judge.stream(sid)
        assert blob is None or blob == bytes([number % 256]), f"{sid}: the attachment of another event"
        stream.begin(number)
        for name, argument in plan:
            await self._do(stream, name, argument)
        if self._sio.manager.is_connected(sid, stream.namespace):  # nothing follows a DISCONNECT
            self._judge.expect(stream, f"{stream.write('3')}{number}[{number}]", is_own=True)
        stream.done += 1
        self._judge.note("event handled")
        return number

    async def disconnect(self, sid: str, reason: str) -> None:
        stream = self._judge.stream(sid)
        assert stream.is_accepted, f"{sid}: disconnected, though it was never connected"
        assert not stream.is_gone, f"{sid}: disconnected twice"
        stream.partings += 1
        if self._judge.may_suspend_parting():
            await self._suspend()
        stream.is_gone = True

    async def _do(self, stream: Stream, name: str, argument: Any) -> None:
        sio, sid, namespace = self._sio, stream.socket_sid, stream.namespace
        match name:
            case "suspend":
                await self._suspend()
            case "emit":
                await self.emit(stream, argument)
            case "enter":
                if sio.manager._socket(sid, namespace) is not None:
                    await sio.enter_room(sid, argument, namespace=namespace)
                    stream.rooms.add(argument)
            case "leave":
                await sio.leave_room(sid, argument, namespace=namespace)
                stream.rooms.discard(argument)
            case "save":
                await self._save(stream, argument)
            case "kick":
                await self._kick(stream)
            case _:
                stream.is_kicked = True
                await sio.disconnect_sockets(sid, namespace=namespace, close=True)

    async def _save(self, stream: Stream, number: int) -> None:
        if self._sio.manager._socket(stream.socket_sid, stream.namespace) is not None:
            await self._sio.save_session(stream.socket_sid, {"number": number}, namespace=stream.namespace)
            stream.data = number

    async def _kick(self, stream: Stream) -> None:
        if self._sio.manager.is_connected(stream.socket_sid, stream.namespace):
            stream.is_kicked = True
            self._judge.expect(stream, stream.write("1"), is_own=True)
            await self._sio.disconnect(stream.socket_sid, namespace=stream.namespace)

    async def _suspend(self) -> None:
        gate = self._judge.suspend()
        await Until(lambda: gate.is_open)

    async def emit(self, stream: Stream, room: str) -> None:
        """Emit to oneself ("self"), to everybody of the namespace ("all"), or to a room."""
        number, namespace = self._judge.next_emission(), stream.namespace
        to = {"self": stream.socket_sid, "all": None}.get(room, room)
        for socket_sid in self._recipients(stream, room):
            other = self._judge.stream(socket_sid)
            is_own = other.engine_sid == stream.engine_sid
            self._judge.expect(other, other.write("2", ["news", number]), is_own=is_own)
        await self._sio.emit("news", number, to=to, namespace=namespace)

    def _recipients(self, stream: Stream, room: str) -> list[str]:
        if room == "self":
            is_there = self._sio.manager._socket(stream.socket_sid, stream.namespace) is not None
            return [stream.socket_sid] if is_there else []
        found = self._judge.members(stream.namespace, None if room == "all" else room)
        is_pending = self._sio.manager.is_pre_connected(stream.socket_sid, stream.namespace)
        hears = is_pending and (room == "all" or room in stream.rooms)
        return [*found, stream.socket_sid] if hears else found
