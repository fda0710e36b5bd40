"""Deploys, one after the other, under clients that sleep, talk, or never stop: who is cut, who misses what, what it costs.

A deploy reaches an object at its next wake from sleep; one that has not slept when the delay is over is reset, with its sockets.
"""

import gc
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from random import Random
from typing import Any, Final

from system_releases import _go_ahead, _rewrite_engine
from system_rest import _check_memory

from engine_do import EngineConfig
from shared_wire.testing import Actor
from socketio_do.testing import Client, World

__all__ = ["MAX_DELAY_S", "Plan", "Week"]

#: What the platform waits for an object to sleep, where nothing else is configured.
MAX_DELAY_S: Final = 300
#: What clients who come back have in time.
_WINDOW_S: Final = 120
#: Seconds of the life before in which what was sent to others may still be on its way to them (`DurableServer`, with recovery).
_ON_THE_WAY_S: Final = 10
_PING_S: Final = 300
_DAY_S: Final = 86_400
_ENGINES: Final = 10
#: In the objects behind these nobody speaks; behind these somebody does now and then; behind the others without end.
_SILENT: Final = range(3)
_TALKING: Final = range(3, 7)
#: In these one client polls.
_POLLED: Final = (0, 3, 4, 7)
_CONFIG: Final = EngineConfig(
    path="/socket.io/",
    actors=_ENGINES,
    choose_actor=lambda request: int(request.query["engine"]),
    ping_interval_ms=_PING_S * 1_000,
    ping_timeout_ms=_PING_S * 1_000 + 100_000,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is of."""

    clients: int
    days: float
    deploys: int
    rollbacks: int
    is_split: bool
    has_recovery: bool
    seed: int = 0


@dataclass(eq=False)
class Person:
    """A client, with what it has heard last."""

    group: int
    client: Client
    #: Then it only listens: in a quiet moment the answer to what it says comes at the end.
    is_polling: bool
    heard: int | None = None


def _configure(sio: Any) -> None:
    @sio.event
    async def connect(sid: str, environ: dict[str, str]) -> None:
        await sio.enter_room(sid, environ["QUERY_STRING"].rpartition("engine=")[2].partition("&")[0])

    @sio.event
    async def say(sid: str, group: int, number: int) -> int:
        await sio.emit("said", number, room=str(group))
        return number


class Week:
    """The clients, their objects, and what has become of them."""

    def __init__(self, plan: Plan) -> None:
        """Initialise, and have everybody connect."""
        self.plan = plan
        self.counts: Counter[str] = Counter()
        self._random = Random(plan.seed)
        recovery = {"connection_state_recovery": {"max_disconnection_s": _WINDOW_S}} if plan.has_recovery else {}
        self.world = World.of(_configure, is_split=plan.is_split, config=_CONFIG, **recovery)
        self.people: list[Person] = []
        self._numbers: Counter[int] = Counter()
        self._said_s: defaultdict[int, float] = defaultdict(lambda: -_DAY_S)
        self._objects: list[int] = []
        for number in range(plan.clients):
            group = number % _ENGINES
            is_polling = number < _ENGINES and group in _POLLED
            client = self.world.client(query={"engine": str(group)}, transport="polling" if is_polling else "websocket")
            self.people.append(Person(group, client, is_polling))
        self.world.advance(_PING_S)

    # -- a run

    def run(self) -> None:
        """Let the days pass; raises what does not hold."""
        end_s, began_s = self.plan.days * _DAY_S, self.world.loop.time()
        deploys = [False] * self.plan.deploys + [True] * self.plan.rollbacks
        self._random.shuffle(deploys)
        gap_s = (end_s - len(deploys) * 2 * MAX_DELAY_S) / len(deploys)
        for is_rollback in deploys:
            self._pass(gap_s * self._random.uniform(0.7, 1.0))
            self._deploy(is_rollback=is_rollback)
            gc.collect()
            self._objects.append(len(gc.get_objects()))
        self._check_bounds(self.world.loop.time() - began_s)

    def _pass(self, seconds: float) -> None:
        """Let time pass in which some talk."""
        end_s = self.world.loop.time() + seconds
        talks = [(self.world.loop.time() + self._random.uniform(0, 600), group) for group in _TALKING]
        while (now := self.world.loop.time()) < end_s:
            while talks and talks[0][0] <= now:
                _, group = heappop(talks)
                self._say(group)
                heappush(talks, (now + self._random.uniform(60, 1_200), group))
            self.world.advance(min(12, end_s - now))
        self._hear()

    def _say(self, group: int) -> None:
        """Have somebody of a group say something, which all of the group hear."""
        speakers = [
            one for one in self.people if one.group == group and not (one.is_polling or one.client.disconnected)
        ]
        self._numbers[group] += 1
        number = self._numbers[group]
        answer = self._random.choice(speakers).client.call("say", group, number)
        assert answer == number
        self._said_s[group] = self.world.loop.time()
        self.counts["said"] += 1

    def _deploy(self, *, is_rollback: bool) -> None:
        """Deploy, wait for the objects to sleep, and reset those that have not."""
        self.counts["rollbacks" if is_rollback else "deploys"] += 1
        for actor in self.world.actors:
            if actor.life is None:
                self._leave_behind(actor, is_rollback=is_rollback)
        self._speak(30)
        self.world.deploy()
        before = {actor: actor.lives for actor in self.world.actors if actor.life is not None}
        self._speak(MAX_DELAY_S)
        busy = [actor for actor, lives in before.items() if actor.life is not None and actor.lives == lives]
        for actor in busy:
            is_quiet = actor.binding != "SOCKET" and int(actor.name[1:]) in (*_SILENT, *_TALKING)
            assert not is_quiet, f"{actor} has not slept, though nobody spoke there for long"
        self.counts["objects that were busy"] += len(busy)
        self.counts["objects that slept"] += len(before) - len(busy)
        self._hear()
        for actor in busy:
            actor.reset()
        self.world.advance(2)
        self._bring_back(busy)
        for group in range(_ENGINES):
            self._say(group)
        self._bring_back(busy)
        self.world.advance(_PING_S + 30)  # the sweeps have found who is gone
        self._hear()
        self._check_all()

    def _speak(self, seconds: int) -> None:
        """Let time pass in which some never stop."""
        for second in range(seconds):
            for group in range(_TALKING.stop, _ENGINES):
                if (second + group) % 4 == 0:
                    self._say(group)
            if second % 100 == 50:
                self._say(self._random.choice(_TALKING))
            self.world.advance(1)

    def _leave_behind(self, actor: Actor, *, is_rollback: bool) -> None:
        """Have an object that sleeps find what another release wrote: in a rollback, tables of a later one."""
        if actor.binding != "SOCKET":
            self.counts[_rewrite_engine(actor, self._random)] += 1
        if is_rollback and actor.binding != "ENGINE":
            self.counts[_go_ahead(actor)] += 1

    # -- what must hold

    def _hear(self) -> None:
        """Check that nobody has a gap in what he has heard."""
        for person in self.people:
            for number in person.client.received("said"):
                self.counts["heard"] += 1
                assert person.heard is None or number == person.heard + 1, f"{person}: {number} after {person.heard}"
                person.heard = number
            person.client.forget()

    def _bring_back(self, busy: list[Actor]) -> None:
        """Have those who were cut come back; raises for who need not have been."""
        names = {actor.name for actor in busy if actor.binding != "SOCKET"}
        is_application_reset = any(actor.binding == "SOCKET" for actor in busy)
        for person in self.people:
            if person.client.disconnected is None:
                continue
            self.counts["cut"] += 1
            is_late = self.world.loop.time() - self._said_s[person.group] <= _ON_THE_WAY_S + 5
            may_be = f"e{person.group}" in names or (is_application_reset and is_late and self.plan.has_recovery)
            assert may_be, f"{person}: cut, though its objects slept"
            if person.client.come_back():
                self.counts["recovered"] += 1
            else:
                self.counts["told"] += 1
                person.heard = None

    def _check_all(self) -> None:
        """Check that all are there, heard all that was said, and that the applications know nobody else."""
        for person in self.people:
            assert person.client.disconnected is None, f"{person}: {person.client.disconnected}"
            assert person.heard == self._numbers[person.group], f"{person} has missed {self._numbers[person.group]}"
        sids = {one.client.sid for one in self.people}
        assert len(sids) == len(self.people)
        rows = {row[0] for row in self._rows("SELECT socket_sid FROM sio_sockets")}
        assert rows == sids, f"{len(rows - sids)} of nobody, {len(sids - rows)} unknown"
        for actor in self.world.actors:
            _check_memory(actor)

    def _rows(self, statement: str) -> Iterator[Any]:
        for actor in self.world.actors:
            if actor.binding != "ENGINE":
                yield from actor.storage.sql.exec(statement).raw()

    def _check_bounds(self, seconds: float) -> None:
        """Check what all of it has cost, and that nothing grows."""
        plan, cost = self.plan, self.world.cost
        releases = plan.deploys + plan.rollbacks
        sweeps = seconds / _PING_S + 3 * releases
        assert cost.alarms <= _ENGINES * sweeps + (sweeps if plan.is_split else 0), cost
        connects = 3 * (plan.clients + self.counts["cut"])
        polls = len(_POLLED) * (seconds / 25 + 2 * self.counts["said"] + 20 * releases)
        assert cost.requests <= connects + polls, cost
        assert cost.frames <= 2 * (plan.clients + self.counts["cut"] + self.counts["said"]), cost
        if plan.is_split:
            assert cost.rpcs <= 12 * self.counts["said"] + _ENGINES * (3 * sweeps + 20 * releases) + connects, cost
        else:
            assert cost.rpcs <= _ENGINES, "between the halves of one object nothing is called"
        first, *_, last = self._objects
        assert last <= 1.2 * first, f"Python's objects have grown: {self._objects}"
        log = sum(row[0] for row in self._rows("SELECT count(*) FROM sio_log"))
        assert log <= 5_000 * _ENGINES, f"{log} rows in the logs"
        self.counts |= {f"cost: {name}": getattr(cost, name) for name in ("alarms", "frames", "requests", "rpcs")}
        self.counts |= {"rows of the logs": log, "objects of Python, first": first, "objects of Python, last": last}
