"""Frames: the one value that crosses an RPC between the actors, in either direction.

A sender numbers what it sends to one peer from 1 for as long as its life lasts, calls and replies together. Number 0 means
"carries no operations": such a frame only confirms.
"""

import enum
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from shared_wire.format.operations import EngineSid, Operation

__all__ = ["Call", "Change", "Frame", "Life", "Refusal", "Reply"]

#: A change of what is unfinished at the sender: the number of a frame it received, a session with work in it, and whether that
#: work is done now (else it has begun to wait). Work that is done by the time its frame is answered makes no change.
Change: TypeAlias = tuple[int, EngineSid, bool]


class Life(NamedTuple):
    """One construction of an actor to its end; later lives compare greater, and as tuples do: in C, with each frame.

    ``start_ms`` is the clock at construction, ``nonce`` 64 random bits that tell two lives of one millisecond apart.
    """

    start_ms: int
    nonce: int

    def __str__(self) -> str:
        return f"{self.nonce:016x}"


class Refusal(enum.IntEnum):
    """Why a call was not taken. The numbers are the wire's and never change meaning."""

    #: The call was meant for an earlier life of the receiver, and is not a plain first attempt.
    NEW_LIFE = 1
    #: The sender's life has been succeeded by a newer one.
    OLD_SENDER = 2
    #: The bytes were no frame of a known version.
    UNREADABLE = 3
    #: The receiver holds too much already; try again later.
    OVERLOADED = 4


@dataclass(frozen=True, kw_only=True)
class Call:
    """A frame sent as an RPC's argument."""

    sender: str
    sender_life: Life
    #: The life the frame is meant for; none before the first contact.
    receiver_life: Life | None
    #: 1 at first, plus one each time the same frame is offered again.
    attempt: int
    seq: int
    #: The lowest number that may still arrive as a call: nothing below it is under way.
    lowest_unconfirmed: int
    #: Of the other direction: everything up to here has arrived, ...
    received: int
    #: The latest changes of what is unfinished of it: at least those that the receiver is not known to have noted, ...
    changes: tuple[Change, ...] = ()
    #: ... which are the last of so many, and how many of the receiver's own have been noted here.
    changes_end: int = 0
    changes_noted: int = 0
    #: The highest number sent so far, by this frame or before: what it says of work holds once all up to there has arrived.
    sent: int = 0
    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A frame sent as an RPC's result. The operations are the other direction's, numbered with its calls."""

    sender: str
    sender_life: Life
    receiver_life: Life | None
    attempt: int
    seq: int
    lowest_unconfirmed: int
    received: int
    changes: tuple[Change, ...] = ()
    changes_end: int = 0
    changes_noted: int = 0
    sent: int = 0
    refusal: Refusal | None = None
    operations: tuple[Operation, ...] = ()


Frame: TypeAlias = Call | Reply
