"""An engine actor, a socket actor and a wire between them in which everything goes wrong that can: a model to be driven at random.

Each client and the application number what they send per session, and whoever receives checks the number against what a session
that is still open may receive: the next one, once. A handler that never finishes took nothing: its message counts as received only
when its handler has ended.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from random import Random

from wire_fakes import Actor, FakeWire, Journey, Step

from shared_wire import (
    CloseSessions,
    EngineSid,
    MessageReceived,
    Operation,
    SendPackets,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
)

__all__ = ["World"]


@dataclass(slots=True)
class Session:
    """What the two ends of one session have seen."""

    open_at_engine: bool = True
    #: None: the application has not met it.
    open_at_application: bool | None = None
    sent_up: int = 0
    received_up: int = 0
    #: Packets down are numbered within one life of the socket actor: what an ended life had not handed over went with it.
    sent_down: int = 0
    down_life: int = 0
    received_down: int = 0
    received_down_life: int = 0
    #: Whether anything happened to it since the world was last at rest.
    touched: bool = True


@dataclass(slots=True, eq=False)
class Trip:
    """An RPC in the world: whose, and what became of it."""

    wire: FakeWire
    journey: Journey
    reply: bytes | None = None
    arrived: bool = False


@dataclass(slots=True, eq=False)
class World:
    """Both actors, all sessions and everything on the wire. Each method is one thing that may happen."""

    random: Random
    failures: float
    sessions: dict[EngineSid, Session] = field(default_factory=dict)
    trips: list[Trip] = field(default_factory=list)
    #: Calls that their callers believe to have failed, and that may still arrive, though not after the life they were sent in.
    stray: list[tuple[Actor, bytes]] = field(default_factory=list)
    suspended: list[tuple[Step[None], list[tuple[EngineSid, int]]]] = field(default_factory=list)
    #: Whether a life of the socket actor took unfinished handlers with it, and nobody noticed yet.
    unnoticed: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    engine: Actor = field(init=False)
    socket: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.engine = Actor("engine", peer_holds_sockets=False, handler=self._at_engine, loser=self._lose_at_engine)
        self.socket = Actor(
            "socket", peer_holds_sockets=True, handler=self._at_application, loser=self._lose_at_application
        )

    def count(self, what: str, times: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + times

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
                        self.end_session(sid)
                case _:
                    raise AssertionError(operation)

    def _client_receives(self, sid: EngineSid, packet: str) -> None:
        session = self.sessions[sid]
        if not session.open_at_engine:
            return
        life, number = (int(part) for part in packet.split(":"))
        assert life >= session.received_down_life, f"{sid}: a packet of life {life} after one of a later life"
        if life > session.received_down_life:
            session.received_down_life, session.received_down = life, 0
        assert number == session.received_down, f"{sid}: packet {number} where {session.received_down} was next"
        session.received_down += 1
        self.count("down")

    def _lose_at_engine(self, _peer: str, engine_sids: tuple[EngineSid, ...]) -> None:
        for sid in engine_sids:
            if self.sessions[sid].open_at_engine:
                assert self.sessions[sid].touched, f"{sid}: closed although nothing of it was under way"
                self.count("lost by the engine actor")
                self.end_session(sid)

    def open_session(self) -> None:
        self.sessions[EngineSid(f"s{len(self.sessions)}")] = Session()

    def client_sends(self, sid: EngineSid) -> None:
        session = self.sessions[sid]
        message = MessageReceived(sid, str(session.sent_up))
        first = () if session.sent_up else (SessionOpened(sid, ()),)
        session.sent_up += 1
        session.touched = True
        self.engine.carrier.send("socket", *first, message)

    def end_session(self, sid: EngineSid) -> None:
        session = self.sessions[sid]
        if session.open_at_engine:
            session.open_at_engine = False
            if session.sent_up:
                self.engine.carrier.send("socket", SessionClosed(sid, "transport close"))

    # -- the socket actor's side

    def _at_application(self, _peer: str, operations: tuple[Operation, ...]) -> Awaitable[object] | None:
        unfinished: list[tuple[EngineSid, int]] = []
        for operation in operations:
            match operation:
                case SessionOpened(sid):
                    if self.sessions[sid].open_at_application is None:
                        self.sessions[sid].open_at_application = True
                case MessageReceived(sid, packet):
                    self._application_receives(sid, int(packet))
                    unfinished.append((sid, int(packet)))
                    if self.random.random() < 0.5:
                        self.application_sends((sid, *self._some_sessions()))
                case SessionClosed(sid):
                    self.sessions[sid].open_at_application = False
                case SessionsDigest():
                    pass
                case _:
                    raise AssertionError(operation)
        if self.random.random() < 0.7:
            return None
        step: Step[None] = Step()
        self.suspended.append((step, unfinished))
        return step

    def _some_sessions(self) -> tuple[EngineSid, ...]:
        return tuple(self.random.sample(list(self.sessions), min(2, len(self.sessions))))

    def _application_receives(self, sid: EngineSid, number: int) -> None:
        session = self.sessions[sid]
        if session.open_at_engine and session.open_at_application is not False:
            assert number == session.received_up, f"{sid}: message {number} where {session.received_up} was next"
            self.count("up")
        session.received_up = number + 1

    def application_sends(self, engine_sids: tuple[EngineSid, ...]) -> None:
        life = self.socket.lives
        for sid in dict.fromkeys(engine_sids):
            session = self.sessions[sid]
            if not session.open_at_application:
                continue
            if session.down_life != life:
                session.down_life, session.sent_down = life, 0
            packet = f"{life}:{session.sent_down}"
            session.sent_down += 1
            session.touched = True
            self.socket.carrier.send("engine", SendPackets((sid,), (packet,)))

    def _lose_at_application(self, _peer: str, engine_sids: tuple[EngineSid, ...]) -> None:
        for sid in engine_sids:
            if self.sessions[sid].open_at_application:
                assert self.sessions[sid].touched, f"{sid}: closed although nothing of it was under way"
                self.count("lost by the socket actor")
                self.sessions[sid].open_at_application = False
                self.socket.carrier.send("engine", CloseSessions((sid,), "transport error"))

    def finish_handler(self, index: int) -> None:
        step, _ = self.suspended.pop(index)
        step.resolve(None)

    # -- the wire

    def other(self, wire: FakeWire | Actor) -> Actor:
        return self.socket if wire in (self.engine, self.engine.wire) else self.engine

    def collect(self) -> None:
        """Take over the RPCs begun since the last look."""
        for actor in (self.engine, self.socket):
            known = {id(trip.journey) for trip in self.trips}
            self.trips += [Trip(actor.wire, one) for one in actor.wire.journeys if id(one) not in known]

    def move(self, index: int) -> None:
        """Let one RPC arrive, or its reply; or let either be lost."""
        trip = self.trips[index]
        fails = self.random.random() < self.failures
        if not trip.arrived and not fails:
            trip.reply = self.other(trip.wire).carrier.answer(trip.journey.data)
            trip.arrived = True
            return
        if not trip.arrived and self.random.random() < 0.3:
            self.stray.append((self.other(trip.wire), trip.journey.data))
        self.count("reply lost" if trip.arrived and fails else "call lost" if fails else "exchange")
        self.trips.pop(index)
        trip.wire.journeys.remove(trip.journey)
        trip.journey.answer.resolve(None if fails else trip.reply)

    def stray_arrives(self, index: int) -> None:
        actor, data = self.stray.pop(index)
        actor.carrier.answer(data)

    # -- lives

    def _restart(self, actor: Actor) -> None:
        """End a life. Its own calls may still arrive; what it was answering fails, or was answered just before."""
        old = actor.wire
        self.stray = [(target, data) for target, data in self.stray if target is not actor]
        for trip in [trip for trip in self.trips if trip.wire is old]:
            self.trips.remove(trip)
            if not trip.arrived and self.random.random() < 0.5:
                self.stray.append((self.other(old), trip.journey.data))
        actor.restart()

    def socket_aborts(self) -> None:
        """End the socket actor in the middle of whatever it does: messages inside suspended handlers were not received."""
        self.count("socket actor aborted")
        for _, unfinished in self.suspended:
            for sid, number in unfinished:
                self.sessions[sid].received_up = min(self.sessions[sid].received_up, number)
        self.unnoticed |= bool(self.suspended)
        self.suspended.clear()
        self._restart(self.socket)

    def engine_aborts(self) -> None:
        """End the engine actor: all sockets close, and no handler of it runs."""
        self.count("engine actor aborted")
        for session in self.sessions.values():
            session.open_at_engine = False
        self._restart(self.engine)

    def sleep(self, actor: Actor) -> None:
        """End a life that has nothing in progress: nothing may be lost by that."""
        self.count(f"{actor.name} actor slept")
        assert actor.wire.idle
        self._restart(actor)

    def may_sleep(self, actor: Actor) -> bool:
        """Tell whether an actor has nothing in progress.

        An engine actor has to stay awake until its messages are handled and while a frame waits for one before it.
        """
        if self.suspended or not actor.wire.idle:
            return False
        return actor is self.socket or (self.socket.wire.idle and not self.unnoticed)

    # -- at rest

    def settle(self) -> None:
        """Let everything travel, finish every handler, and check what must hold when nothing is under way.

        The engine actor says something first, as its alarm does: a new life of the socket actor is found when it is met.
        """
        failures, self.failures = self.failures, 0.0
        self.engine.carrier.send("socket", SessionsDigest(0, b""))
        for _ in range(5_000):
            self.collect()
            if self.trips:
                self.move(0)
            elif self.suspended:
                self.finish_handler(0)
            elif wires := [actor.wire for actor in (self.engine, self.socket) if actor.wire.pauses]:
                wires[0].wake()
            else:
                break
        else:
            raise AssertionError("the two actors never stop talking")
        self.failures = failures
        self.unnoticed = False
        self._check_at_rest()

    def _check_at_rest(self) -> None:
        for sid, session in self.sessions.items():
            if session.open_at_engine and session.open_at_application is not False:
                assert session.received_up == session.sent_up, (
                    f"{sid}: {session.sent_up - session.received_up} messages missing"
                )
                if session.down_life == self.socket.lives:
                    assert (session.received_down_life, session.received_down) == (
                        session.down_life,
                        session.sent_down,
                    ), f"{sid}: packets of {session.sent_down} missing"
                self.count("open at rest")
            else:
                # What the alarm's comparison of both lists would do: a side that could not be told learns it now.
                session.open_at_engine = session.open_at_application = False
            session.touched = False
