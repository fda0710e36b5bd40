"""What goes wrong between the actors of the simulated system, and in their storage, by chance."""

from collections import Counter
from random import Random
from typing import Final

from error_log import FULL

from shared_wire.limits import MAX_ATTEMPTS
from shared_wire.testing import DOUBLED, LOST, LOST_ANSWER, OVERLOADED, Actor, Fate, Faults
from shared_wire.testing.loop import current_life

__all__ = ["Unreliable"]

#: How statements and changes of keys begin that a full object refuses.
_WRITES: Final = ("INSERT", "UPDATE", "DELETE", "put ", "delete ")


class Unreliable(Faults):
    """Calls between actors fail by chance. A call that its caller has given up may still arrive, while both lives last."""

    def __init__(self, random: Random, rate: float, counts: Counter[str]) -> None:
        self.random, self.rate, self.counts = random, rate, counts
        #: How often in a row calls from one actor to another have failed.
        self.failed: Counter[tuple[str, str]] = Counter()
        #: The pairs of actors between which a call was given up, since all was last at rest.
        self.given_up: set[tuple[str, str]] = set()
        self.is_disturbed = False
        self.late_s = 0.0
        #: The actor that no call reaches for a while.
        self.cut_off: Actor | None = None
        #: The actor of whose writes every other one fails; and those of which some have failed, since all was last at rest.
        self.full: Actor | None = None
        self.were_full: set[Actor] = set()

    def calm(self) -> None:
        """Let nothing go wrong until `rate` is set again."""
        self.rate, self.late_s, self.cut_off, self.full = 0.0, 0.0, None, None

    def call(self, target: Actor, method: str) -> Fate:
        """Let one fail."""
        life = current_life.get()
        if method == "fetch" and life is not None:
            return self._open_stream(target)
        if method != "link" or life is None:
            return super().call(target, method)
        pair = str(life.owner), str(target)
        if self.random.random() >= self.rate and target is not self.cut_off:
            self.failed[pair] = 0
            return super().call(target, method)
        self.is_disturbed = True
        fate, what = self._choose() if target is not self.cut_off else (LOST, "cut off")
        self.counts[what] += 1
        self.failed[pair] = 0 if fate.is_answered else self.failed[pair] + 1
        if self.failed[pair] >= MAX_ATTEMPTS:
            self.counts["given up"] += 1
            self.given_up.add(pair)
        return fate

    def _open_stream(self, target: Actor) -> Fate:
        """Let a stream come late, or not at all."""
        if target is self.cut_off or self.random.random() < self.rate / 2:
            self.counts["stream refused"] += 1
            return LOST
        self.counts["stream opened"] += 1
        if self.random.random() < self.rate:
            self.counts["stream late"] += 1
            return Fate(told_s=self.random.random() / 2)
        return super().call(target, "fetch")

    def _choose(self) -> tuple[Fate, str]:
        late = self.random.random() * 3
        return self.random.choice(
            (
                (LOST, "call lost"),
                (LOST_ANSWER, "answer lost"),
                (DOUBLED, "call doubled"),
                (OVERLOADED, "overloaded"),
                (Fate(arrives_s=(late,)), "call late"),
                (Fate(told_s=late), "answer late"),
                (Fate(arrives_s=(late,), is_answered=False), "stray"),
            )
        )

    def write(self, owner: Actor, what: str) -> str | None:
        """Let every other write fail while an object is full: reading goes on."""
        is_ours = owner is self.full and current_life.get() is not None and what.startswith(_WRITES)
        if not is_ours or self.random.random() < 0.5:
            return super().write(owner, what)
        self.is_disturbed = True
        self.were_full.add(owner)
        self.counts[f"{owner.binding} full: {what.split()[0]}"] += 1
        return FULL

    def alarm_s(self, owner: Actor) -> float:
        """Let an alarm be late."""
        del owner
        return self.late_s
