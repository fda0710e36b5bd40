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
8.  *Handled* lags behind *received* only while a handler is suspended, and every frame names the sessions whose work that is.
    When one of those it has named is done, and nothing else travels, a call of its own says so: finished work is never lost.

Memory only: a `Link` ends with the life of its actor, and rules 5 to 7 are what makes that safe.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from shared_wire.batches import sessions_in, split, without
from shared_wire.effects import Answer, Deliver, Effect, Lose
from shared_wire.frames import Call, Frame, Life, Refusal, Reply
from shared_wire.limits import MAX_ATTEMPTS, MAX_EARLY_FRAMES
from shared_wire.operations import CloseSessions, EngineSid, Operation

__all__ = [
    "Link",
    "answer_call",
    "confirm_handled",
    "enqueue",
    "fail_call",
    "make_call",
    "receive_call",
    "receive_reply",
    "repeat_call",
    "spoil_answer",
    "spoil_call",
]


_NOBODY: Final[frozenset[EngineSid]] = frozenset()


@dataclass(frozen=True, kw_only=True)
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
    #: What the peer has said of our numbers, at most.
    received_there: int = 0
    handled_there: int = 0
    #: A refused call whose number must still be used: whole if it is unhandled for certain, else empty.
    held: Call | None = None
    #: The last reply with operations, until the peer has said that it arrived: it goes out again with every answer.
    unconfirmed: Reply | None = None
    #: The highest number sent when the call under way was made; its answer shows whether the peer waits for one below.
    sent: int = 0
    behind: bool = False

    #: The next number to hand on; unknown before the first frame of the peer's life.
    expected: int | None = None
    early: tuple[Frame, ...] = ()
    #: (number, session) of what was handed on and is not done.
    unhandled_here: frozenset[tuple[int, EngineSid]] = field(default_factory=frozenset)
    #: The sessions whose unfinished work the peer was last told of.
    told: frozenset[EngineSid] = field(default_factory=frozenset)
    #: The number of the last call taken, and its reply, for a peer that did not get it.
    answered: tuple[int, Reply] | None = None

    @property
    def must_remember(self) -> bool:
        """Whether the object may not sleep: it would forget whose work is unhandled, or frames that wait for their turn."""
        return bool(self.unhandled_there or self.early)

    @property
    def received(self) -> int:
        """The number up to which everything has arrived."""
        return (self.expected or 1) - 1

    @property
    def handled(self) -> int:
        """The number up to which everything has been handled to its end."""
        return min(self.unhandled_here)[0] - 1 if self.unhandled_here else self.received

    @property
    def unhandled(self) -> frozenset[EngineSid]:
        """The sessions with unfinished work."""
        return frozenset(engine_sid for _, engine_sid in self.unhandled_here) if self.unhandled_here else _NOBODY


def enqueue(link: Link, *operations: Operation) -> Link:
    """Add operations for the peer; they leave with the next reply or call."""
    return _change(link, queue=link.queue + operations)


def make_call(link: Link) -> tuple[Link, Call | None]:
    """Take the next call to make: none while one is under way or nothing is to be said."""
    if link.call is not None:
        return link, None
    if link.held is not None:
        return _start(_change(link, held=None), link.held, link.queue)
    if link.behind and link.unconfirmed is not None:
        # Attempt 2: whether a life received it as a reply is not known, so a new life must refuse it.
        seq, operations = link.unconfirmed.seq, link.unconfirmed.operations
        return _start(link, _call(link, 2, seq, operations), link.queue)
    batch, rest = split(link.queue)
    told_lag = not link.told <= link.unhandled
    if not batch and not told_lag and not link.behind:
        return link, None
    seq = link.next_seq if batch else 0
    call = _call(link, 1, seq, batch)
    return _start(_change(link, next_seq=link.next_seq + bool(batch)), call, rest)


def _call(link: Link, attempt: int, seq: int, operations: tuple[Operation, ...]) -> Call:
    return Call(
        sender=link.name,
        sender_life=link.life,
        receiver_life=link.peer_life,
        attempt=attempt,
        seq=seq,
        lowest_unconfirmed=seq or link.next_seq,
        received=link.received,
        handled=link.handled,
        unhandled=tuple(link.unhandled),
        operations=operations,
    )


def _start(link: Link, call: Call, rest: tuple[Operation, ...]) -> tuple[Link, Call]:
    lowest = _lowest(link, call.seq or link.next_seq)
    call = replace(
        call,
        receiver_life=link.peer_life,
        lowest_unconfirmed=lowest,
        received=link.received,
        handled=link.handled,
        unhandled=tuple(link.unhandled),
    )
    told = link.unhandled
    return _change(link, call=call, queue=rest, told=told, sent=link.next_seq - 1, behind=False), call


def repeat_call(link: Link) -> tuple[Link, Call | None]:
    """Take the same call once more after a failure; none when its attempts are used up (then `fail_call`).

    The life it was made for stays: rule 5 judges a repeat by it.
    """
    if link.call is None or link.call.attempt >= MAX_ATTEMPTS:
        return link, None
    call = replace(
        link.call,
        attempt=link.call.attempt + 1,
        received=link.received,
        handled=link.handled,
        unhandled=tuple(link.unhandled),
    )
    return _change(link, call=call, told=link.unhandled), call


def fail_call(link: Link) -> tuple[Link, tuple[Effect, ...]]:
    """Give the peer up for unreachable: everything under way and waiting is lost."""
    call = link.call.operations if link.call else ()
    lost = sessions_in(call + link.queue) + _unhandled(link)
    held = _in_place_of(link, link.call)
    return _change(link, call=None, held=held, queue=(), unhandled_there=()), _lose(lost)


def spoil_call(link: Link) -> tuple[Link, tuple[Effect, ...]]:
    """Give up the call under way because no frame can carry it; what waits behind it is not touched."""
    call = link.call
    if call is None:
        return link, ()
    return _losing(_change(link, call=None, held=_in_place_of(link, call)), sessions_in(call.operations))


def spoil_answer(link: Link, reply: Reply) -> tuple[Link, tuple[Effect, ...], Reply]:
    """Give up what a reply carries because no frame can carry it; its number is still used."""
    empty = replace(reply, operations=())
    answered = (link.answered[0], empty) if link.answered and link.answered[1] == reply else link.answered
    unconfirmed = empty if link.unconfirmed and link.unconfirmed.seq == reply.seq else link.unconfirmed
    link, effects = _losing(_change(link, answered=answered, unconfirmed=unconfirmed), sessions_in(reply.operations))
    return link, effects, empty


def receive_reply(link: Link, reply: Reply) -> tuple[Link, tuple[Effect, ...]]:
    """Take the answer to the call under way. (`Refusal.OVERLOADED` is no answer: repeat the call instead.)"""
    call = link.call
    if call is None:
        return link, ()
    link = _change(link, call=None)
    if link.peer_life is not None and reply.sender_life < link.peer_life:
        if link.peer_holds_sockets and reply.refusal is None:
            return link, ()
        return _losing(link, sessions_in(call.operations + reply.operations))
    link, lost = _meet(link, reply.sender_life)
    if reply.refusal is not None:
        return _refused(link, call, reply.refusal, lost)
    link = _confirm(link, reply)
    if call.seq > link.received_there and not link.peer_holds_sockets:
        pending = (call.seq, sessions_in(call.operations))
        link = _change(link, unhandled_there=(*link.unhandled_there, pending))
    link = _change(link, behind=link.peer_holds_sockets and link.received_there < link.sent)
    link, deliveries = _take(link, reply)
    link, losses = _losing(link, lost)
    return link, losses + deliveries


def _refused(link: Link, call: Call, refusal: Refusal, lost: tuple[EngineSid, ...]) -> tuple[Link, tuple[Effect, ...]]:
    if refusal is not Refusal.NEW_LIFE:
        link, unhandled = _change(link, unhandled_there=()), _unhandled(link)
        return _losing(link, lost + unhandled + sessions_in(call.operations))
    if call.attempt == 1:
        return _losing(_change(link, held=call), lost)
    return _losing(_change(link, held=_in_place_of(link, call)), lost + sessions_in(call.operations))


def _in_place_of(link: Link, call: Call | None) -> Call | None:
    """Make what takes a lost call's number: what is already on its way behind it must find the sessions closed."""
    if call is None or not call.seq:
        return None
    lost = tuple(dict.fromkeys(sessions_in(call.operations)))
    close = (CloseSessions(lost, "transport error"),) if lost and link.peer_holds_sockets else ()
    return replace(call, attempt=1, operations=close)


def receive_call(link: Link, call: Call) -> tuple[Link, tuple[Effect, ...]]:
    """Take a call of the peer. Unless the effects hold an `Answer`, carry them out and then say `answer_call`."""
    if link.peer_life is not None and call.sender_life < link.peer_life:
        return link, (Answer(_reply(link, Refusal.OLD_SENDER)),)
    link, lost = _meet(link, call.sender_life)
    link, losses = _losing(_confirm(link, call), lost)
    if link.answered is not None and link.answered[0] == call.seq:
        return link, (*losses, Answer(link.answered[1]))
    if call.seq and call.seq < (link.expected or 0):
        return link, (Answer(_reply(link, None)),)
    unconfirmed = link.peer_holds_sockets and call.lowest_unconfirmed < call.seq
    if call.receiver_life != link.life and (call.attempt > 1 or unconfirmed):
        return link, (*losses, Answer(_reply(link, Refusal.NEW_LIFE)))
    taken, deliveries = _take(link, call)
    if len(taken.early) > MAX_EARLY_FRAMES:
        return link, (*losses, Answer(_reply(link, Refusal.OVERLOADED)))
    return taken, losses + deliveries


def answer_call(link: Link, seq: int) -> tuple[Link, Reply]:
    """Make the reply to call number ``seq``; what is queued for the peer travels in it.

    The reply to a call that only confirms carries nothing: such a call is not stored and could not be answered twice alike.
    """
    told = link.unhandled
    if not seq or not link.peer_holds_sockets:
        reply = _reply(link, None)
    elif link.unconfirmed is not None:
        reply = replace(_reply(link, None), seq=link.unconfirmed.seq, operations=link.unconfirmed.operations)
    else:
        batch, rest = split(link.queue)
        number = link.next_seq if batch else 0
        reply = replace(
            _reply(link, None),
            seq=number,
            lowest_unconfirmed=_lowest(link, number or link.next_seq),
            operations=batch,
        )
        link = _change(link, queue=rest, next_seq=link.next_seq + bool(batch), unconfirmed=reply if batch else None)
    link = _change(link, told=told)
    return (_change(link, answered=(seq, reply)) if seq else link), reply


def confirm_handled(link: Link, sender_life: Life, seq: int, engine_sids: Iterable[EngineSid]) -> Link:
    """Note that what number ``seq`` of that life brought for these sessions is done; of an older life it no longer matters."""
    if sender_life != link.peer_life:
        return link
    return _change(link, unhandled_here=link.unhandled_here.difference((seq, engine_sid) for engine_sid in engine_sids))


def _change(link: Link, **changes: Any) -> Link:
    """Copy a link with changes: `dataclasses.replace` in a tenth of its time, and an event makes a dozen copies."""
    changed = object.__new__(Link)
    changed.__dict__.update(link.__dict__, **changes)
    return changed


def _meet(link: Link, life: Life) -> tuple[Link, tuple[EngineSid, ...]]:
    """Note whose life the peer lives; of a new one nothing has been received, and rules 6 and 7 say what is lost."""
    if link.peer_life is not None and life <= link.peer_life:
        return link, ()
    met = _change(
        link,
        peer_life=life,
        unhandled_there=(),
        received_there=0,
        handled_there=0,
        unconfirmed=None,
        behind=False,
        sent=0,
        expected=None,
        early=(),
        unhandled_here=frozenset(),
        told=_NOBODY,
        answered=None,
    )
    return met, _unhandled(link)


def _confirm(link: Link, frame: Frame) -> Link:
    """Note how far the peer has come. A frame that was overtaken by a later one says nothing new."""
    said = (frame.received, frame.handled)
    if frame.receiver_life != link.life or said < (link.received_there, link.handled_there):
        return link
    unhandled = tuple(entry for entry in link.unhandled_there if entry[0] > frame.received)
    if frame.unhandled:
        unhandled = ((frame.received, frame.unhandled), *unhandled)
    unconfirmed = link.unconfirmed
    if unconfirmed is not None and unconfirmed.seq <= frame.received:
        unconfirmed = None
    return _change(
        link, received_there=said[0], handled_there=said[1], unconfirmed=unconfirmed, unhandled_there=unhandled
    )


def _lowest(link: Link, number: int) -> int:
    """Find the lowest number that may still arrive, or that the peer, if it runs the application, has not handled."""
    frames = (link.call, link.held, link.unconfirmed)
    under_way = [frame.seq for frame in frames if frame is not None and frame.seq]
    return min([number, *under_way, *(seq for seq, _ in link.unhandled_there)])


def _take(link: Link, frame: Frame) -> tuple[Link, tuple[Effect, ...]]:
    """Put a numbered frame in its place and hand on what is now in turn.

    A gap below ``lowest_unconfirmed`` will never be filled: the sender has given those frames, and their sessions, up.
    """
    floor = frame.lowest_unconfirmed
    if isinstance(frame, Call) and frame.seq and frame.receiver_life != link.life:
        floor = frame.seq  # what was under way to an older life does not come here
    expected = link.expected or floor
    waiting = {one.seq: one for one in (*link.early, frame) if one.seq}
    deliveries: list[Effect] = []
    early: list[Frame] = []
    for one in sorted(waiting.values(), key=lambda one: one.seq):
        if one.seq < expected:
            continue
        if one.seq > max(expected, floor):
            early.append(one)
            continue
        deliveries.append(Deliver(one.sender_life, one.seq, one.operations))
        expected = one.seq + 1
    expected = max(expected, floor)
    link = _change(link, expected=expected, early=tuple(early))
    if deliveries and link.peer_holds_sockets:
        begun = {
            (one.seq, sid) for one in deliveries if isinstance(one, Deliver) for sid in sessions_in(one.operations)
        }
        link = _change(link, unhandled_here=link.unhandled_here | begun)
    return link, tuple(deliveries)


def _reply(link: Link, refusal: Refusal | None) -> Reply:
    return Reply(
        sender=link.name,
        sender_life=link.life,
        receiver_life=link.peer_life,
        attempt=1,
        seq=0,
        lowest_unconfirmed=_lowest(link, link.next_seq),
        received=link.received,
        handled=link.handled,
        unhandled=tuple(link.unhandled),
        refusal=refusal,
    )


def _losing(link: Link, engine_sids: tuple[EngineSid, ...]) -> tuple[Link, tuple[Effect, ...]]:
    """Lose sessions: nothing that waits for them may follow the gap."""
    if not engine_sids:
        return link, ()
    gone = frozenset(engine_sids)
    held = replace(link.held, operations=without(link.held.operations, gone)) if link.held else None
    return _change(link, queue=without(link.queue, gone), held=held), _lose(engine_sids)


def _lose(engine_sids: tuple[EngineSid, ...]) -> tuple[Effect, ...]:
    return (Lose(tuple(dict.fromkeys(engine_sids))),) if engine_sids else ()


def _unhandled(link: Link) -> tuple[EngineSid, ...]:
    return tuple(engine_sid for _, engine_sids in link.unhandled_there for engine_sid in engine_sids)
