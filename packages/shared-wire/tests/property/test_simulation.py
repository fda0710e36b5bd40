"""Two actors over a wire that delays, loses calls or only their replies, while either actor's life ends between any two steps.

What must hold is checked by `World` at each delivery and whenever nothing is under way. A failure names its seed: it is exact.
"""

import os
from random import Random

import pytest
from wire_world import World

STEPS = int(os.environ.get("SHARED_WIRE_SIMULATION_STEPS", "250"))


def one_step(world: World) -> None:
    """Let one thing happen, of those that can."""
    random = world.random
    world.collect()
    live = [sid for sid, session in world.sessions.items() if session.open_at_engine]
    kind = random.random()
    if kind < 0.05 and len(live) < 6:
        world.open_session()
    elif kind < 0.25 and live:
        world.client_sends(random.choice(live))
    elif kind < 0.33 and world.sessions:
        world.application_sends(tuple(random.sample(list(world.sessions), min(3, len(world.sessions)))))
    elif kind < 0.34 and live:
        world.end_session(random.choice(live))
    elif kind < 0.74 and world.trips:
        world.move(random.randrange(len(world.trips)))
    elif kind < 0.77 and world.stray:
        world.stray_arrives(random.randrange(len(world.stray)))
    elif kind < 0.85 and world.suspended:
        world.finish_handler(random.randrange(len(world.suspended)))
    elif kind < 0.94:
        wires = [actor.wire for actor in (world.engine, world.socket) if actor.wire.pauses]
        if wires:
            world.wake(random.choice(wires))
    elif kind < 0.95:
        world.socket_aborts()
    elif kind < 0.955:
        world.engine_aborts()
    elif kind < 0.98:
        actor = random.choice([world.engine, world.socket])
        if world.may_sleep(actor):
            world.sleep(actor)
    else:
        world.settle()


def run(seed: int, failures: float, steps: int) -> World:
    world = World(Random(seed), failures)
    for _ in range(steps):
        one_step(world)
    world.settle()
    return world


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("failures", [0.0, 0.2, 0.6])
def test_no_open_session_has_a_gap(seed: int, failures: float) -> None:
    world = run(seed, failures, STEPS)
    assert world.counts["up"] > 0
    assert world.counts["down"] > 0
