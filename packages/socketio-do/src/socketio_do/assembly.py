"""Binary packets come in pieces: a header with placeholders, then the attachments, each in a message of its own.

A half-received packet is in memory only, so it counts as work in flight until it is complete (`hold`): then a reset in the middle
closes the connection instead of leaving a gap.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from socketio_do.errors import PacketError
from socketio_do.packets import ClientPacket, decode, reconstruct

__all__ = ["Assemblies"]


@dataclass(slots=True)
class _Assembly:
    packet: ClientPacket
    release: Callable[[], None]
    attachments: list[bytes] = field(default_factory=list)


class Assemblies:
    """The half-received packets of all sessions, at most one each."""

    def __init__(self, hold: Callable[[str], Callable[[], None]]) -> None:
        """Take how to hold a session's work open; what it returns lets go."""
        self._hold = hold
        self._assemblies: dict[str, _Assembly] = {}

    def add(self, engine_sid: str, data: str | bytes) -> ClientPacket | None:
        """Take a message of a session; returns the packet it completes, if it does.

        Raises `PacketError` for an attachment nobody announced, for a text in between, and for all `packets.decode` refuses.
        """
        assembly = self._assemblies.get(engine_sid)
        if isinstance(data, str):
            if assembly is not None:
                raise PacketError("text in place of an attachment")
            return self._begin(engine_sid, decode(data))
        if assembly is None:
            raise PacketError("an attachment without its packet")
        assembly.attachments.append(data)
        if len(assembly.attachments) < assembly.packet.attachments:
            return None
        self.drop(engine_sid)
        return _complete(assembly.packet, assembly.attachments)

    def drop(self, engine_sid: str) -> bool:
        """Forget a session's half-received packet; tells whether it had one."""
        assembly = self._assemblies.pop(engine_sid, None)
        if assembly is not None:
            assembly.release()
        return assembly is not None

    def _begin(self, engine_sid: str, packet: ClientPacket) -> ClientPacket | None:
        if not packet.attachments:
            return packet
        self._assemblies[engine_sid] = _Assembly(packet, self._hold(engine_sid))
        return None


def _complete(packet: ClientPacket, attachments: list[bytes]) -> ClientPacket:
    return replace(packet, data=reconstruct(packet.data, attachments), attachments=0)
