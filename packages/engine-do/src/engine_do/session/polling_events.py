"""What can happen to a session that polls, and what must be done then: the inputs and effects of `polling.step_polling`."""

from dataclasses import dataclass
from typing import TypeAlias

from engine_do.protocol.packets import Frame
from engine_do.session import session as sessions
from engine_do.session.session import Session

__all__ = [
    "AcceptPost",
    "AnswerPoll",
    "CloseProbe",
    "Flushed",
    "PollAborted",
    "PollExpired",
    "PollPutOff",
    "Polled",
    "PollingEffect",
    "PollingInput",
    "PostBegun",
    "PostReceived",
    "ProbeGone",
    "ProbeOpened",
    "ProbeReceived",
    "PutOffPoll",
    "Queued",
    "RefusePoll",
    "RefusePost",
    "SendProbe",
    "SwitchTransport",
]


@dataclass(frozen=True, slots=True)
class Polled:
    """A GET came. ``poll_id`` is the entrypoint's name for it; ``repeated``: the same GET was forwarded before."""

    poll_id: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class PollExpired:
    """A GET was held as long as it may be."""

    poll_id: str


@dataclass(frozen=True, slots=True)
class PollAborted:
    """The client took its GET back."""

    poll_id: str


@dataclass(frozen=True, slots=True)
class PollPutOff:
    """A GET is to wait at the entrypoint: nothing may wait in this object."""

    poll_id: str


@dataclass(frozen=True, slots=True)
class PostBegun:
    """A POST came; its body follows."""


@dataclass(frozen=True, slots=True)
class PostReceived:
    """The POST's packets, as frames; none when its body was no payload."""

    frames: tuple[Frame, ...] | None
    now_ms: int = 0
    #: Whether these are the first of its packets only, and others follow in an event of their own.
    more: bool = False


@dataclass(frozen=True, slots=True)
class Queued:
    """Packets to send. They leave with `Flushed`, which follows when the running code has come to its end."""

    frames: tuple[Frame, ...]
    #: What they take in a record (`polling.size_of`), where it was counted already for others who get them too.
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Flushed:
    """Send what was queued."""


@dataclass(frozen=True, slots=True)
class ProbeOpened:
    """A WebSocket came for the session (`may_upgrade`)."""

    now_ms: int


@dataclass(frozen=True, slots=True)
class ProbeReceived:
    """That WebSocket brought a frame."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class ProbeGone:
    """That WebSocket closed."""


PollingInput: TypeAlias = (
    Polled
    | PollExpired
    | PollAborted
    | PollPutOff
    | PostBegun
    | PostReceived
    | Queued
    | Flushed
    | ProbeOpened
    | ProbeReceived
    | ProbeGone
    | sessions.Input
)


@dataclass(frozen=True, slots=True)
class AnswerPoll:
    """Answer the GET with these packets."""

    poll_id: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class RefusePoll:
    """Answer the GET with an error, from which the client reconnects."""

    poll_id: str


@dataclass(frozen=True, slots=True)
class PutOffPoll:
    """Have the entrypoint bring the GET again, in a while."""

    poll_id: str


@dataclass(frozen=True, slots=True)
class AcceptPost:
    """Answer the POST with "ok"."""


@dataclass(frozen=True, slots=True)
class RefusePost:
    """Answer the POST with an error, from which the client reconnects."""


@dataclass(frozen=True, slots=True)
class SendProbe:
    """Send a frame on the probing WebSocket."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class CloseProbe:
    """Close the probing WebSocket."""


@dataclass(frozen=True, slots=True)
class SwitchTransport:
    """From here on the probing WebSocket is the session's: keep ``session`` with it and send it what waited."""

    session: Session
    frames: tuple[Frame, ...]


PollingEffect: TypeAlias = (
    AnswerPoll
    | RefusePoll
    | PutOffPoll
    | AcceptPost
    | RefusePost
    | SendProbe
    | CloseProbe
    | SwitchTransport
    | sessions.Effect
)
