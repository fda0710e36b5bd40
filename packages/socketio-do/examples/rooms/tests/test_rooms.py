"""The rooms in one process: an alarm of the application's own."""

import itertools

from socketio_do.testing import World


def test_an_alarm_of_the_applications_own_ticks(world: World) -> None:
    ann = world.client()
    world.advance(35)
    ticks = [tick["at"] for tick in ann.received("tick")]
    assert len(ticks) == 3
    assert [later - earlier for earlier, later in itertools.pairwise(ticks)] == [10, 10]
