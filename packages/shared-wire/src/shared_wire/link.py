"""The link between two actors, as a value: who met whom, what is under way, what has been confirmed. No I/O, no clock.

Everything that changes a `Link` is in this file. The rules:

1.  Operations are handed on once each, in the order they were sent, for as long as both lives last.
2.  One call is under way at a time (a window of one); what comes meanwhile waits in `queue` and travels together.
3.  A reply may carry the other direction's operations. Calls and replies of one direction share one numbering; whatever
    arrives ahead of its turn waits in `early`.
4.  A call is repeated, with `attempt` raised, until an answer comes. Within one life of the receiver a repeat gets the stored
    reply and is not handled again.
5.  A new life of the receiver takes a first attempt (that is the ordinary first event after sleep) and refuses a repeat that
    was made for an older life: nobody knows what the older life did with it. A sender whose life was succeeded is refused.
6.  When the peer's life changes, what it had not confirmed as *handled* has an unknown outcome: the sessions concerned, and
    only they, are lost and must be closed.
7.  Where the peer holds the sockets, rule 6 does not apply to what it received: a socket that is still there means its object
    slept with nothing in progress, and everything else closes the sockets.
8.  *Handled* lags behind *received* only while a handler is suspended. The lag, once told, is made up for by a call of its own
    when nothing else travels, so that a peer never counts finished work as lost.

Memory only: a `Link` ends with the life of its actor, and rules 5 to 7 are what makes that safe.
"""

from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from shared_wire.frames import Call, Frame, Life, Refusal, Reply
from shared_wire.limits import MAX_ATTEMPTS, MAX_EARLY_FRAMES
from shared_wire.operations import (
    EngineSid,
    MessageReceived,
    Operation,
    SendPackets,
    SessionOpened,
    SessionsRange,
    sessions_of,
)

__all__ = [
    "Answer",
    "Deliver",
    "Effect",
    "Link",
    "Lose",
    "answer_call",
    "confirm_handled",
    "enqueue",
    "fail_call",
    "make_call",
    "receive_call",
    "receive_reply",
    "repeat_call",
]

#: What one frame carries at most; the rest of the queue follows in the next.
_BATCH_OPERATIONS: Final = 2_000
_BATCH_BYTES: Final = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Deliver:
    """Carry out these operations, in order; say `confirm_handled` with the same life and number when all are done."""

    sender_life: Life
    seq: int
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Lose:
    """The fate of work for these sessions is unknown: close them so that their clients reconnect."""

    engine_sids: tuple[EngineSid, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the call with this; nothing of it is to be handled."""

    reply: Reply


Effect: TypeAlias = Deliver | Lose | Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One actor's view of the link to one peer."""

    name: str
    life: Life
    peer_holds_sockets: bool
    peer_life: Life | None = None

    queue: tuple[Operation, ...] = ()
    next_seq: int = 1
    call: Call | None = None
    #: Numbers sent and received there, with their sessions, until they are confirmed as handled.
    unhandled_there: tuple[tuple[int, tuple[EngineSid, ...]], ...] = ()

    #: The next number to hand on; unknown before the first frame of the peer's life.
    expected: int | None = None
    early: tuple[Frame, ...] = ()
    unhandled_here: frozenset[int] = field(default_factory=frozenset)
    #: What the peer was last told: received, handled.
    told: tuple[int, int] = (0, 0)
    #: The number of the last call taken, and its reply, for a peer that did not get it.
    answered: tuple[int, Reply] | None = None

    @property
    def received(self) -> int:
        """The number up to which everything has arrived."""
        return (self.expected or 1) - 1

    @property
    def handled(self) -> int:
        """The number up to which everything has been handled to its end."""
        return min(self.unhandled_here) - 1 if self.unhandled_here else self.received


def enqueue(link: Link, *operations: Operation) -> Link:
    """Add operations for the peer; they leave with the next reply or call."""
    return replace(link, queue=link.queue + operations)


def make_call(link: Link) -> tuple[Link, Call | None]:
    """Take the next call to make: none while one is under way or nothing is to be said."""
    if link.call is not None:
        return link, None
    batch, rest = _split(link.queue)
    told_lag = link.told[1] < link.told[0] and link.handled > link.told[1]
    if not batch and not told_lag:
        return link, None
    seq = link.next_seq if batch else 0
    call = Call(
        sender=link.name,
        sender_life=link.life,
        receiver_life=link.peer_life,
        attempt=1,
        seq=seq,
        lowest_unconfirmed=seq or link.next_seq,
        received=link.received,
        handled=link.handled,
        operations=batch,
    )
    told = (link.received, link.handled)
    return replace(link, call=call, queue=rest, next_seq=link.next_seq + bool(batch), told=told), call


def repeat_call(link: Link) -> tuple[Link, Call | None]:
    """Take the same call once more after a failure; none when its attempts are used up (then `fail_call`).

    The life it was made for stays: rule 5 judges a repeat by it.
    """
    if link.call is None or link.call.attempt >= MAX_ATTEMPTS:
        return link, None
    call = replace(link.call, attempt=link.call.attempt + 1, received=link.received, handled=link.handled)
    return replace(link, call=call, told=(link.received, link.handled)), call


def fail_call(link: Link) -> tuple[Link, tuple[Effect, ...]]:
    """Give the peer up for unreachable: everything under way and waiting is lost."""
    call = link.call.operations if link.call else ()
    lost = _sessions(call + link.queue) + _unhandled(link)
    return replace(link, call=None, queue=(), unhandled_there=()), _lose(lost)


def receive_reply(link: Link, reply: Reply) -> tuple[Link, tuple[Effect, ...]]:
    """Take the answer to the call under way. (`Refusal.OVERLOADED` is no answer: repeat the call instead.)"""
    call = link.call
    if call is None:
        return link, ()
    link = replace(link, call=None)
    if link.peer_life is not None and reply.sender_life < link.peer_life:
        return link, _lose(_sessions(call.operations + reply.operations))
    link, lost = _meet(link, reply.sender_life)
    if reply.refusal is not None:
        return link, _lose(lost + _sessions(call.operations))
    if call.seq and not link.peer_holds_sockets:
        pending = (call.seq, _sessions(call.operations))
        link = replace(link, unhandled_there=(*link.unhandled_there, pending))
    link = _confirm(link, reply)
    link, deliveries = _take(link, reply) if reply.seq else (link, ())
    return link, _lose(lost) + deliveries


def receive_call(link: Link, call: Call) -> tuple[Link, tuple[Effect, ...]]:
    """Take a call of the peer. Unless the effects hold an `Answer`, carry them out and then say `answer_call`."""
    if link.peer_life is not None and call.sender_life < link.peer_life:
        return link, (Answer(_reply(link, Refusal.OLD_SENDER)),)
    link, lost = _meet(link, call.sender_life)
    if link.answered is not None and link.answered[0] == call.seq:
        return link, (*_lose(lost), Answer(link.answered[1]))
    if call.seq and call.seq < (link.expected or 0):
        return link, (Answer(_reply(link, None)),)
    if call.receiver_life != link.life and (call.attempt > 1 or call.lowest_unconfirmed < call.seq):
        return link, (*_lose(lost), Answer(_reply(link, Refusal.NEW_LIFE)))
    if len(link.early) >= MAX_EARLY_FRAMES:
        return link, (*_lose(lost), Answer(_reply(link, Refusal.OVERLOADED)))
    link = _confirm(link, call)
    link, deliveries = _take(link, call) if call.seq else (link, ())
    return link, _lose(lost) + deliveries


def answer_call(link: Link, seq: int) -> tuple[Link, Reply]:
    """Make the reply to call number ``seq``; what is queued for the peer travels in it.

    The reply to a call that only confirms carries nothing: such a call is not stored and could not be answered twice alike.
    """
    batch, rest = _split(link.queue) if seq else ((), link.queue)
    number = link.next_seq if batch else 0
    reply = replace(
        _reply(link, None),
        seq=number,
        lowest_unconfirmed=link.call.seq if link.call and link.call.seq else number or link.next_seq,
        operations=batch,
    )
    link = replace(link, queue=rest, next_seq=link.next_seq + bool(batch), told=(link.received, link.handled))
    return (replace(link, answered=(seq, reply)) if seq else link), reply


def confirm_handled(link: Link, sender_life: Life, seq: int) -> Link:
    """Note that everything of number ``seq`` of that life has been handled; of an older life it no longer matters."""
    if sender_life != link.peer_life:
        return link
    return replace(link, unhandled_here=link.unhandled_here - {seq})


def _meet(link: Link, life: Life) -> tuple[Link, tuple[EngineSid, ...]]:
    """Note whose life the peer lives; of a new one nothing has been received, and rules 6 and 7 say what is lost."""
    if link.peer_life is not None and life <= link.peer_life:
        return link, ()
    met = replace(
        link,
        peer_life=life,
        unhandled_there=(),
        expected=None,
        early=(),
        unhandled_here=frozenset(),
        told=(0, 0),
        answered=None,
    )
    return met, _unhandled(link)


def _confirm(link: Link, frame: Frame) -> Link:
    if not link.unhandled_there or frame.receiver_life != link.life:
        return link
    return replace(link, unhandled_there=tuple(entry for entry in link.unhandled_there if entry[0] > frame.handled))


def _take(link: Link, frame: Frame) -> tuple[Link, tuple[Effect, ...]]:
    """Put a numbered frame in its place and hand on what is now in turn.

    A gap below ``lowest_unconfirmed`` will never be filled: the sender has given those frames, and their sessions, up.
    """
    expected = max(link.expected or 0, min(frame.lowest_unconfirmed, frame.seq))
    waiting = sorted((*link.early, frame), key=lambda one: one.seq)
    deliveries: list[Effect] = []
    early: list[Frame] = []
    for one in waiting:
        if one.seq == expected:
            deliveries.append(Deliver(one.sender_life, one.seq, one.operations))
            expected += 1
        elif one.seq > expected:
            early.append(one)
    numbers = {effect.seq for effect in deliveries if isinstance(effect, Deliver)}
    link = replace(link, expected=expected, early=tuple(early), unhandled_here=link.unhandled_here | numbers)
    return link, tuple(deliveries)


def _reply(link: Link, refusal: Refusal | None) -> Reply:
    return Reply(
        sender=link.name,
        sender_life=link.life,
        receiver_life=link.peer_life,
        attempt=1,
        seq=0,
        lowest_unconfirmed=link.next_seq,
        received=link.received,
        handled=link.handled,
        refusal=refusal,
    )


def _lose(engine_sids: tuple[EngineSid, ...]) -> tuple[Effect, ...]:
    return (Lose(tuple(dict.fromkeys(engine_sids))),) if engine_sids else ()


def _unhandled(link: Link) -> tuple[EngineSid, ...]:
    return tuple(engine_sid for _, engine_sids in link.unhandled_there for engine_sid in engine_sids)


def _sessions(operations: tuple[Operation, ...]) -> tuple[EngineSid, ...]:
    return tuple(engine_sid for operation in operations for engine_sid in sessions_of(operation))


def _split(queue: tuple[Operation, ...]) -> tuple[tuple[Operation, ...], tuple[Operation, ...]]:
    """Cut what fits into one frame off the front of the queue: at least one operation, if there is any."""
    weight = 0
    for index, operation in enumerate(queue):
        weight += _weight(operation)
        if index and (index >= _BATCH_OPERATIONS or weight > _BATCH_BYTES):
            return queue[:index], queue[index:]
    return queue, ()


def _weight(operation: Operation) -> int:
    """Estimate an operation's bytes: text counts double, sids 40 bytes each."""
    match operation:
        case MessageReceived(packet=packet):
            return 64 + 2 * len(packet)
        case SendPackets(engine_sids=engine_sids, packets=packets):
            return 64 + 40 * len(engine_sids) + sum(2 * len(packet) + 8 for packet in packets)
        case SessionOpened(environ=environ):
            return 64 + sum(2 * (len(key) + len(value)) + 16 for key, value in environ)
        case SessionsRange(engine_sids=engine_sids):
            return 64 + 40 * len(engine_sids)
        case _:
            return 64
