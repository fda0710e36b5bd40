import pytest
from scripted_client import Engine

from engine_do.config import EngineConfig
from engine_do.errors import EngineConfigWarning
from engine_do.protocol.ids import EngineSid
from engine_do.session.heartbeat import is_ping_due, next_deadline, polling_deadline
from engine_do.session.polling import Polling, step_polling
from engine_do.session.polling_events import AcceptPost, AnswerPoll, Polled, PostReceived
from engine_do.session.session import (
    Admitted,
    CloseRequested,
    FrameReceived,
    Phase,
    Session,
    Swept,
)
from shared_wire.reasons import Reason

CONFIG = EngineConfig()
ECONOMY = EngineConfig(ping_interval_ms=300_000, ping_timeout_ms=360_000)
HOUR = 3_600_000


def session(
    pinged_ms: int = 0,
    *,
    unanswered_ms: int | None = None,
    deadline_ms: int | None = None,
    phase: Phase = Phase.OPEN,
    revision: int = 4,
) -> Session:
    return Session(
        engine_sid=EngineSid("s"),
        pinged_ms=pinged_ms,
        unanswered_ms=unanswered_ms,
        deadline_ms=deadline_ms,
        phase=phase,
        revision=revision,
    )


@pytest.mark.parametrize(
    ("sessions", "now_ms", "due"),
    [
        ([], 10**12, False),
        ([session(0)], 24_999, False),
        ([session(0)], 25_000, True),
        ([session(0)], 99_999, True),
        ([session(5_000), session(0), session(9_000)], 25_000, True),
        ([session(5_000), session(1), session(9_000)], 25_000, False),
        ([session(0, phase=Phase.CLOSED)], 99_999, False),
        ([session(0, phase=Phase.CLOSED), session(80_000)], 99_999, False),
        ([session(0, revision=3)], 99_999, False),
        ([session(0, revision=3), session(80_000)], 99_999, False),
        ([session(80_000, revision=3), session(0)], 99_999, True),
    ],
)
def test_a_ping_is_due_when_one_open_session_is_due(sessions: list[Session], now_ms: int, due: bool) -> None:
    assert is_ping_due(iter(sessions), now_ms, CONFIG) is due


@pytest.mark.parametrize(
    ("sessions", "deadline"),
    [
        ([], None),
        ([session(0, phase=Phase.CLOSED)], None),
        ([session(1_000)], 26_000),
        ([session(7_000), session(1_000)], 26_000),
        ([session(1_000, unanswered_ms=1_000)], 26_000),
        ([session(90_000, unanswered_ms=1_000)], 86_000),
        ([session(1_000, deadline_ms=3_000)], 3_000),
        ([session(1_000, deadline_ms=45_000)], 26_000),
        ([session(1_000), session(0, unanswered_ms=0, deadline_ms=0, phase=Phase.CLOSED)], 26_000),
        ([session(1_000, revision=3)], 111_000),
        ([session(1_000, revision=3, deadline_ms=45_000)], 45_000),
        ([session(1_000, revision=3), session(60_000)], 85_000),
    ],
)
def test_the_alarm_fires_for_the_earliest_need(sessions: list[Session], deadline: int | None) -> None:
    assert next_deadline(iter(sessions), CONFIG) == deadline


@pytest.mark.parametrize(
    ("polling", "deadline"),
    [
        (Polling(session=session(1_000)), 26_000),
        (Polling(session=session(1_000), outbox=("4a",), held=None), 26_000),
        (Polling(session=session(1_000), probe_ms=11_000), 11_000),
        (Polling(session=session(1_000), probe_ms=90_000), 26_000),
        (Polling(session=session(90_000, unanswered_ms=1_000), probe_ms=90_000), 86_000),
        (Polling(session=session(1_000, deadline_ms=3_000)), 3_000),
        (Polling(session=session(1_000, revision=3)), 111_000),
        (Polling(session=session(1_000, revision=3), probe_ms=11_000), 11_000),
        (Polling(session=session(1_000, phase=Phase.CLOSED), outbox=("1",)), 26_000),
        (Polling(session=session(1_000, phase=Phase.CLOSED, deadline_ms=56_000), outbox=("1",)), 56_000),
    ],
)
def test_the_alarm_looks_at_a_session_that_polls_when_it_needs_it(polling: Polling, deadline: int) -> None:
    assert polling_deadline(polling, CONFIG) == deadline


def test_a_client_whose_pongs_the_runtime_absorbs_lives_and_wakes_nobody_but_the_alarm() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0)
    engine.run(HOUR)
    assert client.closed is None
    assert client.effects == [effect for effect in client.effects if "SendFrame" in repr(effect)]
    assert engine.wakes_ms == list(range(25_000, HOUR + 1, 25_000))
    assert client.pings_ms == engine.wakes_ms


def test_a_pong_that_comes_as_a_frame_counts_like_an_absorbed_one() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, pong_after_ms=None)
    for at_ms in range(25_000, HOUR, 25_000):
        engine.run(at_ms)
        engine.apply(client, FrameReceived("3"), at_ms + 40)
    assert client.closed is None
    assert len(client.pings_ms) == HOUR // 25_000 - 1


def test_a_dead_client_is_found_exactly_when_the_first_unanswered_ping_times_out() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, pong_after_ms=None)
    engine.run(HOUR)
    first = client.pings_ms[0]
    assert first == 25_000
    assert client.closed == (first + CONFIG.ping_timeout_ms, 1000)
    assert client.ended is Reason.PING_TIMEOUT
    assert engine.alarm_ms is None


def test_a_client_that_dies_later_is_found_after_the_first_ping_it_did_not_answer() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0)
    engine.run(10 * 25_000)
    client.pong_after_ms = None
    engine.run(HOUR)
    assert client.closed is not None
    assert client.closed[0] == 11 * 25_000 + CONFIG.ping_timeout_ms


def test_a_client_is_not_dead_before_a_ping_was_really_sent() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, pong_after_ms=None)
    engine.fire(HOUR)
    assert client.closed is None
    assert client.pings_ms == [HOUR]
    engine.run(HOUR + CONFIG.ping_timeout_ms - 1)
    assert client.closed is None
    engine.run(HOUR + CONFIG.ping_timeout_ms)
    assert client.closed == (HOUR + CONFIG.ping_timeout_ms, 1000)


def test_a_pong_at_the_last_moment_saves_a_client() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, pong_after_ms=CONFIG.ping_timeout_ms)
    engine.run(HOUR)
    assert client.closed is None


def test_a_pong_a_moment_too_late_does_not() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, pong_after_ms=CONFIG.ping_timeout_ms + 1)
    engine.run(HOUR)
    assert client.ended is Reason.PING_TIMEOUT


def test_pings_go_on_while_an_answer_is_awaited_and_do_not_put_off_the_end() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, pong_after_ms=None)
    engine.run(HOUR)
    assert client.pings_ms == [25_000, 50_000, 75_000, 100_000]
    assert client.closed == (110_000, 1000)


@pytest.mark.parametrize("config", [CONFIG, ECONOMY], ids=["default", "economy"])
@pytest.mark.parametrize("late_ms", [0, 1, 30_000, 60_000])
def test_alarms_a_minute_late_lose_no_client_on_either_side(config: EngineConfig, late_ms: int) -> None:
    """What clients do by their own clocks: engine.io-client and python-engineio."""
    engine = Engine(config)
    clients = [engine.connect(joined) for joined in (0, 7, 13_000, 61_000)]
    engine.run(4 * HOUR, late_ms=late_ms)
    for client in clients:
        assert client.closed is None
        silence = client.longest_silence_ms(engine.wakes_ms[-1])
        assert silence <= config.ping_interval_ms + config.ping_timeout_ms
        assert silence <= max(config.ping_interval_ms, config.ping_timeout_ms) + 5_000


@pytest.mark.parametrize("late_ms", [0, 60_000])
def test_a_late_alarm_finds_the_dead_late_and_only_the_dead(late_ms: int) -> None:
    engine = Engine(CONFIG)
    dead, alive = engine.connect(0, pong_after_ms=None), engine.connect(0)
    engine.run(HOUR, late_ms=late_ms)
    assert alive.closed is None
    assert dead.closed is not None
    waited = dead.closed[0] - dead.pings_ms[0]
    assert CONFIG.ping_timeout_ms <= waited <= CONFIG.ping_timeout_ms + late_ms


def test_the_timeout_of_other_servers_loses_clients_to_a_late_alarm_which_is_why_it_warns() -> None:
    with pytest.warns(EngineConfigWarning):
        config = EngineConfig(ping_interval_ms=25_000, ping_timeout_ms=20_000)
    engine = Engine(config)
    client = engine.connect(0)
    engine.run(HOUR, late_ms=60_000)
    assert client.closed is None
    assert client.longest_silence_ms(engine.wakes_ms[-1]) > config.ping_interval_ms + config.ping_timeout_ms


def test_all_sockets_are_pinged_together_so_the_object_wakes_once_an_interval() -> None:
    engine = Engine(CONFIG)
    clients = [engine.connect(joined) for joined in range(0, 25_000, 250)]
    engine.run(HOUR)
    assert len(clients) == 100
    assert all(client.pings_ms == clients[0].pings_ms for client in clients)
    assert len(engine.wakes_ms) == HOUR // CONFIG.ping_interval_ms


def test_a_client_that_joins_between_pings_is_pinged_with_the_others() -> None:
    engine = Engine(CONFIG)
    engine.connect(0)
    engine.run(25_000)
    late = engine.connect(40_000)
    engine.run(75_000)
    assert late.pings_ms == [50_000, 75_000]


def test_an_alarm_for_a_deadline_pings_nobody_who_is_not_due() -> None:
    engine = Engine(CONFIG)
    other = engine.connect(0)
    engine.connect(0, announced=False, deadline_ms=10_000)
    engine.run(24_999)
    assert engine.wakes_ms == [10_000]
    assert other.frames == []


def test_a_client_that_never_joins_is_closed_at_its_deadline_and_never_mentioned() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, announced=False, deadline_ms=45_000)
    engine.run(44_999)
    assert client.closed is None
    engine.run(HOUR)
    assert client.closed == (45_000, 1000)
    assert client.ended is None


def test_a_client_that_talks_but_never_joins_is_closed_at_its_deadline_and_reported() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, announced=False, deadline_ms=45_000)
    engine.apply(client, FrameReceived("4nothing useful"), 1_000)
    engine.run(HOUR)
    assert client.closed == (45_000, 1000)
    assert client.ended is Reason.SERVER_DISCONNECT


def test_admission_lifts_the_deadline() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, announced=False, deadline_ms=45_000)
    engine.apply(client, FrameReceived("40"), 1_000)
    engine.apply(client, Admitted(), 1_001)
    engine.run(HOUR)
    assert client.closed is None
    assert engine.session(client).deadline_ms is None
    assert engine.wakes_ms == list(range(25_000, HOUR + 1, 25_000))


def test_a_ping_in_time_does_not_lift_the_deadline() -> None:
    engine = Engine(CONFIG)
    client = engine.connect(0, announced=False, deadline_ms=45_000)
    engine.run(30_000)
    assert client.pings_ms == [25_000]
    engine.run(45_000)
    assert client.closed == (45_000, 1000)


def sweep_at(polling: Polling, now_ms: int) -> Polling:
    return step_polling(polling, Swept(now_ms, None, ping=is_ping_due([polling.session], now_ms, CONFIG)), CONFIG)[0]


def test_a_client_of_revision_3_that_polls_lives_as_long_as_it_pings() -> None:
    polling = Polling(session=session(0, revision=3))
    for at_ms in range(25_000, HOUR, 25_000):
        polling, effects = step_polling(polling, PostReceived(("2",), at_ms), CONFIG)
        assert AcceptPost() in effects
        polling = step_polling(polling, Polled(f"g{at_ms}"), CONFIG)[0]
        polling = sweep_at(polling, at_ms + 1)
    assert polling.session.phase is Phase.OPEN
    deadline = polling_deadline(polling, CONFIG)
    assert deadline == polling.session.pinged_ms + CONFIG.ping_interval_ms + CONFIG.ping_timeout_ms
    assert sweep_at(polling, deadline - 1).session.phase is Phase.OPEN
    assert sweep_at(polling, deadline).session.phase is Phase.CLOSED


@pytest.mark.parametrize("body", [("4a",), ("3",), (), None])
def test_a_client_of_revision_3_that_polls_and_does_not_ping_is_found_dead(body: tuple[str, ...] | None) -> None:
    polling = Polling(session=session(0, revision=3))
    polling, _ = step_polling(polling, PostReceived(body, 100_000), CONFIG)
    assert sweep_at(polling, 110_000).session.phase is Phase.CLOSED


def test_a_client_that_polls_is_pinged_in_its_answers_and_lives_as_long_as_it_answers() -> None:
    polling = Polling(session=session(0))
    for at_ms in range(25_000, HOUR, 25_000):
        polling, _ = step_polling(polling, Polled(f"g{at_ms}"), CONFIG)
        assert polling_deadline(polling, CONFIG) == at_ms
        due = is_ping_due([polling.session], at_ms, CONFIG)
        polling, effects = step_polling(polling, Swept(at_ms, None, ping=due), CONFIG)
        assert effects == (AnswerPoll(f"g{at_ms}", ("2",)),)
        polling, _ = step_polling(polling, PostReceived(("3",), at_ms + 100), CONFIG)
    assert polling.session.phase is Phase.OPEN


def test_a_client_that_stopped_polling_is_found_dead_after_the_first_ping_it_did_not_fetch() -> None:
    polling, at_ms = Polling(session=session(0)), 0
    while polling.session.phase is Phase.OPEN:
        due = polling_deadline(polling, CONFIG)
        assert due is not None
        assert due > at_ms, "a sweep leaves nothing overdue"
        at_ms = due
        polling = sweep_at(polling, at_ms)
    assert at_ms == 25_000 + CONFIG.ping_timeout_ms
    assert polling.gone


def test_what_the_server_closed_is_kept_a_while_and_then_forgotten() -> None:
    polling, _ = step_polling(Polling(session=session(0)), CloseRequested(Reason.SERVER_DISCONNECT), CONFIG)
    first = polling_deadline(polling, CONFIG)
    assert first is not None
    polling = sweep_at(polling, first)
    assert not polling.gone
    second = polling_deadline(polling, CONFIG)
    assert second is not None
    assert 20_000 <= second - first <= 60_000
    assert not sweep_at(polling, second - 1).gone
    assert sweep_at(polling, second).gone
