"""Our server and manager as python-socketio's own tests construct and look at them.

Those tests mock `engineio.AsyncServer`, call the methods it would call, and look into tables. Here is what stands for each: the
engine's calls are `receive_opened`, `receive_message` and `receive_closed`; what we send to an engine actor reaches the mock's
`send`; a session they never opened is opened; and tables of ours are shown in upstream's shape. What a client's packet does to it
is told by closing its session: upstream raises `ValueError` to its engine, so that is what is raised here.
"""

import asyncio
import contextlib
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any
from unittest import mock

import engineio
import pytest
import socketio
from engineio.packet import MESSAGE
from engineio.packet import Packet as EnginePacket
from server_fakes import ENGINE, FakeDatabase, FakeRuntime, World, finish
from socketio import async_manager, async_namespace, async_server

from shared_wire import CloseSessions, Operation, SendPackets
from socketio_do import DurableServer
from socketio_do.server import server
from socketio_do.state import membership
from socketio_do.state.acks import Acks
from socketio_do.state.membership import Membership
from socketio_do.state.namespaces import Namespaces
from socketio_do.state.tables import Storage
from socketio_do.upstream.engine import EngineProxy
from socketio_do.upstream.manager import DurableManager

#: What upstream's tests make a mock of and look at; whatever else `EngineProxy` does, it does here too, refusals among it.
LOOKED_AT = ("create_event", "disconnect", "on", "send", "shutdown", "sleep", "start_background_task", "transport")

#: The methods of the server that its namespaces call.
OF_NAMESPACES = (
    *("call", "close_room", "disconnect", "emit", "enter_room", "get_session", "leave_room", "rooms"),
    *("save_session", "send", "session"),
)


def install(patch: pytest.MonkeyPatch) -> None:
    """Put our classes in the place of upstream's, where its tests find them. Their sids have one character."""
    patch.setattr(async_server, "AsyncServer", UpstreamServer)
    patch.setattr(async_manager, "AsyncManager", UpstreamManager)
    patch.setattr(async_namespace, "AsyncNamespace", UpstreamNamespace)
    patch.setattr(server, "DurableManager", UpstreamManager)
    patch.setattr(membership, "SID_LENGTH", 1)


def call(function: Callable[..., Any], *args: Any) -> None:
    """Call a mock, and let it finish if it is an asynchronous one."""
    if inspect.isawaitable(called := function(*args)):
        finish(called)  # type: ignore[arg-type]  # a mock's are coroutines


class UpstreamMembership(Membership):
    """Tables in which a handshake may be a word, as upstream's tests have it, and sessions are opened when they are first named."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        read = self.environ
        self.environ: Any = lambda engine_sid: (found := read(engine_sid)) and found["is"]

    def open_session(self, engine_sid: str, actor: str, environ: Any) -> bool:
        return super().open_session(engine_sid, actor, {"is": environ})

    def know(self, engine_sid: str) -> None:
        self.open_session(engine_sid, ENGINE, {})


def make_membership() -> UpstreamMembership:
    storage = Storage(FakeDatabase())
    storage.create_tables()
    return UpstreamMembership(storage)


class UpstreamRuntime(FakeRuntime):
    """Sends to the mock what would go to the engine actor."""

    def __init__(self, engine: Any) -> None:
        super().__init__(engine.generate_id)
        self._engine = engine

    def send(self, actor: str, *operations: Operation) -> None:
        super().send(actor, *operations)
        for operation in operations:
            if isinstance(operation, SendPackets):
                for engine_sid in operation.engine_sids:
                    for packet in operation.packets:
                        call(self._engine.send, engine_sid, packet)

    def make_event(self) -> Any:
        return self._engine.create_event()

    async def wait(self, event: Any, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), seconds)

    def has_closed(self, engine_sid: str) -> bool:
        return any(isinstance(one, CloseSessions) and engine_sid in one.engine_sids for _, one in self.sent)


class UpstreamEngine(EngineProxy):
    """`EngineProxy`, with the mock's members where upstream's tests look."""

    def __init__(self, runtime: FakeRuntime, membership: Membership, engine: Any, **options: Any) -> None:
        super().__init__(runtime, membership, **options)
        for name in LOOKED_AT:
            setattr(self, name, getattr(engine, name))


class UpstreamServer(DurableServer):
    """`DurableServer`, made and called as upstream's tests make and call `AsyncServer`."""

    def __init__(self, client_manager: Any = None, **options: Any) -> None:
        make: Any = engineio.AsyncServer  # the mock
        self._engine = make(async_handlers=False)
        self._is_begun = False
        self._fakes = UpstreamRuntime(self._engine), make_membership()
        super().__init__(*self._fakes, **options)
        if client_manager is not None:
            self.manager = client_manager
            self.manager.ask = self._ask_by_emit

    @property
    def _binary_packet(self) -> Any:
        return self._assemblies._assemblies

    @_binary_packet.setter
    def _binary_packet(self, packets: Any) -> None:
        """Leave upstream's table of half-received packets unused."""

    def _engineio_server_class(self) -> Callable[..., EngineProxy]:
        return functools.partial(UpstreamEngine, engine=self._engine)

    async def _handle_eio_connect(self, eio_sid: str, environ: Any) -> None:  # type: ignore[override]
        if not self._is_begun:  # nothing here has to be initialized; upstream's tests count the call
            self.manager.initialize()
        self._is_begun = True
        self.receive_opened(eio_sid, ENGINE, environ)

    async def _handle_eio_message(self, eio_sid: str, data: str | bytes) -> None:  # type: ignore[override]
        self._take(eio_sid, data)
        if self._fakes[0].has_closed(eio_sid):
            raise ValueError("the session is closed")

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:  # type: ignore[override]
        self.receive_closed(eio_sid, reason)
        self._fakes[0].settle()

    async def _handle_disconnect(self, eio_sid: str, namespace: str, reason: Any = None) -> None:
        self._take(eio_sid, "1" if namespace == "/" else f"1{namespace},")

    async def _send_packet(self, eio_sid: str, pkt: Any) -> None:
        self._fakes[1].know(eio_sid)
        await super()._send_packet(eio_sid, pkt)

    async def _ask_by_emit(self, event: str, data: Any, namespace: str, expect: Any, *, room: str) -> dict[str, int]:
        """Ask one client as upstream does, with a callback of `emit`; a mocked manager has nothing else."""
        await self.manager.emit(event, data, namespace, room=room, callback=expect(room)[0])
        return {room: 1}

    def _take(self, eio_sid: str, data: str | bytes) -> None:
        self._fakes[1].know(eio_sid)
        self.receive_message(eio_sid, ENGINE, data)
        self._fakes[0].settle()


class UpstreamManager(DurableManager):
    """`DurableManager`, made as upstream's tests make `AsyncManager`, and with its tables where they look."""

    _membership: UpstreamMembership

    def __init__(self, membership: Any = None, namespaces: Any = None, acks: Any = None) -> None:
        membership = membership or make_membership()
        super().__init__(
            membership,
            namespaces or Namespaces(membership.storage, {}, {}, (), cleanup=False),
            acks or Acks(first_id=1),
        )
        self.callbacks: Any = self._acks._waiting

    def set_server(self, server: Any) -> None:
        super().set_server(server)
        if isinstance(server, mock.Mock):
            server._tell = server._tell_of_rooms = mock.AsyncMock()
            server.eio.broadcast = self._broadcast
            server.eio.full_for = lambda engine_sids: set()

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        self._membership.know(eio_sid)
        return await super().pre_connect(eio_sid, namespace)

    async def connect(self, sid: str, namespace: str) -> str:
        """Connect a socket, or, as upstream's, a session in one step."""
        pending = sid if self.is_pre_connected(sid, namespace) else await self.pre_connect(sid, namespace)
        assert pending is not None
        return await super().connect(pending, namespace)

    @property
    def pending_disconnect(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for socket in self._membership._sockets.values():
            if socket.leaving:
                found.setdefault(socket.namespace, []).append(socket.socket_sid)
        return found

    @pending_disconnect.setter
    def pending_disconnect(self, sockets: Any) -> None:
        """Leave upstream's table unused."""

    def _generate_ack_id(self, sid: str, callback: Any) -> int:
        number = self._acks.make_id()
        self._acks.add(sid, number, callback)
        return number

    def _broadcast(self, engine_sids: Iterable[str], packets: tuple[str | bytes, ...]) -> None:
        """Send as upstream does to a mocked server: packets made once, one by one to each session."""
        make: Any = EnginePacket
        made = [make(MESSAGE, packet) for packet in packets]
        for engine_sid in engine_sids:
            for packet in made:
                call(self.server._send_eio_packet, engine_sid, packet)


class UpstreamNamespace(socketio.AsyncNamespace):
    """`AsyncNamespace` on a mocked server: our server dispatches its events, and its calls must fit our server's methods."""

    def _set_server(self, server: Any) -> None:
        super()._set_server(server)
        if not isinstance(server, mock.Mock):
            return
        self.trigger_event: Any = self._dispatch
        for name in OF_NAMESPACES:
            if isinstance(method := getattr(server, name), mock.Mock):
                method.side_effect = functools.partial(check_call, name)

    async def _dispatch(self, event: str, *args: Any) -> Any:
        sio = World().sio
        sio.register_namespace(self)
        return await sio._trigger_event(event, self.namespace, *args)


def check_call(name: str, *args: Any, **options: Any) -> Any:
    """Raise `TypeError` for a call that our server's method does not take."""
    inspect.signature(getattr(DurableServer, name)).bind(None, *args, **options)
    return mock.DEFAULT
