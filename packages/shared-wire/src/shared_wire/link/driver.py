"""Carries out the links of one actor: the same code for both sides, driven over an RPC that the shell brings.

The shell brings four things, so that nothing here reads a clock or starts a task of its own: how to call a peer, how to wait before
a repeat, how to let a coroutine run on, and what to do with operations and losses.
"""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Protocol

from shared_wire.errors import RemoteWireError
from shared_wire.format.batches import sessions_in
from shared_wire.format.codec import decode, encode
from shared_wire.format.frames import Call, Life, Refusal, Reply
from shared_wire.format.operations import EngineSid, Operation
from shared_wire.limits import MAX_ATTEMPTS
from shared_wire.link.calls import enqueue, fail_call, make_call, receive_reply, renew_call, repeat_call, spoil_call
from shared_wire.link.effects import Deliver, Effect, Lose, SendReply
from shared_wire.link.link import Link, change
from shared_wire.link.replies import answer_call, confirm_handled, receive_call, spoil_answer

__all__ = ["LinkDriver", "Wire"]


class Wire(Protocol):
    """What the actor's shell does for its links."""

    async def call(self, peer: str, data: bytes) -> bytes | None:
        """Make a call, by whatever carries it, and count it; none when it failed, whatever the reason."""

    async def pause(self, attempt: int) -> None:
        """Wait before attempt number ``attempt`` of a call; longer each time, with jitter."""

    def defer(self, action: Callable[[], None]) -> None:
        """Do ``action`` when the code that runs now has come to its end or suspended; at once where nothing suspends."""

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        """Let the coroutine run to its end, beginning at once."""

    def deliver(
        self, peer: str, operations: tuple[Operation, ...], done: Callable[[Iterable[EngineSid]], None]
    ) -> None:
        """Carry out operations of ``peer`` in order.

        Call ``done`` with the sessions for which all has come to its end, whenever there are some, until it was said of each. Where
        nothing can suspend (the engine actor), it need not be called.
        """

    def stay_awake(self, peer: str, needed: bool) -> None:
        """Keep the object awake, or no longer: what the link to ``peer`` remembers must not be forgotten by sleep now."""

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """Close these sessions shared with ``peer``, or all (None), with the reason `transport error`."""

    def log_fault(self, what: str, error: BaseException) -> None:
        """Log a fault of ours: what could not be done, and what was raised. Whom it concerns is lost, and nobody else."""


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
        self._links: dict[str, Link] = {}
        self._answering: set[str] = set()
        self._deferred: set[str] = set()

    def peer_life(self, peer: str) -> Life | None:
        """Return the life in which ``peer`` was last met during this life, if it was."""
        return self._link(peer).peer_life

    def must_remember(self, peer: str) -> bool:
        """Return whether work at ``peer`` is unconfirmed: a reset of the peer is noticed at the next contact, so make one."""
        return self._link(peer).must_remember

    def busy(self, peer: str) -> frozenset[EngineSid]:
        """Name the sessions for which something is on its way to ``peer``, or waits until what is has arrived."""
        return self._link(peer).busy

    def queued(self, peer: str) -> int:
        """Return how many bytes wait for ``peer`` in all, by `batches.weigh`."""
        return self._link(peer).queued

    def send(self, peer: str, *operations: Operation) -> None:
        """Send operations to ``peer``, in order: with the reply being made, or by a call as soon as the sender suspends or ends.

        So all that one step of a handler sends travels together, and with the word that the handler is done.

        When too much waits for the peer, sessions are lost instead (`calls.enqueue` says which).
        """
        link, effects = enqueue(self._link(peer), *operations)
        self._keep(peer, link)
        if effects:
            self._carry_out(peer, effects)
        if peer not in self._answering and peer not in self._deferred:
            self._deferred.add(peer)
            self._wire.defer(lambda: self._flush(peer))

    def contact(self, peer: str) -> None:
        """Make a call even if there is nothing to say: its answer shows whether ``peer`` still lives the life we know."""
        self._keep(peer, change(self._link(peer), behind=True))
        self._flush(peer)

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
        reply = self._answer(call)
        self._counters["operations_sent"] += len(reply.operations)
        try:
            return encode(reply)
        except Exception as error:
            self._wire.log_fault("writing a reply", error)
            link, effects, reply = spoil_answer(self._link(call.sender), reply)
            self._keep(call.sender, link)
            self._carry_out(call.sender, effects)
            return encode(reply)

    def _answer(self, call: Call) -> Reply:
        peer = call.sender
        self._answering.add(peer)
        try:
            link, effects = receive_call(self._link(peer), call)
            self._keep(peer, link)
            self._carry_out(peer, effects)
        finally:
            self._answering.discard(peer)
        for effect in effects:
            if isinstance(effect, SendReply):
                self._flush(peer)
                return effect.reply
        link, reply = answer_call(self._link(peer), call.seq)
        self._keep(peer, link)
        self._flush(peer)
        return reply

    def _carry_out(self, peer: str, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Lose(engine_sids):
                    self._lose(peer, engine_sids)
                case Deliver():
                    self._deliver(peer, effect)
                case SendReply():
                    pass

    def _lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """Have sessions closed. A fault of ours in it must not keep what the frame brings for others from them."""
        self._counters["sessions_lost"] += len(engine_sids or ())
        try:
            self._wire.lose(peer, engine_sids)
        except Exception as error:
            self._wire.log_fault("closing sessions that were lost", error)

    def _deliver(self, peer: str, effect: Deliver) -> None:
        """Have operations carried out. The shell guards each; what gets past that loses the frame's sessions, and no others."""
        self._counters["operations_received"] += len(effect.operations)
        sender_life, seq = effect.sender_life, effect.seq

        # It lives as long as the frame's last handler, and must not hold the frame's operations for so long.
        def done(engine_sids: Iterable[EngineSid]) -> None:
            self._keep(peer, confirm_handled(self._link(peer), sender_life, seq, engine_sids))
            self._flush(peer)

        try:
            self._wire.deliver(peer, effect.operations, done)
        except Exception as error:
            self._wire.log_fault(f"carrying out a frame of {peer}", error)
            concerned = tuple(dict.fromkeys(sessions_in(effect.operations)))
            self._lose(peer, concerned)
            done(concerned)

    def _flush(self, peer: str) -> None:
        self._deferred.discard(peer)
        if peer in self._answering:
            return
        link, call = make_call(self._link(peer))
        self._keep(peer, link)
        if call is not None:
            self._wire.start(self._carry(peer, call))

    async def _carry(self, peer: str, call: Call | None) -> None:
        """Make calls until nothing is left to say."""
        tries = 0
        while call is not None:
            try:
                data = encode(call)
            except Exception as error:
                self._wire.log_fault("writing a call", error)
                call = self._step(peer, *spoil_call(self._link(peer)))
                continue
            self._count_call(call, data)
            reply = await self._offer(peer, data)
            if reply is not None and reply.refusal is not Refusal.OVERLOADED:
                tries = 0
                call = self._step(peer, *receive_reply(self._link(peer), reply))
                continue
            tries += 1
            call = self._again(peer, tries, is_put_off=reply is not None)
            if call is not None:
                await self._wire.pause(tries + 1)

    def _step(self, peer: str, link: Link, effects: tuple[Effect, ...]) -> Call | None:
        """Carry out what a step of a link says; returns the next call to make."""
        self._keep(peer, link)
        self._carry_out(peer, effects)
        link, call = make_call(self._link(peer))
        self._keep(peer, link)
        return call

    def _again(self, peer: str, tries: int, *, is_put_off: bool) -> Call | None:
        """Repeat a call that was put off or not answered; one that has been made too often is given up."""
        link, call = self._link(peer), None
        if tries < MAX_ATTEMPTS:
            link, call = renew_call(link) if is_put_off else repeat_call(link)
        self._keep(peer, link)
        if call is None:
            link, effects = fail_call(self._link(peer))
            self._keep(peer, link)
            self._carry_out(peer, effects)
        return call

    def _count_call(self, call: Call, data: bytes) -> None:
        self._counters["bytes_sent"] += len(data)
        self._counters["resends" if call.attempt > 1 else "operations_sent"] += (
            1 if call.attempt > 1 else len(call.operations)
        )

    async def _offer(self, peer: str, data: bytes) -> Reply | None:
        """Offer a frame; none when there is no answer, for whatever reason: a call that ends otherwise would end the link."""
        try:
            answer = await self._wire.call(peer, data)
            if answer is None:
                return None
            reply = decode(answer)
        except RemoteWireError:
            return None
        except Exception as error:
            self._wire.log_fault(f"calling {peer}", error)
            return None
        return reply if isinstance(reply, Reply) else None

    def _link(self, peer: str) -> Link:
        return self._links.get(peer, self._new)

    def _keep(self, peer: str, link: Link) -> None:
        before = self._link(peer)
        if link is before:
            return
        self._links[peer] = link
        if before.must_remember != link.must_remember:
            self._wire.stay_awake(peer, link.must_remember)

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
