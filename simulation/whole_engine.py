"""The engine actor: its real cores, and a model of the shell that carries them out.

`EngineSide` does what `Sockets`, `Sessions` and `LinkedApplication` in engine_do/durable do for sockets in front of a link, step
for step and with their names where it has any; the shell itself needs the runtime. A fault is not contained here but ends the run.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from whole_clients import Client
from wire_fakes import FakeWire

from engine_do.config import EngineConfig
from engine_do.protocol.packets import PING, Frame, encode_message
from engine_do.session import report
from engine_do.session.session import (
    Admitted,
    CloseRequested,
    CloseSocket,
    Effect,
    Ended,
    FrameReceived,
    Input,
    Opened,
    Phase,
    Received,
    SendFrame,
    Session,
    SocketGone,
    Swept,
    read_record,
    step,
    to_record,
)
from engine_do.session.sweep import Sweep
from shared_wire import (
    AcceptDigest,
    AdmitSessions,
    CloseSessions,
    EngineSid,
    Life,
    LinkDriver,
    ListSessions,
    MessageReceived,
    Operation,
    SendPackets,
    SessionClosed,
    SessionOpened,
    ranges,
)
from shared_wire.reasons import Reason

__all__ = ["CONFIG", "PEER", "EngineSide", "Observer"]

CONFIG: Final = EngineConfig()
PEER: Final = "socket"
_REPORT: Final = "report:"


class Observer(Protocol):
    """Who checks what the engine actor does."""

    clients: dict[EngineSid, Client]

    def session_ended(self, engine_sid: EngineSid, event: Input, reason: Reason | None) -> None:
        """Note that a socket is closed, announced or (None) not."""

    def session_lost(self, engine_sid: EngineSid) -> None:
        """Note that the link has lost a session."""

    def all_lost(self) -> None:
        """Note that the link has lost all sessions."""

    def note(self, what: str) -> None:
        """Count that something happened."""


@dataclass(slots=True, eq=False)
class EngineSide:
    """One engine actor over its lives. `records`, `stored` and `is_armed` survive sleep; the last two survive everything."""

    observer: Observer
    #: The attachments of its sockets; one whose session is closed waits for its client's answer to the close.
    records: dict[EngineSid, str] = field(default_factory=dict)
    stored: dict[str, str] = field(default_factory=dict)
    is_armed: bool = False
    name: str = "engine"
    life: Life = field(init=False)
    wire: FakeWire = field(init=False)
    driver: LinkDriver = field(init=False)
    _reports: dict[str, report.Report] = field(default_factory=dict)
    _telling: set[EngineSid] = field(default_factory=set)

    def begin(self, life: Life) -> None:
        """Begin a life."""
        self.life = life
        self.wire = FakeWire(lambda peer, operations: self._deliver(peer, operations), self._lose)
        self.wire.has_stream = bool(life.nonce % 2)  # in half of the lives
        self.driver = LinkDriver(self.name, life, self.wire, peer_holds_sockets=False)
        self._reports = {}
        self._telling = set()

    @property
    def is_busy(self) -> bool:
        """Whether something keeps the object awake."""
        return not self.wire.may_sleep

    # -- sockets and sessions

    def open(self, engine_sid: EngineSid, now_ms: int) -> None:
        """Accept a socket."""
        session = Session(
            engine_sid=engine_sid,
            pinged_ms=now_ms,
            deadline_ms=now_ms + CONFIG.connect_timeout_ms,
            environ=(("REQUEST_METHOD", "GET"), ("PATH_INFO", "/socket.io/")),
        )
        self.records[engine_sid] = to_record(session)
        self.is_armed = True

    def read(self, engine_sid: EngineSid) -> Session | None:
        """Read a socket's attachment, as each event does."""
        record = self.records.get(engine_sid)
        if record is None:
            return None
        session = read_record(record)
        assert isinstance(session, Session), f"{engine_sid}: its record cannot be read: {record}"
        return session

    def receive_frame(self, engine_sid: EngineSid, frame: Frame) -> None:
        """Handle a frame of a client."""
        self._step(engine_sid, FrameReceived(frame))

    def lose_socket(self, engine_sid: EngineSid) -> None:
        """Handle a socket's end."""
        self._step(engine_sid, SocketGone(failed=False))
        self.records.pop(engine_sid, None)

    def _step(self, engine_sid: EngineSid, event: Input) -> Session | None:
        session = self.read(engine_sid)
        if session is None:
            return None
        changed, effects = step(session, event, CONFIG)
        if changed != session:
            self.records[engine_sid] = to_record(changed)
        for effect in effects:
            match effect:
                case SendFrame(frame):
                    assert frame == PING, frame
                case CloseSocket() if session.phase is Phase.OPEN:
                    ended = next((one.reason for one in effects if isinstance(one, Ended)), None)
                    self.observer.session_ended(engine_sid, event, ended)
                case _:
                    pass
        self._take(engine_sid, effects)
        return changed

    def send(self, engine_sids: Iterable[EngineSid], frames: Iterable[Frame]) -> None:
        """Send packets to each of these sessions; those that are gone are passed over."""
        packets = [str(frame) for frame in frames]
        for engine_sid in engine_sids:
            session = self.read(engine_sid)
            if session is not None and session.phase is Phase.OPEN:
                for packet in packets:
                    self.observer.note("packet received")
                    self.observer.clients[engine_sid].receive(packet[1:])

    def sessions(self) -> Iterator[Session]:
        """Read all open sessions."""
        for engine_sid in list(self.records):
            session = self.read(engine_sid)
            if session is not None and session.phase is Phase.OPEN:
                yield session

    # -- the alarm

    def ring(self, now_ms: int) -> None:
        """Do the alarm's sweep. It stays armed while there is anything to watch."""
        self.is_armed = False
        sweep = Sweep(now_ms, CONFIG)
        for session in [*self.sessions()]:
            silent_ms = self.observer.clients[session.engine_sid].silent_ms
            pong_ms = now_ms if silent_ms is None else silent_ms
            left = self._step(session.engine_sid, Swept(now_ms, pong_ms, sweep.look(session)))
            if left is not None:
                sweep.note(left)
        unsettled = self._swept(sweep)
        self.is_armed = unsettled or any(True for _ in self.sessions())

    # -- the link

    def _take(self, engine_sid: EngineSid, effects: tuple[Effect, ...]) -> None:
        told = [operation for effect in effects if (operation := _operation(engine_sid, effect)) is not None]
        if any(isinstance(effect, Ended) for effect in effects):
            self._telling.discard(engine_sid)
        else:
            self._telling.add(engine_sid)
        try:
            if not told or (engine_sid not in self._telling and not isinstance(told[-1], SessionClosed)):
                return
            if isinstance(told[0], SessionOpened):
                self._keep(PEER, report.unsettled(self._report(PEER)))
            self._count(told)
            self.driver.send(PEER, *told)
        finally:
            self._telling.discard(engine_sid)

    def _count(self, told: list[Operation]) -> None:
        for operation in told:
            if isinstance(operation, SessionOpened | MessageReceived):
                self.observer.clients[operation.engine_sid].work_up += 1

    def _swept(self, sweep: Sweep) -> bool:
        unsettled = False
        for peer in {*self._stored_peers(), *self._reports}:
            sessions = list(sweep.announced(peer, ""))
            if not report.is_settled(self._report(peer), sessions) or self.driver.must_remember(peer):
                self._offer(peer, sessions)
                unsettled = True
        return unsettled

    def _stored_peers(self) -> list[str]:
        return [key.removeprefix(_REPORT) for key in self.stored if key.startswith(_REPORT)]

    def _deliver(self, peer: str, operations: tuple[Operation, ...]) -> None:
        for operation in operations:
            match operation:
                case SendPackets(engine_sids, packets):
                    self.send(engine_sids, map(encode_message, packets))
                case CloseSessions(engine_sids, reason):
                    for engine_sid in engine_sids:
                        self._step(engine_sid, CloseRequested(Reason(reason)))
                case AdmitSessions(engine_sids):
                    for engine_sid in engine_sids:
                        self._step(engine_sid, Admitted())
                case AcceptDigest():
                    self._keep(peer, report.accept(self._report(peer), operation))
                case ListSessions():
                    self.observer.note("list asked for")
                    sessions = self.announced()
                    self.driver.send(peer, *ranges(sessions))
                    self._offer(peer, sessions)
                case _:
                    raise AssertionError(operation)

    def _lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        del peer
        if engine_sids is None:
            self.observer.all_lost()
        for engine_sid in self.announced() if engine_sids is None else engine_sids:
            session = self.read(engine_sid)
            if engine_sids is not None and session is not None and session.phase is Phase.OPEN:
                self.observer.session_lost(engine_sid)
            self._step(engine_sid, CloseRequested(Reason.TRANSPORT_ERROR))

    def announced(self) -> list[EngineSid]:
        """Name the sessions that the socket actor has heard of."""
        return [session.engine_sid for session in self.sessions() if session.announced]

    @property
    def is_settled(self) -> bool:
        """Whether the socket actor has accepted exactly the sessions there are."""
        return report.is_settled(self._report(PEER), self.announced())

    def _offer(self, peer: str, sessions: list[EngineSid]) -> None:
        changed, offered = report.offer(self._report(peer), sessions)
        self._keep(peer, changed)
        self.driver.send(peer, offered)

    def _report(self, peer: str) -> report.Report:
        if peer not in self._reports:
            self._reports[peer] = report.restore(self.stored.get(_REPORT + peer), self.life.nonce >> 32)
        return self._reports[peer]

    def _keep(self, peer: str, changed: report.Report) -> None:
        if changed.stored != self._report(peer).stored:
            if report.knows_nothing(changed):
                self.stored.pop(_REPORT + peer, None)
            else:
                self.stored[_REPORT + peer] = changed.stored
        self._reports[peer] = changed


def _operation(engine_sid: EngineSid, effect: Effect) -> Operation | None:
    match effect:
        case Opened(environ):
            return SessionOpened(engine_sid, environ)
        case Received(data):
            return MessageReceived(engine_sid, data)
        case Ended(reason):
            return SessionClosed(engine_sid, reason.value)
        case _:
            return None
