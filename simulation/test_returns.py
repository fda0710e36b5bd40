"""Clients that lose their connection and come back, with whatever may go wrong: who is recovered has missed nothing."""

import os
from collections import Counter
from dataclasses import replace

import pytest
from return_run import make_plan, play, run
from system_steps import end_life

from shared_wire.testing.modules import install

#: Steps of all runs together.
LENGTH = int(os.environ.get("SYSTEM_STEPS", "100000")) // 10
LENGTH_OF_A_RUN = 300
#: How often a call between actors fails, in a thousand; and how many parts of the runs are without one, in one object and in two.
KINDS = ((0, True), (50, True), (200, True), (0, False))

#: What must have happened, or it is tested in name only.
TRIED = {
    *("recovered", "recovered what it missed", "told", "told that it is back", "parked at rest", "open at rest"),
    *("broken: close", "broken: drop", "broken: vanish", "told: late", "told: full"),
    *("emitted: ask", "emitted: except", "emitted: skip", "emitted: volatile", "suspended", "left a namespace"),
    *("disconnect: transport close", "disconnect: ping timeout", "disconnect: server disconnect"),
    *("SOCKET reset", "ENGINE reset", "CHAT reset", "SOCKET slept", "CHAT slept", "late alarms", "stream broken"),
    *("clock ahead", "given up", "middleware", "middleware of who comes back", "recovered in some namespaces"),
}


def test_who_is_recovered_has_missed_nothing_and_who_is_not_is_told() -> None:
    counts = Counter[str]()
    for failures, is_split in KINDS:
        for seed in range(LENGTH // (len(KINDS) * LENGTH_OF_A_RUN)):
            counts += run(seed, failures / 1000, LENGTH_OF_A_RUN, is_split=is_split).counts
    missing = TRIED - counts.keys()
    assert not missing, f"never tried: {sorted(missing)}"


def test_a_seed_repeats_its_run() -> None:
    first, second = (play(make_plan(3, 0.2, LENGTH_OF_A_RUN)).counts for _ in range(2))
    assert first == second


def test_sockets_at_an_engine_that_cannot_be_reached_for_long_are_closed_when_it_can() -> None:
    plan = make_plan(83, 0.0, LENGTH_OF_A_RUN)
    play(replace(plan, steps=tuple((number, step) for number, step in plan.steps if step is not end_life)))


#: Mistakes, each a function and what takes its place, with the seed from which on it is looked for.
PLANTED = {
    "rooms are not undone": ("socketio_do.state.log_entries.Missed._undo", lambda *_: None, 14),
    "a move is not noted": ("socketio_do.state.recovery_log.RecoveryLog.note_moved", lambda *_, **__: None, 14),
    "what is not whole is believed": ("socketio_do.state.recovery_log.RecoveryLog._is_whole_from", lambda *_: True, 0),
    "what is sent leaves before its row": (
        "socketio_do.durable.outbox.DirectOutbox.precede",
        lambda outbox, write: outbox._clock.defer(write),
        14,
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    install()
    target, faulty, first = PLANTED[name]
    monkeypatch.setattr(target, faulty)
    for seed in range(first, first + 40):
        for is_split in (False, True):
            try:
                play(make_plan(seed, 0.0, LENGTH_OF_A_RUN, is_split=is_split))
            except Exception:
                return
    raise AssertionError(f"not found: {name}")
