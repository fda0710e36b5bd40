"""Small limits, with which a few clients take the ways that thousands would: lists and frames in pieces, caches that forget."""

from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

import pytest
from mixed_builds import patch_builds

from shared_wire import EngineSid, SessionsRange, ranges
from shared_wire.format.batches import split
from socketio_do.state.tables import Storage

__all__ = ["SMALL", "make_small", "make_tight"]

#: What may be as small as 1.
SMALL: Final = (
    "shared_wire.link.link.MAX_CHANGES",
    "shared_wire.link.session_lists.PIECE",
    "shared_wire.format.batches._BATCH_OPERATIONS",
    "engine_do.durable.alarm_sweep._SLICE",
    "engine_do.durable.http.http._TOGETHER",
    "engine_do.session.polling.MAX_ANSWERED",
    "socketio_do.state.tables.MAX_SIDS",
    "socketio_do.state.tables._NAMES",
    "socketio_do.state.tables._ROOMS",
    "socketio_do.state.tables._CONTEXTS",
    "socketio_do.state.tables._WRITTEN",
    "socketio_do.state.callbacks._AT_ONCE",
    "socketio_do.state.namespaces.MAX_HELD_CHILDREN",
    "socketio_do.state.environs.MAX_HELD_ENVIRONS",
    "socketio_do.state.membership.CROWDED_ROOMS",
    "socketio_do.state.session_data.MAX_HELD_DATA",
    "shared_wire.link.stream_bounds.MOST_CALLS",
)
#: Those that stand in two modules.
_SAME: Final = {
    "shared_wire.link.calls.MAX_CHANGES": "shared_wire.link.link.MAX_CHANGES",
    "socketio_do.state.callbacks.MAX_SIDS": "socketio_do.state.tables.MAX_SIDS",
}


def make_tight(patch: pytest.MonkeyPatch) -> None:
    """Have queues be full soon: sessions are lost for it."""
    patch_builds(patch, "shared_wire.link.calls.MAX_QUEUED", 4)
    patch_builds(patch, "shared_wire.link.calls.FEW_QUEUED_BYTES", 0)
    patch_builds(patch, "socketio_do.server.backlog.MAX_BACKLOG", 9_000)
    patch_builds(patch, "socketio_do.server.backlog.MAX_BACKLOG_OF_ALL", 25_000)


def make_small(patch: pytest.MonkeyPatch, random: Random, counts: Counter[str]) -> None:
    """Make limits small that no client can notice; ``counts`` tells what went in pieces."""
    chosen = {name: random.randrange(1, 4) for name in SMALL}
    for name, value in (chosen | {name: chosen[like] for name, like in _SAME.items()}).items():
        patch_builds(patch, name, value)
    patch.setattr("engine_do.durable.applications.linked.ranges", _counting_ranges(counts))
    patch.setattr("shared_wire.link.calls.split", _counting_split(counts))
    patch.setattr("shared_wire.link.replies.split", _counting_split(counts))
    patch.setattr(Storage, "_listed", _counting_lists(counts))


def _counting_ranges(counts: Counter[str]) -> Callable[..., Iterator[SessionsRange]]:
    def counted(engine_sids: list[EngineSid]) -> Iterator[SessionsRange]:
        pieces = [*ranges(engine_sids)]
        counts["list of sessions in pieces"] += len(pieces) > 1
        return iter(pieces)

    return counted


def _counting_split(counts: Counter[str]) -> Callable[..., Any]:
    def counted(*args: Any) -> Any:
        batch, rest, left = split(*args)
        counts["queue in pieces"] += bool(rest)
        return batch, rest, left

    return counted


def _counting_lists(counts: Counter[str]) -> Any:
    listed = Storage._listed

    def counted(size: int, key: Any, read: Callable[[str], Any], after: str = "") -> Any:
        reads = 0

        def read_piece(last: str) -> Any:
            nonlocal reads
            reads += 1
            return read(last)

        found = listed(size, key, read_piece, after)
        counts["rows in pieces"] += reads > 2
        return found

    return staticmethod(counted)
