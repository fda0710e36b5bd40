"""The steps of a link on which nothing out of the ordinary is going on, each as one change.

Both lives are known, frames come in their turn, no work has been told to wait, and nothing is lost, held, repeated or doubted: then
a step here returns exactly what the general functions of `calls` and `replies` do. In every other case it returns none.
"""

from typing import Any, Final

from shared_wire.format.batches import sessions_in, split
from shared_wire.format.frames import Call, Frame, Reply
from shared_wire.format.operations import CloseSessions, EngineSid
from shared_wire.frozen_values import make
from shared_wire.link.effects import Deliver, Effect
from shared_wire.link.link import Link, change
from shared_wire.link.unfinished import Unfinished, finish

__all__ = ["answer_next", "call_next", "receive_next_call", "receive_next_reply"]

_NOBODY: Final[frozenset[EngineSid]] = frozenset()


def call_next(link: Link) -> tuple[Link, Call | None] | None:
    """Make a call of all that waits, if anything does; see `calls.make_call`."""
    if not (link.queue or link.held or link.finished or link.behind) and link.told == link.changes_end:
        return link, None
    received = (link.expected or 1) - 1
    if link.call or link.held or link.unconfirmed or link.behind or link.finished or link.changes or not link.queue:
        return None
    if (link.unhandled_here and link.named < received) or (len(link.queue) > 1 and split(link.queue, link.queued)[1]):
        return None
    seq, there = link.next_seq, link.unhandled_there
    facts: dict[str, Any] = {
        "sender": link.name,
        "sender_life": link.life,
        "receiver_life": link.peer_life,
        "attempt": 1,
        "seq": seq,
        "lowest_unconfirmed": min(seq, there[0][0]) if there else seq,
        "received": received,
        "changes_end": link.changes_end,
        "changes_noted": link.noted_there,
        "sent": seq,
        "operations": link.queue,
    }
    call = make(Call, facts)
    made: dict[str, Any] = {"call": call, "sent": seq, "call_handled": _NOBODY, "call_lost": _NOBODY}
    said: dict[str, Any] = {"named": received, "told": link.changes_end}
    return change(link, next_seq=seq + 1, queue=(), queued=0, **made, **said), call


def receive_next_call(link: Link, call: Call) -> tuple[Link, tuple[Effect, ...]] | None:
    """Receive a call in its turn; see `replies.receive_call`."""
    if link.call or (link.answered and link.answered[0] == call.seq):
        return None
    arrived = _arrive(link, call)
    if arrived is None:
        return None
    return change(link, **arrived), (Deliver(call.sender_life, call.seq, call.operations),) if call.seq else ()


def receive_next_reply(link: Link, reply: Reply) -> tuple[Link, tuple[Effect, ...]] | None:
    """Apply the answer to a call that has arrived, with all that was sent before; see `calls.receive_reply`."""
    call = link.call
    if call is None or reply.refusal is not None or reply.received < max(call.seq, link.sent):
        return None
    arrived = _arrive(link, reply)
    if arrived is None or arrived["unconfirmed"] is not None:
        return None
    deliver = (Deliver(reply.sender_life, reply.seq, reply.operations),) if reply.seq else ()
    return change(link, call=None, behind=False, **arrived), deliver


def _arrive(link: Link, frame: Frame) -> dict[str, Any] | None:
    """Return what a frame changes that brings what is next, or nothing, and says of work no more than what has arrived."""
    expected, seq, received, here = link.expected, frame.seq, frame.received, link.unhandled_here
    if frame.sender_life != link.peer_life or frame.receiver_life != link.life or expected is None:
        return None
    if (
        link.doubted
        or link.early
        or link.claims
        or link.changes
        or (link.unhandled_there and received > link.received_there)
    ):
        return None
    coming = expected + 1 if seq else expected
    if seq not in (expected, 0) or frame.lowest_unconfirmed > expected or received < link.received_there:
        return None
    if frame.changes_end > link.noted_there or (frame.sent >= coming and not link.peer_holds_sockets):
        return None
    for one in frame.operations:
        if isinstance(one, CloseSessions):
            return None
    if seq and link.peer_holds_sockets and (concerned := sessions_in(frame.operations)):
        here = (*here, (seq, frozenset(concerned)))
    had = link.unconfirmed is None or link.unconfirmed.seq <= received
    unconfirmed = None if had else link.unconfirmed
    return {"expected": coming, "received_there": received, "unconfirmed": unconfirmed, "unhandled_here": here}


def answer_next(link: Link, seq: int) -> tuple[Link, Reply] | None:
    """Answer a call with all that waits; see `replies.answer_call`."""
    batch = link.queue if link.peer_holds_sockets else ()
    if not seq or link.call or link.held or link.unconfirmed or link.changes or (link.finished and not batch):
        return None
    if len(batch) > 1 and split(batch, link.queued)[1]:
        return None
    received, here = (link.expected or 1) - 1, _done_with(link, len(batch)) if link.finished else link.unhandled_here
    if here is None or (here and link.named < received):
        return None
    number, there = link.next_seq, link.unhandled_there
    facts: dict[str, Any] = {
        "sender": link.name,
        "sender_life": link.life,
        "receiver_life": link.peer_life,
        "attempt": 1,
        "seq": number if batch else 0,
        "lowest_unconfirmed": min(number, there[0][0]) if there else number,
        "received": received,
        "changes_end": link.changes_end,
        "changes_noted": link.noted_there,
        "sent": number if batch else number - 1,
        "operations": batch,
    }
    reply = make(Reply, facts)
    said: dict[str, Any] = {"answered": (seq, reply), "named": received, "told": link.changes_end}
    if not batch:
        return change(link, **said), reply
    sent: dict[str, Any] = {"queue": (), "queued": 0, "next_seq": number + 1, "unconfirmed": reply}
    return change(link, unhandled_here=here, finished=(), **sent, **said), reply


def _done_with(link: Link, left: int) -> Unfinished | None:
    """Return what is unfinished when so many operations have left; none where something waits for more, or is to be told."""
    here = link.unhandled_here
    for ahead, seq, engine_sids in link.finished:
        if ahead > left or seq <= link.named:
            return None
        here = finish(here, seq, engine_sids)
    return here
