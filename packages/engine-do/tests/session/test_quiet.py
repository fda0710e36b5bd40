"""When a quiet moment begins, and how long GETs wait for it."""

from collections.abc import Iterator

from engine_do.session.polling import HOLD_MS
from engine_do.session.quiet import FORGET_MS, PAUSE_MS, QUIET_MS, QuietMoments

NOW = 1_000_000
#: What the platform needs, and how long it waits before it resets an object, where nothing else is configured.
SLEEP_MS = 10_000
MAX_DELAY_MS = 300_000


def begins(moments: QuietMoments, version: str, now_ms: int, alarm_ms: int | None) -> bool:
    moments.note(version)
    return moments.begins(now_ms, alarm_ms)


def after_a_deploy() -> QuietMoments:
    moments = QuietMoments()
    assert not begins(moments, "one", NOW, None)
    return moments


def begun(moments: QuietMoments, times: Iterator[int], version: str = "two") -> list[int]:
    return [now for now in times if begins(moments, version, now, None)]


def test_nothing_begins_without_a_deploy() -> None:
    moments = after_a_deploy()
    assert begun(moments, iter(range(NOW, NOW + MAX_DELAY_MS, 1_000)), "one") == []
    assert moments.wait_ms(NOW) == 0


def test_an_entrypoint_that_names_no_version_begins_nothing() -> None:
    moments = after_a_deploy()
    assert not begins(moments, "", NOW, None)
    unnamed = QuietMoments()
    assert not begins(unnamed, "", NOW, None)
    assert not begins(unnamed, "one", NOW, None), "the first that it sees"


def test_all_gets_wait_up_to_the_same_moment() -> None:
    moments = after_a_deploy()
    assert begins(moments, "two", NOW, None)
    assert not begins(moments, "two", NOW + 1, None)
    waits = {now: moments.wait_ms(now) for now in (NOW, NOW + 1, NOW + 400, NOW + QUIET_MS - 1, NOW + QUIET_MS)}
    assert {now + wait for now, wait in waits.items()} == {NOW + QUIET_MS}
    assert moments.wait_ms(NOW + QUIET_MS + 1) == 0


def test_a_moment_is_long_enough_to_fall_asleep_and_leaves_room_to_hold_a_get_that_has_waited() -> None:
    assert SLEEP_MS < QUIET_MS < HOLD_MS


def test_the_alarm_is_waited_for() -> None:
    moments = after_a_deploy()
    alarm = NOW + QUIET_MS - 1
    assert not begins(moments, "two", NOW, alarm)
    assert not begins(moments, "two", alarm + 1, alarm), "it is late"
    assert begins(moments, "two", alarm + 1, alarm + 1 + QUIET_MS)


def test_pauses_between_moments_grow() -> None:
    moments = after_a_deploy()
    first, second, third, fourth = begun(moments, iter(range(NOW, NOW + 3 * MAX_DELAY_MS, 1_000)))
    assert [second - first, third - second, fourth - third] == [QUIET_MS + PAUSE_MS * factor for factor in (1, 2, 4)]
    assert third < NOW + MAX_DELAY_MS, "three before the object is reset"


def test_a_clock_that_jumps_back_has_nobody_wait_for_it() -> None:
    moments = after_a_deploy()
    assert begins(moments, "two", NOW, None)
    assert moments.wait_ms(NOW - 3_600_000) == 0


def test_later_lives_give_way_to_the_versions_of_a_gradual_deployment_once_an_hour() -> None:
    record, begun_ms = "", []
    for life in range(20):
        moments = QuietMoments(lambda record=record: record)  # type: ignore[misc]
        now = NOW + life * 300_000
        begins(moments, f"version {life % 2}", now, None)
        if begins(moments, f"version {1 - life % 2}", now, None):
            begun_ms.append(now - NOW)
            record = moments.record
    assert begun_ms == [0, 300_000, FORGET_MS, FORGET_MS + 300_000]


def test_a_life_gives_way_to_a_version_that_no_earlier_one_knew() -> None:
    records: list[str] = []
    for number in range(20):
        moments = QuietMoments(lambda: records[-1] if records else None)
        begins(moments, f"version {number}", NOW, None)
        assert begins(moments, f"version {number + 1}", NOW + number, None)
        records.append(moments.record)
    assert max(map(len, records)) < 300


def test_what_is_no_record_says_nothing() -> None:
    for record in (None, 7, "", "[", "[]", '{"two": "soon"}', "[" * 100_000):
        moments = QuietMoments(lambda record=record: record)  # type: ignore[misc]
        begins(moments, "one", NOW, None)
        assert begins(moments, "two", NOW, None)
