"""The measurement in one process: the time comes back in an event and in the acknowledgement."""

from socketio_do.testing import World


def test_the_time_comes_back_twice_asleep_or_not(world: World) -> None:
    ann = world.client()
    assert ann.call("measure", 12.5) == 12.5
    world.sleep()
    assert ann.call("measure", 7) == 7
    assert ann.received("measured") == [12.5, 7]
