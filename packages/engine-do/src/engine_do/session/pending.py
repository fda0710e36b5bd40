"""Pending handshakes: of clients that the application has neither let in nor refused yet."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import Frame
from engine_do.requests.admission import Transport
from engine_do.session.polling import MAX_OUTBOX

__all__ = ["PendingHandshake", "PendingHandshakes"]


@dataclass(slots=True)
class PendingHandshake:
    """One of them: what its client will be sent, and what is to be stored with it."""

    transport: Transport
    address: str
    frames: list[Frame] = field(default_factory=list)
    size: int = 0
    data: str | None = None
    refused: bool = False

    def send(self, frames: Iterable[Frame], size: int) -> None:
        """Keep what it will be sent first. Who is sent more than a session that polls may have waiting is refused."""
        self.size += size
        self.refused |= self.size > MAX_OUTBOX
        if self.refused:
            self.frames.clear()
        else:
            self.frames.extend(frames)


class PendingHandshakes:
    """Those of one actor. In memory: a handshake ends with the life that began it."""

    def __init__(self) -> None:
        self.clients: dict[EngineSid, PendingHandshake] = {}
        self._addresses = Counter[str]()

    def begin(self, engine_sid: EngineSid, transport: Transport, address: str) -> PendingHandshake:
        """Begin a handshake; until `end` what its client is sent waits. It counts as a session from here on."""
        client = self.clients[engine_sid] = PendingHandshake(transport, address)
        self._addresses[address] += 1
        return client

    def end(self, engine_sid: EngineSid) -> PendingHandshake:
        """End it: the session is open by now, or never will be."""
        client = self.clients.pop(engine_sid)
        self._addresses[client.address] -= 1
        if not self._addresses[client.address]:
            del self._addresses[client.address]
        return client

    def get(self, engine_sid: EngineSid) -> PendingHandshake | None:
        """Find the handshake of a session, if it is pending."""
        return self.clients.get(engine_sid)

    def count_from(self, address: str) -> int:
        """Count those of one address."""
        return self._addresses[address]
