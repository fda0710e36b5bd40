"""A model of the Workers runtime on CPython: an application's own entrypoint runs in it, in virtual time.

world = World.load("my-project")
client = world.connect("/socket.io/?EIO=4&transport=websocket")
world.sleep()
"""

from shared_wire.testing.actors import Actor
from shared_wire.testing.faults import DOUBLED, LOST, LOST_ANSWER, OVERLOADED, Fate, Faults
from shared_wire.testing.http import Request, Response
from shared_wire.testing.sockets import ClientSocket
from shared_wire.testing.world import Cost, World

__all__ = [
    "DOUBLED",
    "LOST",
    "LOST_ANSWER",
    "OVERLOADED",
    "Actor",
    "ClientSocket",
    "Cost",
    "Fate",
    "Faults",
    "Request",
    "Response",
    "World",
]
