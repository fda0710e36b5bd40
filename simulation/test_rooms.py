"""Members of rooms on the model, while lives of all actors end and calls between them go wrong: each delivery is right."""

import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from room_history import Entry, Verdict, judge
from room_members import Member, Society
from seeded import seed_packages

from shared_wire.testing import Actor
from shared_wire.testing.faults import DOUBLED, LOST, LOST_ANSWER, OVERLOADED, Fate, Faults
from socketio_do.testing import World

WORKER: Final = Path(__file__).parents[1] / "tests-e2e" / "worker"
#: `SYSTEM_STEPS` makes it longer.
STEPS: Final = int(os.environ.get("SYSTEM_STEPS", "100000")) // 125
MEMBERS: Final = 30


class Unreliable(Faults):
    """Some calls of the link between the actors are lost, doubled, or told to have failed."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.rate = 0.0

    def call(self, target: Actor, method: str) -> Fate:
        """Return what becomes of a call."""
        if method == "link" and self._chance.random() < self.rate:
            return self._chance.choice((LOST, LOST_ANSWER, DOUBLED, OVERLOADED))
        return super().call(target, method)


@dataclass
class Meeting:
    """Members, and what is done to the actors meanwhile."""

    world: World
    chance: random.Random
    society: Society = field(init=False)
    members: list[Member] = field(init=False)
    #: The lives of the socket actor that were ended in their midst.
    aborted: set[str] = field(default_factory=set)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.society = Society(self.world, self.chance)
        self.members = [Member(self.society, f"m{number}") for number in range(MEMBERS)]
        self.world.raises_errors = False
        self.world.faults = self.faults = Unreliable(self.chance)

    def step(self) -> None:
        """Let some members act, or end a life."""
        if self.chance.random() < 0.04:
            self._end_life()
        for member in self.chance.sample(self.members, self.chance.randint(1, 4)):
            member.act()
        self.world.advance(self.chance.choice((0, 0, 0.01, 0.05, 0.5)))

    def _end_life(self) -> None:
        engine, socket = self.world.actor("ROOMS_ENGINE", self.chance.choice(("e0", "e1"))), self.socket
        what = self.chance.choice(("abort the socket actor", "abort the engine actor", "sleep"))
        if what == "abort the socket actor" and socket.life is not None:
            self.aborted.add(str(socket.life.instance.life))
            socket.reset()
        elif what == "abort the engine actor":
            for member in self.members:
                member.cut(engine.name)
            engine.reset()
        elif what == "sleep":
            self.world.advance(12)
        self.done[what] += 1

    @property
    def socket(self) -> Actor:
        """The socket actor."""
        return self.world.actor("ROOMS_SOCKET", "main")

    def judge(self) -> Verdict:
        """Come to rest, let everybody look around, and judge what they saw."""
        lost_calls, self.faults.rate = self.faults.rate > 0, 0.0
        self.world.advance(120)
        for member in self.members:
            member.look()
        self.world.advance(60)
        life = self.socket.life or self.socket.wake()
        rows = life.within(lambda: life.instance.journal.read(0, 1_000_000))
        return judge(map(Entry.read, rows), self.society.connections, self.aborted, lost_calls=lost_calls)


def meet(seed: int, rate: float) -> tuple[Meeting, Verdict]:
    """Hold a meeting."""
    chance = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch, World.load(WORKER) as world:
        seed_packages(patch, chance)
        meeting = Meeting(world, chance)
        meeting.faults.rate = rate
        for _ in range(STEPS):
            meeting.step()
        return meeting, meeting.judge()


@pytest.mark.filterwarnings("ignore::engine_do.EngineConfigWarning")
@pytest.mark.parametrize("rate", [0.0, 0.03])
def test_every_delivery_is_what_the_model_says(rate: float) -> None:
    meeting, found = meet(STEPS, rate)
    assert found.faults == []
    # So much must have happened, or nothing is shown.
    assert set(meeting.done) == {"abort the socket actor", "abort the engine actor", "sleep"}
    assert found.counts["connect"] > 3 * MEMBERS
    assert found.counts["deliveries"] > 5 * STEPS
    assert found.counts["rooms seen after an abort"] > STEPS
    assert found.counts["connections that outlived an abort"] > MEMBERS
    # And this is what aborts may cost: the members with work, and a few of the last packets.
    assert found.counts["closed: 1011"] < meeting.done["abort the socket actor"] * MEMBERS / 4
    assert found.counts["closed without work"] < found.counts["connect"] / 20
    assert found.counts["lost in aborts"] < found.counts["deliveries"] / 20
