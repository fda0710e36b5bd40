"""An engine actor, a socket actor and a wire between them in which everything goes wrong that can: a model to be driven at random.

Each client and the application number what they send per session, and whoever receives checks the number against what a session
that is still open may receive: the next one, once. A handler that never finishes took nothing: its message counts as received only
when its handler has ended. Whoever loses a session must have had work of it in flight.

An object sleeps whenever its wire says that it may (`FakeWire.may_sleep`), and nothing may be missing or closed because of that.
What is on the wire, and what is taken for granted of it, is in `wire_rpcs`.
"""

from collections import Counter
from dataclasses import dataclass, field

from wire_fakes import Actor, Step
from wire_rpcs import Heard, Rpcs, Side

from shared_wire import (
    CloseSessions,
    EngineSid,
    Frame,
    Life,
    MessageReceived,
    Operation,
    SendPackets,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    decode,
)
from shared_wire.format.batches import sessions_in

__all__ = ["World"]


@dataclass(slots=True)
class Session:
    """What the two ends of one session have seen."""

    open_at_engine: bool = True
    #: None: the application has not met it.
    open_at_application: bool | None = None
    sent_up: int = 0
    received_up: int = 0
    #: Operations up that were given to the link, and those the engine actor knows to be handled.
    work_up: int = 0
    confirmed_up: int = 0
    #: Packets down are numbered until the socket actor is aborted: what had not been handed over then is gone with it.
    sent_down: int = 0
    down_epoch: int = 0
    received_down: int = 0
    received_down_epoch: int = 0
    #: The epoch in which the last call with work of it was made, or taken.
    called_epoch: int = 0
    #: An abort of the socket actor took packets with it.
    cut_down: bool = False
    #: The last packet of this epoch that answers a message of the session itself, counted from 1.
    answered_down: int = 0
    #: Of the epochs before: the last such packet, as long as it has not arrived. One whose client lacks it at rest must be closed.
    owed: dict[int, int] = field(default_factory=dict)
    #: The socket actor slept over a packet that the engine actor can only suspect: it must close the session.
    doomed: bool = False


@dataclass(slots=True, eq=False)
class World(Rpcs):
    """Both actors, all sessions and everything on the wire. Each method is one thing that may happen."""

    #: Whether what is deferred waits for the next look (`collect`), or is done at once.
    defers: bool = False
    #: Whether calls are made by `Wire.say`, which needs no coroutine, or by `Wire.call`.
    has_streams: bool = False
    sessions: dict[EngineSid, Session] = field(default_factory=dict)
    #: Those of `sessions` that either side has open.
    live: dict[EngineSid, Session] = field(default_factory=dict)
    #: Handlers that wait, with the session and the messages of each.
    suspended: list[tuple[Step[None], EngineSid, list[int]]] = field(default_factory=list)
    #: By the numbers of the calls of the engine actor's life: the operations of each session that it does not know to be handled.
    unconfirmed: dict[int, Counter[EngineSid]] = field(default_factory=dict)
    #: What the socket actor has said to be unfinished, by frame and session, how many changes that were, and of which two lives.
    waiting: set[tuple[int, EngineSid]] = field(default_factory=set)
    noted: int = 0
    talk: tuple[Life | None, Life | None] = (None, None)
    heard: Heard = field(default_factory=Heard)
    #: Aborts of the socket actor.
    epoch: int = 0

    def __post_init__(self) -> None:
        self.engine = Actor("engine", peer_holds_sockets=False, handler=self._at_engine, loser=self._lose_at_engine)
        self.socket = Actor(
            "socket", peer_holds_sockets=True, handler=self._at_application, loser=self._lose_at_application
        )
        self._defer()

    def _defer(self) -> None:
        for actor in self.sides:
            actor.wire.has_stream = self.has_streams
            if self.defers:
                actor.wire.deferred = actor.wire.deferred or []

    # -- the engine actor's side

    def _at_engine(self, _peer: str, operations: tuple[Operation, ...]) -> None:
        for operation in operations:
            match operation:
                case SendPackets(engine_sids, packets):
                    for sid in engine_sids:
                        for packet in packets:
                            self._client_receives(sid, str(packet))
                case CloseSessions(engine_sids):
                    for sid in engine_sids:
                        assert self.sessions[sid].open_at_application is False, f"{sid}: closed for no reason"
                        self.end_session(sid)
                case _:
                    raise AssertionError(operation)

    def _client_receives(self, sid: EngineSid, packet: str) -> None:
        session = self.sessions[sid]
        if not session.open_at_engine:
            return
        epoch, number = (int(part) for part in packet.split(":"))
        assert epoch >= session.received_down_epoch, f"{sid}: a packet of epoch {epoch} after one of a later epoch"
        if epoch > session.received_down_epoch:
            session.received_down_epoch, session.received_down = epoch, 0
        assert number == session.received_down, f"{sid}: packet {number} where {session.received_down} was next"
        session.received_down += 1
        if session.owed.get(epoch) == session.received_down:
            del session.owed[epoch]
        self.counts["down"] += 1

    def _lose_at_engine(self, _peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        if engine_sids is None:
            self._lose_all_at_engine()
        for sid in engine_sids or ():
            if self.sessions[sid].open_at_engine:
                assert self._in_flight(sid), f"{sid}: closed although nothing of it was under way"
                session = self.sessions[sid]
                follows = sid in self.calling.get("engine", ()) and session.received_down_epoch > session.called_epoch
                assert not follows, f"{sid}: packets followed the gap it is closed for"
                self.counts["lost by the engine actor"] += 1
                self.end_session(sid)

    def _lose_all_at_engine(self) -> None:
        assert self.given_up, "all sessions closed although every call was answered"
        self.given_up = False
        self.counts["all lost"] += 1
        for sid in list(self.live):
            self.end_session(sid)

    def open_session(self) -> None:
        sid = EngineSid(f"s{len(self.sessions)}")
        self.sessions[sid] = self.live[sid] = Session()

    def client_sends(self, sid: EngineSid) -> None:
        session = self.sessions[sid]
        message = MessageReceived(sid, str(session.sent_up))
        first = () if session.sent_up else (SessionOpened(sid, ()),)
        session.sent_up += 1
        session.work_up += 1 + len(first)
        self.engine.driver.send("socket", *first, message)

    def end_session(self, sid: EngineSid) -> None:
        session = self.sessions[sid]
        if session.open_at_engine:
            session.open_at_engine = False
            if session.sent_up:
                self.engine.driver.send("socket", SessionClosed(sid, "transport close"))

    # -- the socket actor's side

    def _at_application(self, _peer: str, operations: tuple[Operation, ...]) -> dict[EngineSid, Step[None]]:
        numbers: dict[EngineSid, list[int]] = {}
        for sid in sessions_in(operations):
            self.sessions[sid].called_epoch = self.epoch
        for operation in operations:
            match operation:
                case SessionOpened(sid):
                    if self.sessions[sid].open_at_application is None:
                        self.sessions[sid].open_at_application = True
                case MessageReceived(sid, packet):
                    self._application_receives(sid, int(packet))
                    numbers.setdefault(sid, []).append(int(packet))
                    if self.random.random() < 0.5:
                        self.application_sends((sid, *self._some_sessions()))
                        self.sessions[sid].answered_down = self.sessions[sid].sent_down
                case SessionClosed(sid):
                    assert not self.sessions[sid].open_at_engine, f"{sid}: closed for no reason"
                    self.sessions[sid].open_at_application = False
                case SessionsDigest():
                    pass
                case _:
                    raise AssertionError(operation)
        if self.random.random() < 0.5:
            return {}
        waiting = {sid: Step[None]() for sid in numbers if self.random.random() < 0.5}
        self.suspended += [(step, sid, numbers[sid]) for sid, step in waiting.items()]
        return waiting

    def _some_sessions(self) -> tuple[EngineSid, ...]:
        return tuple(self.random.sample(list(self.live), min(2, len(self.live))))

    def _application_receives(self, sid: EngineSid, number: int) -> None:
        session = self.sessions[sid]
        if session.open_at_engine and session.open_at_application is not False:
            assert session.open_at_application, f"{sid}: a message of a session that was not opened"
            assert number == session.received_up, f"{sid}: message {number} where {session.received_up} was next"
            self.counts["up"] += 1
        session.received_up = number + 1

    def application_sends(self, engine_sids: tuple[EngineSid, ...], flaw: str = "") -> None:
        sids = tuple(sid for sid in dict.fromkeys(engine_sids) if self.sessions[sid].open_at_application)
        for sid in sids:
            session = self.sessions[sid]
            if session.down_epoch != self.epoch:
                session.down_epoch, session.sent_down, session.answered_down = self.epoch, 0, 0
            packet = f"{self.epoch}:{session.sent_down}{flaw}"
            session.sent_down += 1
            self.socket.driver.send("engine", SendPackets((sid,), (packet,)))

    def _lose_at_application(self, _peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        assert engine_sids is not None
        for sid in engine_sids:
            if self.sessions[sid].open_at_application:
                assert self._in_flight(sid), f"{sid}: closed although nothing of it was under way"
                self.counts["lost by the socket actor"] += 1
                self.sessions[sid].open_at_application = False
                self.socket.driver.send("engine", CloseSessions((sid,), "transport error"))

    def finish_handler(self, index: int) -> None:
        self.suspended.pop(index)[0].resolve(None)

    # -- what is in flight

    def _in_flight(self, sid: EngineSid) -> bool:
        """Return whether work of a session is unfinished, or finished and its sender does not know."""
        session = self.sessions[sid]
        up = session.confirmed_up < session.work_up
        called = sid in self.calling.get("socket", ())
        return up or called or self._missing_down(session) or session.cut_down

    def _missing_down(self, session: Session) -> bool:
        sent = (session.down_epoch, session.sent_down)
        return bool(session.sent_down) and sent != (session.received_down_epoch, session.received_down)

    def _unfinished_down(self, session: Session) -> bool:
        return session.down_epoch == self.epoch and self._missing_down(session)

    def note_call(self, side: Side, frame: Frame) -> None:
        if side is self.engine:
            for sid in self.calling[side.name]:
                self.sessions[sid].called_epoch = self.epoch if frame.attempt == 1 else self.sessions[sid].called_epoch
            self.unconfirmed.setdefault(frame.seq, Counter(sessions_in(frame.operations)))

    def note_frame(self, data: bytes) -> None:
        frame = decode(data)
        self.given_up &= frame.sender_life != self.engine.driver.peer_life("socket")
        if frame.sender_life != self.engine.driver.peer_life("socket"):
            return
        if self.talk != (self.engine.life, frame.sender_life):
            self.talk = self.engine.life, frame.sender_life
            self.noted, self.waiting = 0, set()
            self.heard = Heard()
        is_ours = frame.receiver_life is not None and frame.receiver_life.nonce == self.engine.life.nonce
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
                    self.sessions[sid].confirmed_up += work.pop(sid)

    # -- lives

    def _restart(self, actor: Actor) -> None:
        behind = self.random.choice((0, 0, 15, 200))
        self.end_life(actor, behind)
        if actor is self.engine:
            self.unconfirmed.clear()
        actor.restart(behind)
        self._defer()

    def socket_aborts(self) -> None:
        """End the socket actor in the middle of whatever it does: messages inside suspended handlers were not received."""
        self.counts["socket actor aborted"] += 1
        for _, sid, numbers in self.suspended:
            self.sessions[sid].received_up = min(self.sessions[sid].received_up, *numbers)
        self.suspended.clear()
        self._cut_down()
        self._restart(self.socket)

    def _cut_down(self) -> None:
        """End all streams down: what is missing stays missing."""
        for session in self.live.values():
            session.cut_down |= self._missing_down(session)
            received = session.received_down if session.received_down_epoch == self.epoch else 0
            if session.down_epoch == self.epoch and session.answered_down > received:
                session.owed[self.epoch] = session.answered_down
        self.epoch += 1

    def engine_aborts(self) -> None:
        """End the engine actor: all sockets close, and no handler of it runs."""
        self.counts["engine actor aborted"] += 1
        for session in self.live.values():
            session.open_at_engine = False
        self._restart(self.engine)

    def may_sleep(self, actor: Actor) -> bool:
        return actor.wire.may_sleep and actor.name not in self.awaited

    def sleep(self, actor: Actor) -> None:
        """End a life as sleep does: only when it may, and without any loss."""
        assert self.may_sleep(actor)
        assert actor.wire.idle
        self.counts[f"{actor.name} actor slept"] += 1
        if actor is self.engine:
            for sid, session in self.live.items():
                known = not session.open_at_engine or session.confirmed_up == session.work_up
                assert known, f"{sid}: the engine actor sleeps over unconfirmed work"
        elif missing := [one for one in self.live.values() if one.open_at_engine and self._unfinished_down(one)]:
            assert self.given_up, "the socket actor sleeps over packets that nobody got"
            for session in missing:
                session.doomed = True
            self._cut_down()
        self._restart(actor)

    # -- at rest

    def settle(self) -> None:
        """Let everything travel, finish every handler, and check what must hold when nothing is under way.

        The engine actor says something first, as its alarm does: a new life of the socket actor is found when it is met. It does so
        again while it must remember something: of a number that went to its life before, it learns by the next word.
        """
        failures, self.failures = self.failures, 0.0
        for _ in range(2):
            self.engine.driver.send("socket", SessionsDigest(0, b""))
            self._travel()
            if not self.engine.driver.must_remember("socket"):
                break
            self.counts["another sweep"] += 1
        for sid, session in self.live.items():
            known = not session.open_at_engine or session.confirmed_up == session.work_up
            assert known or session.open_at_application is False, f"{sid}: handled, and the engine actor does not know"
        assert not self.engine.driver.must_remember("socket"), "the engine actor does not know what it should"
        self.failures = failures
        self._check_at_rest()

    def _travel(self) -> None:
        for _ in range(5_000):
            self.collect()
            if self.trips:
                self.move(0)
            elif self.suspended:
                self.finish_handler(0)
            elif wires := [actor.wire for actor in self.sides if actor.wire.pauses]:
                wires[0].wake()
            else:
                return
        raise AssertionError("the two actors never stop talking")

    def _check_at_rest(self) -> None:
        for actor in self.sides:
            assert actor.wire.may_sleep, f"{actor.name}: kept awake although everything is done"
        for sid, session in self.live.items():
            if session.open_at_engine and session.open_at_application is not False:
                assert not session.doomed, f"{sid}: open, though a packet is missing"
                assert not session.owed, f"{sid}: open, though the answer to a message of its own is missing"
                missing = session.sent_up - session.received_up
                assert not missing, f"{sid}: {missing} messages missing"
                assert not self._unfinished_down(session), f"{sid}: packets of {session.sent_down} missing"
                session.cut_down = False
                self.counts["open at rest"] += 1
            else:
                # What the alarm's comparison of both lists would do: a side that could not be told learns it now.
                session.open_at_engine = session.open_at_application = False
        self.live = {sid: session for sid, session in self.live.items() if session.open_at_engine}
