"""Tests of an application in one process: clients that are lists, sleep and resets at will, virtual time.

    def test_rooms_survive_sleep(world):
        ann = world.client(auth={"nick": "ann"})
        ann.call("join", "lobby")
        world.sleep()

``pip install "socketio-do[testing]"`` has pytest give tests their ``world``.
"""

from socketio_do.testing.client import Client, Refused
from socketio_do.testing.world import World

__all__ = ["Client", "Refused", "World"]
