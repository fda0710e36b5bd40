"""The half of the link that is called: whether a call is in turn, and the reply to it, the same one however often it comes."""

from collections.abc import Iterable
from dataclasses import replace

from shared_wire.batches import sessions_in, split
from shared_wire.effects import Answer, Effect
from shared_wire.frames import Call, Life, Refusal, Reply
from shared_wire.limits import MAX_EARLY_FRAMES
from shared_wire.link import Link, change, confirm, judge_doubt, losing, lowest, meet, take
from shared_wire.operations import EngineSid, Operation

__all__ = ["answer_call", "confirm_handled", "receive_call", "spoil_answer"]


def receive_call(link: Link, call: Call) -> tuple[Link, tuple[Effect, ...]]:
    """Take a call of the peer. Unless the effects hold an `Answer`, carry them out and then say `answer_call`."""
    return judge_doubt(link, call, *_receive_call(link, call))


def _receive_call(link: Link, call: Call) -> tuple[Link, tuple[Effect, ...]]:
    if link.peer_life is not None and call.sender_life < link.peer_life:
        return link, (Answer(_reply(link, Refusal.OLD_SENDER)),)
    link, lost = meet(link, call.sender_life)
    link, losses = losing(confirm(link, call), lost)
    if link.answered is not None and link.answered[0] == call.seq:
        return link, (*losses, Answer(link.answered[1]))
    if call.seq and call.seq < (link.expected or 0):
        return link, (Answer(_reply(link, None)),)
    unconfirmed = link.peer_holds_sockets and call.lowest_unconfirmed < call.seq
    if call.receiver_life != link.life and (call.attempt > 1 or unconfirmed):
        return link, (*losses, Answer(_reply(link, Refusal.NEW_LIFE)))
    taken, deliveries = take(link, call)
    if len(taken.early) > MAX_EARLY_FRAMES:
        return link, (*losses, Answer(_reply(link, Refusal.OVERLOADED)))
    return taken, losses + deliveries


def answer_call(link: Link, seq: int) -> tuple[Link, Reply]:
    """Make the reply to call number ``seq``; what is queued for the peer travels in it.

    The reply to a call that only confirms carries nothing: such a call is not stored and could not be answered twice alike.
    """
    told = link.unhandled
    batch: tuple[Operation, ...] = ()
    if not seq or not link.peer_holds_sockets:
        reply = _reply(link, None)
    elif link.unconfirmed is not None:
        reply = _reply(link, None, link.unconfirmed.seq, link.unconfirmed.operations)
    else:
        batch, rest = split(link.queue)
        reply = _reply(link, None, link.next_seq if batch else 0, batch)
    answered = (seq, reply) if seq else link.answered
    if not batch:
        return change(link, told=told, answered=answered), reply
    return change(link, told=told, answered=answered, queue=rest, next_seq=link.next_seq + 1, unconfirmed=reply), reply


def spoil_answer(link: Link, reply: Reply) -> tuple[Link, tuple[Effect, ...], Reply]:
    """Give up what a reply carries because no frame can carry it; its number is still used."""
    empty = replace(reply, operations=())
    answered = (link.answered[0], empty) if link.answered and link.answered[1] == reply else link.answered
    unconfirmed = empty if link.unconfirmed and link.unconfirmed.seq == reply.seq else link.unconfirmed
    link, effects = losing(change(link, answered=answered, unconfirmed=unconfirmed), sessions_in(reply.operations))
    return link, effects, empty


def confirm_handled(link: Link, sender_life: Life, seq: int, engine_sids: Iterable[EngineSid]) -> Link:
    """Note that what number ``seq`` of that life brought for these sessions is done; of an older life it no longer matters."""
    if sender_life != link.peer_life:
        return link
    return change(link, unhandled_here=link.unhandled_here.difference((seq, engine_sid) for engine_sid in engine_sids))


def _reply(link: Link, refusal: Refusal | None, seq: int = 0, operations: tuple[Operation, ...] = ()) -> Reply:
    return Reply(
        sender=link.name,
        sender_life=link.life,
        receiver_life=link.peer_life,
        attempt=1,
        seq=seq,
        lowest_unconfirmed=lowest(link, link.next_seq),
        received=link.received,
        handled=link.handled,
        unhandled=tuple(link.unhandled),
        refusal=refusal,
        operations=operations,
    )
