"""Engine session ids. A sid names the actor that holds the session, so that any later request finds it without a lookup.

    sid = 22 characters of base64url (128 random bits) + the actor's name

Only ``[A-Za-z0-9_-]`` appears: some clients put the sid into a URL without escaping it.
"""

import re
from typing import Final

from engine_do.errors import ConfigError
from shared_wire import EngineSid

__all__ = ["RANDOM_BYTES", "EngineSid", "actor_of", "make_engine_sid"]

#: Bytes of randomness in a sid; base64url makes 22 characters of them.
RANDOM_BYTES: Final = 16

_RANDOM: Final = re.compile(r"[A-Za-z0-9_-]{22}")
_ACTOR_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SID: Final = re.compile(rf"{_RANDOM.pattern}({_ACTOR_NAME.pattern})")


def make_engine_sid(random: str, actor: str) -> EngineSid:
    """Make the sid of a new session of ``actor`` from 22 random characters of base64url.

    Raises `ConfigError` for an actor's name that no URL may carry.
    """
    if not _ACTOR_NAME.fullmatch(actor):
        raise ConfigError(f"an engine actor's name is 1 to 64 of [A-Za-z0-9_-]; got {actor!r}")
    if not _RANDOM.fullmatch(random):
        raise ConfigError(f"a sid begins with 22 random characters of base64url; got {len(random)} characters")
    return EngineSid(random + actor)


def actor_of(engine_sid: str) -> str:
    """Return which actor a sid says it belongs to; empty for text that is no sid. Nothing says the actor exists."""
    found = _SID.fullmatch(engine_sid)
    return found[1] if found else ""
