"""An alarm may fire while the clock stands a moment before its time: the next one is never set for that time again."""

from shared_wire.testing.modules import install

install()

from shared_wire.durable import now_ms  # noqa: E402 - they import what the line before puts in place
from socketio_do.durable.clock import ObjectClock  # noqa: E402


def test_the_next_alarm_is_later_than_the_one_that_fires_early() -> None:
    times: list[int] = []
    clock = ObjectClock(times.append)
    due_ms = now_ms() + 1
    clock.note_alarm()
    clock.arm(due_ms)
    assert times[0] > due_ms
