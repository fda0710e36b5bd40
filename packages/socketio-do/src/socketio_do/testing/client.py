"""A Socket.IO client in the process of the server: what it received is a list."""

import asyncio
import functools
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

from socketio.packet import ACK, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, Packet

from shared_wire.testing import World
from socketio_do.protocol.offsets import OFFSET_EVENT
from socketio_do.testing.transports import Polling, Transport, WebSocket

__all__ = ["Client", "Connection", "Refused"]

_TRANSPORTS: dict[str, Callable[..., Transport]] = {"websocket": WebSocket, "polling": Polling}
#: How much later a binary packet's type is than that of one without attachments.
_BINARY = 3
#: How the frame of an event without attachments begins.
_EVENT_FRAME = f"4{EVENT}"


class Refused(Exception):
    """The server let nobody in; ``data`` is what it said, as `connect_error` gets it."""

    def __init__(self, data: Any) -> None:
        """Initialise with what the server said."""
        super().__init__(str(data))
        self.data = data


class _ServerPacket(Packet):
    """A packet of the server, read without the guard against long numbers, which costs a decoder for each packet."""

    json = json


class Namespaced(Protocol):
    """What a connection's packets of one namespace are for."""

    def take(self, packet: Packet) -> None:
        """Handle a packet."""

    def end(self, reason: str) -> None:
        """Handle the end of the connection."""


class Connection:
    """One session of Engine.IO, and the clients on it: one for each namespace."""

    def __init__(
        self, world: World, *, transport: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> None:
        """Begin to connect."""
        self.world = world
        options = {"transport": transport, "path": path, "query": query, "headers": headers}
        #: Makes another connection of the same kind.
        self.again: Callable[[], Connection] = functools.partial(Connection, world, **options)  # type: ignore[arg-type]
        self.clients: dict[str, Namespaced] = {}
        #: What the handshake was refused with.
        self.refusal: str | None = None
        #: Whether a client answers events, which therefore are read at once; else they are when somebody asks for them.
        self.answers_events = False
        self._unread: list[str | bytes] = []
        self._partial: Packet | None = None
        address = f"{path}?{urlencode({'EIO': '4', **query})}"
        self.transport = _TRANSPORTS[transport](world, address, headers, self._hear, self._end)

    def send(self, packet: Packet) -> None:
        """Send a packet."""
        encoded = packet.encode()
        parts = encoded if isinstance(encoded, list) else [encoded]
        self.transport.send(*(f"4{part}" if isinstance(part, str) else part for part in parts))

    def _hear(self, frame: str | bytes) -> None:
        self._unread.append(frame)
        if self.answers_events or frame[:2] != _EVENT_FRAME:
            self.read()

    def read(self) -> None:
        """Read what has come, and hand it to the clients."""
        unread, self._unread = self._unread, []
        for frame in unread:
            self._read(frame)

    def _read(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            if self._partial is not None and self._partial.add_attachment(frame):
                packet, self._partial = self._partial, None
                self._hand_on(packet)
        elif frame.startswith("4"):
            packet = _ServerPacket(encoded_packet=frame[1:])
            if packet.attachment_count:
                self._partial = packet
            else:
                self._hand_on(packet)

    def _hand_on(self, packet: Packet) -> None:
        if (client := self.clients.get(packet.namespace or "/")) is not None:
            client.take(packet)

    def _end(self, refusal: str | None) -> None:
        self.refusal = refusal
        for client in self.clients.values():
            client.end("transport close")


class Client:
    """One client in one namespace. Its methods return when all that they set going is done, in virtual time.

    Those whose names begin with ``a`` are for coroutines: ``world.run(story())``.
    """

    def __init__(self, connection: Connection, namespace: str = "/", *, auth: Any = None) -> None:
        """Connect to a namespace; raises `Refused`, or `ConnectionRefusedError` where there is not even a connection."""
        self.namespace = namespace
        #: The socket's sid.
        self.sid = ""
        #: Why it is disconnected: None while it is not, "io server disconnect", "transport close", "io client disconnect".
        self.disconnected: str | None = None
        #: Whether the server has recovered its connection when it connected last: its socket is the one that it had.
        self.recovered = False
        self._auth = auth
        self._pid = self._offset = None
        self._connection, self._world = connection, connection.world
        self._events: list[tuple[str, list[Any]]] = []
        #: The acknowledgements that are waited for, by their numbers.
        self._answers: dict[int, asyncio.Future[list[Any]]] = {}
        self._handlers: dict[str, Callable[..., Any]] = {}
        self._asked = 0
        self._refusal: tuple[Any] | None = None
        self._join(connection)

    def _join(self, connection: Connection) -> None:
        """Connect to the namespace over a connection; with what the last one left, if it was told a pid."""
        self._connection = connection
        connection.read()
        connection.clients[self.namespace] = self
        connection.send(Packet(CONNECT, data=self._claim(), namespace=self.namespace))
        self._wait(lambda: bool(self.sid) or self._refusal is not None or self.disconnected is not None)
        if connection.refusal is not None:
            raise ConnectionRefusedError(connection.refusal)
        if self._refusal is not None:
            raise Refused(self._refusal[0])
        if self.disconnected is not None:
            raise Refused(self.disconnected)

    def _claim(self) -> Any:
        claimed = {"pid": self._pid, "offset": self._offset}
        claim = {name: value for name, value in claimed.items() if self._pid and value}
        return {**claim, **(self._auth or {})} if claim else self._auth

    def come_back(self) -> bool:
        """Connect again after `drop` or `vanish`, as JavaScript's client does; return whether the connection was recovered.

        Then it has the sid that it had, and `received` has what it missed. Raises `Refused` as a first connect does.
        """
        self.sid, self.disconnected = "", None
        self._join(self._connection.again())
        return self.recovered

    def connect(self, namespace: str, *, auth: Any = None) -> "Client":
        """Connect to another namespace over the same connection; raises `Refused`."""
        return Client(self._connection, namespace, auth=auth)

    def emit(self, event: str, *args: Any) -> None:
        """Emit an event."""
        self._send(EVENT, [event, *args])
        self._world.settle()

    async def aemit(self, event: str, *args: Any) -> None:
        """Emit an event; what comes of it has not happened yet when this returns."""
        self._send(EVENT, [event, *args])

    def call(self, event: str, *args: Any, timeout: float = 60) -> Any:
        """Emit an event and return what it is acknowledged with: nothing, a value, or a list of several.

        ``timeout`` is in seconds of virtual time; `TimeoutError` is raised after it.
        """
        answer = self._ask(event, args)
        self._wait(answer.done, timeout)
        return self._read(event, answer, timeout)

    async def acall(self, event: str, *args: Any, timeout: float = 60) -> Any:
        """Do what `call` does in a coroutine, beside others."""
        answer = self._ask(event, args)
        await asyncio.wait([answer], timeout=timeout)
        return self._read(event, answer, timeout)

    def _ask(self, event: str, args: tuple[Any, ...]) -> "asyncio.Future[list[Any]]":
        self._asked += 1
        answer = self._answers[self._asked] = self._world.loop.create_future()
        self._send(EVENT, [event, *args], self._asked)
        return answer

    def _read(self, event: str, answer: "asyncio.Future[list[Any]]", timeout: float) -> Any:
        if not answer.done() or answer.cancelled():
            raise TimeoutError(f"{event} is not acknowledged: {self.disconnected or f'{timeout} s have passed'}")
        return _as_one(answer.result())

    def received(self, event: str) -> list[Any]:
        """Return the data of all events of a name so far: nothing, a value, or a list of several for each."""
        self._world.settle()
        self._connection.read()
        return [_as_one(args) for name, args in self._events if name == event]

    def forget(self) -> None:
        """Forget what was received."""
        self._connection.read()
        self._events.clear()

    def on(self, event: str, handler: Callable[..., Any]) -> None:
        """Acknowledge an event with what ``handler`` returns for its arguments: a tuple is several values."""
        self._connection.read()
        self._connection.answers_events = True
        self._handlers[event] = handler

    def disconnect(self) -> None:
        """Leave, as stock clients do: with a word, and the connection closed."""
        self._send(DISCONNECT)
        self.end("io client disconnect")
        self._world.settle()
        self._connection.transport.close()
        self._world.settle()

    def drop(self) -> None:
        """Be gone without a word, as when the network breaks."""
        self._connection.transport.drop()
        for client in self._connection.clients.values():
            client.end("transport close")
        self._world.settle()

    def vanish(self) -> None:
        """Be silent from now on, as behind a cable that was pulled: the server finds out by a ping that nobody answers."""
        self._connection.transport.vanish()

    def _wait(self, holds: Callable[[], bool], timeout: float = 60) -> None:
        self._world.settle()
        end_s = self._world.loop.time() + timeout
        while not holds() and self._world.loop.time() < end_s:
            self._world.advance(0.05)

    def _send(self, kind: int, data: Any = None, number: int | None = None) -> None:
        self._connection.send(Packet(kind, data=data, namespace=self.namespace, id=number))

    def take(self, packet: Packet) -> None:
        """Handle a packet of this namespace; called by the connection."""
        match packet.packet_type:
            case kind if kind == CONNECT:
                self.sid, pid = packet.data["sid"], packet.data.get("pid")
                self.recovered, self._pid = pid is not None and pid == self._pid, pid
            case kind if kind == CONNECT_ERROR:
                self._refusal = (packet.data,)
            case kind if kind == DISCONNECT:
                self.end("io server disconnect")
            case kind if kind in (EVENT, EVENT + _BINARY):
                self._hear(packet)
            case kind if kind in (ACK, ACK + _BINARY):
                if (answer := self._answers.pop(packet.id, None)) is not None:
                    answer.set_result(packet.data)

    def end(self, reason: str) -> None:
        """Handle the end of the connection, or of this namespace; called by the connection."""
        self.disconnected = self.disconnected or reason
        for answer in self._answers.values():
            answer.cancel()
        self._answers.clear()

    def _hear(self, packet: Packet) -> None:
        event, *args = packet.data
        if packet.id is None and self._pid is not None:
            self._offset = args.pop()
        if event == OFFSET_EVENT:
            return
        self._events.append((event, args))
        if packet.id is not None and event in self._handlers:
            answer = self._handlers[event](*args)
            values = [] if answer is None else [*answer] if isinstance(answer, tuple) else [answer]
            self._send(ACK, values, packet.id)


def _as_one(values: list[Any]) -> Any:
    return values if len(values) > 1 else values[0] if values else None
