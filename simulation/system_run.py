"""What may happen in the simulated system, how often, and a run of it by a seed."""

import json
import logging
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

import pytest
from error_log import ErrorLog
from expected_packets import head
from system_clients import Client, Stream
from system_releases import rewrite
from system_upgrade import Upgrading
from system_world import SERVERS, System

from shared_wire.testing.modules import install

__all__ = ["STEPS", "Plan", "make_plan", "play", "run", "shrink"]

#: How many clients there are at most, and how often: few that do much, or a crowd.
_CLIENTS: Final = {4: 3, 12: 3, 30: 1}
_ROOMS: Final = ("red", "blue")
#: What a handler may be asked to do, and how often.
_DEEDS: Final = {"emit": 8, "enter": 3, "leave": 2, "save": 2, "suspend": 4, "ask": 1}

Step = Callable[[System], None]


def open_client(system: System) -> None:
    if _room(system):
        system.open()


def open_several(system: System) -> None:
    """Have many clients come at once, as after a failure: each asks for a namespace as soon as it may."""
    for _ in range(min(_room(system), system.most_clients // 2)):
        _enter(system, system.open())


def _room(system: System) -> int:
    """Count the clients that may still come."""
    return system.most_clients - sum(one.is_open is not False for one in system.live.values())


def connect(system: System) -> None:
    client = _pick(system, _open(system))
    if client is not None and not client.excuse:
        _enter(system, client)


def _enter(system: System, client: Client) -> None:
    """Have a client ask for a namespace that it is not in."""
    namespace = system.random.choice(("/", "/", "/other", f"/side-{system.random.randrange(9)}"))
    before = client.streams.get(namespace)
    if before is not None and (before.is_accepted or not before.is_over):
        return
    if before is not None:
        client.former.append(before)
    client.streams[namespace] = Stream(client, namespace)
    client.say(head("0", namespace) + json.dumps({"who": [client.number, namespace], "plan": _plan_of_entry(system)}))


def _plan_of_entry(system: System) -> list[tuple[str, Any]]:
    random = system.random
    plan: list[tuple[str, Any]] = [("emit", "self")] * (random.random() < 0.2)
    plan += [("enter", random.choice(_ROOMS))] * (random.random() < 0.4)
    plan += [("suspend", None)] * (random.random() < 0.3)
    plan += [("emit", "self")] * (random.random() < 0.1)
    if random.random() < 0.1:
        plan.append(("refuse", random.random() < 0.5))
        system.note("refused")
    return plan


def say(system: System) -> None:
    stream = _pick(system, _talking(system))
    if stream is not None:
        number = stream.sent
        stream.sent += 1
        stream.client.say(f"{head('2', stream.namespace)}{number}{json.dumps(['say', number, _plan(system)])}")


def say_binary(system: System) -> None:
    """Begin a binary event; its attachment comes before whatever the client says next."""
    stream = _pick(system, _talking(system))
    if stream is not None:
        number, client = stream.sent, stream.client
        stream.sent += 1
        text = json.dumps(["blob", number, _plan(system), {"_placeholder": True, "num": 0}])
        beginning = "51-" if stream.namespace == "/" else f"51-{stream.namespace},"
        client.say(f"{beginning}{number}{text}")
        client.attachment = bytes([number % 256])
        system.note("binary")


def finish_attachment(system: System) -> None:
    if halves := [client for client in _open(system) if client.attachment is not None]:
        system.random.choice(halves).finish()


def _plan(system: System) -> list[tuple[str, Any]]:
    random = system.random
    deeds = random.choices(list(_DEEDS), list(_DEEDS.values()), k=random.randrange(4))
    plan = [(deed, _argument(deed, random)) for deed in deeds]
    if random.random() < 0.02:
        plan.append((random.choice(("kick", "close")), None))
        system.note("kicked")
    return plan


def _argument(deed: str, random: Random) -> Any:
    match deed:
        case "emit":
            return random.choice(("self", "all", "all", *_ROOMS))
        case "enter" | "leave":
            return random.choice(_ROOMS)
        case "save":
            return random.randrange(1_000)
        case _:
            return None


def shout(system: System) -> None:
    """Have the application say something that no client asked for."""
    name = system.random.choice(SERVERS)
    namespace = "/other" if name == "other" else "/"
    system.shout(name, namespace, system.random.choice((None, *_ROOMS)))


def leave_namespace(system: System) -> None:
    stream = _pick(system, _talking(system))
    if stream is not None:
        stream.is_over = True
        system.note("left a namespace")
        stream.client.say(head("1", stream.namespace))


def leave(system: System) -> None:
    if client := _pick(system, _open(system)):
        system.leave(client, "it left")
        client.transport.close()


def drop(system: System) -> None:
    if client := _pick(system, _open(system)):
        system.leave(client, "it is gone")
        client.transport.drop()


def vanish(system: System) -> None:
    """Have a client answer nothing any more."""
    if client := _pick(system, _open(system)):
        system.leave(client, "it is gone")
        client.is_silent = True
        client.transport.vanish()
        system.note("vanished")


def misbehave(system: System) -> None:
    if client := _pick(system, _open(system)):
        client.excuse = "it sent nonsense"
        client.say(system.random.choice(("9", '2["say"', "0/side-1,[", "2[]")))
        system.note("nonsense")


def upgrade(system: System) -> None:
    """Have a client take the next step towards a WebSocket."""
    if client := _pick(system, [one for one in _open(system) if isinstance(one.transport, Upgrading)]):
        client.transport.advance()


def lose_probe(system: System) -> None:
    """Have a WebSocket break that is not the session's yet; a client that polls no more is gone then."""
    if client := _pick(system, _upgrading(system)):
        if client.transport.is_paused:
            system.leave(client, "it is gone")
        client.transport.lose_probe()
        system.note("probe lost")


def spoil_probe(system: System) -> None:
    """Have a client say nonsense on a WebSocket that is not the session's yet."""
    if client := _pick(system, _upgrading(system)):
        if client.transport.is_paused:
            system.leave(client, "it is gone")
        client.transport.send_nonsense()
        system.note("probe spoilt")


def finish_handler(system: System) -> None:
    if system.gates:
        system.finish_handler(system.random.randrange(len(system.gates)))


def end_life(system: System) -> None:
    system.end_life(system.random.choice(system.actors))


def wait(system: System) -> None:
    system.world.advance(system.random.choice((0.02, 0.1, 0.5, 2)))


def wait_long(system: System) -> None:
    """Let whoever may fall asleep, or an alarm ring."""
    system.world.advance(system.random.choice((11, 11, 12, 30)))


def settle_now(system: System) -> None:
    system.world.settle()


def deploy(system: System) -> None:
    """Have another release have run in an object that sleeps."""
    sleeping = [actor for actor in system.actors if actor.fall_asleep() and actor.lives]
    if sleeping:
        system.note(rewrite(system.random.choice(sleeping), system.random))


def jump_clock(system: System) -> None:
    """Have the clock jump where nothing is under way: back, no call of an earlier life may still come."""
    system.settle()
    seconds = system.random.choice((-5.0, -0.2, 30.0, 3_600.0))
    for actor in system.actors:
        actor.fall_asleep()
    system.world.jump_clock(seconds)
    system.note("clock ahead" if seconds > 0 else "clock behind")


def be_late(system: System) -> None:
    system.faults.late_s = system.random.choice((0, 0, 3, 60))
    system.note("late alarms")


def cut_off(system: System) -> None:
    """Have calls reach an actor no more, or all of them again."""
    system.faults.cut_off = system.random.choice((None, None, *system.actors))


#: What may happen, and how often, against the others.
STEPS: Final[dict[Step, int]] = {
    open_client: 30,
    open_several: 3,
    connect: 200,
    say: 300,
    say_binary: 15,
    finish_attachment: 20,
    shout: 30,
    leave_namespace: 5,
    leave: 4,
    drop: 4,
    vanish: 2,
    misbehave: 2,
    upgrade: 60,
    lose_probe: 6,
    spoil_probe: 10,
    finish_handler: 90,
    end_life: 8,
    wait: 60,
    wait_long: 8,
    settle_now: 60,
    be_late: 2,
    cut_off: 5,
    deploy: 10,
    jump_clock: 2,
    System.settle: 15,
}


def _open(system: System) -> list[Client]:
    return [client for client in system.live.values() if client.is_open]


def _upgrading(system: System) -> list[Client]:
    return [one for one in _open(system) if isinstance(one.transport, Upgrading) and one.transport.is_probing]


def _talking(system: System) -> list[Stream]:
    """Find the sockets whose clients may send events."""
    return [
        stream
        for client in _open(system)
        if not client.excuse
        for stream in client.streams.values()
        if stream.is_connected and not stream.is_over
    ]


def _pick(system: System, among: list[Any]) -> Any:
    return system.random.choice(among) if among else None


@contextmanager
def _surroundings(random: Random, is_tight: bool) -> Iterator[ErrorLog]:
    """Watch the log; have chance come from the seed, and queues overflow where they are to be tight."""
    install()
    log = ErrorLog()
    loggers = [logging.getLogger(name) for name in ("shared_wire", "engine_do", "socketio_do", "asyncio")]
    with pytest.MonkeyPatch.context() as patch:
        for name in ("randbits", "randbelow"):
            draw = random.getrandbits if name == "randbits" else random.randrange
            patch.setattr(secrets, name, draw)
        patch.setattr(secrets, "token_bytes", random.randbytes)
        patch.setattr("engine_do.durable.entrypoint._compared", {})
        patch.setattr(
            secrets, "token_urlsafe", lambda size: urlsafe_b64encode(random.randbytes(size)).decode().rstrip("=")
        )
        if is_tight:
            patch.setattr("shared_wire.link.calls.MAX_QUEUED", 4)
            patch.setattr("shared_wire.link.calls.FEW_QUEUED_BYTES", 0)
            patch.setattr("socketio_do.server.backlog.MAX_BACKLOG", 9_000)
            patch.setattr("socketio_do.server.backlog.MAX_BACKLOG_OF_ALL", 25_000)
        for logger in loggers:
            patch.setattr(logger, "level", logging.ERROR)
            logger.addHandler(log)
        try:
            yield log
        finally:
            for logger in loggers:
                logger.removeHandler(log)


@dataclass(frozen=True, slots=True)
class Plan:
    """A run: what happens, each step with a number from which its chance comes, so that others can be left out."""

    seed: int
    failures: float
    steps: tuple[tuple[int, Step], ...]
    is_tight: bool
    clients: int

    def __str__(self) -> str:
        """Write it so that a person can read it."""
        names = " ".join(f"{step.__name__}:{number}" for number, step in self.steps)
        kind = f"failures {self.failures}, {self.clients} clients{', tight' * self.is_tight}"
        return f"seed {self.seed}, {kind}: {names}"


def make_plan(seed: int, failures: float, length: int) -> Plan:
    """Choose what happens. What happens often in one run is rare in another."""
    random = Random(seed)
    is_tight = random.random() < 0.2
    [clients] = random.choices(list(_CLIENTS), list(_CLIENTS.values()))
    weights = [weight * random.choice((0.2, 1, 3)) for weight in STEPS.values()]
    steps = random.choices(list(STEPS), weights, k=length)
    return Plan(seed, failures, tuple(enumerate(steps)), is_tight, clients)


def play(plan: Plan) -> System:
    """Do what a plan says, and check everything; raises what does not hold."""
    random = Random(plan.seed)
    with _surroundings(random, plan.is_tight) as log:
        system = System(random, plan.failures, plan.clients, is_tight=plan.is_tight)
        with system.world:
            for actor in system.actors:
                system.watch_sleep(actor)
            for number, step in plan.steps:
                random.seed(plan.seed << 32 | number)
                step(system)
                if random.random() < 0.5:
                    for _ in range(random.randrange(6)):
                        system.world.loop.turn()
                log.check()
            system.settle()
            log.check()
    return system


def run(seed: int, failures: float, length: int) -> System:
    """Make a plan and play it; what does not hold is raised with the shortest plan that was found to show it."""
    plan = make_plan(seed, failures, length)
    try:
        return play(plan)
    except Exception as error:
        error.add_note(str(shrink(plan)))
        raise


def shrink(plan: Plan) -> Plan:
    """Leave steps out as long as something does not hold: halves first, single ones last."""
    size = len(plan.steps) // 2
    while size:
        first = 0
        while first < len(plan.steps):
            shorter = replace(plan, steps=plan.steps[:first] + plan.steps[first + size :])
            if _fails(shorter):
                plan = shorter
            else:
                first += size
        size //= 2
    return plan


def _fails(plan: Plan) -> bool:
    try:
        play(plan)
    except Exception:
        return True
    return False
