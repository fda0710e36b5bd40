import math

import pytest

from shared_wire.link.stream_bounds import (
    AWAKE_SECOND,
    MESSAGE,
    MOST_CALLS,
    OPENING,
    QUIET_MS,
    REFUSED_MS,
    SAVED,
    StreamBounds,
)

NOW = 1_000_000


def calls(bounds: StreamBounds, count: int, every_ms: int, start_ms: int = NOW) -> list[bool]:
    return [bounds.must_open(start_ms + number * every_ms) for number in range(count)]


@pytest.fixture
def opened() -> StreamBounds:
    bounds = StreamBounds()
    bounds.note_opened(NOW)
    return bounds


# The prices


def test_the_threshold_is_the_first_rate_at_which_a_stream_is_cheaper() -> None:
    def over_stream(count: int) -> float:
        return AWAKE_SECOND + count * 2 * MESSAGE

    assert over_stream(MOST_CALLS) <= MOST_CALLS
    assert over_stream(MOST_CALLS - 1) > MOST_CALLS - 1


def test_the_figures_are_those_of_the_docs() -> None:
    assert (math.floor(AWAKE_SECOND * 10) / 10, MOST_CALLS, OPENING) == (10.6, 12, 14)
    assert round(QUIET_MS, -2) == 1_300


def test_a_quiet_stream_costs_what_opening_another_one_does() -> None:
    assert pytest.approx(OPENING) == QUIET_MS / 1000 * AWAKE_SECOND


# Opening


def test_one_call_more_than_the_threshold_within_a_second_opens() -> None:
    assert calls(StreamBounds(), MOST_CALLS + 1, 1000 // (MOST_CALLS + 1)) == [False] * MOST_CALLS + [True]


def test_as_many_calls_as_the_threshold_do_not() -> None:
    assert not any(calls(StreamBounds(), 100, 1000 // MOST_CALLS + 1))


def test_calls_at_once_open() -> None:
    assert calls(StreamBounds(), MOST_CALLS + 3, 0) == [False] * MOST_CALLS + [True] * 3


def test_calls_of_a_second_ago_do_not_count() -> None:
    bounds = StreamBounds()
    calls(bounds, MOST_CALLS, 0)
    assert not bounds.must_open(NOW + 1_000)
    assert not bounds.must_open(NOW + 1_001)


def test_a_peer_that_takes_none_is_not_asked_for_a_while() -> None:
    bounds = StreamBounds()
    bounds.note_refused(NOW)
    assert not any(calls(bounds, 50, 0, NOW + REFUSED_MS - 1))
    assert any(calls(bounds, 50, 0, NOW + REFUSED_MS))


def test_a_clock_that_is_put_back_forgets_that_a_peer_took_none() -> None:
    bounds = StreamBounds()
    bounds.note_refused(NOW)
    assert any(calls(bounds, 50, 0, NOW - 1))


# Closing


def test_a_stream_over_which_nothing_is_said_is_closed_when_it_has_cost_another_one(opened: StreamBounds) -> None:
    assert opened.left_ms(NOW) == pytest.approx(QUIET_MS)
    assert opened.left_ms(NOW + 500) == pytest.approx(QUIET_MS - 500)
    assert opened.left_ms(NOW + math.ceil(QUIET_MS)) == 0


def test_a_stream_that_pays_is_never_closed(opened: StreamBounds) -> None:
    for number in range(1, 1_000):
        opened.note_message(NOW + number * (1000 // (MOST_CALLS + 1)))
        assert opened.left_ms(NOW + number * (1000 // (MOST_CALLS + 1))) > QUIET_MS / 2


def test_a_stream_that_does_not_pay_is_closed_although_it_is_used(opened: StreamBounds) -> None:
    now = NOW
    while opened.left_ms(now):
        now += 200
        opened.note_message(now)
    lost_a_second = AWAKE_SECOND - 5 * SAVED
    assert now - NOW == pytest.approx(OPENING / lost_a_second * 1000, abs=400)


def test_what_it_gained_before_is_not_spent_on_silence(opened: StreamBounds) -> None:
    for _ in range(1_000):
        opened.note_message(NOW)
    assert opened.left_ms(NOW) == pytest.approx(QUIET_MS)


def test_a_clock_that_is_put_back_costs_nothing(opened: StreamBounds) -> None:
    opened.note_message(NOW - 3_600_000)
    assert opened.left_ms(NOW - 3_600_000) == pytest.approx(QUIET_MS)
    assert opened.left_ms(NOW - 3_600_000 + 100) == pytest.approx(QUIET_MS - 100)


def test_a_stream_that_is_opened_again_begins_anew(opened: StreamBounds) -> None:
    assert opened.left_ms(NOW + 10_000) == 0
    opened.note_opened(NOW + 20_000)
    assert opened.left_ms(NOW + 20_000) == pytest.approx(QUIET_MS)
    assert not opened.must_open(NOW + 20_000), "what was counted before is forgotten"
