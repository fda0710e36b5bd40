import pytest

from engine_do.config import EngineConfig
from engine_do.protocol.ids import EngineSid
from engine_do.session.rates import Allowance, Rates, most_haste, spend

CONFIG = EngineConfig(max_messages_per_s=10, max_bytes_per_s=1_000, max_payload=1_000)
MESSAGES = EngineConfig(max_messages_per_s=10, max_bytes_per_s=None)
BYTES = EngineConfig(max_messages_per_s=None, max_bytes_per_s=1_000, max_payload=1_000)
UNLIMITED = EngineConfig(max_messages_per_s=None, max_bytes_per_s=None)
NOW = 1_000_000


def after(config: EngineConfig, *spent: tuple[int, int, int]) -> list[bool]:
    """Spend (milliseconds from now, messages, bytes) one after the other; tells which of them passed."""
    left: Allowance | None = None
    passed = []
    for at_ms, messages, size in spent:
        found = spend(left, NOW + at_ms, messages, size, config)
        passed.append(found is not None)
        left = found or left
    return passed


def test_a_new_session_may_send_ten_seconds_worth_of_messages_and_two_of_bytes_at_once() -> None:
    assert spend(None, NOW, 100, 2_000, CONFIG) == Allowance(0, 0, NOW, 100)
    assert spend(None, NOW, 101, 0, CONFIG) is None
    assert spend(None, NOW, 0, 2_001, CONFIG) is None


def test_what_is_spent_comes_back_with_time() -> None:
    assert after(CONFIG, (0, 100, 0), (99, 1, 0), (100, 1, 0), (100, 1, 0)) == [True, False, True, False]
    assert after(CONFIG, (0, 0, 2_000), (1, 0, 2), (2, 0, 2)) == [True, False, True]


def test_a_bucket_never_holds_more_than_its_seconds_worth() -> None:
    assert after(CONFIG, (0, 1, 1), (10**9, 100, 2_000), (10**9, 1, 0)) == [True, True, False]
    assert after(CONFIG, (0, 1, 1), (10**9, 101, 0)) == [True, False]


def test_a_steady_client_at_its_rate_is_never_stopped() -> None:
    steady = [(at_ms, 1, 100) for at_ms in range(0, 600_000, 100)]
    assert all(after(CONFIG, *steady))


def test_a_client_just_above_its_rate_is_stopped_after_a_while() -> None:
    passed = after(CONFIG, *((at_ms, 1, 0) for at_ms in range(0, 60_000, 80)))
    assert passed.index(False) * 80 > 10_000


@pytest.mark.parametrize(
    ("config", "messages", "size", "passes"),
    [
        (MESSAGES, 100, 10**12, True),
        (MESSAGES, 101, 0, False),
        (BYTES, 10**12, 2_000, True),
        (BYTES, 0, 2_001, False),
        (UNLIMITED, 10**12, 10**12, True),
    ],
)
def test_a_limit_that_is_left_out_limits_nothing(config: EngineConfig, messages: int, size: int, passes: bool) -> None:
    assert after(config, (0, 1, 1), (10_000, messages, size), (20_000, messages, size)) == [True, passes, passes]


def test_what_was_refused_was_not_spent() -> None:
    before = spend(None, NOW, 50, 0, CONFIG)
    assert spend(before, NOW, 51, 0, CONFIG) is None
    assert spend(before, NOW, 50, 0, CONFIG) is not None


def test_a_clock_that_stands_still_or_goes_back_gives_nothing() -> None:
    before = spend(None, NOW, 100, 0, CONFIG)
    assert spend(before, NOW, 1, 0, CONFIG) is None
    assert spend(before, NOW - 60_000, 1, 0, CONFIG) is None


def test_the_largest_payload_of_the_defaults_can_be_sent() -> None:
    config = EngineConfig()
    assert spend(None, NOW, 10_000, config.max_payload, config) is not None


def test_a_burst_begins_with_what_is_sent_at_once() -> None:
    left = spend(None, NOW, 20, 0, CONFIG)
    assert left is not None
    assert not left.haste > most_haste(CONFIG)
    more = spend(left, NOW, 1, 0, CONFIG)
    assert more is not None
    assert more.haste > most_haste(CONFIG)


def test_a_burst_is_over_when_time_has_made_up_for_it() -> None:
    left = spend(None, NOW, 30, 0, CONFIG)
    assert left is not None
    later = spend(left, NOW + 1_100, 1, 0, CONFIG)
    assert later is not None
    assert not later.haste > most_haste(CONFIG)


def bursts(every_ms: float, count: int, config: EngineConfig, size: int = 10) -> list[bool]:
    """Send messages one every so many milliseconds; returns for each whether it was one of a burst."""
    left: Allowance | None = None
    found = []
    for number in range(count):
        left = spend(left, NOW + int(number * every_ms), 1, size, config)
        assert left is not None
        found.append(left.haste > most_haste(config))
    return found


@pytest.mark.parametrize("handling_ms", [0.2, 1, 5])
def test_a_flood_is_a_burst_however_long_each_message_takes_to_handle(handling_ms: float) -> None:
    """A flood that is handled as fast as it is allowed is one all the same: others wait meanwhile."""
    found = bursts(handling_ms, 1_000, EngineConfig())
    assert found.index(True) < 25
    assert all(found[25:])


def test_large_messages_are_a_burst_from_the_second_on() -> None:
    assert bursts(10, 4, EngineConfig(), size=900_000) == [False, True, True, True]


def test_a_client_that_says_twenty_things_a_second_is_never_a_burst() -> None:
    assert not any(bursts(50, 10_000, EngineConfig()))


def test_without_a_rate_nothing_is_a_burst() -> None:
    left = spend(None, NOW, 1_000, 0, BYTES)
    assert left is not None
    assert not left.haste > most_haste(BYTES)


X, Y = EngineSid("x"), EngineSid("y")


def test_others_are_let_in_after_every_fourth_frame_of_a_burst_whosever_it_is() -> None:
    looks: list[int] = []
    rates = Rates(CONFIG, lambda: looks.append(len(rates)))
    assert rates.spend(X, NOW, 20, 0)
    assert rates.spend(Y, NOW, 20, 0)
    assert looks == []
    for number in range(8):
        assert rates.spend(Y if number % 2 else X, NOW, 1, 0)
    rates.count_burst(3)
    assert looks == [2, 2]
    rates.count_burst(1)
    assert looks == [2, 2, 2]


def test_each_session_has_its_own_allowance_until_it_is_forgotten() -> None:
    rates = Rates(CONFIG, lambda: None)
    assert rates.spend(X, NOW, 100, 0)
    assert not rates.spend(X, NOW, 1, 0)
    assert rates.spend(Y, NOW, 100, 0)
    rates.drop(X)
    rates.drop(X)
    assert len(rates) == 1
    assert rates.spend(X, NOW, 100, 0)


def test_who_sends_a_burst_is_hasty_until_it_has_paused() -> None:
    rates = Rates(EngineConfig(), lambda: None)
    sid = EngineSid("a")
    assert not rates.is_hasty(sid)
    for _ in range(20):
        rates.spend(sid, NOW, 1, 0)
    assert not rates.is_hasty(sid)
    rates.spend(sid, NOW, 1, 0)
    assert rates.is_hasty(sid)
    rates.spend(sid, NOW + 1_000, 1, 0)
    assert not rates.is_hasty(sid)
    rates.drop(sid)
    assert not rates.is_hasty(sid)


def test_others_are_about_for_a_second_after_they_have_sent_something() -> None:
    rates = Rates(EngineConfig(), lambda: None)
    a, b = EngineSid("a"), EngineSid("b")
    assert not rates.are_others_about(a, NOW)
    rates.spend(a, NOW, 1, 0)
    rates.spend(a, NOW + 500, 1, 0)
    assert [rates.are_others_about(sid, NOW + 500) for sid in (a, b)] == [False, True]
    rates.spend(b, NOW + 600, 1, 0)
    assert [rates.are_others_about(sid, NOW + 600) for sid in (a, b)] == [True, True]
    rates.spend(a, NOW + 1_599, 1, 0)
    assert [rates.are_others_about(sid, NOW + 1_599) for sid in (a, b)] == [True, True]
    assert not rates.are_others_about(a, NOW + 1_600)
