"""An alarm may fire while the clock stands a moment before its time: what it is for is done all the same."""

from typing import Any

import pytest

from shared_wire.testing import LOST, Actor, Fate, Faults
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


def test_an_engine_actor_that_was_not_reached_is_asked_again_and_again() -> None:
    class Cut(Early):
        is_on = False
        calls = 0

        def call(self, target: Actor, method: str) -> Fate:
            if not (self.is_on and target.binding == "ENGINE"):
                return super().call(target, method)
            self.calls += 1
            return LOST

    def configure(sio: Any) -> None:
        @sio.event
        async def announce(sid: str) -> None:
            async def later() -> None:
                await sio.sleep(2)
                await sio.emit("news")

            sio.start_background_task(later)

    with World.of(configure, is_split=True) as world:
        world.faults = cut = Cut()
        client, speaker = world.client(), world.client()
        world.advance(60)
        speaker.emit("announce")
        world.settle()
        cut.is_on = True
        world.advance(3_600)
        before = cut.calls
        world.advance(2 * 3_600)
        assert cut.calls > before
        cut.is_on = False
        world.advance(3_600)
        assert client.disconnected == "transport close"
