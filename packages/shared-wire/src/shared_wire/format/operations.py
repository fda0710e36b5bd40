"""What one actor tells the other: the operations a frame carries, in order.

Up (engine actor to socket actor): `SessionOpened`, `SessionUpgraded`, `MessageReceived`, `SessionClosed`, `SessionsDigest`,
`SessionsRange`.
Down (socket actor to engine actor): `SendPackets`, `CloseSessions`, `AdmitSessions`, `AcceptDigest`, `ListSessions`.

A *packet* here is the payload of an Engine.IO message packet: ``str`` for a text message, ``bytes`` for a binary one. What the
payload means is the business of the layer above; this package never looks inside.
"""

from dataclasses import dataclass
from typing import Final, NewType, TypeAlias

__all__ = [
    "OF_ONE",
    "OF_SEVERAL",
    "AcceptDigest",
    "AdmitSessions",
    "CloseSessions",
    "DownOperation",
    "EngineSid",
    "ListSessions",
    "MessageReceived",
    "Operation",
    "Packet",
    "SendPackets",
    "SessionClosed",
    "SessionOpened",
    "SessionUpgraded",
    "SessionsDigest",
    "SessionsRange",
    "UpOperation",
    "sessions_of",
]

EngineSid = NewType("EngineSid", str)
Packet: TypeAlias = str | bytes


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """A client finished its handshake; travels with the session's first message.

    ``environ`` holds the handshake's facts as pairs of text, in the order they are to be shown.
    """

    engine_sid: EngineSid
    environ: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SessionUpgraded:
    """A session that began with polling has a WebSocket now."""

    engine_sid: EngineSid


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """A client sent one message."""

    engine_sid: EngineSid
    packet: Packet


@dataclass(frozen=True, slots=True)
class SessionClosed:
    """A session ended at the engine actor; ``reason`` is one of `reasons.Reason`."""

    engine_sid: EngineSid
    reason: str


@dataclass(frozen=True, slots=True)
class SessionsDigest:
    """A fingerprint of all sessions the engine actor holds and has announced (`sessions.digest`).

    ``mark`` tells two offers of one fingerprint apart: an acceptance names the offer it is for.
    """

    count: int
    digest: bytes
    mark: int = 0


@dataclass(frozen=True, slots=True)
class SessionsRange:
    """All announced sessions whose sid lies in ``(after, until]``; ``until == ""`` means to the end.

    Each piece stands on its own, so a lost piece costs only its own range.
    """

    after: str
    until: str
    engine_sids: tuple[EngineSid, ...]


@dataclass(frozen=True, slots=True)
class SendPackets:
    """Send these packets, in order, to each of these sessions: a broadcast is encoded once."""

    engine_sids: tuple[EngineSid, ...]
    packets: tuple[Packet, ...]


@dataclass(frozen=True, slots=True)
class CloseSessions:
    """Close these sessions' transports; ``reason`` is what the engine actor records."""

    engine_sids: tuple[EngineSid, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class AdmitSessions:
    """These sessions joined the application: lift their connect deadline."""

    engine_sids: tuple[EngineSid, ...]


@dataclass(frozen=True, slots=True)
class AcceptDigest:
    """The socket actor knew exactly the sessions of this digest when it took the offer with this mark."""

    digest: bytes
    mark: int = 0


@dataclass(frozen=True, slots=True)
class ListSessions:
    """The socket actor's list differs: send all ranges."""


UpOperation: TypeAlias = (
    SessionOpened | SessionUpgraded | MessageReceived | SessionClosed | SessionsDigest | SessionsRange
)
DownOperation: TypeAlias = SendPackets | CloseSessions | AdmitSessions | AcceptDigest | ListSessions
Operation: TypeAlias = UpOperation | DownOperation


#: Those that one session loses something with, and those with which several do. Reports, upgrades and admissions can be repeated or
#: missed without a gap in any session's stream.
OF_ONE: Final = (MessageReceived, SessionOpened, SessionClosed)
OF_SEVERAL: Final = (SendPackets, CloseSessions)


def sessions_of(operation: Operation) -> tuple[EngineSid, ...]:
    """Name the sessions that lose something if ``operation`` is lost."""
    if isinstance(operation, OF_ONE):
        return (operation.engine_sid,)
    return operation.engine_sids if isinstance(operation, OF_SEVERAL) else ()
