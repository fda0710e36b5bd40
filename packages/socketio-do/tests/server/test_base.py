"""What the parts share is tested through the parts; here is what they have in common."""

from typing import Any

import pytest
from server_fakes import Log, World, socket_sid

from socketio_do.limits import MAX_EVENT
from socketio_do.server.base import MAX_LOGGED

S1 = socket_sid(1)


def test_a_long_name_of_an_event_is_cut_in_the_log(log: Log) -> None:
    def fail(event: str, sid: str) -> None:
        raise LookupError

    world = World(lambda sio: sio.on("*", fail))
    world.connect("e1")
    world.receive("e1", f'2["{"n" * MAX_EVENT}"]')
    (line,) = log.take("ERROR")
    assert "n" * MAX_LOGGED in line
    assert len(line) < MAX_LOGGED + 100


def test_a_name_that_would_break_a_line_of_the_log_does_not(log: Log) -> None:
    def fail(event: str, sid: str) -> None:
        raise LookupError

    world = World(lambda sio: sio.on("*", fail))
    world.connect("e1")
    world.receive("e1", '2["a\\nb"]')
    assert "\n" not in log.take("ERROR")[0]


@pytest.mark.parametrize(
    "name", ["__proto__", "constructor", "toString", "hasOwnProperty", "error", "", "*", "__class__"]
)
def test_names_that_mean_something_in_a_language_are_events_like_any_other(name: str) -> None:
    """As in Node, whose parser reserves only the names in `packets.py`."""
    seen: list[Any] = []

    def register(sio: Any) -> None:
        sio.on("*", lambda event, sid, *args: seen.append((event, sid, *args)))

    world = World(register)
    world.connect("e1")
    world.receive("e1", f'27["{name}",1]')
    assert seen == [(name, S1, 1)]
    assert world.take("e1") == ["37[]"]
