"""The steps of an uneventful link return what the general functions do, or none."""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

import pytest
from wire_steps import QUICK, compare

from shared_wire.format.frames import Call, Change, Life, Refusal, Reply
from shared_wire.format.operations import (
    AdmitSessions,
    CloseSessions,
    EngineSid,
    MessageReceived,
    Operation,
    SendPackets,
)
from shared_wire.link.calls import enqueue, make_call, receive_reply
from shared_wire.link.link import Link
from shared_wire.link.replies import answer_call, confirm_handled, receive_call

T = TypeVar("T")

X, Y = EngineSid("x"), EngineSid("y")
ENGINE, SOCKET = Life(1, 1), Life(2, 2)
OURS, THEIRS, OTHERS = Life(1, 1), Life(2, 2), (Life(0, 9), Life(9, 9))
OPERATIONS = (MessageReceived(X, "m"), SendPackets((X, Y), ("p",)), AdmitSessions((X,)), CloseSessions((Y,), "r"))


def engine() -> Link:
    return Link(name="engine", life=ENGINE, peer_holds_sockets=False)


def socket() -> Link:
    return Link(name="socket", life=SOCKET, peer_holds_sockets=True)


def talk(here: Link, there: Link, *answers: Any) -> tuple[Link, Link, list[str]]:
    """Make one event cross, and its answers come back with the reply; returns which steps were quick."""
    quick: list[str] = []

    def note(name: str, *arguments: Any) -> None:
        if compare(name, *arguments) is not None:
            quick.append(name)

    here, _ = enqueue(here, MessageReceived(X, "m"))
    note("call_next", here)
    here, call = make_call(here)
    assert call is not None
    note("receive_next_call", there, call)
    there, _ = receive_call(there, call)
    there, _ = enqueue(there, *answers)
    there = confirm_handled(there, ENGINE, call.seq, (X,))
    note("answer_next", there, call.seq)
    there, reply = answer_call(there, call.seq)
    note("receive_next_reply", here, reply)
    here, _ = receive_reply(here, reply)
    return here, there, quick


@pytest.mark.parametrize(
    "answers", [(), (SendPackets((X,), ("a",)),), (AdmitSessions((X,)), SendPackets((X,), ("a",)))]
)
def test_an_event_between_two_that_have_met_takes_the_quick_steps(answers: tuple[Any, ...]) -> None:
    here, there, _ = talk(engine(), socket())
    for _ in range(3):
        here, there, quick = talk(here, there, *answers)
        assert quick == ["call_next", "receive_next_call", "answer_next", "receive_next_reply"]


def test_what_closes_sessions_takes_the_general_steps() -> None:
    here, there, _ = talk(engine(), socket())
    _, _, quick = talk(here, there, CloseSessions((Y,), "transport error"))
    assert "receive_next_reply" not in quick


class Chance(Random):
    """Draws what links and frames are made of: small numbers, and mostly what is usual."""

    def few(self) -> int:
        return self.randrange(4)

    def mostly(self, usual: T, *others: T) -> T:
        return self.choice(others) if self.random() < 0.06 else usual

    def operations(self) -> tuple[Operation, ...]:
        return tuple(self.choices(OPERATIONS, (6, 6, 6, 1), k=self.randrange(3)))

    def changes(self) -> tuple[Change, ...]:
        return self.mostly((), ((self.few(), X, self.random() < 0.5),))

    def work(self) -> tuple[tuple[int, frozenset[EngineSid]], ...]:
        numbers = sorted(self.sample(range(4), self.choice((0, 0, 1, 2))))
        return tuple((seq, frozenset(self.choice(((X,), (X, Y))))) for seq in numbers)

    def header(self, sender: Life, receiver: Life) -> dict[str, Any]:
        seq, told = self.few(), self.changes()
        return {
            "sender": "peer",
            "sender_life": self.mostly(sender, *OTHERS),
            "receiver_life": self.mostly(receiver, None, *OTHERS),
            "attempt": self.mostly(1, 2),
            "seq": seq,
            "lowest_unconfirmed": self.few(),
            "received": self.few(),
            "changes": told,
            "changes_end": len(told) + self.mostly(0, 1, 2),
            "changes_noted": self.few(),
            "sent": self.few(),
            "operations": self.operations() if seq else (),
        }

    def call(self, sender: Life, receiver: Life) -> Call:
        return Call(**self.header(sender, receiver))

    def reply(self, sender: Life, receiver: Life) -> Reply:
        return Reply(refusal=self.mostly(None, *Refusal), **self.header(sender, receiver))

    def link(self) -> Link:
        """Draw any link, also such as no talk leads to."""
        queue, told = self.operations(), self.changes()
        called = self.call(OURS, THEIRS)
        early = tuple(replace(self.call(THEIRS, OURS), seq=self.few() + 1) for _ in range(self.mostly(0, 1)))
        return Link(
            name="ours",
            life=OURS,
            peer_holds_sockets=self.random() < 0.5,
            peer_life=self.mostly(THEIRS, None),
            queue=queue,
            queued=100 * len(queue),
            next_seq=self.few() + 1,
            call=self.choice((None, called)),
            unhandled_there=self.mostly((), self.work()),
            received_there=self.few(),
            noted_there=self.few(),
            claims=self.mostly((), (called,)),
            held=self.mostly(None, called),
            unconfirmed=self.choice((None, replace(self.reply(OURS, THEIRS), seq=self.few() + 1))),
            sent=self.few(),
            behind=self.mostly(False, True),
            call_handled=frozenset(self.mostly((), (X,))),
            call_lost=frozenset(self.mostly((), (X,))),
            doubted=self.mostly(False, True),
            expected=self.mostly(1, None, 0, 2, 3),
            early=early,
            unhandled_here=self.work(),
            finished=tuple(
                (self.few(), self.few(), self.choice(((X,), (X, Y)))) for _ in range(self.mostly(0, 1, 1, 2))
            ),
            named=self.few(),
            changes=told,
            changes_end=len(told) + self.few(),
            told=self.few(),
            answered=self.choice((None, (self.few(), self.reply(OURS, THEIRS)))),
        )


def test_on_any_link() -> None:
    counts = Counter[str]()
    for seed in range(20_000):
        chance = Chance(seed)
        link = chance.link()
        counts["call_next"] += compare("call_next", link) is not None
        counts["answer_next"] += compare("answer_next", link, chance.few()) is not None
        counts["receive_next_call"] += compare("receive_next_call", link, chance.call(THEIRS, OURS)) is not None
        counts["receive_next_reply"] += compare("receive_next_reply", link, chance.reply(THEIRS, OURS)) is not None
    assert set(counts) == set(QUICK)
    assert min(counts.values()) > 100, counts
