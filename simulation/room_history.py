"""What members of rooms may see: a model of sets that knows nothing of how the server works, and the judge of what they saw.

The server's journal says which handler ran after which; from it follows who must have been told what. Tolerated is only this:

- A connection that was closed has seen a part of what was meant for it: all of it up to some point, and nothing behind.
- Of what a life of the socket actor emitted that was ended by an *abort*, the last may be lost, also to connections that stay
  (ARCHITECTURE, "Ghosts"). For one engine actor that is the same point for all of its connections: who is behind it got everything.
- A connection is closed without its own doing only when a message of it had no answer yet, or its engine actor was aborted. Where
  calls between the actors are lost as well, a message may be answered while the call that brought it has no reply: an abort of the
  socket actor then costs the connection, too, which is counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Connection", "Entry", "Model", "Verdict", "judge"]


@dataclass(frozen=True)
class Entry:
    """One thing that a handler did."""

    number: int
    life: str
    sid: str
    what: str
    details: tuple[Any, ...]

    @classmethod
    def read(cls, row: list[Any]) -> "Entry":
        """Read what the journal wrote."""
        number, life, sid, what, *details = row
        return cls(number, life, sid, what, tuple(details))


@dataclass
class Connection:
    """What a member saw of one connection, from its beginning to its end."""

    sid: str
    actor: str
    #: How many messages it sent; they are numbered from 1.
    sent: int = 0
    #: The answers to them, in the order in which they came: message, entry, rooms it was in after it.
    answers: list[tuple[int, int, list[str]]] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    #: The code it was closed with; 0 when the member left, none while it is open.
    closed: int | None = None

    @property
    def has_work(self) -> bool:
        """Whether a message of it has no answer."""
        return self.sent > len(self.answers)


class Model:
    """Who is connected, and who is in which room."""

    def __init__(self) -> None:
        self.connected: set[str] = set()
        self.rooms: defaultdict[str, set[str]] = defaultdict(set)

    def rooms_of(self, sid: str) -> list[str]:
        """Name the rooms a socket is in, besides its own."""
        return sorted(room for room, members in self.rooms.items() if sid in members)

    def apply(self, entry: Entry) -> set[str]:
        """Do what a handler did; returns who is told of it."""
        sid = entry.sid
        arguments: Any = entry.details[-1]
        match entry.what:
            case "connect":
                self.connected.add(sid)
            case "disconnect":
                self.connected.discard(sid)
                for members in self.rooms.values():
                    members.discard(sid)
            case "enter":
                self.rooms[arguments["room"]].add(sid)
            case "leave":
                self.rooms[arguments["room"]].discard(sid)
            case "close":
                self.rooms[arguments["room"]].clear()
            case "tell":
                skipped = {sid} if arguments["skip"] else set()
                return self._in(arguments["rooms"]) - self._in(arguments["without"] or []) - skipped
        return set()

    def _in(self, rooms: list[str] | None) -> set[str]:
        """Name the sockets in any of these rooms; a connected socket's sid names a room of its own."""
        if rooms is None:
            return set(self.connected)
        return {sid for room in rooms for sid in ({room} if room in self.connected else self.rooms[room])}


@dataclass
class Verdict:
    """What was found, and how much was looked at."""

    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def judge(
    journal: Iterable[Entry], connections: list[Connection], aborted: set[str], *, lost_calls: bool = False
) -> Verdict:
    """Compare what members saw with the model; ``aborted`` are the lives of the socket actor that ended by an abort.

    ``lost_calls``: whether calls between the actors were lost.
    """
    found = Verdict()
    history = _History(list(journal), aborted, found)
    cuts = _Cuts()
    for connection in connections:
        _judge_answers(connection, history, found)
        _judge_end(connection, history, found, lost_calls=lost_calls)
        _judge_told(connection, history, cuts, found)
    cuts.judge(found)
    return found


class _History:
    """The journal as the model reads it."""

    def __init__(self, journal: list[Entry], aborted: set[str], found: Verdict) -> None:
        self.model = Model()
        self.meant: defaultdict[str, list[Entry]] = defaultdict(list)
        #: What each socket's messages did, and the rooms it was in after each.
        self.acts: defaultdict[str, list[tuple[Entry, list[str]]]] = defaultdict(list)
        self.connects: dict[str, Entry] = {}
        self.disconnects = Counter[str]()
        self.aborted = aborted
        lives = list(dict.fromkeys(entry.life for entry in journal))
        #: How many aborts came before each life.
        self.aborts_before = {life: sum(one in aborted for one in lives[:index]) for index, life in enumerate(lives)}
        for entry in journal:
            self._take(entry, found)
        found.counts["lives"] = len(lives)
        found.counts["aborted lives"] = sum(life in aborted for life in lives)

    def _take(self, entry: Entry, found: Verdict) -> None:
        if (entry.sid in self.model.connected) == (entry.what == "connect"):
            found.faults.append(f"entry {entry.number}: {entry.what} of a socket that is connected or is not")
        for sid in self.model.apply(entry):
            self.meant[sid].append(entry)
        found.counts[entry.what] += 1
        if entry.what == "connect":
            self.connects[entry.sid] = entry
        elif entry.what == "disconnect":
            self.disconnects[entry.sid] += 1
        else:
            self.acts[entry.sid].append((entry, self.model.rooms_of(entry.sid)))


def _judge_answers(connection: Connection, history: _History, found: Verdict) -> None:
    """Its messages were handled once each, in order; each answer tells the rooms the model has it in."""
    acts = history.acts[connection.sid]
    handled = [entry.details[0] for entry, _ in acts]
    if handled != list(range(1, len(handled) + 1)) or len(handled) > connection.sent:
        found.faults.append(f"{connection.sid}: of {connection.sent} messages were handled {handled}")
    right = [(entry.details[0], entry.number, rooms) for entry, rooms in acts]
    if connection.answers != right[: len(connection.answers)]:
        wrong = next(pair for pair in zip(connection.answers, right, strict=False) if pair[0] != pair[1])
        found.faults.append(f"{connection.sid}: answer {wrong[0]} in place of {wrong[1]}")
    if connection.closed is None and (len(right) != connection.sent or connection.has_work):
        found.faults.append(
            f"{connection.sid}: {len(connection.answers)} of {connection.sent} answered, and it is open"
        )
    begun = history.aborts_before[history.connects[connection.sid].life]
    after = [entry for entry, _ in acts[: len(connection.answers)] if history.aborts_before[entry.life] > begun]
    found.counts["answers"] += len(connection.answers)
    found.counts["rooms seen after an abort"] += len(after)
    found.counts["connections that outlived an abort"] += bool(after)


def _judge_end(connection: Connection, history: _History, found: Verdict, *, lost_calls: bool) -> None:
    """The application heard of its end once; nobody was closed without work of its own but with its engine actor."""
    if history.disconnects[connection.sid] != (connection.closed is not None):
        found.faults.append(
            f"{connection.sid}: {history.disconnects[connection.sid]} disconnects, {connection.closed=}"
        )
    if connection.closed is not None:
        found.counts[f"closed: {connection.closed}"] += 1
    without_work = connection.closed == 1011 and not connection.has_work
    found.counts["closed without work"] += without_work
    if connection.closed not in (None, 0, 1006, 1011) or (without_work and not lost_calls):
        found.faults.append(f"{connection.sid}: closed with {connection.closed}, {connection.has_work=}")


def _judge_told(connection: Connection, history: _History, cuts: "_Cuts", found: Verdict) -> None:
    """It was told what was meant for it, in order, once, and nothing else; what it missed may be missing."""
    told = iter(connection.told)
    following = next(told, None)
    missed: list[Entry] = []
    received: list[Entry] = []
    for entry in history.meant[connection.sid]:
        if entry.number != following:
            missed.append(entry)
            continue
        received.append(entry)
        following = next(told, None)
    if following is not None:
        found.faults.append(f"{connection.sid}: told {following}, which was not meant for it or not in this place")
    if connection.closed is not None:
        last = received[-1].number if received else 0
        missed = [entry for entry in missed if entry.number < last]
    for entry in missed:
        if entry.life not in history.aborted:
            found.faults.append(f"{connection.sid}: entry {entry.number} is missing, and its life was not aborted")
    cuts.note(connection.actor, received, missed)
    found.counts["deliveries"] += len(received)
    found.counts["lost in aborts"] += len(missed)


class _Cuts:
    """Where each engine actor's packets ended with each life: behind it nobody has anything, before it everybody has all."""

    def __init__(self) -> None:
        self._last: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._missed: defaultdict[tuple[str, str], list[int]] = defaultdict(list)

    def note(self, actor: str, received: list[Entry], missed: list[Entry]) -> None:
        for entry in received:
            self._last[actor, entry.life] = max(self._last[actor, entry.life], entry.number)
        for entry in missed:
            self._missed[actor, entry.life].append(entry.number)

    def judge(self, found: Verdict) -> None:
        for key, numbers in self._missed.items():
            if min(numbers) <= self._last[key]:
                found.faults.append(f"{key}: some miss {min(numbers)}, and others have {self._last[key]}")
