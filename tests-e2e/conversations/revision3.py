"""Engine.IO revision 3 over polling: each packet with its length."""

from conversations.steps import Conversation, Hold, Open, Request, Step, old, post

__all__ = ["REVISION_3"]

QUERY = "EIO=3&transport=polling&sid={sid}"
GET = Request(QUERY)
BEGIN = Request("EIO=3&transport=polling&b64=1")
UPGRADE = Open("EIO=3&transport=websocket&sid={sid}")


def polls(name: str, *steps: Step) -> Conversation:
    """Do these steps in a session that polls."""
    return old(f"revision 3, polling: {name}", BEGIN, *steps)


def sent(body: str | bytes, kind: str = "text/plain;charset=UTF-8") -> Request:
    """Send a payload."""
    return post(body, kind, QUERY)


REVISION_3 = (
    polls("a message", sent("6:4hello"), GET),
    polls("two messages", sent("2:4a2:4b"), GET),
    polls("lengths in UTF-16 units", sent("4:4ü€x3:4😀".encode()), GET),
    polls("binary as text", sent("10:b4AAH+/w=="), Request(f"{QUERY}&b64=1")),
    polls("binary", sent(b"\x01\x03\xff\x04\x00\xff", "application/octet-stream"), Request(f"{QUERY}&b64=1")),
    polls("text in a body of binary", sent(b"\x00\x06\xff4hello", "application/octet-stream"), GET),
    polls("a ping", sent("1:2"), GET),
    polls("a length that is too long", sent("9:4a"), GET),
    polls("a length that is too short", sent("1:4a"), GET),
    polls("a length of nothing", sent("0:"), GET),
    polls("no length", sent("4hello"), GET),
    polls("an empty body", sent(""), GET),
    polls("a close packet", sent("1:1"), GET),
    polls("a GET that waits", Hold(QUERY), sent("6:4hello")),
    polls("a body larger than is allowed", sent("100000:4" + "x" * 99_999)),
    old("revision 3, upgrade: whole", BEGIN, UPGRADE, "2probe", "5", "4hello", "2"),
    old("revision 3, upgrade: a GET that waits is let go", BEGIN, Hold(QUERY), UPGRADE, "2probe", "5", "4hello"),
    old("revision 3, handshake: WebSocket, base64 wanted", Open("EIO=3&transport=websocket&b64=1"), b"\x04\x01\xff"),
)
