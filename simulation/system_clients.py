"""Clients of the simulated system: what each sent and received, and what it may still receive."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from expected_packets import CONNECT, DISCONNECT, EVENT, REFUSED, Expected, head, namespace_of
from system_upgrade import Upgrading

from shared_wire.testing import Actor
from socketio_do.testing.transports import Transport

__all__ = ["Client", "Stream", "rests"]


@dataclass(slots=True, eq=False)
class Stream:
    """A client's socket in one namespace, as both ends see it."""

    client: "Client"
    namespace: str
    socket_sid: str = ""
    #: The client has been told that it is connected; it has left, or was told to.
    is_connected: bool = False
    is_over: bool = False
    #: The application has accepted the socket; it has disconnected it.
    is_accepted: bool = False
    is_gone: bool = False
    #: The application disconnects it, so that what the client still sends is a fault of its own.
    is_kicked: bool = False
    #: Events that the client sent; events whose handler has begun, and has ended.
    sent: int = 0
    begun: int = 0
    done: int = 0
    expected: deque[Expected] = field(default_factory=deque)
    rooms: set[str] = field(default_factory=set)
    data: int | None = None

    def write(self, packet_type: str, data: Any = None) -> str:
        """Return a packet of this namespace."""
        return head(packet_type, self.namespace) + ("" if data is None else json.dumps(data, separators=(",", ":")))

    def receive(self, packet: str) -> bool:
        """Check a packet that the client gets; return whether one of its own is missing before it."""
        has_gap = False
        while self.expected:
            due = self.expected.popleft()
            if due.fits(packet):
                self.is_connected |= packet[0] == CONNECT
                self.is_over |= packet[0] in (REFUSED, DISCONNECT)
                return has_gap
            assert due.is_cut, f"{self.client}: {packet} where {due.packet} was next"
            has_gap |= due.is_own
        raise AssertionError(f"{self.client}: nobody sent {packet}, or it came before")

    def begin(self, number: int) -> None:
        """Note that the handler of an event begins."""
        assert number == self.begun, f"{self.client}: event {number} where {self.begun} was next"
        self.begun += 1


@dataclass(eq=False)
class Client:
    """One connection of a client, from its handshake to its end."""

    number: int
    engine: int
    transport: Transport = field(init=False)
    #: "" until the handshake is answered.
    engine_sid: str = ""
    #: None until the handshake is answered.
    is_open: bool | None = None
    #: Whether it has sent something.
    is_announced: bool = False
    #: Why it may be closed though all goes well.
    excuse: str = ""
    is_silent: bool = False
    #: Whether something of it was under way since all was last at rest.
    is_touched: bool = False
    #: It cannot have what it must, so it must be closed: why.
    doom: str = ""
    streams: dict[str, Stream] = field(default_factory=dict)
    #: Those it had in a namespace before.
    former: list[Stream] = field(default_factory=list)
    #: The second half of a binary event, not sent yet.
    attachment: bytes | None = None

    def __repr__(self) -> str:
        """Name it by its number."""
        return f"client {self.number} ({self.engine_sid or 'no sid'})"

    @property
    def all_streams(self) -> Iterator[Stream]:
        """All sockets it ever had."""
        yield from self.former
        yield from self.streams.values()

    def say(self, packet: str, *attachments: bytes, later: bytes | None = None) -> None:
        """Send a packet of Socket.IO; the other half of a binary event goes first. ``later``: that of this one."""
        self.is_announced = self.is_touched = True
        late = () if self.attachment is None else (self.attachment,)
        self.attachment = later  # before it is sent: the answer to it may come meanwhile
        self.transport.send(*late, f"4{packet}", *attachments)

    def finish(self) -> None:
        """Send the other half of a binary event, and go through with an upgrade that has begun."""
        if self.attachment is not None and self.is_open:
            attachment, self.attachment = self.attachment, None
            self.transport.send(attachment)
        if isinstance(self.transport, Upgrading):
            self.transport.hurry()

    def receive(self, packet: str) -> None:
        """Check a packet of Socket.IO that it gets, and answer what asks for it."""
        stream = self.streams.get(namespace_of(packet))
        assert stream is not None, f"{self}: {packet} for a namespace that it never asked for"
        begin = len(head(EVENT, stream.namespace))
        ack_id = ""
        if packet[0] == EVENT:
            ack_id = packet[begin : packet.index("[")]
            packet = packet[:begin] + packet[begin + len(ack_id) :]
        if stream.receive(packet):
            self.doom = "a packet that was its own is missing"
        if ack_id and not stream.is_over and not self.excuse and '["quiet"' not in packet:
            self.say(f"{head('3', stream.namespace)}{ack_id}[{json.loads(packet[begin:])[1]}]")

    def cut(self) -> None:
        """Assume that what is on its way down may never come."""
        for stream in self.all_streams:
            for due in stream.expected:
                due.is_cut = True


def rests(engine: Actor, client: Client) -> bool:
    """Return whether a client's session is in a row, so that a reset costs nothing of it."""
    found = engine.storage.sql.exec("SELECT count(*) FROM sqlite_master WHERE name = 'engine_do_resting'")
    if [row[0] for row in found.raw()] == [0]:
        return False
    rows = engine.storage.sql.exec("SELECT 1 FROM engine_do_resting WHERE engine_sid = ?", client.engine_sid)
    return bool([*rows.raw()])
