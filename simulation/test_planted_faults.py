"""Faults put in on purpose, one function each: the simulation must find every one, or it proves nothing.

Each stands for a mistake that has been made, or nearly: what it breaks is said where it is made.
"""

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest
from whole_run import run

from engine_do.session import report, session
from shared_wire import digest
from shared_wire.format.operations import CloseSessions, SessionClosed
from shared_wire.link import calls, driver, link, replies, unfinished
from socketio_do.state import layout, membership, tables

#: How long a fault may hide.
SEEDS: Final = 120
STEPS: Final = 400
FAILURES: Final = (0.2, 0.05, 0.6)

Planted = Callable[..., Any]


@dataclass(frozen=True)
class Fault:
    """A function by its place, and what makes the faulty one of it."""

    target: str
    make: Callable[[Planted], Planted]
    #: Whether it shows only where queues overflow.
    is_tight: bool = False
    #: The seed from which on it is looked for, where it is rare.
    first: int = 0


def _returning(value: Any) -> Callable[[Planted], Planted]:
    return lambda _original: lambda *_arguments, **_options: value


def _drop_changes(original: Planted) -> Planted:
    """Report to nobody which work is unfinished."""

    def news(before: link.Link, seq: int = 0) -> tuple[link.Link, dict[str, Any]]:
        after, fields = original(before, seq)
        return after, {**fields, "changes": (), "changes_end": 0}

    return news


def _believe_at_once(_original: Planted) -> Planted:
    """Believe a frame although others that were sent before it are missing."""
    return lambda before, frame: link._confirm(before, frame) if frame.receiver_life == before.life else before


def _finish_unsent(_original: Planted) -> Planted:
    """Call work done although its answers are still in the queue."""

    def confirm_handled(before: link.Link, sender_life: Any, seq: int, engine_sids: Any) -> link.Link:
        return before if sender_life != before.peer_life else link.finish_work(before, seq, tuple(engine_sids))

    return confirm_handled


def _forget_unsettled(_original: Planted) -> Planted:
    """Treat a report that was not settled as one of no sessions."""

    def restore(stored: str | None, mark: int) -> report.Report:
        nothing = report.Report(stored=digest(()).digest.hex(), mark=mark)
        return nothing if stored in (None, report.UNSETTLED) else report.Report(stored=stored, mark=mark)

    return restore


def _stay_behind(_original: Planted) -> Planted:
    """Go on with a clock that is behind."""
    return lambda before, known: (before, ())


def _lose_closings(original: Planted) -> Planted:
    """Leave the closing of a session out where the queue is full."""

    def enqueue(before: link.Link, *operations: Any) -> Any:
        is_closing = all(isinstance(one, CloseSessions | SessionClosed) for one in operations)
        if is_closing and calls._is_full(before):
            return before, ()
        return original(before, *operations)

    return enqueue


def _write_pending(original: Planted) -> Planted:
    """Write a socket's row before it is let in."""

    def begin(self: membership.Membership, socket_sid: str, engine_sid: str, namespace: str) -> bool:
        begun: bool = original(self, socket_sid, engine_sid, namespace)
        if begun:
            insert = self.storage.insert_socket
            insert(socket_sid, engine_sid, namespace, "engine", "{}", set())
            self.storage.insert_socket = functools.partial(_insert_again, self.storage, insert)  # type: ignore[method-assign]
        return begun

    return begin


def _insert_again(rows: tables.Storage, insert: Planted, socket_sid: str, *rest: Any) -> None:
    rows.delete_socket(socket_sid)
    rows.insert_socket = insert  # type: ignore[method-assign]
    insert(socket_sid, *rest)


def _forget_losses(_original: Planted) -> Planted:
    """Say again, to a new life, what waits for sessions that are lost."""
    return lambda before, engine_sids: (before, link.lose(engine_sids))


def _take_every_repeat(original: Planted) -> Planted:
    """Have a new life take what an older one may have taken."""
    return lambda before, call: original(before, replace(call, attempt=1, lowest_unconfirmed=call.seq))


def _forget_stored_reply(original: Planted) -> Planted:
    """Handle a repeat again."""
    return lambda before, call: original(link.change(before, answered=None, expected=call.seq or None), call)


def _never_unsettle(_original: Planted) -> Planted:
    """Announce a session without a note that the report is out of date."""
    return lambda known: known


def _do_not_migrate(original: Planted) -> Planted:
    """Treat tables of any layout as ours."""
    return lambda self, stored: original(self, None if stored is None else layout.SCHEMA)


def _refuse_later_records(original: Planted) -> Planted:
    """Read records of this release only."""
    return lambda found: original({**found, "s": found["s"][:8]} if found["engine-do"] == 1 else {})


def _end_even_the_ended(_original: Planted) -> Planted:
    """Ask for the lists although only sessions differ that are ending."""
    return lambda self, actor, theirs: None


def _keep_row(_original: Planted) -> Planted:
    """Forget a session in memory only."""

    def close_session(self: membership.Membership, engine_sid: str) -> None:
        self._sessions.pop(engine_sid, None)

    return close_session


def _leave_room_rows(_original: Planted) -> Planted:
    """Delete a socket, and not the rooms it is in."""

    def delete_socket(self: tables.Storage, socket_sid: str, *, has_rooms: bool = True) -> None:
        self.database.execute("DELETE FROM sio_sockets WHERE socket_sid = ?", socket_sid)

    return delete_socket


def _stay_in_cache(_original: Planted) -> Planted:
    """Leave a room in the rows only."""
    return _returning(None)(_original)


FAULTS: Final = {
    "changes of unfinished work dropped": Fault("shared_wire.link.link.news", _drop_changes),
    "work done that is not sent": Fault("shared_wire.link.driver.confirm_handled", _finish_unsent, first=140),
    "a frame believed that others come before": Fault("shared_wire.link.link.confirm", _believe_at_once, first=60),
    "a report that is not settled forgotten": Fault("engine_do.session.report.restore", _forget_unsettled),
    "a clock that stays behind": Fault("shared_wire.link.link.outlive", _stay_behind),
    "a closing lost on overflow": Fault("shared_wire.link.driver.enqueue", _lose_closings, is_tight=True, first=50),
    "pending sockets written to rows": Fault("socketio_do.state.membership.Membership.begin", _write_pending),
    "something follows a loss": Fault("shared_wire.link.link.losing", _forget_losses),
    "a new life takes repeats": Fault("shared_wire.link.driver.receive_call", _take_every_repeat),
    "a repeat handled again": Fault("shared_wire.link.driver.receive_call", _forget_stored_reply),
    "a session announced without a note": Fault("engine_do.session.report.unsettled", _never_unsettle),
    "tables not migrated": Fault("socketio_do.state.layout.Layout.prepare", _do_not_migrate),
    "records of a later release refused": Fault("engine_do.session.session._read", _refuse_later_records),
    "digests not answered": Fault("socketio_do.server.endings.Endings.receive_digest", _end_even_the_ended),
    "a session's row kept": Fault("socketio_do.state.membership.Membership.close_session", _keep_row),
    "a socket's rooms kept": Fault("socketio_do.state.tables.Storage.delete_socket", _leave_room_rows),
    "a member of a room kept in memory": Fault(
        "socketio_do.state.membership.Membership._forget_member", _stay_in_cache
    ),
    "losses of a new life not told": Fault("shared_wire.link.unfinished.sessions_waiting", _returning(())),
}


def _place(target: str) -> tuple[Any, str]:
    """Find what holds a function, and its name there."""
    parts = target.split(".")
    holder: Any = importlib.import_module(".".join(parts[:2]))
    for name in parts[2:-1]:
        holder = getattr(holder, name)
    return holder, parts[-1]


def _plant(patch: pytest.MonkeyPatch, fault: Fault) -> None:
    """Put a fault in, also where the function was imported by its name."""
    holder, name = _place(fault.target)
    original = getattr(holder, name)
    planted = fault.make(original)
    for module in (holder, *_MODULES):
        if module.__dict__.get(name) is original:
            patch.setattr(module, name, planted)


_MODULES: Final = (replies, calls, driver, link, unfinished, report, session)


def _is_found(fault: Fault, failures: float, seed: int) -> bool:
    try:
        run(seed, failures, STEPS, is_tight=fault.is_tight)
    except Exception:
        return True
    return False


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = FAULTS[name]
    _plant(monkeypatch, fault)
    runs = [(seed, failures) for seed in range(fault.first, fault.first + SEEDS) for failures in FAILURES]
    assert any(_is_found(fault, failures, seed) for seed, failures in runs), f"{name}: not found in {len(runs)} runs"
