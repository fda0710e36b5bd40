"""What a link does in each state of a small model: two lives of a peer, and every talk with them of a few steps."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any, TypeAlias

from diagrams import Step, draw, hold
from wire_steps import QUICK, compare

from shared_wire.format.frames import Call, Life, Refusal, Reply
from shared_wire.format.operations import EngineSid, MessageReceived, Operation, SendPackets
from shared_wire.link.calls import enqueue, fail_call, make_call, receive_reply, renew_call, repeat_call, spoil_call
from shared_wire.link.effects import Effect, Lose, SendReply
from shared_wire.link.link import Link
from shared_wire.link.replies import answer_call, confirm_handled, receive_call

#: How many steps a talk has: enough for a call, its repeat, an answer, and a life that comes after it.
DEPTH = 4

X = EngineSid("x")
OURS, OURS_BEFORE = Life(5, 0), Life(4, 0)
PEERS = (Life(2, 1), Life(3, 1))

#: What happened, the link after it, and the effects.
Taken: TypeAlias = tuple[str, Link, tuple[Effect, ...]]


def operation(*, up: bool) -> Operation:
    return MessageReceived(X, "m") if up else SendPackets((X,), ("p",))


def frames(link: Link) -> Iterator[tuple[str, Call | Reply]]:
    """Make what the peer may say now, in either life."""
    brought = (operation(up=link.peer_holds_sockets),)
    for life, seq in product(PEERS, (0, link.received + 1)):
        is_old = link.peer_life is not None and life < link.peer_life
        past = " of an old life" if is_old else " of a new life" if link.peer_life not in (None, life) else ""
        said: dict[str, Any] = {
            "sender": "peer",
            "sender_life": life,
            "lowest_unconfirmed": seq or link.received + 1,
            "sent": seq,
        }
        carried: dict[str, Any] = {"seq": seq, "operations": brought if seq else ()}
        for attempt, to in product((1, 2), (OURS, OURS_BEFORE)):
            name = "call" if is_old or attempt == 1 else "call again"
            whose = "" if is_old or to is OURS else " for our old life"
            yield name + past + whose, Call(**said, **carried, receiver_life=to, attempt=attempt, received=0)
        if link.call is None:
            continue
        told: dict[str, Any] = {"receiver_life": OURS, "attempt": 1, "received": link.call.seq}
        begun: dict[str, Any] = {"changes": ((link.call.seq, X, False),), "changes_end": link.noted_there + 1}
        yield f"reply{past}", Reply(**said, **carried, **told)
        yield f"reply{past}", Reply(**said, **carried, **told, **begun)
        for refusal in (Refusal.NEW_LIFE, Refusal.OLD_SENDER, Refusal.UNREADABLE):
            yield f"{refusal.name}{past}", Reply(**said, **told | {"received": 0}, seq=0, refusal=refusal)


def steps_of(link: Link) -> Iterator[Taken]:
    yield "enqueue", *enqueue(link, operation(up=not link.peer_holds_sockets))
    for make in (make_call, repeat_call, renew_call):
        yield make.__name__, make(link)[0], ()
    for give_up in (fail_call, spoil_call):
        if link.call is not None:
            yield give_up.__name__, *give_up(link)
    yield "answer_call", answer_call(link, link.received)[0], ()
    if link.peer_life is not None:
        yield "confirm_handled", confirm_handled(link, link.peer_life, link.received, (X,)), ()
    for name, frame in frames(link):
        yield name, *(receive_call(link, frame) if isinstance(frame, Call) else receive_reply(link, frame))


@cache
def explored() -> dict[Link, tuple[Taken, ...]]:
    """Explore every step from every state that fewer than `DEPTH` steps lead to, at either end of a link."""
    found: dict[Link, tuple[Taken, ...]] = {}
    reached = [Link(name="link", life=OURS, peer_holds_sockets=there) for there in (False, True)]
    for _ in range(DEPTH):
        for link in reached:
            found[link] = tuple(steps_of(link))
        reached = [*{after: None for link in reached for _, after, _ in found[link] if after not in found}]
    return found


def call_of(link: Link) -> str:
    if link.call is not None:
        return "calling" if link.call.attempt == 1 else "repeating"
    return "held" if link.held is not None else "waiting" if link.queue or link.behind else "quiet"


def peer_of(link: Link) -> str:
    return "doubted" if link.doubted else "unmet" if link.peer_life is None else "met"


def shown(effect: Effect) -> str:
    match effect:
        case Lose(None):
            return "Lose(all)"
        case SendReply(reply) if reply.refusal is not None:
            return f"SendReply({reply.refusal.name})"
    return type(effect).__name__


def steps(where: Callable[[Link], str], what: Callable[[str], bool], *left_out: str) -> Iterator[Step]:
    for link, taken in explored().items():
        for name, after, effects in taken:
            if what(name):
                names = dict.fromkeys(map(shown, effects))
                yield where(link), name, ", ".join(one for one in names if one not in left_out), where(after)


def test_the_small_model_is_not_empty() -> None:
    assert {call_of(link) for link in explored()} == {"quiet", "waiting", "calling", "repeating", "held"}
    assert {peer_of(link) for link in explored()} == {"unmet", "met", "doubted"}


def quick_steps() -> Iterator[tuple[str, Any]]:
    for link in explored():
        yield "call_next", compare("call_next", link)
        yield "answer_next", compare("answer_next", link, link.received)
        for (_, frame), received in product(frames(link), (0, link.next_seq - 1)):
            name = "receive_next_call" if isinstance(frame, Call) else "receive_next_reply"
            yield name, compare(name, link, replace(frame, received=received))


def test_a_quick_step_is_the_general_one() -> None:
    assert {name for name, taken in quick_steps() if taken is not None} == set(QUICK)


def test_the_diagrams_of_the_link_are_what_it_does() -> None:
    drawn = (
        "Our call:\n\n" + draw(steps(call_of, lambda name: not name.startswith("call"), "Deliver")),
        "The peer's calls:\n\n" + draw(steps(peer_of, lambda name: name.startswith("call"))),
    )
    hold("link", "packages/shared-wire/tests/link/test_link_product.py", "\n".join(drawn))
