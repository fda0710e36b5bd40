"""Tests of an application in one process: clients that are lists, sleep and resets at will, virtual time.

world = World.load("my-project")
ann = world.client(auth={"nick": "ann"})
ann.call("join", "lobby")
world.sleep()
"""

import json
from typing import Any

import shared_wire.testing
from socketio_do.testing.client import Client, Refused

__all__ = ["Client", "Refused", "World"]


class World(shared_wire.testing.World):
    """A Worker in one process, with clients of Socket.IO."""

    def client(self, namespace: str = "/", **options: Any) -> Client:
        """Connect a client; ``options`` are those of `Client`: auth, path, query, headers."""
        return Client(self, namespace, **options)

    def counters(self, binding: str, name: str) -> dict[str, Any]:
        """Return what the current life of an object has cost, as its `counters` says it; wakes it."""
        found: dict[str, Any] = json.loads(self.run(self.actor(binding, name).call("an RPC", "counters")))
        return found
