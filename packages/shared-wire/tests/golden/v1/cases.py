"""What each golden file of wire version 1 holds, by the file's name.

The files are never regenerated: they are what released versions wrote, and an object in the middle of a deploy still writes it.
A failing case means that reading or writing version 1 changed, which is a new version. Files and cases may only be added.
"""

from shared_wire.format.frames import Call, Frame, Life, Refusal, Reply
from shared_wire.format.operations import (
    AcceptDigest,
    AdmitSessions,
    CloseSessions,
    EngineSid,
    ListSessions,
    MessageReceived,
    Operation,
    SendPackets,
    SessionClosed,
    SessionOpened,
    SessionsDigest,
    SessionsRange,
    SessionUpgraded,
)

_ENGINE = Life(1_767_225_600_000, 0x0123456789ABCDEF)
_SOCKET = Life(1_767_225_601_000, 0xFEDCBA9876543210)
_X, _Y = EngineSid("ePmXb2pYYhJq4mZrAAAA"), EngineSid("Zk1uWQ0cV3sT9xNfAAAB")
_NO_SID = EngineSid("")


def _call(*operations: Operation) -> Call:
    return Call(
        sender="engine-3",
        sender_life=_ENGINE,
        receiver_life=_SOCKET,
        attempt=1,
        seq=7,
        lowest_unconfirmed=7,
        received=5,
        operations=operations,
    )


def _reply(*operations: Operation, refusal: Refusal | None = None) -> Reply:
    return Reply(
        sender="/chat",
        sender_life=_SOCKET,
        receiver_life=_ENGINE,
        attempt=1,
        seq=6 if operations else 0,
        lowest_unconfirmed=6,
        received=7,
        refusal=refusal,
        operations=operations,
    )


CASES: dict[str, Frame] = {
    "reply-names-unfinished-work": Reply(
        sender="main",
        sender_life=_SOCKET,
        receiver_life=_ENGINE,
        attempt=1,
        seq=0,
        lowest_unconfirmed=9,
        received=5,
        changes=((1, _X, False), (2, _Y, False), (1, _X, True)),
        changes_end=7,
        changes_noted=5,
    ),
    "up-digest-with-mark": _call(SessionsDigest(2, bytes(range(16)), 0xFEDCBA98)),
    "down-acceptance-with-mark": Reply(
        sender="main",
        sender_life=_SOCKET,
        receiver_life=_ENGINE,
        attempt=1,
        seq=9,
        lowest_unconfirmed=9,
        received=5,
        operations=(AcceptDigest(bytes(range(16)), 0xFEDCBA98),),
    ),
    "call-first-contact": Call(
        sender="engine-3",
        sender_life=_ENGINE,
        receiver_life=None,
        attempt=1,
        seq=1,
        lowest_unconfirmed=1,
        received=0,
        operations=(
            SessionOpened(
                _X,
                (
                    ("REQUEST_METHOD", "GET"),
                    ("PATH_INFO", "/socket.io/"),
                    ("QUERY_STRING", "EIO=4&transport=websocket"),
                    ("HTTP_X_CITY", "Zürich"),
                    ("HTTP_COOKIE", ""),
                ),
            ),
            MessageReceived(_X, "0"),
        ),
    ),
    "call-confirms-only": Call(
        sender="/chat",
        sender_life=_SOCKET,
        receiver_life=_ENGINE,
        attempt=1,
        seq=0,
        lowest_unconfirmed=12,
        received=9,
    ),
    "call-repeated": Call(
        sender="engine-3",
        sender_life=_ENGINE,
        receiver_life=_SOCKET,
        attempt=6,
        seq=300,
        lowest_unconfirmed=299,
        received=65_536,
        operations=(MessageReceived(_X, '2["ping"]'),),
    ),
    "call-largest-numbers": Call(
        sender="",
        sender_life=Life(2**64 - 1, 2**64 - 1),
        receiver_life=Life(2**64 - 1, 0),
        attempt=2**32 - 1,
        seq=2**64 - 1,
        lowest_unconfirmed=2**64 - 1,
        received=2**64 - 1,
        operations=(SessionsDigest(2**32 - 1, b""),),
    ),
    "call-sender-not-ascii": Call(
        sender="/gespräch-☃-😀",
        sender_life=Life(0, 1),
        receiver_life=Life(0, 1),
        attempt=1,
        seq=1,
        lowest_unconfirmed=1,
        received=0,
        operations=(AdmitSessions((EngineSid("ſid-é"),)),),
    ),
    "up-session-opened-without-environ": _call(SessionOpened(_X, ())),
    "up-message-text": _call(MessageReceived(_X, '2["news","grüße ☃ 😀 \\u0000 \x00"]')),
    "up-message-binary": _call(MessageReceived(_X, bytes(range(256)))),
    "up-message-empty-text": _call(MessageReceived(_X, "")),
    "up-message-empty-binary": _call(MessageReceived(_X, b"")),
    "up-session-closed": _call(SessionClosed(_X, "transport close")),
    "up-sessions-digest": _call(SessionsDigest(2, bytes(range(16)))),
    "up-sessions-range": _call(SessionsRange(_X, _Y, (_Y,)), SessionsRange(_Y, "", ())),
    "up-every-operation": _call(
        SessionOpened(_X, (("PATH_INFO", "/"),)),
        MessageReceived(_X, "0"),
        MessageReceived(_X, b"\x00\xff"),
        SessionClosed(_Y, "ping timeout"),
        SessionsDigest(1, bytes(16)),
        SessionsRange("", "", (_X,)),
    ),
    "up-session-upgraded": _call(
        SessionOpened(_X, (("PATH_INFO", "/"),)), SessionUpgraded(_X), MessageReceived(_X, "0")
    ),
    "down-send-packets": _call(
        SendPackets((_X, _Y), ('51-["file",{"_placeholder":true,"num":0}]', b"\x89PNG\r\n", "☃"))
    ),
    "down-close-sessions": _call(CloseSessions((_X, _Y), "server disconnect")),
    "down-admit-sessions": _call(AdmitSessions((_X, _Y))),
    "down-accept-digest": _call(AcceptDigest(bytes(range(16)))),
    "down-list-sessions": _call(ListSessions()),
    "down-empty-lists": _call(SendPackets((), ()), CloseSessions((), ""), AdmitSessions(()), AcceptDigest(b"")),
    "down-empty-sid": _call(SendPackets((_NO_SID,), ("",))),
    "reply-plain": _reply(),
    "reply-every-operation": _reply(
        SendPackets((_X,), ('0{"sid":"Q4x"}',)),
        CloseSessions((_Y,), "server disconnect"),
        AdmitSessions((_X,)),
        AcceptDigest(bytes(16)),
        ListSessions(),
    ),
    "reply-refuses-new-life": _reply(refusal=Refusal.NEW_LIFE),
    "reply-refuses-old-sender": _reply(refusal=Refusal.OLD_SENDER),
    "reply-refuses-overloaded": _reply(refusal=Refusal.OVERLOADED),
    "reply-refuses-unreadable": Reply(
        sender="/chat",
        sender_life=_SOCKET,
        receiver_life=None,
        attempt=1,
        seq=0,
        lowest_unconfirmed=1,
        received=0,
        refusal=Refusal.UNREADABLE,
    ),
}
