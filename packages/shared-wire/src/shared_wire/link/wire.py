"""What the links of an actor ask of its shell."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Protocol

from shared_wire.format.operations import EngineSid, Operation

__all__ = ["Wire"]


class Wire(Protocol):
    """What the actor's shell does for its links."""

    def say(self, peer: str, data: bytes, heard: Callable[[bytes | None], None]) -> bool:
        """Make a call over what needs no task to wait in, and count it, if there is such a thing: a stream.

        Later, never during this, ``heard`` is called once with the reply; none when the call failed, whatever the reason, and
        `stream_messages.NOT_TAKEN` where the peer has certainly not taken it. Returns False where nothing was sent: then `call`
        makes the call.
        """

    async def call(self, peer: str, data: bytes) -> bytes | None:
        """Make a call, and count it; none when it failed, whatever the reason."""

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

    def note_failing(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """Note that something for these sessions waits while a call to a peer with sockets fails; none: nothing waits so any more.

        Only memory has what waits: a life that ends meanwhile loses it, and nobody else knows.
        """

    def note_unheard(self, peer: str) -> None:
        """Note that a peer was given up that holds sockets which are to be closed: their clients do not know what they miss.

        It must be called again, whatever becomes of this life, and asked which sessions it has. What `note_failing` has noted holds
        until then.
        """

    def log_fault(self, what: str, error: BaseException) -> None:
        """Log a fault of ours: what could not be done, and what was raised. Whom it concerns is lost, and nobody else."""
