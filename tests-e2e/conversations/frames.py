"""Engine.IO frames on a WebSocket, odd and even."""

from conversations.steps import Conversation, Open, engine, old

__all__ = ["FRAMES"]


def frame(name: str, *frames: str | bytes) -> Conversation:
    """Send frames, and a message at the end, which tells who is still there."""
    return engine(f"frame: {name}", Open(), *frames, "4still here")


def old_frame(name: str, *frames: str | bytes) -> Conversation:
    """The same in revision 3."""
    return old(f"revision 3, frame: {name}", Open("EIO=3&transport=websocket"), *frames, "4still here")


FRAMES = (
    frame("text", "4a"),
    frame("text of nothing", "4"),
    frame("text of other scripts", "4Grüße, 世界 😀 \u2028"),
    frame("a separator in a text", "4a\x1e4b"),
    frame("NUL in a text", "4a\x00b"),
    frame("binary", b"\x00\xff"),
    frame("binary of nothing", b""),
    frame("binary that looks like a packet", b"4a"),
    frame("binary as text", "bAAH+/w=="),
    frame("binary as text, without padding", "bAAH+/w"),
    frame("binary as text, of nothing", "b"),
    frame("binary as text that is none", "b!!!"),
    frame("nothing", ""),
    frame("an open packet", "0"),
    frame("a close packet", "1"),
    frame("a close packet with text", "1bye"),
    frame("a ping", "2"),
    frame("a probe", "2probe"),
    frame("a pong", "3"),
    frame("a pong with text", "3probe"),
    frame("an upgrade packet", "5"),
    frame("a noop", "6"),
    frame("a type that there is not", "7"),
    frame("a type of two digits", "42"),
    frame("a letter", "x"),
    frame("a space before", " 4a"),
    frame("as large as is allowed", "4" + "x" * 99_999),
    frame("larger than is allowed", "4" + "x" * 100_000),
    frame("binary larger than is allowed", b"x" * 100_001),
    old_frame("text", "4a"),
    old_frame("a ping", "2"),
    old_frame("a probe", "2probe"),
    old_frame("a pong", "3"),
    old_frame("binary", b"\x04\x00\xff"),
    old_frame("binary of another type", b"\x02\x00\xff"),
    old_frame("binary without a type", b""),
    old_frame("binary as text", "b4AAH+/w=="),
    old_frame("binary as text, of no type", "bAAH+/w=="),
    old_frame("a close packet", "1"),
    old_frame("an upgrade packet", "5"),
    old_frame("a type that there is not", "7"),
    old_frame("nothing", ""),
    old_frame("a letter", "x"),
)
