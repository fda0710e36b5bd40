from engine_strategies import configs, sessions, unhurried
from hypothesis import given
from hypothesis import strategies as st
from scripted_client import Engine

from engine_do.config import ALARM_SLACK_MS, EngineConfig
from engine_do.session.heartbeat import is_ping_due, next_deadline
from engine_do.session.session import (
    Phase,
    Session,
    Swept,
    step,
)
from shared_wire.reasons import Reason


@unhurried
@given(st.lists(sessions(), max_size=8), configs())
def test_the_alarm_is_never_later_than_any_session_needs(found: list[Session], config: EngineConfig) -> None:
    alarm = next_deadline(found, config)
    needs = [next_deadline([session], config) for session in found]
    assert alarm == min((need for need in needs if need is not None), default=None)
    for session in found:
        if session.phase is Phase.OPEN:
            assert alarm is not None
            own_pings = config.ping_timeout_ms if session.revision == 3 else 0
            assert alarm <= session.pinged_ms + config.ping_interval_ms + own_pings
            assert session.unanswered_ms is None or alarm <= session.unanswered_ms + config.ping_timeout_ms
            assert session.deadline_ms is None or alarm <= session.deadline_ms


@unhurried
@given(st.lists(sessions(), max_size=8), configs())
def test_nothing_is_due_before_the_alarm_and_something_is_at_it(found: list[Session], config: EngineConfig) -> None:
    alarm = next_deadline(found, config)
    if alarm is None:
        assert not is_ping_due(found, 2**60, config)
        return
    assert not is_ping_due(found, alarm - 1, config)
    early = [step(session, Swept(alarm - 1, None, ping=False), config) for session in found]
    assert [effects for _, effects in early] == [()] * len(found)
    due = is_ping_due(found, alarm, config)
    assert due or any(step(session, Swept(alarm, None, ping=False), config)[1] for session in found)


@unhurried
@given(st.lists(sessions(), max_size=8), configs(), st.integers(0, ALARM_SLACK_MS))
def test_a_sweep_leaves_nothing_overdue(found: list[Session], config: EngineConfig, late_ms: int) -> None:
    alarm = next_deadline(found, config)
    if alarm is None:
        return
    now = alarm + late_ms
    ping = is_ping_due(found, now, config)
    swept = [step(session, Swept(now, None, ping), config)[0] for session in found]
    after = next_deadline(swept, config)
    assert after is None or after > now


@unhurried
@given(
    configs(min_interval_ms=5_000),
    st.lists(st.tuples(st.integers(0, 300_000), st.integers(0, 60_000)), min_size=1, max_size=6),
    st.integers(0, ALARM_SLACK_MS),
)
def test_clients_that_answer_within_the_timeout_live(
    config: EngineConfig, clients: list[tuple[int, int]], late_ms: int
) -> None:
    engine = Engine(config)
    joined = [engine.connect(at_ms, pong_after_ms=delay) for at_ms, delay in sorted(clients)]
    for _ in range(40):
        assert engine.alarm_ms is not None
        engine.fire(engine.alarm_ms + late_ms)
    assert [client.closed for client in joined] == [None] * len(joined)


@unhurried
@given(configs(min_interval_ms=5_000), st.integers(0, 300_000), st.integers(0, 10), st.integers(0, ALARM_SLACK_MS))
def test_a_client_that_stops_answering_is_found_in_time_and_not_before(
    config: EngineConfig, joined_ms: int, answered: int, late_ms: int
) -> None:
    engine = Engine(config)
    client = engine.connect(joined_ms, pong_after_ms=0)
    while len(client.pings_ms) < answered:
        assert engine.alarm_ms is not None
        engine.fire(engine.alarm_ms + late_ms)
    client.pong_after_ms = None
    assert engine.alarm_ms is not None
    first_unanswered = engine.alarm_ms + late_ms
    engine.run(first_unanswered + config.ping_timeout_ms + late_ms, late_ms=late_ms)
    assert client.pings_ms[answered] == first_unanswered
    assert client.ended is Reason.PING_TIMEOUT
    assert client.closed is not None
    waited = client.closed[0] - first_unanswered
    assert config.ping_timeout_ms <= waited <= config.ping_timeout_ms + late_ms
