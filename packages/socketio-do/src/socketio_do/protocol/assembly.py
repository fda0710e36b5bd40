"""Messages of clients become packets. Binary ones come in pieces: a header with placeholders, then each attachment by itself.

A half-received packet is in memory only, so it counts as work in flight until it is complete (`hold`): then a reset in the middle
closes the connection instead of leaving a gap.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from socketio_do.errors import PacketError
from socketio_do.protocol.packets import ClientPacket, decode, reconstruct
from socketio_do.protocol.serializers import Decode

__all__ = ["Assemblies"]


@dataclass(slots=True)
class _Assembly:
    packet: ClientPacket
    release: Callable[[], None]
    weight: int
    attachments: list[bytes] = field(default_factory=list)


class Assemblies:
    """The half-received packets of all sessions, at most one each."""

    def __init__(
        self, hold: Callable[[str], Callable[[], None]], count: Callable[[str, int], None], decode: Decode = decode
    ) -> None:
        """Initialise with how to hold a session's work open, which returns what lets go, and how the serializer reads a message.

        ``count`` is told of bytes that are held for a session, and of those that are no longer as a negative number.
        """
        self._hold = hold
        self._count = count
        self._decode = decode
        self._assemblies: dict[str, _Assembly] = {}

    def add(self, engine_sid: str, data: str | bytes) -> ClientPacket | None:
        """Add a message of a session; returns the packet it completes, if it does.

        Raises `PacketError` for a text in place of an attachment, and for all that the serializer refuses.
        """
        assembly = self._assemblies.get(engine_sid)
        if assembly is None:
            packet = self._decode(data)
            if not packet.attachments:
                return packet
            self._begin(engine_sid, packet)
            return None
        if isinstance(data, str):
            raise PacketError("text in place of an attachment")
        assembly.attachments.append(data)
        assembly.weight += len(data)
        self._count(engine_sid, len(data))
        if len(assembly.attachments) < assembly.packet.attachments:
            return None
        self.drop(engine_sid)
        return _complete(assembly)

    def drop(self, engine_sid: str) -> bool:
        """Forget a session's half-received packet; returns whether it had one."""
        assembly = self._assemblies.pop(engine_sid, None)
        if assembly is not None:
            assembly.release()
            self._count(engine_sid, -assembly.weight)
        return assembly is not None

    def _begin(self, engine_sid: str, packet: ClientPacket) -> None:
        self._assemblies[engine_sid] = _Assembly(packet, self._hold(engine_sid), packet.weight)
        self._count(engine_sid, packet.weight)


def _complete(assembly: _Assembly) -> ClientPacket:
    packet = assembly.packet
    data = reconstruct(packet.data, assembly.attachments)
    return replace(packet, data=data, attachments=0, weight=assembly.weight)
