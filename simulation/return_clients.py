"""Clients that come back, as JavaScript's do, and what the application knows of their sockets."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from expected_packets import CONNECT, DISCONNECT, EVENT, REFUSED, head, namespace_of

from socketio_do.protocol.offsets import OFFSET_EVENT
from socketio_do.testing.transports import Transport

__all__ = ["Connection", "Due", "Person", "Seat", "Socket"]

_ACK: Final = "3"


@dataclass(slots=True, eq=False)
class Due:
    """An event that a socket is sent."""

    number: int
    kind: str
    #: It may never come: it was volatile, or the life that sent it ended before it was in the log.
    may_miss: bool = False
    #: It was in no log when its life ended, so nobody may have it.
    is_void: bool = False


@dataclass(slots=True, eq=False)
class Socket:
    """What the application knows of a socket."""

    sid: str
    namespace: str
    server: str
    person: "Person"
    is_accepted: bool = False
    is_refused: bool = False
    is_kicked: bool = False
    is_parting: bool = False
    is_gone: bool = False
    #: All that it was sent, in order.
    due: list[Due] = field(default_factory=list)
    rooms: set[str] = field(default_factory=set)
    data: int | None = None
    #: Events of the client: the last one that was begun, and that was done.
    begun: int = -1
    done: int = -1
    #: Why it may not be recovered, though its client comes in time.
    excuses: set[str] = field(default_factory=set)

    def begin(self, number: int) -> None:
        """Note that the handler of an event begins."""
        assert number > self.begun, f"{self.person}: event {number} where {self.begun} was handled before"
        self.begun = number

    def end(self, number: int) -> None:
        """Note that the handler of an event ended."""
        self.done = number


@dataclass(slots=True, eq=False)
class Connection:
    """One connection of a person, from its handshake to its end."""

    person: "Person"
    engine: int
    transport: Transport = field(init=False)
    engine_sid: str = ""
    #: None until the handshake is answered.
    is_open: bool | None = None
    is_left: bool = False

    def __repr__(self) -> str:
        """Name it by its person."""
        return f"{self.person} in {self.engine_sid or 'no session'}"


@dataclass(slots=True, eq=False)
class Seat:
    """What a client keeps of a namespace."""

    person: "Person"
    namespace: str
    #: Whether it has asked to be let in, over this connection; whether it was.
    is_asked: bool = False
    is_connected: bool = False
    #: It has left, and does not listen until all is at rest, or over another connection.
    is_over: bool = False
    socket: Socket | None = None
    pid: str = ""
    offset: str | None = None
    #: How many of the socket's events it has had, or does without.
    taken: int = 0
    #: Events that came before the answer to its CONNECT.
    early: list[str] = field(default_factory=list)
    #: Events that it sent over this connection, and how many of them were acknowledged.
    said: list[int] = field(default_factory=list)
    acked: int = 0
    #: Whether the event that it had last asks for an answer, and its offset has not come.
    lacks_offset: bool = False
    #: That event, once the connection broke before its offset came: it comes again.
    repeated: int | None = None
    #: Since when it has had no connection.
    lost_s: float = 0.0

    @property
    def is_recoverable(self) -> bool:
        """Whether the server recovers it: its client can take it, and its namespace is one of those chosen."""
        return not self.person.is_python and self.person.judge.recovers(self.namespace)

    def claim(self) -> dict[str, Any]:
        """Return what it says to be recovered."""
        found = {"pid": self.pid} if self.pid else {}
        return found | ({"offset": self.offset} if self.pid and self.offset is not None else {})

    def lose(self) -> None:
        """Note that the connection is over."""
        if self.is_connected:
            self.lost_s = self.person.judge.world.loop.time()
        if self.lacks_offset and self.socket is not None:
            self.repeated = self.socket.due[self.taken - 1].number
        self.is_asked = self.is_connected = self.lacks_offset = self.is_over = False
        self.early.clear()
        self.said.clear()
        self.acked = 0

    def receive(self, packet: str) -> None:
        """Check a packet."""
        begin = len(head(EVENT, self.namespace))
        kind, rest = packet[0], packet[begin:]
        if self.is_over:
            return
        if kind == CONNECT:
            self._enter(json.loads(rest))
        elif kind == REFUSED:
            self.is_asked = False
            self.early.clear()
            self.person.judge.note("refused")
        elif kind == DISCONNECT:
            assert self.socket is not None
            assert self.socket.is_kicked, f"{self.person}: disconnected from {self.namespace} by nobody"
            self.is_asked = self.is_connected = False
            self.said.clear()
            self.acked = 0
        elif kind == _ACK:
            self._take_ack(json.loads(rest[rest.index("[") :])[0])
        elif self.is_connected:
            self._take(rest)
        else:
            self.early.append(rest)

    def _enter(self, told: dict[str, str]) -> None:
        judge, before = self.person.judge, self.socket
        assert ("pid" in told) == self.is_recoverable, f"{self.person}: {told}"
        is_recovered = bool(self.pid) and told.get("pid") == self.pid
        self.is_connected = True
        if is_recovered:
            judge.recovered(self)
        else:
            if before is not None:
                judge.not_recovered(self)
            self.socket, self.taken, self.offset = judge.found(told["sid"]), 0, None
        assert self.socket is not None
        assert self.socket.sid == told["sid"]
        assert self.socket.person is self.person
        assert self.socket.namespace == self.namespace
        self.pid = told.get("pid", "")
        early, self.early = self.early, []
        assert not (early and is_recovered), f"{self.person}: {early} before it was recovered"
        for event in early:
            self._take(event)

    def _take_ack(self, number: int) -> None:
        assert self.acked < len(self.said), f"{self.person}: an answer to what it never said: {number}"
        assert self.said[self.acked] == number, f"{self.person}: answer {number}, not {self.said[self.acked]}"
        self.acked += 1

    def _take(self, rest: str) -> None:
        ack_id, _, text = rest.partition("[")
        event, *arguments = json.loads(f"[{text}")
        assert self.socket is not None
        if self.is_recoverable and not ack_id:
            self.offset = arguments.pop()
            assert isinstance(self.offset, str), f"{self.person}: no offset in {rest}"
        if event == OFFSET_EVENT:
            assert self.lacks_offset, f"{self.person}: an offset for nothing"
            self.lacks_offset = False
            return
        assert len(arguments) == 1, f"{self.person}: {arguments}"
        number = arguments[0][0] if isinstance(arguments[0], list) else arguments[0]
        assert not self.lacks_offset, f"{self.person}: no offset before {number}"
        self._take_number(number)
        self.lacks_offset = bool(ack_id) and self.is_recoverable
        if ack_id:
            self.person.say(f"{head(_ACK, self.namespace)}{ack_id}[{number}]")

    def _take_number(self, number: int) -> None:
        assert self.socket is not None
        due, judge = self.socket.due, self.person.judge
        repeated, self.repeated = self.repeated, None
        if repeated == number:
            judge.note("asked twice")
            return
        if self.is_recoverable:
            judge.heard(self.person, number)
        for index in range(self.taken, len(due)):
            if due[index].number == number:
                assert not due[index].is_void, f"{self.person}: {number}, which was sent though it is not in the log"
                if self.is_recoverable:
                    judge.skipped(self.person, due[self.taken : index])
                self.taken = index + 1
                return
            assert due[index].may_miss or due[index].is_void, (
                f"{self.person}: {number} where {due[index].number} was next: {self.socket}"
            )
        judge.note_full()
        if "full" in self.socket.excuses:
            return  # it is connected, which could not be written
        had = [one.number for one in due[: self.taken]]
        raise AssertionError(f"{self.person}: {number} {'twice' if number in had else 'which nobody sent it'}")

    def missing(self) -> list[int]:
        """Return what it must have had, and has not."""
        assert self.socket is not None
        return [one.number for one in self.socket.due[self.taken :] if not (one.may_miss or one.is_void)]


@dataclass(eq=False)
class Person:
    """Somebody with one client, which has one connection at a time."""

    number: int
    judge: Any
    is_python: bool
    engine: int
    connection: Connection | None = None
    seats: dict[str, Seat] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Name it by its number."""
        return f"person {self.number}"

    @property
    def is_open(self) -> bool:
        """Whether its connection is open, as far as it knows."""
        return self.connection is not None and bool(self.connection.is_open)

    def say(self, packet: str) -> None:
        """Send a packet of Socket.IO."""
        assert self.connection is not None
        self.connection.transport.send(f"4{packet}")

    def lose(self) -> None:
        """Have no connection any more."""
        self.connection = None
        for seat in self.seats.values():
            seat.lose()

    def receive(self, packet: str) -> None:
        """Check a packet of Socket.IO."""
        namespace = namespace_of(packet)
        assert namespace in self.seats, f"{self}: {packet} for a namespace that it never asked for"
        self.seats[namespace].receive(packet)
