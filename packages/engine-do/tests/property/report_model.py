"""A peer that remembers sessions, an engine actor that may lose them, and two ordered channels that may be slow.

A `World` is one value; `moves` gives everything that can happen next. The engine actor does what `LinkedApplication` in
`durable/applications/linked.py` does; the peer compares a fingerprint, accepts it or asks for the list, ends what is not on the
list, and has closed what it does not know. Both live many lives. Within one life of both nothing is lost or reordered; where a
life ends, part of what was under way is lost, and part of it still arrives, late, in a life it was not meant for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from engine_do.protocol.ids import EngineSid
from engine_do.session import report
from engine_do.session.report import Report
from shared_wire import AcceptDigest, SessionsDigest, digest

__all__ = ["Closing", "Listed", "Listing", "Move", "Said", "World", "moves", "settle"]

Sids: TypeAlias = frozenset[EngineSid]

#: How far apart the marks of two lives begin; the shell draws them at random.
APART = 1_000


@dataclass(frozen=True)
class Said:
    """Up: a session opened or closed."""

    sid: EngineSid
    opened: bool


@dataclass(frozen=True)
class Listed:
    """Up: all sessions there are."""

    sids: Sids


@dataclass(frozen=True)
class Listing:
    """Down: the peer wants the list."""


@dataclass(frozen=True)
class Closing:
    """Down: the peer does not know these sessions, so they must be closed."""

    sids: Sids


Up: TypeAlias = Said | Listed | SessionsDigest
Down: TypeAlias = AcceptDigest | Listing | Closing
Move: TypeAlias = tuple[str, "World"]


@dataclass(frozen=True)
class World:
    """Everything there is. ``stored`` is what the engine actor's storage holds of its report."""

    sessions: Sids = frozenset()
    known: Sids = frozenset()
    stored: str | None = None
    report: Report = report.restore(None, APART)  # noqa: RUF009 - a frozen value
    up: tuple[Up, ...] = ()
    down: tuple[Down, ...] = ()
    opened: int = 0

    @property
    def settled(self) -> bool:
        """Whether the engine actor sees nothing to say."""
        return report.is_settled(self.report, self.sessions)

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return not self.up and not self.down

    @property
    def fresh_mark(self) -> int:
        """The mark that the next life begins with."""
        return self.report.mark + APART

    def keep(self, changed: Report) -> "World":
        """Do what `LinkedApplication._keep` does."""
        stored = changed.stored if changed.stored != self.report.stored else self.stored
        return replace(self, report=changed, stored=stored)

    def open(self) -> "World":
        """A session is announced: unsettle first, then say it."""
        sid = EngineSid(f"s{self.opened}")
        world = self.keep(report.unsettled(self.report)).say(Said(sid, opened=True))
        return replace(world, sessions=self.sessions | {sid}, opened=self.opened + 1)

    def close(self, *sids: EngineSid) -> "World":
        """Sessions end."""
        return replace(self, sessions=self.sessions.difference(sids)).say(*(Said(sid, opened=False) for sid in sids))

    def sweep(self) -> "World":
        """The alarm: offer the fingerprint unless it is accepted."""
        return self if self.settled else self.offer()

    def offer(self) -> "World":
        """Send the fingerprint of the sessions there are."""
        changed, offered = report.offer(self.report, self.sessions)
        return self.keep(changed).say(offered)

    def say(self, *messages: Up) -> "World":
        """Put messages on their way up."""
        return replace(self, up=self.up + messages)

    def arrive_up(self) -> "World":
        """The peer takes the oldest message."""
        message, rest = self.up[0], replace(self, up=self.up[1:])
        match message:
            case Said(sid, opened):
                return replace(rest, known=rest.known | {sid} if opened else rest.known - {sid})
            case Listed(sids):
                unknown = sids - rest.known
                down = (*rest.down, Closing(unknown)) if unknown else rest.down
                return replace(rest, known=rest.known & sids, down=down)
            case SessionsDigest():
                same = digest(rest.known, message.mark) == message
                answer = AcceptDigest(message.digest, message.mark) if same else Listing()
                return replace(rest, down=(*rest.down, answer))

    def arrive_down(self) -> "World":
        """The engine actor takes the oldest answer."""
        answer, rest = self.down[0], replace(self, down=self.down[1:])
        match answer:
            case AcceptDigest():
                return rest.keep(report.accept(rest.report, answer))
            case Listing():
                return rest.say(Listed(rest.sessions)).offer()
            case Closing(sids):
                return rest.close(*sorted(sids & rest.sessions))

    def engine_wakes(self) -> "World":
        """A clean sleep is over: sockets stay, memory does not. What the peer says may be what wakes the object."""
        return replace(self, report=report.restore(self.stored, self.fresh_mark))

    def engine_aborts(self, *, late_up: int = 0, lost_down: int | None = None) -> "World":
        """All sockets are gone and nobody said so.

        The first messages up were gone already and still arrive; the last answers down reach the new life.
        """
        down = () if lost_down is None else self.down[lost_down:]
        return replace(self.engine_wakes(), sessions=frozenset(), up=self.up[:late_up], down=down)

    def peer_aborts(self, *, lost_up: int | None = None, late_down: int = 0) -> "World":
        """What was under way to the peer has an unknown outcome: here it is lost, and the sessions concerned are closed.

        What the engine actor had not sent yet is kept, but for those sessions; the peer's first answers still arrive.
        """
        lost, kept = (self.up, ()) if lost_up is None else (self.up[:lost_up], self.up[lost_up:])
        concerned = {one.sid for one in lost if isinstance(one, Said)}
        kept = tuple(one for one in kept if not isinstance(one, Said) or one.sid not in concerned)
        world = replace(self, up=kept, down=self.down[:late_down])
        return world.close(*sorted(concerned & self.sessions)) if concerned else world

    def renamed(self) -> "World":
        """Name the marks by small numbers, the same in all worlds that differ by nothing else: so lives need not be counted.

        Which marks are the same stays as it is, and none of the older ones can come again.
        """
        under_way = [one.mark for one in (*self.up, *self.down) if isinstance(one, SessionsDigest | AcceptDigest)]
        offered = self.report.offered
        older = sorted({*under_way, *([offered.mark] if offered else [])} - {self.report.mark})
        if self.report.mark == APART and older == list(range(len(older))):
            return self
        names = {mark: name for name, mark in enumerate(older)} | {self.report.mark: APART}
        return replace(
            self,
            report=replace(self.report, mark=APART, offered=offered and replace(offered, mark=names[offered.mark])),
            up=tuple(replace(one, mark=names[one.mark]) if isinstance(one, SessionsDigest) else one for one in self.up),
            down=tuple(
                replace(one, mark=names[one.mark]) if isinstance(one, AcceptDigest) else one for one in self.down
            ),
        )


def moves(world: World, *, sessions: int, under_way: int) -> Iterator[Move]:
    """Return everything that can happen next, within bounds on the sessions ever opened and on the messages under way."""
    if world.up:
        yield "arrive up", world.arrive_up()
    if world.down:
        yield "arrive down", world.arrive_down()
    if not world.up:
        yield "sleep", world.engine_wakes()
    for up in range(len(world.up) + 1):
        for down in range(len(world.down) + 1):
            yield f"engine aborts ({up} late, {down} lost)", world.engine_aborts(late_up=up, lost_down=down)
            yield f"peer aborts ({up} lost, {down} late)", world.peer_aborts(lost_up=up, late_down=down)
    if len(world.up) + len(world.down) >= under_way:
        return
    # Also when it is settled: while work at the peer is unconfirmed the sweep offers all the same.
    yield "sweep", world.offer()
    if world.opened < sessions:
        yield "open", world.open()
    for sid in sorted(world.sessions):
        yield f"close {sid}", world.close(sid)


def settle(world: World, sweeps: int) -> World:
    """Let everything arrive, and sweep this many times."""
    for _ in range(sweeps):
        world = world.sweep()
        while not world.quiet:
            world = world.arrive_up() if world.up else world.arrive_down()
    return world
