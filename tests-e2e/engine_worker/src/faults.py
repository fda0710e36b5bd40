"""Faults of ours, made on purpose: what a test breaks in one object, for one session or once."""

import json
from collections.abc import Callable
from typing import Any

from engine_do.session.session import Session


class BrokenError(Exception):
    """What a test broke raises."""


def attachment(engine: Any, sid: str) -> None:
    """Have nothing written to the attachment of a session's socket any more."""
    sockets = engine._sessions.sockets
    real = sockets.write

    def write(ws: Any, session: Session) -> None:
        if session.engine_sid == sid:
            raise BrokenError
        real(ws, session)

    sockets.write = write


def row(engine: Any, sid: str) -> None:
    """Have nothing stored of a session that polls any more."""
    polls = engine._sessions.polls
    real = polls.store

    def store(engine_sid: str) -> None:
        if engine_sid == sid:
            raise BrokenError
        real(engine_sid)

    polls.store = store


def sweep(engine: Any, _: str) -> None:
    """Have the end of the next sweep fail."""
    application = engine._application
    real = application.swept

    def swept(seen: Any) -> Any:
        del seen
        application.swept = real
        raise BrokenError

    application.swept = swept


def appended(engine: Any, _: str) -> None:
    """Have every socket's record be what a later release would have written: a higher number, and fields that nobody knows."""
    _rewrite(
        engine, lambda record: {**record, "engine-do": 99, "s": [*_whole(record["s"]), "new", {"x": 1}], "more": 2}
    )


def shortened(engine: Any, _: str) -> None:
    """Have every socket's record be what the first release wrote."""
    _rewrite(engine, lambda record: {**record, "s": record["s"][:8]})


def damaged(engine: Any, _: str) -> None:
    """Have every socket's record be one that nobody can read."""
    _rewrite(engine, lambda record: {**record, "s": ["?"]})


def _whole(fields: list[Any]) -> list[Any]:
    """Write out the fields that may be left out at the end."""
    return fields if len(fields) > 8 else [*fields, "", []]


def _rewrite(engine: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    for ws in engine.ctx.getWebSockets():
        ws.serializeAttachment(json.dumps(change(json.loads(ws.deserializeAttachment()))))


FAULTS: dict[str, Callable[[Any, str], None]] = {
    function.__name__: function for function in (attachment, row, sweep, appended, shortened, damaged)
}


async def count_sweep(engine: Any) -> dict[str, int]:
    """Sweep as the alarm does; returns how often the sockets were listed and their records read."""
    sockets = engine._sessions.sockets
    counts = {"listed": 0, "read": 0}
    real_read, real_all = sockets.read, sockets.all

    def read(ws: Any) -> Any:
        counts["read"] += 1
        return real_read(ws)

    def list_all() -> Any:
        counts["listed"] += 1
        return real_all()

    sockets.read, sockets.all = read, list_all
    engine._alarm._sweep_ms = 0  # also where one was made a moment ago
    try:
        await engine.alarm()
    finally:
        del sockets.read, sockets.all
    return counts
