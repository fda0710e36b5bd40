"""What a client says to have its connection recovered: who it was, and the last packet it has.

The client is told a private id (``pid``) in the answer to its CONNECT, and an offset as the last argument of each event; it sends
both in its next CONNECT. https://socket.io/docs/v4/connection-state-recovery
"""

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

__all__ = [
    "OFFSET_EVENT",
    "Claim",
    "Position",
    "add_offset",
    "is_offset_of",
    "is_recoverable",
    "mark_recoverable",
    "read_claim",
    "read_offset",
    "understands_recovery",
    "write_offset",
]

#: An event that only brings an offset. It follows one that asks for an acknowledgement: of that, clients take no offset.
OFFSET_EVENT: Final = "socket.io:offset"

#: Characters of a socket's sid, and of the secret that follows it in a pid.
_SID_LENGTH: Final = 20
_PID_LENGTH: Final = 2 * _SID_LENGTH

#: Bytes of an offset's proof.
_PROOF: Final = 6
_OFFSET: Final = re.compile(r"([0-9a-f]{1,13})\.([0-9a-f]{1,6})\.([0-9a-f]{12})", re.ASCII)
#: With what the sid of a socket begins whose client understands recovery: no base64 has it. So nobody has to be looked up to be
#: told apart, however many recipients an event has.
_MARK: Final = "~"

#: The order in which the JavaScript client, and what is modelled on it, writes its query. python-socketio's clients, which hand an
#: offset to handlers as one more argument, write it the other way round.
_QUERY: Final = re.compile(r"(?:^|&)EIO=4&(?:.*&)?transport=", re.ASCII)


class Position(NamedTuple):
    """A place in the log: the number of a row, and which of the row's entries."""

    number: int
    entry: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a client says it was."""

    socket_sid: str
    secret: str
    #: As the client sent it; none when no event has reached it.
    offset: str | None


def understands_recovery(environ: dict[str, str]) -> bool:
    """Return whether a client takes an offset for one, by its handshake: JavaScript's do, python-socketio's do not."""
    return _QUERY.search(environ.get("QUERY_STRING", "")) is not None


def mark_recoverable(socket_sid: str) -> str:
    """Make the sid of a socket that may be recovered of one that may not."""
    return _MARK + socket_sid[1:]


def is_recoverable(socket_sid: str) -> bool:
    """Return whether a socket may be recovered."""
    return socket_sid[0] == _MARK


def read_claim(data: Any) -> tuple[Claim | None, Any]:
    """Return what the data of a CONNECT claims, if it does, and the data without that: what the application's client gave."""
    if not isinstance(data, dict) or "pid" not in data:
        return None, data
    pid, offset = data["pid"], data.get("offset")
    if not isinstance(pid, str) or len(pid) != _PID_LENGTH or not pid.isascii():
        return None, data
    rest = {key: value for key, value in data.items() if key not in ("pid", "offset")} or None
    if not (offset is None or isinstance(offset, str)):
        return None, rest
    return Claim(pid[:_SID_LENGTH], pid[_SID_LENGTH:], offset), rest


def write_offset(position: Position, key: str) -> str:
    """Write the offset of an entry in a row that has this key."""
    number, entry = position
    return f"{number:x}.{entry:x}.{_prove(number, entry, key)}"


def read_offset(offset: str) -> Position | None:
    """Return where an offset says that it is, if it is one."""
    match = _OFFSET.fullmatch(offset)
    return None if match is None else Position(int(match[1], 16), int(match[2], 16))


def is_offset_of(offset: str, position: Position, key: str) -> bool:
    """Return whether an offset was given for an entry of the row with this key."""
    return hmac.compare_digest(offset.encode(), write_offset(position, key).encode())


def add_offset(packets: tuple[str | bytes, ...], offset: str) -> tuple[str | bytes, ...]:
    """Add an argument to an event that is encoded as text."""
    text = packets[0]
    assert isinstance(text, str)
    return (f"{text[:-1]},{json.dumps(offset)}]", *packets[1:])


def _prove(number: int, entry: int, key: str) -> str:
    return hashlib.blake2s(b"%d.%d" % (number, entry), key=key.encode(), digest_size=_PROOF).hexdigest()
