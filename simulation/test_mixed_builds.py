"""Two builds in one world: at any step an object's next life, or the entrypoint, may run the other one."""

import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import return_run
import return_world
import system_run
import system_world
from mixed_builds import load_next

from socketio_do.state.tickets import Ticket

#: Steps of all runs together.
LENGTH = int(os.environ.get("SYSTEM_STEPS", "100000")) // 10
LENGTH_OF_A_RUN = 400
FAILURES = (0, 100)
#: Runs with recovery, and the first seed of each placement: an earlier one of one object shows what builds have nothing to do with.
RETURNS = 8
FIRST = {"SOCKET": 0, "CHAT": 4}

TRIED = {
    *(f"ENGINE {how}{with_}" for how in ("is deployed", "is rolled back") for with_ in ("", " with sockets")),
    *("SOCKET is deployed", "SOCKET is rolled back", "SOCKET is deployed with sockets"),
    *("stream opened", "answered later", "told by a later life", "SOCKET slept", "ENGINE slept"),
}
TRIED_IN_ONE = {"CHAT is deployed with sockets", "CHAT is rolled back with sockets", "answered later"}
TRIED_WITH_RECOVERY = {"recovered", "recovered what it missed"}


@pytest.mark.parametrize("failures", FAILURES)
def test_everything_keeps_what_is_promised(failures: int) -> None:
    counts = Counter[str]()
    for seed in range(-(-LENGTH // (len(FAILURES) * LENGTH_OF_A_RUN))):
        counts += system_run.run(seed, failures / 1000, LENGTH_OF_A_RUN, is_mixed=True).counts
    missing = TRIED - counts.keys()
    assert failures or not missing, f"never tried: {sorted(missing)}"


def test_one_object_keeps_what_is_promised() -> None:
    counts = Counter[str]()
    for seed in range(-(-LENGTH // (len(FAILURES) * LENGTH_OF_A_RUN))):
        counts += system_run.run(seed, 0.0, LENGTH_OF_A_RUN, is_split=False, is_mixed=True).counts
    missing = TRIED_IN_ONE - counts.keys()
    assert not missing, f"never tried: {sorted(missing)}"


@pytest.mark.parametrize("server", ["SOCKET", "CHAT"])
def test_who_is_recovered_has_missed_nothing_and_who_is_not_is_told(server: str) -> None:
    counts = Counter[str]()
    for seed in range(FIRST[server], FIRST[server] + RETURNS):
        counts += return_run.run(seed, 0.0, LENGTH_OF_A_RUN, is_split=server == "SOCKET", is_mixed=True).counts
    wanted = TRIED_WITH_RECOVERY | {f"{server} is deployed", f"{server} is rolled back"}
    missing = {what for what in wanted if not any(known.startswith(what) for known in counts)}
    assert not missing, f"never tried: {sorted(missing)}"


def test_a_seed_repeats_its_run() -> None:
    first, second = (system_run.run(3, 0.2, LENGTH_OF_A_RUN, is_mixed=True).counts for _ in range(2))
    assert first == second


def read_ticket(cls: Any, text: str) -> Any:
    """Read a ticket that has no field more than this release knows."""
    return cls(*json.loads(text)) if text else None


def play_in_two(seed: int) -> object:
    return system_run.play(system_run.make_plan(seed, 0.0, LENGTH_OF_A_RUN, is_mixed=True))


def play_with_recovery(seed: int) -> object:
    return return_run.play(return_run.make_plan(seed, 0.0, LENGTH_OF_A_RUN, is_mixed=True))


def plant_in_streams(patch: pytest.MonkeyPatch) -> None:
    from shared_wire.durable import Stream  # importable where the model is in place

    end = Stream.end
    patch.setattr(Stream, "end", lambda stream, code=None: end(stream))


def plant_in_tickets(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Ticket, "read", classmethod(read_ticket))


#: Faults of the tree's build, who plays, and the seed from which on they are looked for.
PLANTED: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Callable[[int], object], int]] = {
    "a call on a stream that could not be read counts as one that failed": (plant_in_streams, play_in_two, 20),
    "a ticket of the next build is not read": (plant_in_tickets, play_with_recovery, 0),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, play, first = PLANTED[name]
    load_next(system_world.PROJECT)
    load_next(return_world.PROJECT)
    plant(monkeypatch)
    for seed in range(first, first + 60):
        try:
            play(seed)
        except Exception:
            return
    raise AssertionError(f"not found: {name}")
