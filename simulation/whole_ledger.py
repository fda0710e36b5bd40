"""What the engine actor has been told of the work it sent up: read off the frames, apart from the link that is tested."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from whole_clients import Client
from wire_rpcs import Heard

from shared_wire import EngineSid, Frame, Life, sessions_in

__all__ = ["Ledger"]


@dataclass(slots=True)
class Ledger:
    """One life of the engine actor. ``clients`` are told what is confirmed."""

    clients: Mapping[EngineSid, Client]
    #: By the numbers of calls: the operations of each session that are not known to be handled.
    unconfirmed: dict[int, Counter[EngineSid]] = field(default_factory=dict)
    highest: int = 0
    #: What the socket actor has said to be unfinished, by frame and session, how many changes that were, and of which two lives.
    waiting: set[tuple[int, EngineSid]] = field(default_factory=set)
    noted: int = 0
    talk: tuple[Life | None, Life | None] = (None, None)
    heard: Heard = field(default_factory=Heard)

    def note_call(self, frame: Frame) -> None:
        """Note a call that the engine actor makes."""
        if frame.seq > self.highest:
            self.highest = frame.seq
            self.unconfirmed[frame.seq] = Counter(sessions_in(frame.operations))

    def note_frame(self, frame: Frame, life: Life, peer_life: Life | None) -> None:
        """Note a frame that the engine actor took in its life, when its peer's was ``peer_life``."""
        if frame.sender_life != peer_life:
            return
        if self.talk != (life, frame.sender_life):
            self.talk = life, frame.sender_life
            self.noted, self.waiting = 0, set()
            self.heard = Heard()
        is_ours = frame.receiver_life is not None and frame.receiver_life.nonce == life.nonce
        for one in self.heard.hear(frame, is_ours=is_ours):
            self._believe(one)

    def _believe(self, frame: Frame) -> None:
        """Note what a frame says of work: all that was sent before it is here."""
        new = frame.changes_end - self.noted
        for seq, sid, done in frame.changes[-new:] if new > 0 else ():
            (self.waiting.discard if done else self.waiting.add)((seq, sid))
        self.noted = max(self.noted, frame.changes_end)
        for seq, work in self.unconfirmed.items():
            if seq <= frame.received:
                for sid in [sid for sid in work if (seq, sid) not in self.waiting]:
                    self.clients[sid].confirmed_up += work.pop(sid)
        self.unconfirmed = {seq: work for seq, work in self.unconfirmed.items() if work or seq > frame.received}
