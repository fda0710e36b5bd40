"""What one message of a stream carries: a frame, whether it is a call or a reply, and which call the reply is for.

One byte (1: call, 2: reply), 8 bytes with the call's number, big-endian, and the frame. Each direction has one call under way at
most; the number tells a reply that comes after its call was given up from the next one's. A side begins with a random number, so
that a reply to a call of its earlier life is not taken for one of this life.

A stream outlives the deploy that its accepting end sleeps through, so the messages of another format (`names.STREAM_FORMAT`) have
other kinds: whoever cannot read one closes the stream with `UNREADABLE`, and the other end calls by RPC as if it had not called.
"""

import struct
from typing import Final

from shared_wire.errors import MalformedFrame

__all__ = ["LAST_NUMBER", "NOT_TAKEN", "UNREADABLE", "read_message", "write_call", "write_reply"]

#: The code with which a stream is closed on which a message has come that cannot be read: no call under way on it was taken. One
#: that the runtime never closes with, as it may with 1002.
UNREADABLE: Final = 4002
#: What stands for the reply to such a call.
NOT_TAKEN: Final = b""

_HEAD: Final = struct.Struct("!BQ")
_CALL: Final = 1
_REPLY: Final = 2
#: The last number there is; 0 follows.
LAST_NUMBER: Final = 2**64 - 1


def write_call(number: int, frame: bytes) -> bytes:
    """Return the message with a call."""
    return _HEAD.pack(_CALL, number) + frame


def write_reply(number: int, frame: bytes) -> bytes:
    """Return the message with the reply to call ``number``."""
    return _HEAD.pack(_REPLY, number) + frame


def read_message(message: bytes) -> tuple[bool, int, bytes]:
    """Return whether it is a call, the call's number, and the frame; raises `MalformedFrame` for anything else."""
    if len(message) < _HEAD.size:
        raise MalformedFrame(f"a message of {len(message)} bytes")
    kind, number = _HEAD.unpack_from(message)
    if kind not in (_CALL, _REPLY):
        raise MalformedFrame(f"a message of kind {kind}")
    return kind == _CALL, number, message[_HEAD.size :]
