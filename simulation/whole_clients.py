"""What the clients sent and received, and what each may still receive: the history that everything is checked against."""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from expected_packets import CONNECT, DISCONNECT, REFUSED, Expected, head, namespace_of

from shared_wire import EngineSid

__all__ = ["FORGIVEN", "NONSENSE", "Client", "Stream"]

#: Why a client must be closed; and why it may be, since the closing may have ended with the life of the socket actor.
NONSENSE: Final = "it sent nonsense"
FORGIVEN: Final = "it sent nonsense, and the socket actor was aborted"


@dataclass(slots=True, eq=False)
class Stream:
    """A client's socket in one namespace, as both ends see it."""

    engine_sid: EngineSid
    namespace: str
    socket_sid: str = ""
    #: The client has been told that it is connected; it has left, or was told to.
    is_connected: bool = False
    is_over: bool = False
    #: The application has accepted the socket; it has disconnected it; how often its `disconnect` handler began.
    is_accepted: bool = False
    is_gone: bool = False
    partings: int = 0
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
                self._note(packet)
                return has_gap
            assert due.is_cut, f"{self.engine_sid}: {packet} where {due.packet} was next"
            has_gap |= due.is_own
        raise AssertionError(f"{self.engine_sid}: nobody sent {packet}, or it came before")

    def _note(self, packet: str) -> None:
        self.is_connected |= packet[0] == CONNECT
        self.is_over |= packet[0] in (REFUSED, DISCONNECT)

    def begin(self, number: int) -> None:
        """Note that the handler of an event begins."""
        assert number == self.begun, f"{self.engine_sid}: event {number} where {self.begun} was next"
        self.begun += 1


@dataclass(slots=True, eq=False)
class Client:
    """A session, as the model of everything knows it."""

    engine_sid: EngineSid
    is_open: bool = True
    #: Whether it has sent something, and what the application knows: nothing yet (None), that it is open, that it has ended.
    is_announced: bool = False
    is_known: bool | None = None
    #: Why it may be closed though nothing of it is in flight.
    excuse: str = ""
    #: Since when it answers no ping.
    silent_ms: int | None = None
    streams: dict[str, Stream] = field(default_factory=dict)
    #: Those it had in a namespace before it was refused there.
    former: list[Stream] = field(default_factory=list)
    #: The second half of a binary event, not sent yet.
    attachment: bytes | None = None
    #: Operations up that were given to the link, and those the engine actor knows to be handled.
    work_up: int = 0
    confirmed_up: int = 0
    #: An abort of the socket actor took packets with it.
    is_cut: bool = False
    #: It cannot have what it must, so it must be closed: why.
    doom: str = ""

    @property
    def all_streams(self) -> Iterator[Stream]:
        """All sockets it ever had."""
        yield from self.former
        yield from self.streams.values()

    @property
    def misses(self) -> bool:
        """Whether packets for it are on their way."""
        return any(not due.is_cut for stream in self.all_streams for due in stream.expected)

    def receive(self, packet: str) -> None:
        """Check a packet that the client gets."""
        stream = self.streams.get(namespace_of(packet))
        assert stream is not None, f"{self.engine_sid}: {packet} for a namespace that it never asked for"
        if stream.receive(packet):
            self.doom = "a packet that was its own is missing"

    def cut(self) -> None:
        """End the stream down: what is missing stays missing."""
        self.is_cut |= self.misses
        for stream in self.all_streams:
            for due in stream.expected:
                due.is_cut = True
