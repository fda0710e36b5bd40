import pytest
from scripted_client import Client, Engine

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.session.session import (
    CloseRequested,
    Ended,
    FrameReceived,
)
from shared_wire.reasons import Reason

CONFIG = EngineConfig()


def test_a_client_answers_a_ping_after_its_delay() -> None:
    client = Client(EngineSid("a"), opened_ms=0, pong_after_ms=30)
    client.hear("2", 1_000)
    assert client.pong_ms(1_029) is None
    assert client.pong_ms(1_030) == 1_030


def test_a_client_tells_of_its_last_pong_only() -> None:
    client = Client(EngineSid("a"), opened_ms=0, pong_after_ms=30)
    client.hear("2", 1_000)
    client.hear("2", 2_000)
    assert client.pong_ms(1_999) == 1_030
    assert client.pong_ms(9_999) == 2_030


def test_a_dead_client_never_answers() -> None:
    client = Client(EngineSid("a"), opened_ms=0, pong_after_ms=None)
    client.hear("2", 1_000)
    assert client.pong_ms(10**9) is None
    assert client.pings_ms == [1_000]


def test_a_client_answers_nothing_but_pings() -> None:
    client = Client(EngineSid("a"), opened_ms=0)
    client.hear("4hello", 1_000)
    assert client.pong_ms(10**9) is None
    assert client.pings_ms == []


def test_the_longest_silence_counts_from_the_opening_and_to_the_present() -> None:
    client = Client(EngineSid("a"), opened_ms=10)
    assert client.longest_silence_ms(25) == 15
    client.hear("2", 40)
    client.hear("2", 50)
    assert client.longest_silence_ms(60) == 30
    assert client.longest_silence_ms(100) == 50


def test_a_client_that_was_told_of_two_ends_is_an_error() -> None:
    client = Client(EngineSid("a"), opened_ms=0)
    assert client.ended is None
    client.effects.append(Ended(Reason.PING_TIMEOUT))
    assert client.ended is Reason.PING_TIMEOUT
    client.effects.append(Ended(Reason.PING_TIMEOUT))
    with pytest.raises(AssertionError, match="ends once"):
        _ = client.ended


def test_connecting_arms_the_alarm_for_the_earliest_need() -> None:
    engine = Engine(CONFIG)
    engine.connect(1_000)
    assert engine.alarm_ms == 26_000
    engine.connect(2_000)
    assert engine.alarm_ms == 26_000
    engine.connect(3_000, deadline_ms=5_000)
    assert engine.alarm_ms == 5_000


def test_running_fires_the_alarms_that_are_due_and_no_others() -> None:
    engine = Engine(CONFIG)
    engine.connect(0)
    engine.run(24_999)
    assert engine.wakes_ms == []
    engine.run(50_000)
    assert engine.wakes_ms == [25_000, 50_000]
    assert engine.alarm_ms == 75_000


def test_a_late_alarm_fires_late_each_time() -> None:
    engine = Engine(CONFIG)
    engine.connect(0)
    engine.run(100_000, late_ms=10_000)
    assert engine.wakes_ms == [35_000, 70_000]


def test_an_engine_without_open_sessions_stops_its_alarm() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0)
    engine.apply(client, CloseRequested(Reason.SERVER_DISCONNECT), 1_000)
    assert client.closed == (1_000, 1000)
    engine.run(10**9)
    assert engine.wakes_ms == [25_000]
    assert engine.alarm_ms is None


def test_an_engine_keeps_sessions_as_records_only() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, announced=False)
    assert not engine.session(client).announced
    engine.apply(client, FrameReceived("4hello"), 10)
    assert engine.session(client).announced
    assert engine.session(client) == engine.session(client)
    assert engine.session(client) is not engine.session(client)
