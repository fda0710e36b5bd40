"""The message format between the engine actor and the socket actor, and the link that carries it."""

from shared_wire.errors import (
    FrameTooLarge,
    LocalWireError,
    MalformedFrame,
    NestedTooDeep,
    RefusedJson,
    RemoteWireError,
    UnsupportedVersion,
    UnwritableValue,
    WireError,
)
from shared_wire.format.batches import sessions_in
from shared_wire.format.codec import decode, encode
from shared_wire.format.frames import Call, Change, Frame, Life, Refusal, Reply
from shared_wire.format.operations import (
    AcceptDigest,
    AdmitSessions,
    CloseSessions,
    DownOperation,
    EngineSid,
    ListSessions,
    MessageReceived,
    Operation,
    Packet,
    SendPackets,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
    SessionUpgraded,
    UpOperation,
    sessions_of,
)
from shared_wire.held_bytes import HeldBytes
from shared_wire.keyed_lanes import Lanes, Work
from shared_wire.link.driver import LinkDriver
from shared_wire.link.session_lists import digest, ranges
from shared_wire.link.wire import Wire

__all__ = [
    "AcceptDigest",
    "AdmitSessions",
    "Call",
    "Change",
    "CloseSessions",
    "DownOperation",
    "EngineSid",
    "Frame",
    "FrameTooLarge",
    "HeldBytes",
    "Lanes",
    "Life",
    "LinkDriver",
    "ListSessions",
    "LocalWireError",
    "MalformedFrame",
    "MessageReceived",
    "NestedTooDeep",
    "Operation",
    "Packet",
    "Refusal",
    "RefusedJson",
    "RemoteWireError",
    "Reply",
    "SendPackets",
    "SessionClosed",
    "SessionOpened",
    "SessionUpgraded",
    "SessionsDigest",
    "SessionsRange",
    "UnsupportedVersion",
    "UnwritableValue",
    "UpOperation",
    "Wire",
    "WireError",
    "Work",
    "decode",
    "digest",
    "encode",
    "ranges",
    "sessions_in",
    "sessions_of",
]
