"""An alarm may fire while the clock stands a moment before its time: what it is for is done all the same."""

from typing import Any

import pytest

from shared_wire.testing import Actor, Faults
from socketio_do.testing import World

AWAY_S = 60


class Early(Faults):
    """Alarms ring a millisecond before their time."""

    def alarm_s(self, owner: Actor) -> float:
        del owner
        return -0.001


@pytest.mark.parametrize("is_split", [False, True], ids=["one object", "two objects"])
def test_a_client_that_does_not_come_back_is_forgotten_in_time(is_split: bool) -> None:
    gone: list[str] = []

    def configure(sio: Any) -> None:
        @sio.event
        async def disconnect(sid: str, reason: str) -> None:
            gone.append(reason)

    recovery = {"max_disconnection_s": AWAY_S}
    with World.of(configure, is_split=is_split, connection_state_recovery=recovery) as world:
        world.faults = Early()
        world.client().drop()
        world.advance(AWAY_S - 2)
        assert gone == []
        world.advance(4)
        assert gone == ["transport close"]
