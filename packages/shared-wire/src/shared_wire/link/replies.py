"""The half of the link that is called: whether a call is in turn, and the reply to it, the same one however often it comes."""

from collections.abc import Iterable
from dataclasses import replace

from shared_wire.format.batches import sessions_in, split, weigh
from shared_wire.format.frames import Call, Life, Refusal, Reply
from shared_wire.format.operations import EngineSid, Operation
from shared_wire.limits import MAX_EARLY_BYTES, MAX_EARLY_FRAMES
from shared_wire.link.effects import Effect, SendReply
from shared_wire.link.link import (
    Link,
    change,
    closings,
    confirm,
    finish_work,
    judge_doubt,
    losing,
    lowest,
    meet,
    news,
    outlive,
    settle,
    take,
)

__all__ = ["answer_call", "confirm_handled", "receive_call", "spoil_answer"]


def receive_call(link: Link, call: Call) -> tuple[Link, tuple[Effect, ...]]:
    """Handle a call of the peer. Unless the effects hold a `SendReply`, carry them out and then say `answer_call`."""
    return judge_doubt(link, call, *_receive_call(link, call))


def _receive_call(link: Link, call: Call) -> tuple[Link, tuple[Effect, ...]]:
    if link.peer_life is not None and call.sender_life < link.peer_life:
        link, reply = _reply(link, Refusal.OLD_SENDER)
        return link, (SendReply(reply),)
    if _comes_before_an_outcome(link, call):
        link, reply = _reply(link, Refusal.OVERLOADED)
        return link, (SendReply(reply),)
    unknown: tuple[EngineSid, ...] = ()
    if call.receiver_life is not None and call.receiver_life > link.life:
        link, unknown = outlive(link, call.receiver_life)
    link, lost = meet(link, call.sender_life)
    link, losses = losing(link, unknown + lost)
    if link.answered is not None and link.answered[0] == call.seq:
        return confirm(link, call), (*losses, SendReply(link.answered[1]))
    if call.seq and call.seq < (link.expected or 0):
        link, reply = _reply(confirm(link, call), None)
        return link, (SendReply(reply),)
    unconfirmed = link.peer_holds_sockets and call.lowest_unconfirmed < call.seq
    if call.receiver_life != link.life and (call.attempt > 1 or unconfirmed):
        link, reply = _reply(link, Refusal.NEW_LIFE)
        return link, (*losses, SendReply(reply))
    taken, deliveries = take(link, call)
    if _holds_too_much(taken):
        link, reply = _reply(link, Refusal.OVERLOADED)
        return link, (*losses, SendReply(reply))
    return confirm(taken, call), losses + deliveries


def _comes_before_an_outcome(link: Link, call: Call) -> bool:
    """Return whether a call is for sessions of a call of ours that was made for another life than the caller's (rule 11).

    The other life may have taken ours, and ended with the answers in its hands: then nothing may follow that gap.
    """
    ours = link.call
    if ours is None or ours.receiver_life == call.sender_life or link.peer_holds_sockets:
        return False
    if call.receiver_life == link.life and call.received >= ours.seq > 0:
        return False  # this life has it, and answers it itself
    return not set(sessions_in(ours.operations)).isdisjoint(sessions_in(call.operations))


def _holds_too_much(link: Link) -> bool:
    early = link.early
    return len(early) > MAX_EARLY_FRAMES or (
        len(early) > 1 and sum(weigh(one) for frame in early for one in frame.operations) > MAX_EARLY_BYTES
    )


def answer_call(link: Link, seq: int) -> tuple[Link, Reply]:
    """Make the reply to call number ``seq``; what is queued for the peer travels in it.

    The reply to a call that only confirms carries nothing: such a call is not stored and could not be answered twice alike.
    """
    batch: tuple[Operation, ...] = ()
    if not seq or not link.peer_holds_sockets:
        link, reply = _reply(link, None)
    elif link.unconfirmed is not None:
        link, reply = _reply(link, None, link.unconfirmed.seq, link.unconfirmed.operations)
    else:
        batch, rest, left = split(link.queue, link.queued)
        link = settle(link, len(batch))
        link, reply = _reply(link, None, link.next_seq if batch else 0, batch)
    answered = (seq, reply) if seq else link.answered
    if not batch:
        return change(link, answered=answered), reply
    sent = {"queue": rest, "queued": left, "next_seq": link.next_seq + 1, "unconfirmed": reply}
    return change(link, answered=answered, **sent), reply


def spoil_answer(link: Link, reply: Reply) -> tuple[Link, tuple[Effect, ...], Reply]:
    """Give up what a reply carries, but for what closes sessions, because no frame can carry it; its number is still used."""
    empty = replace(reply, operations=())
    answered = (link.answered[0], empty) if link.answered and link.answered[1] == reply else link.answered
    unconfirmed = empty if link.unconfirmed and link.unconfirmed.seq == reply.seq else link.unconfirmed
    link, effects = losing(change(link, answered=answered, unconfirmed=unconfirmed), sessions_in(reply.operations))
    kept = closings(reply.operations)
    return change(link, queue=link.queue + kept, queued=link.queued + sum(map(weigh, kept))), effects, empty


def confirm_handled(link: Link, sender_life: Life, seq: int, engine_sids: Iterable[EngineSid]) -> Link:
    """Note that what number ``seq`` of that life brought for these sessions is done; of an older life it no longer matters."""
    if sender_life != link.peer_life:
        return link
    if link.queue:
        return change(link, finished=(*link.finished, (len(link.queue), seq, tuple(engine_sids))))
    return finish_work(link, seq, tuple(engine_sids))


def _reply(
    link: Link, refusal: Refusal | None, seq: int = 0, operations: tuple[Operation, ...] = ()
) -> tuple[Link, Reply]:
    link, said = news(link, seq)
    reply = Reply(
        sender=link.name,
        sender_life=link.life,
        receiver_life=link.peer_life,
        attempt=1,
        seq=seq,
        lowest_unconfirmed=lowest(link, link.next_seq),
        refusal=refusal,
        operations=operations,
        **said,
    )
    return link, reply
