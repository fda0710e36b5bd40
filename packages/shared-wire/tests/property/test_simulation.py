"""Two actors over a wire that delays, loses calls or only their replies, while either actor's life ends between any two steps.

What must hold is checked by `World` at each delivery and whenever nothing is under way. A run is exact: its seed repeats it.
"""

import os
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from wire_steps import QUICK, compare_all
from wire_world import World

from shared_wire import EngineSid

#: Steps of all runs together.
STEPS = int(os.environ.get("SHARED_WIRE_SIMULATION_STEPS", "240000"))
STEPS_OF_A_RUN = 500


def open_session(world: World) -> None:
    if len(connected(world)) < 6:
        world.open_session()


def client_sends(world: World) -> None:
    if sids := connected(world):
        world.client_sends(world.random.choice(sids))


def application_sends(world: World) -> None:
    sids = list(world.live)
    world.application_sends(tuple(world.random.sample(sids, min(3, len(sids)))))


def application_errs(world: World) -> None:
    """Send what no frame can carry."""
    if world.live:
        world.application_sends((world.random.choice(list(world.live)),), flaw="\ud800")


def client_leaves(world: World) -> None:
    if sids := connected(world):
        world.end_session(world.random.choice(sids))


def move(world: World) -> None:
    if world.trips:
        world.move(world.random.randrange(len(world.trips)))


def stray_arrives(world: World) -> None:
    if world.stray:
        world.stray_arrives(world.random.randrange(len(world.stray)))


def finish_handler(world: World) -> None:
    if world.suspended:
        world.finish_handler(world.random.randrange(len(world.suspended)))


def wake(world: World) -> None:
    if wires := [actor.wire for actor in world.sides if actor.wire.pauses]:
        world.random.choice(wires).wake()


def sleep(world: World) -> None:
    actor = world.random.choice(world.sides)
    if world.may_sleep(actor):
        world.sleep(actor)


#: What may happen, and how often in a thousand steps.
WEIGHTS: dict[Callable[[World], None], int] = {
    open_session: 50,
    client_sends: 200,
    application_sends: 80,
    application_errs: 2,
    client_leaves: 10,
    move: 400,
    stray_arrives: 30,
    finish_handler: 80,
    wake: 90,
    sleep: 25,
    World.socket_aborts: 10,
    World.engine_aborts: 5,
    World.settle: 20,
}


def connected(world: World) -> list[EngineSid]:
    return [sid for sid, session in world.live.items() if session.open_at_engine]


def run(seed: int, failures: float, steps: int) -> World:
    """Do so many random things. What happens often in one run is rare in another."""
    random = Random(seed)
    world = World(random, failures, defers=random.choice((False, True)), has_streams=bool(seed % 2))
    weights = [weight * random.choice((0.2, 1, 3)) for weight in WEIGHTS.values()]
    for step in random.choices(list(WEIGHTS), weights, k=steps):
        world.collect()
        step(world)
    world.settle()
    return world


@pytest.mark.parametrize("failures", [0.0, 0.05, 0.2, 0.6])
def test_no_open_session_has_a_gap_and_none_is_closed_without_a_cause(failures: float) -> None:
    seen: Counter[str] = Counter()
    for seed in range(-(-STEPS // (4 * STEPS_OF_A_RUN))):
        try:
            seen += run(seed, failures, STEPS_OF_A_RUN).counts
        except AssertionError as error:
            error.add_note(f"run({seed}, {failures}, {STEPS_OF_A_RUN})")
            raise
    tried = {"up", "down", "exchange", "open at rest", "engine actor slept", "socket actor slept"}
    tried |= {"engine actor aborted", "socket actor aborted", "lost by the engine actor", "clock behind", "put off"}
    tried |= {"call lost", "reply lost", "lost by the socket actor"} if failures else set()
    assert tried <= set(seen), f"never tried: {tried - set(seen)}"


@pytest.mark.parametrize("failures", [0.0, 0.05])
def test_a_quick_step_is_the_general_one(failures: float, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = compare_all(monkeypatch)
    for seed in range(20):
        run(seed, failures, STEPS_OF_A_RUN)
    assert set(counts) == set(QUICK)
    assert min(counts.values()) > 50, counts
