"""A client that polls, an object that may be reset at any moment, and the entrypoint between them, which repeats GETs.

The object does what `held_gets.py` and `sessions.py` in `durable/sessions/` do: it flushes and stores when an event has been dealt
with, and stores only what `must_store` says. A reset takes its memory; the answer under way may be lost with it or may have left in
time.
"""

from dataclasses import dataclass, field

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.protocol.packets import NOOP, Frame
from engine_do.session.polling import (
    MAX_ANSWERED,
    Polling,
    must_store,
    polling_from_record,
    polling_to_record,
    step_polling,
)
from engine_do.session.polling_events import (
    AcceptPost,
    AnswerPoll,
    Flushed,
    Polled,
    PollExpired,
    PollingInput,
    PostBegun,
    PostReceived,
    ProbeOpened,
    ProbeReceived,
    Queued,
    SwitchTransport,
)
from engine_do.session.session import Ended, Received, Session, Swept, Upgraded

__all__ = ["World"]

CONFIG = EngineConfig()


@dataclass
class World:
    """Everything there is. ``sent`` is what the server said, ``received`` what the client got of it, without noops."""

    sent: list[Frame] = field(default_factory=list)
    received: list[Frame] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    handled: list[str | bytes] = field(default_factory=list)
    ended: int = 0
    writes: int = 0
    moved: bool = False
    _gets: int = 0
    #: The client's GET that has no answer yet, and its answer when that is under way.
    _get: str | None = None
    _answer: tuple[Frame, ...] | None = None
    _now_ms: int = 0

    def __post_init__(self) -> None:
        """Open a session, as a handshake does."""
        self._memory = self._stored = Polling(session=Session(engine_sid=EngineSid("s"), pinged_ms=0))
        self._record = polling_to_record(self._memory)

    def send(self, *frames: Frame) -> None:
        """The server sends packets."""
        self.sent += frames
        self._deal_with(Queued(frames))

    def get(self) -> None:
        """The client polls, unless it does."""
        if self._get is None:
            self._gets += 1
            self._get = f"g{self._gets}"
            self._deal_with(Polled(self._get))

    def arrive(self) -> None:
        """The answer under way reaches the client."""
        if self._answer is not None:
            self.received += [frame for frame in self._answer if frame != NOOP]
            self._get = self._answer = None

    def expire(self) -> None:
        """The GET was held as long as may be."""
        if self._get is not None and self._answer is None:
            self._deal_with(PollExpired(self._get))

    def post(self, text: str) -> None:
        """The client sends a message."""
        self.posted.append(text)
        self._deal_with(PostBegun(), PostReceived(("4" + text,), self._now_ms))

    def sweep(self) -> None:
        """The alarm pings, and the client answers what it gets of it; here it answers at once."""
        self._now_ms += CONFIG.ping_interval_ms
        self.sent.append("2")
        self._deal_with(Swept(self._now_ms, None, ping=True))
        self._deal_with(PostBegun(), PostReceived(("3",), self._now_ms))

    def reset(self, *, in_time: bool) -> None:
        """The object loses its memory; ``in_time``: after the answer under way had left it."""
        restored = polling_from_record(self._record)
        assert restored is not None
        self._memory = self._stored = restored
        if in_time:
            self.arrive()
        if self._get is not None:
            self._answer = None
            self._deal_with(Polled(self._get, repeated=True))

    def settle(self) -> None:
        """The client goes on polling until there is nothing more to fetch."""
        for _ in range(len(self.sent) // MAX_ANSWERED + 3):
            self.arrive()
            self.get()

    def upgrade(self) -> None:
        """The client moves to a WebSocket: its last GET is answered first."""
        self._deal_with(ProbeOpened(self._now_ms), ProbeReceived("2probe"))
        self.arrive()
        assert self._get is None, "the probe answers the GET that is held"
        self._deal_with(ProbeReceived("5"))

    def _deal_with(self, *events: PollingInput) -> None:
        for event in (*events, Flushed()):
            if not self.moved:
                self._step(event)
        if not self.moved and must_store(self._stored, self._memory):
            self._record, self._stored = polling_to_record(self._memory), self._memory
            self.writes += 1

    def _step(self, event: PollingInput) -> None:
        self._memory, effects = step_polling(self._memory, event, CONFIG)
        for effect in effects:
            match effect:
                case AnswerPoll(poll_id, frames):
                    assert poll_id == self._get, "only the client's one GET is answered"
                    assert self._answer is None, "a GET is answered once"
                    self._answer = frames
                case SwitchTransport(_, frames):
                    self.received += frames
                    self.moved = True
                case Received(data):
                    self.handled.append(data)
                case Ended():
                    self.ended += 1
                case AcceptPost() | Upgraded():
                    pass
                case _:
                    assert type(effect).__name__ == "SendProbe", effect
