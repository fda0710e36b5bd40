"""What a step of the link asks its driver to do."""

from dataclasses import dataclass
from typing import TypeAlias

from shared_wire.format.frames import Life, Reply
from shared_wire.format.operations import EngineSid, Operation

__all__ = ["Deliver", "Effect", "Lose", "SendReply"]


@dataclass(frozen=True, slots=True)
class Deliver:
    """Carry out these operations, in order; say `confirm_handled` with the same life and number as each session's are done."""

    sender_life: Life
    seq: int
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Lose:
    """The fate of work for these sessions is unknown: close them so that their clients reconnect."""

    #: None: all sessions the two actors share.
    engine_sids: tuple[EngineSid, ...] | None


@dataclass(frozen=True, slots=True)
class SendReply:
    """Answer the call with this; nothing of it is to be handled."""

    reply: Reply


Effect: TypeAlias = Deliver | Lose | SendReply
