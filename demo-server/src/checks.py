"""What the chat accepts from a client, and the words in which it refuses the rest."""

import re
from collections.abc import Mapping
from typing import Any

NICK_LIMIT = 24
ROOM_LIMIT = 32
TEXT_LIMIT = 2_000
NOTE_LIMIT = 140
NAME_LIMIT = 100
BATCH_LIMIT = 50
FILE_LIMIT = 700_000  # a frame of the default 1 MB holds the file and leaves room for the event

# Images a browser shows without running anything; SVG can carry scripts, so it is not one of them.
INLINE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
DOWNLOAD_TYPE = "application/octet-stream"

_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{8,40}")


class Invalid(ValueError):
    """A client sent what the chat cannot use; the text is meant for the person there."""


def fields(data: object) -> Mapping[str, Any]:
    """Return an event's payload: an object, or nothing."""
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise Invalid("This event takes an object.")
    return data


def nick(auth: object) -> str:
    """Return the nickname in the `auth` of a connect."""
    given = auth.get("nick") if isinstance(auth, dict) else None
    return _line(given, "A nickname", NICK_LIMIT)


def room(value: object) -> str:
    """Return the one spelling of a room's name."""
    return _line(value, "A room name", ROOM_LIMIT).lower()


def note(value: object) -> str:
    """Return the text of a note for a board."""
    return _line(value, "A note", NOTE_LIMIT)


def text(value: object) -> str:
    """Return a message's text, which any client can be sent."""
    trimmed = value.strip() if isinstance(value, str) else ""
    if not 1 <= len(trimmed) <= TEXT_LIMIT:
        raise Invalid(f"A message has 1 to {TEXT_LIMIT} characters.")
    return _encodable(trimmed)


def message_id(value: object) -> str:
    """Return the id that the author's page gave its message."""
    if not isinstance(value, str) or not _MESSAGE_ID.fullmatch(value):
        raise Invalid("A message id has 8 to 40 characters of A-Z, a-z, 0-9, - and _.")
    return value


def message_ids(value: object) -> list[str]:
    """Return the ids in a batch of confirmations."""
    if not isinstance(value, list) or not 1 <= len(value) <= BATCH_LIMIT:
        raise Invalid(f"A confirmation names 1 to {BATCH_LIMIT} messages.")
    return [message_id(each) for each in value]


def flag(value: object) -> bool:
    """Return a yes or no."""
    if not isinstance(value, bool):
        raise Invalid("This is either true or false.")
    return value


def file_name(value: object) -> str:
    """Return a name that is safe to offer for a download."""
    if not isinstance(value, str) or not value.strip():
        raise Invalid("A file has a name.")
    tail = re.split(r"[/\\]", value.strip())[-1][-NAME_LIMIT:]
    return "".join(c if c.isprintable() else "_" for c in tail) or "file"


def file_type(value: object) -> str:
    """Return a type that may be shown, or the one that is only ever downloaded."""
    return value if isinstance(value, str) and value in INLINE_TYPES else DOWNLOAD_TYPE


def file_bytes(value: object) -> bytes:
    """Return a file's content."""
    if not isinstance(value, bytes):
        raise Invalid("A file is sent as binary.")
    if not 1 <= len(value) <= FILE_LIMIT:
        raise Invalid(f"A file has 1 byte to {FILE_LIMIT // 1_000} kB.")
    return value


def _line(value: object, what: str, limit: int) -> str:
    line = " ".join(value.split()) if isinstance(value, str) else ""
    if not 1 <= len(line) <= limit or not line.isprintable():
        raise Invalid(f"{what} has 1 to {limit} printable characters.")
    return line


def _encodable(value: str) -> str:
    """Replace lone surrogates: JSON can spell them, UTF-8 cannot."""
    return value.encode(errors="replace").decode()
