"""The half of the link that calls: what to say next, again, or in place of what is lost; and what an answer means."""

from dataclasses import replace
from typing import Final

from shared_wire.format.batches import largest_holder, sessions_in, split, weigh, without
from shared_wire.format.frames import Call, Refusal, Reply
from shared_wire.format.operations import CloseSessions, EngineSid, Operation, SessionClosed
from shared_wire.limits import (
    FEW_QUEUED_BYTES,
    MAX_ATTEMPTS,
    MAX_CHANGES,
    MAX_FRAME_BYTES,
    MAX_QUEUED,
    MAX_QUEUED_BYTES,
)
from shared_wire.link.effects import Effect
from shared_wire.link.link import (
    Link,
    change,
    closings,
    confirm,
    judge_doubt,
    lose,
    losing,
    lowest,
    meet,
    news,
    outlive,
    settle,
    take,
)
from shared_wire.link.unfinished import sessions_waiting
from shared_wire.reasons import Reason

__all__ = ["enqueue", "fail_call", "make_call", "receive_reply", "renew_call", "repeat_call", "spoil_call"]


#: What ends sessions, or says that they have ended. It is never left out: there is one for each, and nothing else would end them.
_CLOSING: Final = (CloseSessions, SessionClosed)


def enqueue(link: Link, *operations: Operation) -> tuple[Link, tuple[Effect, ...]]:
    """Add operations for the peer; they leave with the next reply or call.

    Where more than a little waits already and it becomes too much, or where no frame could hold these, the session that holds most
    of it is lost; if that is not enough, these operations are left out, and those that they are about are lost. What closes passes.
    """
    queue, queued = link.queue + operations, link.queued + sum(map(weigh, operations))
    added = change(link, queue=queue, queued=queued)
    if queued <= MAX_QUEUED_BYTES and len(queue) <= MAX_QUEUED:
        return added, ()
    if link.queued <= FEW_QUEUED_BYTES and queued <= 2 * MAX_FRAME_BYTES:
        return added, ()
    kept = tuple(one for one in operations if isinstance(one, _CLOSING))
    if kept == operations:
        return added, ()
    relieved, effects = losing(added, largest_holder(added.queue))
    if not _is_full(relieved):
        return relieved, effects
    weight = sum(map(weigh, kept))
    return losing(change(link, queue=link.queue + kept, queued=link.queued + weight), sessions_in(operations))


def _is_full(link: Link) -> bool:
    return link.queued > MAX_QUEUED_BYTES or len(link.queue) > MAX_QUEUED


def make_call(link: Link) -> tuple[Link, Call | None]:
    """Return the next call to make: none while one is under way or nothing is to be said."""
    if link.call is not None:
        return link, None
    if not link.queue:
        link = settle(link)
    if link.held is not None:
        return _start(change(link, held=None), 1, link.held.seq, link.held.operations)
    if link.behind and link.unconfirmed is not None:
        # Attempt 2: whether a life received it as a reply is not known, so a new life must refuse it.
        return _start(link, 2, link.unconfirmed.seq, link.unconfirmed.operations)
    if not (link.queue or link.behind or (link.told != link.changes_end and _must_tell(link))):
        return link, None
    batch, rest, left = split(link.queue, link.queued)
    link = settle(link, len(batch))
    seq = link.next_seq if batch else 0
    return _start(change(link, next_seq=link.next_seq + bool(batch), queue=rest, queued=left), 1, seq, batch)


def _must_tell(link: Link) -> bool:
    """Return whether a session that the peer was told to wait for has nothing unfinished any more (rule 8)."""
    if len(link.changes) > MAX_CHANGES:
        return True  # what the frame before had no room for may be work that is not finished
    untold = link.changes[link.told - link.changes_end :]
    done = {engine_sid for _, engine_sid, is_done in untold if is_done}
    for _, waiting in link.unhandled_here:
        done -= waiting
        if not done:
            return False
    return bool(done)


def _start(link: Link, attempt: int, seq: int, operations: tuple[Operation, ...]) -> tuple[Link, Call]:
    link, said = news(link)
    call = Call(
        sender=link.name,
        sender_life=link.life,
        receiver_life=link.peer_life,
        attempt=attempt,
        seq=seq,
        lowest_unconfirmed=lowest(link, seq or link.next_seq),
        operations=operations,
        **said,
    )
    return change(link, call=call, sent=link.next_seq - 1, behind=False, **_UNTOUCHED), call


#: What has become of a call that was just made.
_UNTOUCHED: Final[dict[str, frozenset[EngineSid]]] = {"call_handled": frozenset(), "call_lost": frozenset()}


def repeat_call(link: Link) -> tuple[Link, Call | None]:
    """Repeat the call after a failure; returns none when its attempts are used up (then `fail_call`).

    The life it was made for stays: rule 5 judges a repeat by it.
    """
    if link.call is None or link.call.attempt >= MAX_ATTEMPTS:
        return link, None
    before = link.call
    link, said = news(link)
    call = replace(before, attempt=before.attempt + 1, **said)
    return change(link, call=call), call


def renew_call(link: Link) -> tuple[Link, Call | None]:
    """Make the call again after it was put off: it was not taken for certain, so the attempt is the same."""
    if link.call is None:
        return link, None
    before = link.call
    link, said = news(link)
    call = replace(before, **said)
    return change(link, call=call), call


def fail_call(link: Link) -> tuple[Link, tuple[Effect, ...]]:
    """Give the peer up for unreachable: everything under way and waiting is lost, but for what closes sessions at a peer that holds
    their sockets. Rule 9 says what its answer may have held.
    """
    lost = _at_stake(link, link.call) + sessions_in(link.queue) + sessions_waiting(link.unhandled_there)
    held = _in_place_of(link, link.call)
    doubted = link.doubted or (link.call is not None and not link.peer_holds_sockets)
    finished = tuple((0, seq, sids) for _, seq, sids in link.finished)
    queue = closings(link.queue) if link.peer_holds_sockets else ()
    queued = sum(map(weigh, queue))
    given_up = {"call": None, "queue": queue, "queued": queued, "unhandled_there": (), "finished": finished}
    return change(link, held=held, doubted=doubted, **given_up), lose(lost)


def spoil_call(link: Link) -> tuple[Link, tuple[Effect, ...]]:
    """Give up the call under way because no frame can carry it; what waits behind it is not touched."""
    call = link.call
    if call is None:
        return link, ()
    return losing(change(link, call=None, held=_in_place_of(link, call)), sessions_in(call.operations))


def receive_reply(link: Link, reply: Reply) -> tuple[Link, tuple[Effect, ...]]:
    """Apply the answer to the call under way. (`Refusal.OVERLOADED` is no answer: renew the call instead.)"""
    call = link.call
    if call is None:
        return link, ()
    return judge_doubt(link, reply, *_receive_reply(change(link, call=None), call, reply))


def _receive_reply(link: Link, call: Call, reply: Reply) -> tuple[Link, tuple[Effect, ...]]:
    if link.peer_life is not None and reply.sender_life < link.peer_life:
        if link.peer_holds_sockets and reply.refusal is None:
            return change(link, behind=True), ()
        had = reply.sender_life == link.past[0] and reply.seq <= link.past[1]
        return losing(link, _at_stake(link, call) + (() if had else sessions_in(reply.operations)))
    link, lost = meet(link, reply.sender_life)
    if reply.refusal is not None:
        return _refused(link, call, reply, lost)
    if reply.receiver_life != link.life:
        # Taken before we took the next moment (rule 10): what of it is unfinished is told to nobody, nor what it was answered.
        return losing(
            link, lost + (() if link.peer_holds_sockets else _at_stake(link, call) + sessions_in(reply.operations))
        )
    link, deliveries = take(link, reply)
    link = confirm(link, reply)
    if call.seq > link.received_there and not link.peer_holds_sockets and call.operations:
        pending = (call.seq, frozenset(sessions_in(call.operations)))
        link = change(link, unhandled_there=(*link.unhandled_there, pending))
    gap = link.unconfirmed is not None and link.unconfirmed.seq > link.received_there + 1
    link = change(link, behind=link.peer_holds_sockets and (gap or link.received_there < link.sent))
    link, losses = losing(link, lost)
    return link, losses + deliveries


def _refused(link: Link, call: Call, reply: Reply, lost: tuple[EngineSid, ...]) -> tuple[Link, tuple[Effect, ...]]:
    if reply.refusal is Refusal.OLD_SENDER and reply.receiver_life is not None:
        if reply.receiver_life > link.life:
            link, unknown = outlive(link, reply.receiver_life)
            lost += unknown
    elif reply.refusal is not Refusal.NEW_LIFE:
        link, unhandled = change(link, unhandled_there=()), sessions_waiting(link.unhandled_there)
        return losing(link, lost + unhandled + _at_stake(link, call))
    if call.attempt == 1:
        held = replace(call, operations=without(call.operations, link.call_lost)) if link.call_lost else call
        return losing(change(link, held=held), lost)
    return losing(change(link, held=_in_place_of(link, call)), lost + _at_stake(link, call))


def _at_stake(link: Link, call: Call | None) -> tuple[EngineSid, ...]:
    return tuple(sid for sid in sessions_in(call.operations if call else ()) if sid not in link.call_handled)


def _in_place_of(link: Link, call: Call | None) -> Call | None:
    """Make what takes a lost call's number: what is already on its way behind it must find the sessions closed."""
    if call is None or not call.seq:
        return None
    lost = tuple(dict.fromkeys(_at_stake(link, call)))
    close = (CloseSessions(lost, Reason.TRANSPORT_ERROR),) if lost and link.peer_holds_sockets else ()
    return replace(call, attempt=1, operations=close)
