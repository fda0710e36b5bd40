"""The link between two actors, as a value: who met whom, what is under way, what has been confirmed. No I/O, no clock.

Everything that changes a `Link` is here, in `calls` and in `answers`. The rules:

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
8.  *Handled* lags behind *received* only while a handler is suspended. What has begun to wait and what is done of it travels as
    changes, numbered for as long as both lives last and repeated until they are noted, so that no frame grows with what waits. A
    frame without room for all of them says *received* of no number whose work it does not name.
    When a session that the peer was told to wait for has nothing unfinished any more, and nothing else travels, a call says so.
    Work is done when what it sent has left the queue as well, and *handled* counts when all that was sent before it has arrived: so
    nobody believes that a session is done while its answer can still be lost.
9.  When the side that holds the sockets gives a call up, the answer it never got may have held packets for anybody. The peer's
    life still knows, so its next contact makes them good; when the next contact is with another life, all its sessions are lost.
10. Lives are told apart by their clocks. One whose clock is behind that of an earlier life learns so from its peer, as a refusal or
    as the life that a call names, and takes the next moment (`outlive`): to the peer it is then a new life, as it is in truth.
11. Where this side holds the sockets, a call for sessions whose own call is still under way to another life of the peer is put off
    (`OVERLOADED`, and so repeated) until it is known what became of that: nothing may follow a gap that nobody has noticed yet.

Memory only: a `Link` ends with the life of its actor, and rules 5 to 7 are what makes that safe.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from shared_wire.format.batches import sessions_in, weigh, without
from shared_wire.format.frames import Call, Change, Frame, Life, Reply
from shared_wire.format.operations import CloseSessions, EngineSid, Operation
from shared_wire.limits import MAX_CHANGES
from shared_wire.link.effects import Deliver, Effect, Lose
from shared_wire.link.unfinished import Unfinished, apply, begun, finish, sessions_waiting, without_work
from shared_wire.reasons import Reason

__all__ = [
    "Link",
    "change",
    "closings",
    "confirm",
    "finish_work",
    "judge_doubt",
    "lose",
    "losing",
    "lowest",
    "meet",
    "news",
    "outlive",
    "settle",
    "take",
]

#: The last moment that a frame can name.
_LAST_MS: Final = 2**64 - 1

_NOBODY: Final[frozenset[EngineSid]] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Link:
    """One actor's view of the link to one peer."""

    name: str
    life: Life
    peer_holds_sockets: bool
    peer_life: Life | None = None

    queue: tuple[Operation, ...] = ()
    #: What waits in `queue`, by `batches.weigh`.
    queued: int = 0
    next_seq: int = 1
    call: Call | None = None
    #: Numbers sent whose work is not confirmed as handled: those above `received_there` are answered and not known to have
    #: arrived, of the others the peer has said what waits.
    unhandled_there: Unfinished = ()
    #: What the peer has said of our numbers, and how many of its changes are noted.
    received_there: int = 0
    noted_there: int = 0
    #: Frames whose word on that does not count yet (rule 8), without their operations: the first such, and the latest.
    claims: tuple[Frame, ...] = ()
    #: A refused call whose number must still be used: whole if it is unhandled for certain, else empty.
    held: Call | None = None
    #: The last reply with operations, until the peer has said that it arrived: it goes out again with every answer.
    unconfirmed: Reply | None = None
    #: The highest number sent when the call under way was made; its answer shows whether the peer waits for one below.
    sent: int = 0
    behind: bool = False
    #: The sessions whose part of the call under way the peer has said to be handled, by another frame than its answer.
    call_handled: frozenset[EngineSid] = frozenset()
    #: The sessions that were lost while the call was under way: where it turns out not to have been taken, they are left out of it.
    call_lost: frozenset[EngineSid] = frozenset()
    #: The peer life before this one, and what was received of it.
    past: tuple[Life | None, int] = (None, 0)
    #: Whether the answer to a call that was given up is still missing: rule 9.
    doubted: bool = False

    #: The next number to hand on; unknown before the first frame of the peer's life.
    expected: int | None = None
    early: tuple[Frame, ...] = ()
    #: What was handed on and is not done.
    unhandled_here: Unfinished = ()
    #: What is done but for what it sent: how much of the queue must leave first, the number, and the sessions.
    finished: tuple[tuple[int, int, tuple[EngineSid, ...]], ...] = ()
    #: Up to which number the peer has been, or will be, told what waits; the changes it has not noted; how many there were in all,
    #: and how many of them were in the last frame.
    named: int = 0
    changes: tuple[Change, ...] = ()
    changes_end: int = 0
    told: int = 0
    #: The number of the last call taken, and its reply, for a peer that did not get it.
    answered: tuple[int, Reply] | None = None

    @property
    def must_remember(self) -> bool:
        """Whether the object may not sleep: it would forget what a new life of the peer has lost."""
        return bool(self.unhandled_there or self.early or self.doubted)

    @property
    def is_occupied(self) -> bool:
        """Whether anything waits for the peer, is on its way, or is unfinished at either end."""
        return bool(self.must_remember or self.queue or self.call or self.held or self.unhandled_here)

    @property
    def busy(self) -> frozenset[EngineSid]:
        """The sessions whose operations have not reached the peer, or not for certain; none that wait for the running step only."""
        under_way = [one for one in (self.call, self.held) if one is not None]
        waiting = self.queue if self.call is not None else ()
        return frozenset(sessions_in((*(operation for one in under_way for operation in one.operations), *waiting)))

    @property
    def received(self) -> int:
        """The number up to which everything has arrived."""
        return (self.expected or 1) - 1

    @property
    def unhandled(self) -> frozenset[EngineSid]:
        """The sessions with unfinished work."""
        return frozenset(sessions_waiting(self.unhandled_here)) if self.unhandled_here else _NOBODY


def change(link: Link, **changes: Any) -> Link:
    """Copy a link with changes: `dataclasses.replace` in a tenth of its time, and an event makes a dozen copies."""
    changed = object.__new__(Link)
    object.__setattr__(changed, "__dict__", link.__dict__ | changes)  # a third faster than filling the dict it has
    return changed


def meet(link: Link, life: Life) -> tuple[Link, tuple[EngineSid, ...]]:
    """Note whose life the peer lives; of a new one nothing has been received, and rules 6 and 7 say what is lost."""
    if link.peer_life is not None and life <= link.peer_life:
        return link, ()
    met = change(
        link,
        peer_life=life,
        past=(link.peer_life, link.received),
        unconfirmed=None,
        **_UNMET,
    )
    return met, _of_unknown_fate(link)


def _of_unknown_fate(link: Link) -> tuple[EngineSid, ...]:
    """Name the sessions with unconfirmed work, and those for which something has come that nobody will hand on any more."""
    waiting = sessions_waiting(link.unhandled_there)
    if not link.early or link.peer_holds_sockets:
        return waiting
    return waiting + tuple(sid for frame in link.early for sid in sessions_in(frame.operations))


#: What two lives know of each other before they have met.
_UNMET: Final[dict[str, Any]] = {
    "unhandled_there": (),
    "received_there": 0,
    "noted_there": 0,
    "claims": (),
    "behind": False,
    "sent": 0,
    "expected": None,
    "early": (),
    "unhandled_here": (),
    "finished": (),
    "named": 0,
    "changes": (),
    "changes_end": 0,
    "told": 0,
    "answered": None,
}


def outlive(link: Link, known: Life) -> tuple[Link, tuple[EngineSid, ...]]:
    """Begin this life anew, just after a life of ours that the peer believes to be later (rule 10); names whose fate is unknown.

    What a reply carried and the peer has not confirmed stays: a peer that took this life for an old one has not taken it.
    """
    life = Life(min(known.start_ms + 1, _LAST_MS), link.life.nonce)
    return change(link, life=life, **_UNMET), _of_unknown_fate(link)


def judge_doubt(before: Link, frame: Frame, link: Link, effects: tuple[Effect, ...]) -> tuple[Link, tuple[Effect, ...]]:
    """Settle rule 9 when ``frame`` is a contact with the peer's current life: ``before`` is the link that it met."""
    if not before.doubted or frame.sender_life != link.peer_life:
        return link, effects
    if before.peer_life == link.peer_life:
        return change(link, doubted=False), effects
    link, _ = losing(change(link, doubted=False), sessions_in(link.queue + (link.held.operations if link.held else ())))
    return link, (Lose(None), *effects)


def confirm(link: Link, frame: Frame) -> Link:
    """Note how far the peer has come: where this side holds the sockets, once all that it had sent by then is here."""
    frames = (frame,) if frame.receiver_life == link.life else ()
    ahead: list[Frame] = []
    for one in link.claims + frames:
        if one.sent > link.received and not link.peer_holds_sockets:
            ahead.append(replace(one, operations=()))
        else:
            link = _confirm(link, one)
    return change(link, claims=(*ahead[:1], *ahead[1:][-1:])) if ahead or link.claims else link


def _confirm(link: Link, frame: Frame) -> Link:
    """Note what a frame says. One that was overtaken by a later one says nothing new."""
    if frame.received < link.received_there:
        return link
    there = link.unhandled_there
    if there and frame.received > link.received_there:
        there = without_work(there, link.received_there, frame.received)
    new = frame.changes_end - link.noted_there
    if new > 0:
        there = apply(there, frame.changes[-new:])
    unconfirmed, call, handled = link.unconfirmed, link.call, link.call_handled
    if call is not None and 0 < call.seq <= frame.received:
        handled = handled.union(sessions_in(call.operations)).difference(sessions_waiting(there, call.seq))
    return change(
        link,
        received_there=frame.received,
        noted_there=max(frame.changes_end, link.noted_there),
        unconfirmed=None if unconfirmed is not None and unconfirmed.seq <= frame.received else unconfirmed,
        unhandled_there=there,
        call_handled=handled,
        changes=_since(link, frame.changes_noted) if link.changes else (),
    )


def _since(link: Link, noted: int) -> tuple[Change, ...]:
    """Keep the changes that the peer has not noted."""
    known = noted - (link.changes_end - len(link.changes))
    return link.changes[known:] if known > 0 else link.changes


def settle(link: Link, left: int = 0) -> Link:
    """Note that so many operations have left the queue: what was done but for them is done."""
    if not link.finished:
        return link
    waiting = tuple((ahead - left, seq, engine_sids) for ahead, seq, engine_sids in link.finished if ahead > left)
    for ahead, seq, engine_sids in link.finished:
        if ahead <= left:
            link = finish_work(link, seq, engine_sids)
    return change(link, finished=waiting)


def finish_work(link: Link, seq: int, engine_sids: tuple[EngineSid, ...]) -> Link:
    """Note that what number ``seq`` brought for these sessions is done, and all that it sent has left."""
    left = finish(link.unhandled_here, seq, engine_sids)
    if left is link.unhandled_here:
        return link
    if seq > link.named:
        return change(link, unhandled_here=left)
    done = tuple((seq, engine_sid, True) for engine_sid in engine_sids)
    return change(link, unhandled_here=left, changes=link.changes + done, changes_end=link.changes_end + len(done))


def news(link: Link, seq: int = 0) -> tuple[Link, dict[str, Any]]:
    """Return what a frame made now, maybe with a number of its own, says of what has come, and note that it is said.

    What begins to wait is put on record here, since only now is it known not to have been done at once.
    """
    if link.unhandled_here and link.named < link.received:
        new = begun(link.unhandled_here, link.named)
        link = change(link, changes=link.changes + new, changes_end=link.changes_end + len(new))
    said, received = _in_one_frame(link)
    end = link.changes_end - len(link.changes) + len(said)
    fields = {
        "received": received,
        "changes": said,
        "changes_end": end,
        "changes_noted": link.noted_there,
        "sent": max(seq, link.next_seq - 1),
    }
    return change(link, named=link.received, told=end), fields


def _in_one_frame(link: Link) -> tuple[tuple[Change, ...], int]:
    """Return the changes for which a frame has room, and up to which number it may say that all has come.

    What has come and is not said to wait counts as handled: so what a number has begun is said together, and the number not before.
    """
    changes, end = link.changes, MAX_CHANGES
    if len(changes) <= end:
        return changes, link.received
    while end and _are_one_beginning(changes[end - 1 : end + 1]):
        end -= 1
    while not end or _are_one_beginning(changes[end - 1 : end + 1]):
        end += 1
    first_unsaid = next((seq for seq, _, is_done in changes[end:] if not is_done), link.received + 1)
    return changes[:end], first_unsaid - 1


def _are_one_beginning(changes: tuple[Change, ...]) -> bool:
    """Return whether two changes say of one number what has begun."""
    return len(changes) == 2 and changes[0][::2] == changes[1][::2] and not changes[0][2]


def lowest(link: Link, number: int) -> int:
    """Find the lowest number that may still arrive, or that the peer, if it runs the application, has not handled."""
    for frame in (link.call, link.held, link.unconfirmed):
        if frame is not None and 0 < frame.seq < number:
            number = frame.seq
    return min(number, link.unhandled_there[0][0]) if link.unhandled_there else number


def take(link: Link, frame: Frame) -> tuple[Link, tuple[Effect, ...]]:
    """Put a numbered frame in its place and hand on what is now in turn.

    A gap below ``lowest_unconfirmed`` will never be filled: the sender has given those frames, and their sessions, up.
    """
    floor = frame.lowest_unconfirmed
    if isinstance(frame, Call) and frame.seq and frame.receiver_life != link.life:
        floor = frame.seq  # what was under way to an older life does not come here
    expected = link.expected or floor
    deliveries: list[Deliver] = []
    early: list[Frame] = []
    for one in _by_number(link.early, frame):
        if one.seq < expected:
            continue
        if one.seq > max(expected, floor):
            early.append(one)
            continue
        deliveries.append(Deliver(one.sender_life, one.seq, one.operations))
        expected = one.seq + 1
    unhandled = link.unhandled_here
    if deliveries and link.peer_holds_sockets:
        work = ((one.seq, frozenset(sessions_in(one.operations))) for one in deliveries)
        unhandled += tuple(one for one in work if one[1])
    changed = change(link, expected=max(expected, floor), early=tuple(early), unhandled_here=unhandled)
    return _without_closed(changed, deliveries), tuple(deliveries)


def _without_closed(link: Link, deliveries: list[Deliver]) -> Link:
    """Leave out what waits for sessions that the peer closes: a new life of it would take that for what comes next."""
    closed = [one for delivery in deliveries for one in delivery.operations if isinstance(one, CloseSessions)]
    if not closed:
        return link
    return losing(link, tuple(engine_sid for one in closed for engine_sid in one.engine_sids))[0]


def _by_number(early: tuple[Frame, ...], frame: Frame) -> Iterable[Frame]:
    """Put a frame among those that are early, the latest of each number; one without a number brings nothing."""
    if not early:
        return (frame,) if frame.seq else ()
    return sorted({one.seq: one for one in (*early, frame) if one.seq}.values(), key=lambda one: one.seq)


def losing(link: Link, engine_sids: tuple[EngineSid, ...]) -> tuple[Link, tuple[Effect, ...]]:
    """Lose sessions: nothing that waits for them may follow the gap."""
    if not engine_sids:
        return link, ()
    gone = frozenset(engine_sids)
    held = replace(link.held, operations=without(link.held.operations, gone)) if link.held else None
    queue = without(link.queue, gone)
    call_lost = link.call_lost if link.call is None else link.call_lost | gone
    finished = tuple((min(ahead, len(queue)), seq, sids) for ahead, seq, sids in link.finished)
    changed = change(
        link, queue=queue, queued=sum(map(weigh, queue)), held=held, call_lost=call_lost, finished=finished
    )
    return changed, lose(engine_sids)


def closings(operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
    """Make one operation of those that close sessions: the application has ended these already, and would not close them again."""
    closed = dict.fromkeys(sid for one in operations if isinstance(one, CloseSessions) for sid in one.engine_sids)
    return (CloseSessions(tuple(closed), Reason.TRANSPORT_ERROR),) if closed else ()


def lose(engine_sids: tuple[EngineSid, ...]) -> tuple[Effect, ...]:
    """Make the effect that loses these sessions, each once."""
    return (Lose(tuple(dict.fromkeys(engine_sids))),) if engine_sids else ()
