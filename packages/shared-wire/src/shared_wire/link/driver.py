"""Carries out the links of one actor: the same code for both sides, driven over an RPC that the shell brings.

The shell brings four things, so that nothing here reads a clock or starts a task of its own: how to call a peer, how to wait before
a repeat, how to let a coroutine run on, and what to do with operations and losses.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable

from shared_wire.errors import RemoteWireError
from shared_wire.format.batches import sessions_in
from shared_wire.format.codec import decode, encode
from shared_wire.format.frames import Call, Frame, Life, Refusal, Reply
from shared_wire.format.operations import EngineSid, Operation
from shared_wire.limits import MAX_ATTEMPTS
from shared_wire.link.calls import enqueue, fail_call, make_call, receive_reply, renew_call, repeat_call, spoil_call
from shared_wire.link.effects import Deliver, Effect, Lose, SendReply
from shared_wire.link.link import Link, change
from shared_wire.link.replies import answer_call, confirm_handled, receive_call, spoil_answer
from shared_wire.link.stream_messages import NOT_TAKEN
from shared_wire.link.uneventful import answer_next, call_next, receive_next_call, receive_next_reply
from shared_wire.link.wire import Wire

__all__ = ["LinkDriver"]


class LinkDriver:
    """All links of one actor, by the peer's name."""

    def __init__(
        self, name: str, life: Life, wire: Wire, *, peer_holds_sockets: bool, counters: Counter[str] | None = None
    ) -> None:
        """Initialise with who we are, what carries frames, and whether our peers hold the sockets.

        ``counters`` gets what this life costs besides the calls (`Wire.call`): ``resends``, ``bytes_sent`` and ``bytes_received``,
        ``operations_sent`` and ``operations_received``, ``sessions_lost``.
        """
        self._counters = Counter[str]() if counters is None else counters
        self._new = Link(name=name, life=life, peer_holds_sockets=peer_holds_sockets)
        self._wire = wire
        self._links: dict[str, _PeerLink] = {}

    def peer_life(self, peer: str) -> Life | None:
        """Return the life in which ``peer`` was last met during this life, if it was."""
        return self._link(peer).peer_life

    def must_remember(self, peer: str) -> bool:
        """Return whether work at ``peer`` is unconfirmed: a reset of the peer is noticed at the next contact, so make one."""
        return self._link(peer).must_remember

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing waits for a peer, is on its way, or is unfinished there."""
        return not any(one.link.is_occupied for one in self._links.values())

    def busy(self, peer: str) -> frozenset[EngineSid]:
        """Name the sessions for which something is on its way to ``peer``, or waits until what is has arrived."""
        return self._link(peer).busy

    def queued(self, peer: str) -> int:
        """Return how many bytes wait for ``peer`` in all, by `batches.weigh`."""
        known = self._links.get(peer)
        return 0 if known is None else known.link.queued

    def send(self, peer: str, *operations: Operation) -> None:
        """Send operations to ``peer``, in order: with the reply being made, or by a call as soon as the sender suspends or ends.

        So all that one step of a handler sends travels together, and with the word that the handler is done.

        When too much waits for the peer, sessions are lost instead (`calls.enqueue` says which).
        """
        known = self._links.get(peer) or self._add(peer)
        known.link, effects = enqueue(known.link, *operations)
        if effects:
            known.carry_out(effects)
        if known.tries:
            known.note_failing(operations)
        if not (known.is_answering or known.is_deferred):
            known.is_deferred = True
            self._wire.defer(known.flush)

    def contact(self, peer: str) -> None:
        """Make a call even if there is nothing to say: its answer shows whether ``peer`` still lives the life we know."""
        known = self._links.get(peer) or self._add(peer)
        known.link = change(known.link, behind=True)
        known.flush()

    def answer(self, data: bytes, note: Callable[[str], object] | None = None) -> bytes:
        """Answer a call: its bytes in, the reply's out. Never waits: a handler that suspends is confirmed later.

        Bytes that are no frame are answered with `Refusal.UNREADABLE`; nothing of the error's text leaves the actor. ``note`` is
        called with the caller's name.
        """
        self._counters["bytes_received"] += len(data)
        try:
            call = decode(data)
        except RemoteWireError:
            return encode(self._unreadable())
        if not isinstance(call, Call):
            return encode(self._unreadable())
        if note is not None:
            note(call.sender)
        return (self._links.get(call.sender) or self._add(call.sender)).answer(call)

    def _link(self, peer: str) -> Link:
        known = self._links.get(peer)
        return self._new if known is None else known.link

    def _add(self, peer: str) -> "_PeerLink":
        self._links[peer] = _PeerLink(peer, self._new, self._wire, self._counters)
        return self._links[peer]

    def _unreadable(self) -> Reply:
        new = self._new
        return Reply(
            sender=new.name,
            sender_life=new.life,
            receiver_life=None,
            attempt=1,
            seq=0,
            lowest_unconfirmed=1,
            received=0,
            refusal=Refusal.UNREADABLE,
        )


class _PeerLink:
    """The link to one peer, and what is being done with it. Whatever of the shell is called may send, and so change the link."""

    __slots__ = ("_counters", "_is_awake", "_name", "_wire", "is_answering", "is_deferred", "link", "tries")

    def __init__(self, name: str, link: Link, wire: Wire, counters: Counter[str]) -> None:
        self.link = link
        #: Whether a call is being answered: what is sent meanwhile travels with the reply.
        self.is_answering = False
        #: Whether `flush` is due.
        self.is_deferred = False
        self._is_awake = False
        #: How often the call under way has failed.
        self.tries = 0
        self._name, self._wire, self._counters = name, wire, counters

    def answer(self, call: Call) -> bytes:
        """Answer a call."""
        self.is_answering = True
        try:
            link, effects = receive_next_call(self.link, call) or receive_call(self.link, call)
            self._keep(link)
            reply = self.carry_out(effects)
        finally:
            self.is_answering = False
        if reply is None:
            self.link, reply = answer_next(self.link, call.seq) or answer_call(self.link, call.seq)
        self.flush()
        return self._write_reply(reply)

    def _write_reply(self, reply: Reply) -> bytes:
        """Write a reply, and count it; one that cannot be written loses what it carries."""
        self._counters["operations_sent"] += len(reply.operations)
        try:
            return encode(reply)
        except Exception as error:
            self._wire.log_fault("writing a reply", error)
            self.link, effects, reply = spoil_answer(self.link, reply)
            self.carry_out(effects)
            return encode(reply)

    def carry_out(self, effects: tuple[Effect, ...]) -> Reply | None:
        """Do what a step of the link says; returns the reply to be sent, if it says which."""
        reply: Reply | None = None
        for effect in effects:
            match effect:
                case Deliver():
                    self._deliver(effect)
                case Lose(engine_sids):
                    self._lose(engine_sids)
                case SendReply():
                    reply = effect.reply
        return reply

    def _lose(self, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """Have sessions closed. A fault of ours in it must not keep what the frame brings for others from them."""
        self._counters["sessions_lost"] += len(engine_sids or ())
        try:
            self._wire.lose(self._name, engine_sids)
        except Exception as error:
            self._wire.log_fault("closing sessions that were lost", error)

    def _deliver(self, effect: Deliver) -> None:
        """Have operations carried out. The shell guards each; what gets past that loses the frame's sessions, and no others."""
        self._counters["operations_received"] += len(effect.operations)
        sender_life, seq = effect.sender_life, effect.seq

        # It lives as long as the frame's last handler, and must not hold the frame's operations for so long.
        def done(engine_sids: Iterable[EngineSid]) -> None:
            self.link = confirm_handled(self.link, sender_life, seq, engine_sids)
            if not self.is_answering:
                self.flush()

        try:
            self._wire.deliver(self._name, effect.operations, done)
        except Exception as error:
            self._wire.log_fault(f"carrying out a frame of {self._name}", error)
            concerned = tuple(dict.fromkeys(sessions_in(effect.operations)))
            self._lose(concerned)
            done(concerned)

    def flush(self) -> None:
        """Make a call of what waits, unless one is under way or a reply will take it."""
        self.is_deferred = False
        if self.is_answering:
            return
        self.link, call = call_next(self.link) or make_call(self.link)
        if call is None:
            return
        data = self._write(call) or self._write_next(self._spoil())  # as `_say`, without its calls
        if data is not None and not self._wire.say(self._name, data, self._hear):
            self._wire.start(self._carry(data))

    def _say(self, call: Call) -> None:
        """Make a call, and those that follow from its reply."""
        data = self._write_next(call)
        if data is not None and not self._wire.say(self._name, data, self._hear):
            self._wire.start(self._carry(data))

    def _hear(self, answer: bytes | None) -> None:
        """Handle what has become of a call that `Wire.say` has made."""
        call = self._take(answer)
        if call is None:
            return
        if self.tries:
            self._wire.start(self._repeat(call))
        else:
            self._say(call)

    async def _repeat(self, call: Call) -> None:
        """Make a call that has failed again, after a pause."""
        await self._wire.pause(self.tries + 1)
        self._say(call)

    async def _carry(self, data: bytes | None) -> None:
        """Make calls that must be waited for, until nothing is left to say or `Wire.say` makes the next."""
        while data is not None:
            answer = None
            try:
                answer = await self._wire.call(self._name, data)
            except Exception as error:  # a call that ends otherwise would end the link
                self._wire.log_fault(f"calling {self._name}", error)
            call = self._take(answer)
            if call is None:
                return
            if self.tries:
                await self._wire.pause(self.tries + 1)
            data = self._write_next(call)
            if data is not None and self._wire.say(self._name, data, self._hear):
                return

    def _take(self, answer: bytes | None) -> Call | None:
        """Take the reply to the call under way, none when it failed; returns the next call, or the same one to be made again."""
        reply: Frame | None = None
        if answer:
            try:
                reply = decode(answer)
            except RemoteWireError:
                pass
            except Exception as error:
                self._wire.log_fault(f"reading a reply of {self._name}", error)
        if isinstance(reply, Reply) and reply.refusal is not Refusal.OVERLOADED:
            if self.tries:
                self._end_tries()
            return self._step(*(receive_next_reply(self.link, reply) or receive_reply(self.link, reply)))
        self.tries += 1
        if self.tries == 1:
            self.note_failing(self._waiting())
        return self._again(is_put_off=isinstance(reply, Reply) or answer == NOT_TAKEN)

    def _step(self, link: Link, effects: tuple[Effect, ...]) -> Call | None:
        """Carry out what a step of a link says; returns the next call to make."""
        self._keep(link)
        self.carry_out(effects)
        self.link, call = call_next(self.link) or make_call(self.link)
        return call

    def _again(self, *, is_put_off: bool) -> Call | None:
        """Repeat a call that was put off or not answered; one that has been made too often is given up."""
        call = None
        if self.tries < MAX_ATTEMPTS:
            self.link, call = renew_call(self.link) if is_put_off else repeat_call(self.link)
        if call is None:
            self.tries = 0
            link, effects = fail_call(self.link)
            self._keep(link)
            self.carry_out(effects)
            if self.link.peer_holds_sockets and (self.link.queue or self.link.held):
                self._note("given up", lambda: self._wire.note_unheard(self._name))
            else:
                self._end_tries()
        return call

    def _waiting(self) -> tuple[Operation, ...]:
        """List what has not arrived for certain."""
        link = self.link
        under_way = [one.operations for one in (link.unconfirmed, link.call, link.held) if one is not None]
        return tuple(itertools.chain(*under_way, link.queue))

    def note_failing(self, operations: tuple[Operation, ...]) -> None:
        """Have it stored whose operations wait while a call fails."""
        if self.link.peer_holds_sockets:
            self._note("failing", lambda: self._wire.note_failing(self._name, sessions_in(operations)))

    def _end_tries(self) -> None:
        self.tries = 0
        if self.link.peer_holds_sockets:
            self._note("failing no longer", lambda: self._wire.note_failing(self._name, None))

    def _note(self, what: str, note: Callable[[], None]) -> None:
        """Have something stored. A fault of ours in it must not end the link."""
        try:
            note()
        except Exception as error:
            self._wire.log_fault(f"noting that calls to {self._name} are {what}", error)

    def _write_next(self, call: Call | None) -> bytes | None:
        """Write a call, or the first after it that can be written; none where nothing is left to say."""
        data = None
        while call is not None and (data := self._write(call)) is None:
            call = self._spoil()
        return data

    def _spoil(self) -> Call | None:
        """Lose what a call carries that cannot be written; returns the next one."""
        return self._step(*spoil_call(self.link))

    def _write(self, call: Call) -> bytes | None:
        """Write a call, and count it; none when it cannot be written."""
        try:
            data = encode(call)
        except Exception as error:
            self._wire.log_fault("writing a call", error)
            return None
        self._counters["bytes_sent"] += len(data)
        self._counters["resends" if call.attempt > 1 else "operations_sent"] += (
            1 if call.attempt > 1 else len(call.operations)
        )
        return data

    def _keep(self, link: Link) -> None:
        """Keep the link that a contact with the peer, or giving it up, has made: nothing else changes what must be remembered."""
        self.link, needed = (
            link,
            bool(link.unhandled_there or link.early or link.doubted),
        )  # `must_remember`, without a call
        if self._is_awake != needed:
            self._is_awake = needed
            self._wire.stay_awake(self._name, needed)
