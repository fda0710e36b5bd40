"""What may happen where clients come back, and how often."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

import system_steps as common
from expected_packets import head
from return_clients import Person, Seat
from return_world import Returning
from system_releases import rewrite
from system_upgrade import Upgrading

__all__ = ["STEPS", "STEPS_BETWEEN_OBJECTS", "Step", "deploy", "fill"]

Step = Callable[[Any], None]

_ROOMS: Final = ("red", "blue")
_DEEDS: Final = {"emit": 10, "enter": 4, "leave": 3, "save": 2, "suspend": 3, "close room": 0.3}
_KINDS: Final = {"news": 10, "skip": 2, "except": 2, "volatile": 2, "ask": 2}
_MOST: Final = 7


def arrive(system: Returning) -> None:
    if len(system.persons) < _MOST:
        system.arrive()


def enter(system: Returning) -> None:
    """Have somebody ask for a namespace."""
    random = system.random
    if person := _pick(system, _open(system)):
        namespace = random.choice(("/", "/", "/other"))
        seat = person.seats.setdefault(namespace, Seat(person, namespace))
        if not (seat.is_asked or seat.is_over):
            plan: list[Any] = [("emit", {"room": "self"})] * (random.random() < 0.2)
            plan += [("enter", random.choice(_ROOMS))] * (random.random() < 0.5)
            plan += [("suspend", None)] * (random.random() < 0.2)
            plan += [("emit", {"room": "self"})] * (random.random() < 0.1)
            plan += [("refuse", None)] * (random.random() < 0.03)
            system.ask(seat, plan)


def say(system: Returning) -> None:
    if seat := _pick(system, _talking(system)):
        number = system.next_emission()
        seat.said.append(number)
        seat.person.say(f"{head('2', seat.namespace)}{number}{json.dumps(['say', number, _plan(system)])}")


def _plan(system: Returning) -> list[tuple[str, Any]]:
    random = system.random
    deeds = random.choices(list(_DEEDS), list(_DEEDS.values()), k=random.randrange(4))
    plan = [(deed, _argument(deed, random)) for deed in deeds]
    if random.random() < 0.01:
        plan.append(("kick", None))
    return plan


def _argument(deed: str, random: Random) -> Any:
    match deed:
        case "emit":
            [kind] = random.choices(list(_KINDS), list(_KINDS.values()))
            size = random.choice((0, 0, 0, 50, 300))
            return {"room": random.choice(("self", "all", "all", *_ROOMS)), "kind": kind, "size": size}
        case "enter" | "leave" | "close room":
            return random.choice(_ROOMS)
        case "save":
            return random.randrange(1_000)
        case _:
            return None


def shout(system: Returning) -> None:
    """Have the application say something that no client asked for."""
    name = system.random.choice(system.servers)
    namespace = system.random.choice(("/", "/other")) if not system.is_split else "/other" if name == "other" else "/"
    system.shout(name, namespace, system.random.choice((None, *_ROOMS)))


def lose(system: Returning) -> None:
    """Have a connection break in some way."""
    if person := _pick(system, _open(system)):
        system.part_from(person, system.random.choice(("close", "drop", "vanish")))


def lose_and_return(system: Returning) -> None:
    """Have a connection break, and its client come back at once."""
    if person := _pick(system, _open(system)):
        system.part_from(person, system.random.choice(("close", "drop", "vanish")))
        system.come_back(person)


def come_back(system: Returning) -> None:
    if person := _pick(system, [one for one in system.persons if one.connection is None]):
        system.come_back(person)


def come_back_all(system: Returning) -> None:
    for person in system.persons:
        if person.connection is None:
            system.come_back(person)


def leave_namespace(system: Returning) -> None:
    if seat := _pick(system, _talking(system)):
        seat.person.say(head("1", seat.namespace))
        seat.is_asked = seat.is_connected = False
        seat.is_over = True
        seat.said.clear()
        seat.acked = 0
        seat.socket.is_kicked = True
        system.note("left a namespace")


def upgrade(system: Returning) -> None:
    """Have a client take the next step towards a WebSocket."""
    ready = [one for one in _open(system) if one.connection and isinstance(one.connection.transport, Upgrading)]
    if person := _pick(system, ready):
        person.connection.transport.advance()


def fill(system: Returning) -> None:
    system.note_full()
    common.fill(system)
    if system.faults.full is not None and system.faults.full.binding != "ENGINE":
        system.excuse("full", system.faults.full)


def deploy(system: Returning) -> None:
    """Have another version be deployed, which those who poll bring to their objects, and a release have run in one that sleeps."""
    system.deploy()
    sleeping = [actor for actor in system.actors if actor.fall_asleep() and actor.lives]
    if not sleeping:
        return
    actor = system.random.choice(sleeping)
    parked = _parked(system, actor)
    what = rewrite(actor, system.random)
    system.note(what)
    if what != "records of another release":
        system.excuse("deploy", actor)
    if what == "tables that the release before has worked on":
        for sid in parked:
            system.known[sid].is_gone = system.known[sid].is_parting = True


def _parked(system: Returning, actor: Any) -> list[str]:
    if actor.binding == "ENGINE" or not system._has_log(actor):
        return []
    found = actor.storage.sql.exec(
        "SELECT socket_sid FROM sio_sockets WHERE engine_sid IN (SELECT engine_sid FROM sio_parked)"
    )
    return [row[0] for row in found.raw()]


def jump_clock(system: Returning) -> None:
    system.excuse("clock")
    common.jump_clock(system)


def wait_away(system: Returning) -> None:
    """Let about as much time pass as a client may be away."""
    system.world.advance(system.away_s * system.random.choice((0.5, 0.9, 1.01)))


#: What may happen, and how often, against the others.
STEPS: Final[dict[Step, int]] = {
    arrive: 40,
    enter: 150,
    say: 300,
    shout: 60,
    lose: 60,
    lose_and_return: 20,
    come_back: 80,
    come_back_all: 8,
    leave_namespace: 4,
    upgrade: 60,
    common.finish_handler: 90,
    common.end_life: 10,
    common.wait: 60,
    common.wait_long: 10,
    wait_away: 6,
    common.settle_now: 60,
    common.be_late: 2,
    common.cut_off: 5,
    fill: 6,
    deploy: 6,
    jump_clock: 2,
    Returning.settle: 10,
}

STEPS_BETWEEN_OBJECTS: Final[dict[Step, int]] = {common.break_stream: 25}


def _open(system: Returning) -> list[Person]:
    return [person for person in system.persons if person.is_open]


def _talking(system: Returning) -> list[Seat]:
    return [seat for person in _open(system) for seat in person.seats.values() if seat.is_connected]


def _pick(system: Returning, among: list[Any]) -> Any:
    return system.random.choice(among) if among else None
