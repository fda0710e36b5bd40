"""Carries out the links of one actor: the same code for both sides, driven over an RPC that the shell brings.

The shell brings four things, so that nothing here reads a clock or starts a task of its own: how to call a peer, how to wait before
a repeat, how to let a coroutine run on, and what to do with operations and losses.
"""

from collections.abc import Awaitable, Coroutine
from typing import Protocol

from shared_wire.codec import decode, encode
from shared_wire.errors import RemoteWireError
from shared_wire.frames import Call, Life, Refusal, Reply
from shared_wire.limits import MAX_QUEUED
from shared_wire.link import (
    Answer,
    Deliver,
    Effect,
    Link,
    Lose,
    answer_call,
    confirm_handled,
    enqueue,
    fail_call,
    make_call,
    receive_call,
    receive_reply,
    repeat_call,
)
from shared_wire.operations import EngineSid, Operation, sessions_of

__all__ = ["Carrier", "Wire"]


class Wire(Protocol):
    """What the actor's shell does for its links."""

    async def call(self, peer: str, data: bytes) -> bytes | None:
        """Make the RPC; none when it failed, whatever the reason."""

    async def pause(self, attempt: int) -> None:
        """Wait before attempt number ``attempt`` of a call; longer each time, with jitter."""

    def start(self, coroutine: Coroutine[object, object, None]) -> None:
        """Let the coroutine run to its end, beginning at once."""

    def deliver(self, peer: str, operations: tuple[Operation, ...]) -> Awaitable[object] | None:
        """Carry out operations of ``peer`` in order; return what to await until they are done, or none if they are."""

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...]) -> None:
        """Close these sessions of ``peer`` with the reason `transport error`."""


class Carrier:
    """All links of one actor, by the peer's name."""

    def __init__(self, name: str, life: Life, wire: Wire, *, peer_holds_sockets: bool) -> None:
        self._new = Link(name=name, life=life, peer_holds_sockets=peer_holds_sockets)
        self._wire = wire
        self._links: dict[str, Link] = {}
        self._answering: set[str] = set()

    def peer_life(self, peer: str) -> Life | None:
        """Tell the life in which ``peer`` was last met during this life, if it was."""
        return self._link(peer).peer_life

    def send(self, peer: str, *operations: Operation) -> None:
        """Send operations to ``peer``, in order: with the reply being made, or by a call started at once.

        When too much waits for the peer already, the operations' sessions are lost instead (`Wire.lose`).
        """
        link = self._link(peer)
        if len(link.queue) + len(operations) > MAX_QUEUED:
            lost = tuple(engine_sid for operation in operations for engine_sid in sessions_of(operation))
            self._wire.lose(peer, lost)
            return
        self._links[peer] = enqueue(link, *operations)
        self._flush(peer)

    def answer(self, data: bytes) -> bytes:
        """Take a call's bytes and give the reply's. Never waits: a handler that suspends is confirmed later.

        Bytes that are no frame are answered with `Refusal.UNREADABLE`; nothing of the error's text leaves the actor.
        """
        try:
            call = decode(data)
        except RemoteWireError:
            return encode(self._unreadable())
        if not isinstance(call, Call):
            return encode(self._unreadable())
        return encode(self._answer(call))

    def _answer(self, call: Call) -> Reply:
        peer = call.sender
        self._answering.add(peer)
        try:
            self._links[peer], effects = receive_call(self._link(peer), call)
            self._carry_out(peer, effects)
        finally:
            self._answering.discard(peer)
        for effect in effects:
            if isinstance(effect, Answer):
                self._flush(peer)
                return effect.reply
        self._links[peer], reply = answer_call(self._link(peer), call.seq)
        self._flush(peer)
        return reply

    def _carry_out(self, peer: str, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Lose(engine_sids):
                    self._wire.lose(peer, engine_sids)
                case Deliver():
                    self._deliver(peer, effect)
                case Answer():
                    pass

    def _deliver(self, peer: str, effect: Deliver) -> None:
        rest = self._wire.deliver(peer, effect.operations)
        if rest is None:
            self._links[peer] = confirm_handled(self._link(peer), effect.sender_life, effect.seq)
        else:
            self._wire.start(self._confirm_later(peer, effect, rest))

    async def _confirm_later(self, peer: str, effect: Deliver, rest: Awaitable[object]) -> None:
        await rest
        self._links[peer] = confirm_handled(self._link(peer), effect.sender_life, effect.seq)
        self._flush(peer)

    def _flush(self, peer: str) -> None:
        if peer in self._answering:
            return
        self._links[peer], call = make_call(self._link(peer))
        if call is not None:
            self._wire.start(self._carry(peer, call))

    async def _carry(self, peer: str, call: Call | None) -> None:
        """Make calls until nothing is left to say."""
        while call is not None:
            reply = await self._offer(peer, call)
            link = self._link(peer)
            if reply is None:
                self._links[peer], again = repeat_call(link)
                if again is not None:
                    await self._wire.pause(again.attempt)
                    call = again
                    continue
                self._links[peer], effects = fail_call(link)
            else:
                self._links[peer], effects = receive_reply(link, reply)
            self._carry_out(peer, effects)
            self._links[peer], call = make_call(self._link(peer))

    async def _offer(self, peer: str, call: Call) -> Reply | None:
        data = await self._wire.call(peer, encode(call))
        if data is None:
            return None
        try:
            reply = decode(data)
        except RemoteWireError:
            return None
        if not isinstance(reply, Reply) or reply.refusal is Refusal.OVERLOADED:
            return None
        return reply

    def _link(self, peer: str) -> Link:
        return self._links.get(peer, self._new)

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
            handled=0,
            refusal=Refusal.UNREADABLE,
        )
