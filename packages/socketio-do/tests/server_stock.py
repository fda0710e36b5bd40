"""Stock `socketio.AsyncServer` in memory, driven as `server_fakes.World` drives ours: clients come in through its engine.

The engine is a fake with no transport and no clock. The event loop is a real one, since upstream makes tasks for what it sends.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import socketio
from server_fakes import nothing, socket_sid

from shared_wire import Packet

T = TypeVar("T")

#: Turns of the event loop in which whatever may go on has gone on: a handler that emits takes four.
TURNS = 20


class StockEngine:
    """The members of `engineio.AsyncServer` that upstream uses: one session's messages are handled one after the other."""

    async_mode = "asgi"

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.handlers: dict[str, Callable[..., Coroutine[Any, Any, None]]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.packets: defaultdict[str, list[Packet]] = defaultdict(list)
        self.faults: list[Exception] = []
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._sids = 0

    def on(self, event: str, handler: Callable[..., Coroutine[Any, Any, None]]) -> None:
        self.handlers[event] = handler

    def generate_id(self) -> str:
        self._sids += 1
        return socket_sid(self._sids)

    def transport(self, sid: str) -> str:
        return "websocket"

    def create_event(self) -> asyncio.Event:
        return asyncio.Event()

    def start_background_task(self, target: Callable[..., Any], *args: Any) -> asyncio.Task[None]:
        return asyncio.create_task(self._guard(target(*args)))

    async def get_session(self, sid: str) -> dict[str, Any]:
        return self.sessions[sid]

    async def send(self, sid: str, data: Packet) -> None:
        self.packets[sid].append(data)

    async def send_packet(self, sid: str, pkt: Any) -> None:
        await self.send(sid, pkt.data)

    def tell(self, event: str, sid: str, *args: Any) -> None:
        """Let something happen to a session, after all that happened to it before."""
        self.start_background_task(self._in_turn, event, sid, *args)

    async def _in_turn(self, event: str, sid: str, *args: Any) -> None:
        async with self._turns[sid]:
            if event == "connect":
                self.sessions[sid] = {}
            await self._guard(self.handlers[event](sid, *args))
            if event == "disconnect":
                del self.sessions[sid]

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        """Keep what a handler raises; python-engineio logs it."""
        try:
            await work
        except Exception as fault:
            self.faults.append(fault)


class StockServer(socketio.AsyncServer):
    """Stock but for its engine."""

    def _engineio_server_class(self) -> type[StockEngine]:
        return StockEngine


class StockWorld:
    """One stock server with the packets its clients get; it must be closed."""

    def __init__(self, register: Callable[[Any], None] = nothing, **options: Any) -> None:
        self._runner = asyncio.Runner()
        self._seen: defaultdict[str, int] = defaultdict(int)
        make: Any = StockServer
        self.sio: Any = make(**options)
        register(self.sio)

    def open(self, engine_sid: str, **environ: str) -> None:
        self._tell("connect", engine_sid, environ)

    def receive(self, engine_sid: str, *messages: Packet) -> None:
        """Let a client's messages arrive, and run on what may go on."""
        for message in messages:
            self._tell("message", engine_sid, message)

    def close(self, engine_sid: str, reason: str = "transport close") -> None:
        self._tell("disconnect", engine_sid, reason)

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run what the application does outside of events."""
        result = self._runner.run(coroutine)
        self._settle()
        return result

    def take(self, engine_sid: str) -> list[Packet]:
        """Return the packets sent to a session since they were last taken."""
        new = self.sio.eio.packets[engine_sid][self._seen[engine_sid] :]
        self._seen[engine_sid] += len(new)
        return list(new)

    def closes(self) -> list[Any]:
        """List the closings asked for: upstream asks for none."""
        return []

    def faults(self) -> list[str]:
        """Name the kinds of what handlers raised so far."""
        return [type(fault).__name__ for fault in self.sio.eio.faults]

    def end(self) -> None:
        """End all that is suspended, and the event loop."""
        self._runner.close()

    def _tell(self, event: str, *args: Any) -> None:
        async def tell() -> None:
            self.sio.eio.tell(event, *args)

        self.do(tell())

    def _settle(self) -> None:
        async def turn() -> None:
            for _ in range(TURNS):
                await asyncio.sleep(0)  # a turn, not a wait

        self._runner.run(turn())
