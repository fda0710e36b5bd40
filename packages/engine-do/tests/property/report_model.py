"""A peer that remembers sessions, an engine actor that may lose them, and two ordered channels that may be slow.

A `World` is one value; `moves` gives everything that can happen next. The engine actor does what `Linked` in
`durable/application.py` does; the peer compares a fingerprint, accepts it or asks for the list, and ends what is not on the
list. Within one life of both actors nothing is lost or reordered; a life's end loses what is under way.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

from engine_do import report
from engine_do.ids import EngineSid
from engine_do.report import Report
from shared_wire import SessionsDigest, digest

__all__ = ["Accepted", "Listed", "Listing", "Move", "Said", "World", "moves", "settle"]

Sids: TypeAlias = frozenset[EngineSid]


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
class Accepted:
    """Down: the peer knows what this fingerprint stands for."""

    digest: bytes


@dataclass(frozen=True)
class Listing:
    """Down: the peer wants the list."""


Up: TypeAlias = Said | Listed | SessionsDigest
Down: TypeAlias = Accepted | Listing
Move: TypeAlias = tuple[str, "World"]


@cache
def fingerprint(sids: Sids) -> SessionsDigest:
    return digest(sids)


@dataclass(frozen=True)
class World:
    """Everything there is. ``stored`` is what the engine actor's storage holds of its report."""

    sessions: Sids = frozenset()
    known: Sids = frozenset()
    stored: str | None = None
    report: Report = report.restore(None)  # noqa: RUF009 - a frozen value
    up: tuple[Up, ...] = ()
    down: tuple[Down, ...] = ()
    opened: int = 0
    #: Fingerprints under way that were taken before a session was announced.
    outdated: tuple[bytes, ...] = ()

    @property
    def settled(self) -> bool:
        """Whether the engine actor sees nothing to say."""
        return report.is_settled(self.report, fingerprint(self.sessions))

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return not self.up and not self.down

    def keep(self, changed: Report) -> "World":
        """Do what `Linked._keep` does."""
        stored = changed.stored if changed.stored != self.report.stored else self.stored
        return replace(self, report=changed, stored=stored)

    def open(self) -> "World":
        """A session is announced: unsettle first, then say it."""
        sid = EngineSid(f"s{self.opened}")
        under_way = tuple(one.digest for one in (*self.up, *self.down) if isinstance(one, SessionsDigest | Accepted))
        opened = replace(
            self.keep(report.unsettled()), sessions=self.sessions | {sid}, opened=self.opened + 1, outdated=under_way
        )
        return opened.say(Said(sid, opened=True))

    def close(self, sid: EngineSid) -> "World":
        """A session ends."""
        return replace(self, sessions=self.sessions - {sid}).say(Said(sid, opened=False))

    def sweep(self) -> "World":
        """The alarm: offer the fingerprint unless it is accepted."""
        return self if self.settled else self.offer()

    def offer(self) -> "World":
        """Send the fingerprint of the sessions there are."""
        current = fingerprint(self.sessions)
        return self.keep(report.offer(self.report, current)).say(current)

    def say(self, message: Up) -> "World":
        """Put a message on its way up."""
        return replace(self, up=(*self.up, message))

    def arrive_up(self) -> "World":
        """The peer takes the oldest message."""
        message, rest = self.up[0], replace(self, up=self.up[1:])
        match message:
            case Said(sid, opened):
                return replace(rest, known=rest.known | {sid} if opened else rest.known - {sid})
            case Listed(sids):
                return replace(rest, known=rest.known & sids)
            case SessionsDigest():
                answer = Accepted(message.digest) if fingerprint(rest.known) == message else Listing()
                return replace(rest, down=(*rest.down, answer)).forget(message.digest, answer)

    def arrive_down(self) -> "World":
        """The engine actor takes the oldest answer."""
        answer, rest = self.down[0], replace(self, down=self.down[1:])
        match answer:
            case Accepted(accepted):
                return rest.keep(report.accept(rest.report, accepted)).forget(accepted, None)
            case Listing():
                return rest.say(Listed(rest.sessions)).offer()

    def forget(self, offered: bytes, answer: Down | None) -> "World":
        """Note that an outdated fingerprint is no longer under way: it was refused, or its acceptance has arrived."""
        if offered not in self.outdated or isinstance(answer, Accepted):
            return self
        at = self.outdated.index(offered)
        return replace(self, outdated=self.outdated[:at] + self.outdated[at + 1 :])

    def engine_aborts(self) -> "World":
        """All sockets are gone and nobody said so; a new life begins with what was stored."""
        return replace(self, sessions=frozenset(), report=report.restore(self.stored), up=(), down=(), outdated=())

    def engine_sleeps(self) -> "World":
        """A clean sleep: sockets stay, memory does not."""
        return replace(self, report=report.restore(self.stored))

    def peer_aborts(self) -> "World":
        """What was under way has an unknown outcome: here it is lost, and its sessions are closed."""
        concerned = {one.sid for one in self.up if isinstance(one, Said)}
        world = replace(self, up=(), down=(), outdated=())
        for sid in sorted(concerned & world.sessions):
            world = world.close(sid)
        return world


def moves(world: World, *, sessions: int, under_way: int, closes_while_outdated: bool) -> Iterator[Move]:
    """Give everything that can happen next, within bounds on the sessions ever opened and on the messages under way."""
    if world.up:
        yield "arrive up", world.arrive_up()
    if world.down:
        yield "arrive down", world.arrive_down()
    if world.quiet:
        yield "sleep", world.engine_sleeps()
    yield "engine aborts", world.engine_aborts()
    yield "peer aborts", world.peer_aborts()
    if len(world.up) + len(world.down) >= under_way:
        return
    yield "sweep", world.sweep()
    if world.opened < sessions:
        yield "open", world.open()
    if closes_while_outdated or not world.outdated:
        for sid in sorted(world.sessions):
            yield f"close {sid}", world.close(sid)


def settle(world: World, sweeps: int) -> World:
    """Let everything arrive, and sweep this many times."""
    for _ in range(sweeps):
        world = world.sweep()
        while not world.quiet:
            world = world.arrive_up() if world.up else world.arrive_down()
    return world
