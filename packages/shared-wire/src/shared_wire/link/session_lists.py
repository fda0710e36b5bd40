"""Comparing two lists of sessions cheaply: equal fingerprints, nothing more to say."""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from shared_wire.format.operations import EngineSid, SessionsDigest, SessionsRange

__all__ = ["PIECE", "digest", "ranges"]

#: Sessions listed in one operation: about 60 kB of sids.
PIECE: Final = 2_000


def digest(engine_sids: Iterable[EngineSid], mark: int = 0) -> SessionsDigest:
    """Make the fingerprint of a set of sessions; the order they come in does not matter."""
    ordered = sorted(engine_sids)
    return SessionsDigest(len(ordered), hashlib.blake2b("\n".join(ordered).encode(), digest_size=16).digest(), mark)


def ranges(engine_sids: Iterable[EngineSid]) -> Iterator[SessionsRange]:
    """Cut a set of sessions into pieces that together cover every possible sid, at least one piece even when it is empty."""
    ordered = sorted(engine_sids)
    starts = range(0, max(len(ordered), 1), PIECE)
    for start in starts:
        piece = ordered[start : start + PIECE]
        last = start + PIECE >= len(ordered)
        yield SessionsRange(ordered[start - 1] if start else "", "" if last else piece[-1], tuple(piece))
