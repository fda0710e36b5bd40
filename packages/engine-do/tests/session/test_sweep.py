from dataclasses import replace

import pytest

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.session.session import Phase, Session
from engine_do.session.sweep import Sweep

CONFIG = EngineConfig(ping_interval_ms=25_000, ping_timeout_ms=85_000)
NOW = 1_000_000
X, Y, Z = EngineSid("x"), EngineSid("y"), EngineSid("z")


def session(engine_sid: EngineSid, pinged_ms: int = NOW, **facts: object) -> Session:
    return replace(Session(engine_sid=engine_sid, pinged_ms=pinged_ms), **facts)  # type: ignore[arg-type]


@pytest.fixture
def sweep() -> Sweep:
    return Sweep(NOW, CONFIG)


def test_all_are_pinged_from_the_first_one_on_that_is_due(sweep: Sweep) -> None:
    looked_at = [session(X, NOW - 24_999), session(Y, NOW - 25_000), session(Z)]
    assert [sweep.look(one) for one in looked_at] == [False, True, True]


def test_all_are_pinged_when_one_at_hand_is_due() -> None:
    assert [Sweep(NOW, CONFIG, [session(X), session(Y, NOW - ago)]).look(session(Z)) for ago in (24_999, 25_000)] == [
        False,
        True,
    ]


def test_nobody_is_pinged_when_nobody_is_due(sweep: Sweep) -> None:
    assert not sweep.look(session(X, NOW - 24_999))
    assert not sweep.pings


def test_the_next_look_is_when_the_earliest_needs_one(sweep: Sweep) -> None:
    assert sweep.deadline_ms is None
    sweep.note(session(X, NOW - 5_000))
    sweep.note(session(Y, NOW, deadline_ms=NOW + 1_000))
    sweep.note(session(Z, NOW - 24_000, phase=Phase.CLOSED))
    assert sweep.deadline_ms == NOW + 1_000
    sweep.must_look(NOW + 7)
    sweep.must_look(None)
    sweep.must_look(NOW + 8)
    assert sweep.deadline_ms == NOW + 7


def test_open_and_announced_sessions_are_listed_by_peer(sweep: Sweep) -> None:
    sweep.note(session(X))
    sweep.note(session(Y, environ=()))
    sweep.note(session(Z, environ=(), peers=("a", "b")))
    sweep.note(session(EngineSid("gone"), phase=Phase.CLOSED))
    assert sweep.open == {X, Y, Z}
    assert set(sweep.announced("")) == {X}
    assert set(sweep.announced("a")) == set(sweep.announced("b")) == {Z}
    assert set(sweep.announced("a", "")) == {X, Z}
    assert set(sweep.announced("nobody")) == set()
    assert sweep.peers == {"", "a", "b"}


def test_what_happens_while_the_sweep_goes_on_is_in_what_it_has_seen(sweep: Sweep) -> None:
    sweep.note(session(X))
    sweep.note_announced(Y, "")
    sweep.note_announced(Z, "a")
    sweep.note_ended(X)
    sweep.note_ended(Z)
    sweep.note(session(X))
    assert set(sweep.announced("")) == {Y}
    assert set(sweep.announced("a")) == set()
    assert sweep.open == set()
