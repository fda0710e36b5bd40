"""What is on the wire between two actors, where calls and replies may be lost: for a simulation to build on.

Taken for granted is that the repeats of a call come sooner than sleep: an object does not sleep while a peer waits for its answer;
and, where the clock of a new life is behind, that no call of the life before it arrives any more, nor an answer.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any, Protocol

from wire_fakes import FakeWire, Journey

from shared_wire import EngineSid, Frame, LinkDriver, Refusal, Reply, decode
from shared_wire.format.batches import sessions_in
from shared_wire.limits import MAX_ATTEMPTS

__all__ = ["Heard", "Rpcs", "Side"]


class Side(Protocol):
    """An actor in its present life."""

    @property
    def name(self) -> str: ...

    @property
    def wire(self) -> FakeWire: ...

    @property
    def driver(self) -> LinkDriver: ...


@dataclass(slots=True, eq=False)
class Trip:
    """An RPC in the world: whose, and what became of it."""

    wire: FakeWire
    journey: Journey
    reply: bytes | None = None
    arrived: bool = False


@dataclass(slots=True, eq=False)
class Heard:
    """What one life of the engine actor has heard of one life of the socket actor, to tell when each frame counts."""

    numbers: set[int] = field(default_factory=set)
    #: The number up to which all have arrived; frames that were sent after others that have not.
    complete: int = 0
    ahead: list[Frame] = field(default_factory=list)

    def hear(self, frame: Frame, *, is_ours: bool) -> list[Frame]:
        """Note that a frame has arrived, which is meant for this life or for one before; returns those that count from now on."""
        self.numbers.add(frame.seq)
        self.complete = max(self.complete, frame.lowest_unconfirmed - 1)
        while self.complete + 1 in self.numbers:
            self.complete += 1
        frames = [*self.ahead, frame] if is_ours else self.ahead
        self.ahead = [one for one in frames if one.sent > self.complete]
        return [one for one in frames if one.sent <= self.complete]


@dataclass(slots=True, eq=False)
class Rpcs:
    """All RPCs of an engine actor and a socket actor, by chance: each method is one thing that may happen to them."""

    random: Random
    failures: float
    trips: list[Trip] = field(default_factory=list)
    #: Calls that their callers believe to have failed, and that may still arrive, though not after the life they were sent in.
    stray: list[tuple[Any, bytes]] = field(default_factory=list)
    #: The sessions of the call that each actor makes or repeats.
    calling: dict[str, frozenset[EngineSid]] = field(default_factory=dict)
    #: Who took a call whose answer has not arrived.
    awaited: set[str] = field(default_factory=set)
    #: Whether the engine actor, in its current life, gave a call up and has not met the socket actor since.
    given_up: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    engine: Any = field(init=False)
    socket: Any = field(init=False)

    @property
    def sides(self) -> tuple[Any, Any]:
        """Both actors."""
        return self.engine, self.socket

    def other(self, side: Side) -> Any:
        return self.socket if side is self.engine else self.engine

    def note_call(self, side: Side, frame: Frame) -> None:
        """Note a call that begins, or is made again."""

    def note_frame(self, data: bytes) -> None:
        """Note a frame that the engine actor took."""

    def note_failure(self) -> None:
        """Note that a call is given up."""

    def collect(self) -> None:
        """Do what was deferred, and find the RPCs begun since the last look."""
        for side in self.sides:
            while side.wire.deferred:
                side.wire.deferred.pop(0)()
        known = {id(trip.journey) for trip in self.trips}
        for side in self.sides:
            for journey in side.wire.journeys:
                if id(journey) not in known:
                    self.trips.append(Trip(side.wire, journey))
                    self.calling[side.name] = frozenset(sessions_in(journey.frame.operations))
                    self.note_call(side, journey.frame)

    def _answer(self, side: Side, data: bytes) -> bytes:
        reply = side.driver.answer(data)
        if side is self.engine and not _is_put_off(reply):
            self.note_frame(data)
        return reply

    def move(self, index: int) -> None:
        """Let one RPC arrive, or its reply; or let either be lost."""
        trip = self.trips[index]
        caller, callee = self.sides if trip.wire is self.engine.wire else self.sides[::-1]
        fails = self.random.random() < self.failures
        if not trip.arrived and not fails:
            trip.reply = self._answer(callee, trip.journey.data)
            trip.arrived = True
            self.awaited.add(callee.name)
            return
        if not trip.arrived and self.random.random() < 0.3:
            self.stray.append((callee, trip.journey.data))
        self.counts["reply lost" if trip.arrived and fails else "call lost" if fails else "exchange"] += 1
        self.trips.pop(index)
        trip.wire.journeys.remove(trip.journey)
        self._conclude(trip, None if fails else trip.reply, caller, callee)

    def _conclude(self, trip: Trip, reply: bytes | None, caller: Side, callee: Side) -> None:
        trip.journey.answer.resolve(reply)
        if reply is not None and _is_put_off(reply):
            self.counts["put off"] += 1
            self.awaited.discard(callee.name)
        elif reply is not None:
            self.calling.pop(caller.name, None)
            self.awaited.discard(callee.name)
            if caller is self.engine:
                self.note_frame(reply)
        elif trip.journey.frame.attempt == MAX_ATTEMPTS:
            self.calling.pop(caller.name, None)
            self.awaited.discard(callee.name)
            self.given_up |= caller is self.engine
            self.note_failure()

    def stray_arrives(self, index: int) -> None:
        """Let a call arrive that its caller believes to have failed."""
        side, data = self.stray.pop(index)
        if self.other(side).name in self.calling:
            self.awaited.add(side.name)
        self.counts["stray"] += 1
        self._answer(side, data)

    def end_life(self, side: Side, behind: int) -> None:
        """End a life. Its own calls may still arrive, unless the clock of the next is behind; what it was answering fails."""
        self.stray = [(target, data) for target, data in self.stray if target is not side]
        target = self.other(side)
        self.awaited.clear()
        self.calling.pop(side.name, None)
        if behind:
            self.counts["clock behind"] += 1
            self.stray = [one for one in self.stray if one[0] is not target]
            for trip in self.trips:
                trip.reply = trip.reply if trip.wire is side.wire else None
        for trip in [trip for trip in self.trips if trip.wire is side.wire]:
            self.trips.remove(trip)
            if not behind and not trip.arrived and self.random.random() < 0.5:
                self.stray.append((target, trip.journey.data))
        if side is self.engine:
            self.given_up = False


def _is_put_off(data: bytes) -> bool:
    reply = decode(data)
    return isinstance(reply, Reply) and reply.refusal is Refusal.OVERLOADED
