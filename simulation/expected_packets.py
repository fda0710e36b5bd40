"""Packets of Socket.IO that a client may expect."""

from dataclasses import dataclass
from typing import Final

__all__ = ["CONNECT", "DISCONNECT", "EVENT", "REFUSED", "Expected", "head", "namespace_of"]

CONNECT: Final = "0"
DISCONNECT: Final = "1"
EVENT: Final = "2"
REFUSED: Final = "4"


def head(packet_type: str, namespace: str) -> str:
    """Return how a Socket.IO packet begins."""
    return packet_type if namespace == "/" else f"{packet_type}{namespace},"


def namespace_of(packet: str) -> str:
    """Return the namespace that a Socket.IO packet is for."""
    return packet[1:].partition(",")[0] if packet[1:2] == "/" else "/"


@dataclass(slots=True, eq=False)
class Expected:
    """A packet on its way down. Of a CONNECT or a refusal only the beginning is known."""

    packet: str
    #: Whether the client's own packet caused it.
    is_own: bool
    #: Whether the socket actor's life ended while it was on its way.
    is_cut: bool = False

    def fits(self, packet: str) -> bool:
        """Return whether this is the packet."""
        return packet == self.packet or (packet[0] in (CONNECT, REFUSED) and packet.startswith(self.packet))
