"""A Socket.IO client in the process of the server: what it received is a list."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from socketio.packet import ACK, CONNECT, CONNECT_ERROR, DISCONNECT, EVENT, Packet

from shared_wire.testing import ClientSocket, World

__all__ = ["Client", "Refused"]


class Refused(Exception):
    """The server let nobody in; ``data`` is what it said, as `connect_error` gets it."""

    def __init__(self, data: Any) -> None:
        """Initialise with what the server said."""
        super().__init__(str(data))
        self.data = data


class Client:
    """One client in one namespace, over a WebSocket. Its methods return when all that they set going is done, in virtual time."""

    def __init__(
        self,
        world: World,
        namespace: str = "/",
        *,
        auth: Any = None,
        path: str = "/socket.io/",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Connect; raises `Refused`, or `ConnectionRefusedError` where there is not even a WebSocket."""
        self.namespace = namespace
        #: The socket's sid.
        self.sid = ""
        #: Why it is disconnected: None while it is not, "io server disconnect", "transport close", "io client disconnect".
        self.disconnected: str | None = None
        self._world = world
        self._events: list[tuple[str, list[Any]]] = []
        self._answers: dict[int, list[Any]] = {}
        self._handlers: dict[str, Callable[..., Any]] = {}
        self._asked = 0
        self._refusal: tuple[Any] | None = None
        self._partial: Packet | None = None
        self._socket: ClientSocket = world.connect(
            f"{path}?{urlencode({'EIO': '4', 'transport': 'websocket', **(query or {})})}", headers
        )
        self._socket.listen(self._take, self._closed)
        self._send(Packet(CONNECT, data=auth, namespace=namespace))
        self._wait(lambda: bool(self.sid) or self._refusal is not None or self.disconnected is not None)
        if self._refusal is not None:
            raise Refused(self._refusal[0])
        if self.disconnected is not None:
            raise Refused(self.disconnected)

    def emit(self, event: str, *args: Any) -> None:
        """Emit an event."""
        self._send(Packet(EVENT, data=[event, *args], namespace=self.namespace))
        self._world.settle()

    def call(self, event: str, *args: Any, timeout: float = 60) -> Any:
        """Emit an event and return what it is acknowledged with: nothing, a value, or a list of several.

        ``timeout`` is in seconds of virtual time; `TimeoutError` is raised after it.
        """
        self._asked += 1
        number = self._asked
        self._send(Packet(EVENT, data=[event, *args], namespace=self.namespace, id=number))
        self._wait(lambda: number in self._answers or self.disconnected is not None, timeout)
        if number not in self._answers:
            raise TimeoutError(f"{event} is not acknowledged: {self.disconnected or f'{timeout} s have passed'}")
        answer = self._answers.pop(number)
        return answer if len(answer) > 1 else answer[0] if answer else None

    def received(self, event: str) -> list[Any]:
        """Return the data of all events of a name so far: nothing, a value, or a list of several for each."""
        self._world.settle()
        found = [args for name, args in self._events if name == event]
        return [args if len(args) > 1 else args[0] if args else None for args in found]

    def forget(self) -> None:
        """Forget what was received."""
        self._events.clear()

    def on(self, event: str, handler: Callable[..., Any]) -> None:
        """Acknowledge an event with what ``handler`` returns for its arguments: a tuple is several values."""
        self._handlers[event] = handler

    def disconnect(self) -> None:
        """Leave, as stock clients do: with a word, and the WebSocket closed."""
        self._send(Packet(DISCONNECT, namespace=self.namespace))
        self.disconnected = self.disconnected or "io client disconnect"
        self._socket.close()
        self._world.settle()

    def drop(self) -> None:
        """Be gone without a word, as when the network breaks."""
        self.disconnected = self.disconnected or "transport close"
        self._socket.drop()
        self._world.settle()

    def vanish(self) -> None:
        """Be silent from now on, as behind a cable that was pulled: the server finds out by a ping that nobody answers."""
        self._socket.vanish()

    def _wait(self, holds: Callable[[], bool], timeout: float = 60) -> None:
        self._world.settle()
        end_s = self._world.loop.time() + timeout
        while not holds() and self._world.loop.time() < end_s:
            self._world.advance(0.05)

    def _send(self, packet: Packet) -> None:
        encoded = packet.encode()
        for part in encoded if isinstance(encoded, list) else [encoded]:
            self._socket.send(f"4{part}" if isinstance(part, str) else part)

    def _take(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            if self._partial is not None and self._partial.add_attachment(frame):
                packet, self._partial = self._partial, None
                self._handle(packet)
        elif frame == "2":
            self._socket.send("3")
        elif frame.startswith("4"):
            packet = Packet(encoded_packet=frame[1:])
            if packet.attachment_count:
                self._partial = packet
            else:
                self._handle(packet)

    def _handle(self, packet: Packet) -> None:
        if packet.packet_type == CONNECT:
            self.sid = packet.data["sid"]
        elif packet.packet_type == CONNECT_ERROR:
            self._refusal = (packet.data,)
        elif packet.packet_type == DISCONNECT:
            self.disconnected = self.disconnected or "io server disconnect"
        elif packet.packet_type in (EVENT, EVENT + 3):
            self._hear(packet)
        elif packet.packet_type in (ACK, ACK + 3):
            self._answers[packet.id] = packet.data

    def _hear(self, packet: Packet) -> None:
        event, *args = packet.data
        self._events.append((event, args))
        if packet.id is not None and event in self._handlers:
            answer = self._handlers[event](*args)
            values = [] if answer is None else [*answer] if isinstance(answer, tuple) else [answer]
            self._send(Packet(ACK, data=values, namespace=self.namespace, id=packet.id))

    def _closed(self, code: int, reason: str) -> None:
        del code, reason
        self.disconnected = self.disconnected or "transport close"
