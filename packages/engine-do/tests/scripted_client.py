"""Engine.IO clients that follow a script, an engine that holds their sessions, and no clock: time is an argument.

`Engine` does what the Durable Object does around the core: it keeps nothing but records, the one alarm, and when each
socket's last pong was absorbed. So whatever a test sees has survived sleep at every event.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.session.heartbeat import is_ping_due, next_deadline
from engine_do.session.session import (
    CloseSocket,
    Effect,
    Ended,
    Input,
    Phase,
    SendFrame,
    Session,
    Swept,
    from_record,
    step,
    to_record,
)
from shared_wire.reasons import Reason

__all__ = ["Client", "Engine"]


@dataclass
class Client:
    """One client: what it answers, what it has seen, and when it would have given up by its own clock."""

    engine_sid: EngineSid
    opened_ms: int
    #: How long after a ping its pong reaches the runtime; none for a client that is dead and has not said so.
    pong_after_ms: int | None = 100
    frames: list[tuple[int, str | bytes]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    closed: tuple[int, int] | None = None
    _pongs_due: list[int] = field(default_factory=list)

    @property
    def pings_ms(self) -> list[int]:
        """When pings came."""
        return [at for at, frame in self.frames if frame == "2"]

    @property
    def ended(self) -> Reason | None:
        """The reason the application was told, if it was told."""
        reasons = [effect.reason for effect in self.effects if isinstance(effect, Ended)]
        assert len(reasons) <= 1, "a session ends once"
        return reasons[0] if reasons else None

    def longest_silence_ms(self, now_ms: int) -> int:
        """Return how long this client went without a ping at most: what JavaScript's client measures."""
        heard = [self.opened_ms, *self.pings_ms, now_ms]
        return max(later - earlier for earlier, later in pairwise(heard))

    def hear(self, frame: str | bytes, now_ms: int) -> None:
        """Handle a frame; a ping is answered as the script says."""
        self.frames.append((now_ms, frame))
        if frame == "2" and self.pong_after_ms is not None:
            self._pongs_due.append(now_ms + self.pong_after_ms)

    def pong_ms(self, now_ms: int) -> int | None:
        """Return when the last pong was absorbed, as seen at ``now_ms``: the runtime's auto-response timestamp."""
        return max((at for at in self._pongs_due if at <= now_ms), default=None)


class Engine:
    """One engine object. ``clients`` are all that ever connected; an alarm fires late by what `run` is told."""

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.clients: list[Client] = []
        self.alarm_ms: int | None = None
        self.wakes_ms: list[int] = []
        self._records: dict[EngineSid, str] = {}

    def connect(
        self,
        now_ms: int,
        *,
        announced: bool = True,
        deadline_ms: int | None = None,
        pong_after_ms: int | None = 100,
    ) -> Client:
        """Open a session; an unannounced one keeps its handshake until its first message."""
        client = Client(EngineSid(f"client-{len(self.clients)}"), now_ms, pong_after_ms)
        session = Session(
            engine_sid=client.engine_sid,
            pinged_ms=now_ms,
            deadline_ms=deadline_ms,
            environ=None if announced else (("REQUEST_METHOD", "GET"),),
        )
        self.clients.append(client)
        self._records[client.engine_sid] = to_record(session)
        self._arm_by(next_deadline([session], self.config))
        return client

    def session(self, client: Client) -> Session:
        """Read a client's session from its record."""
        session = from_record(self._records[client.engine_sid])
        assert session is not None
        return session

    def apply(self, client: Client, event: Input, now_ms: int) -> None:
        """Step a client's session, keep its record, carry out the effects."""
        session, effects = step(self.session(client), event, self.config)
        self._records[client.engine_sid] = to_record(session)
        client.effects.extend(effects)
        for effect in effects:
            match effect:
                case SendFrame(frame):
                    client.hear(frame, now_ms)
                case CloseSocket(code):
                    client.closed = (now_ms, code)
                case _:
                    pass

    def fire(self, now_ms: int) -> None:
        """Fire the alarm: what `EngineActor.alarm` does."""
        self.wakes_ms.append(now_ms)
        found = list(self._open())
        ping = is_ping_due((session for _, session in found), now_ms, self.config)
        for client, _ in found:
            self.apply(client, Swept(now_ms, client.pong_ms(now_ms), ping), now_ms)
        self.alarm_ms = None
        deadline = next_deadline((session for _, session in self._open()), self.config)
        self._arm_by(None if deadline is None else max(deadline, now_ms + 1))

    def run(self, until_ms: int, *, late_ms: int = 0) -> None:
        """Fire every alarm that comes due by ``until_ms``, each of them late by ``late_ms``."""
        while self.alarm_ms is not None and self.alarm_ms + late_ms <= until_ms:
            self.fire(self.alarm_ms + late_ms)

    def _arm_by(self, at_ms: int | None) -> None:
        if at_ms is not None and (self.alarm_ms is None or self.alarm_ms > at_ms):
            self.alarm_ms = at_ms

    def _open(self) -> Iterator[tuple[Client, Session]]:
        for client in self.clients:
            session = self.session(client)
            if session.phase is Phase.OPEN:
                yield client, session
