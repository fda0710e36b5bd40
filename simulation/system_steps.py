"""What may happen in the simulated system, and how often."""

import json
from collections.abc import Callable
from random import Random
from typing import Any, Final

from expected_packets import head
from system_clients import Client, Stream, rests
from system_releases import rewrite
from system_upgrade import SLOW_S, Upgrading
from system_world import ENGINES, System

from shared_wire.testing import Actor

__all__ = ["STEPS", "STEPS_BETWEEN_OBJECTS", "STEPS_OF_BUILDS", "Step", "deploy", "fill", "open_client"]

_ROOMS: Final = ("red", "blue")
#: What a handler may be asked to do, and how often.
_DEEDS: Final = {"emit": 8, "enter": 3, "leave": 2, "save": 2, "suspend": 4, "ask": 1, "expect": 1}

Step = Callable[[System], None]


def open_client(system: System) -> None:
    if _room(system):
        system.open()


def open_several(system: System) -> None:
    """Have many clients come at once, as after a failure: each asks for a namespace as soon as it may."""
    for _ in range(min(_room(system), system.most_clients // 2)):
        _enter(system, system.open())


def come_back(system: System) -> None:
    """End the life of an engine actor, and have its clients connect anew, before anybody has heard of their old sessions' end."""
    number = system.random.randrange(2)
    system.end_life(system.engine(number))
    system.world.settle()
    for _ in range(min(_room(system), 6)):
        _enter(system, system.open(number))


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
        client.say(f"{beginning}{number}{text}", later=bytes([number % 256]))
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
        case "expect":
            return random.choice(("ask", "ask", "quiet")), random.choice((0.5, 5, 20, 50))
        case "save":
            return random.randrange(1_000)
        case _:
            return None


def shout(system: System) -> None:
    """Have the application say something that no client asked for."""
    name = system.random.choice(system.servers)
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


def be_slow(system: System) -> None:
    """Have an upgrade take longer than the server gives it."""
    if _upgrading(system):
        system.world.advance(SLOW_S)


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


def _count_resting(system: System, engine: Actor) -> int:
    return sum(ENGINES[one.engine] == engine.name and rests(engine, one) for one in _open(system))


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
    """Have another version be deployed, which those who poll bring to their objects, and a release have run in one that sleeps."""
    system.deploy()
    if system.random.random() < 0.4:
        system.world.advance(26)  # by then each of them has asked again
        numbers = system.random.sample(range(2), 2)
        system.end_life(max(map(system.engine, numbers), key=lambda one: _count_resting(system, one)))
    sleeping = [actor for actor in system.actors if actor.fall_asleep() and actor.lives]
    if sleeping:
        system.note(rewrite(system.random.choice(sleeping), system.random))


def change_build(system: System) -> None:
    """Have an object run the other build from its next life on."""
    assert system.builds is not None
    system.builds.change(system.random.choice(system.actors))


def change_build_asleep(system: System) -> None:
    """Have an object that sleeps run the other build."""
    assert system.builds is not None
    if sleeping := [actor for actor in system.actors if actor.fall_asleep() and actor.lives]:
        system.builds.change(system.random.choice(sleeping))


def change_build_at_stream(system: System) -> None:
    """Have a socket actor that nothing keeps awake run the other build before ten seconds have passed: a stream is open to it.

    Not where calls fail: it must not sleep while they are repeated.
    """
    assert system.builds is not None
    if system.faults.rate:
        return
    system.world.settle()
    for _, actor, _ in system.streams:
        if actor.life is not None and not (actor.life.keeps_awake() or actor.waiting):
            system.builds.change(actor)
            actor.evict()


def change_entrypoint(system: System) -> None:
    assert system.builds is not None
    system.builds.change_entrypoint()


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
    system.faults.cut_off = found = system.random.choice((None, None, *system.actors))
    if found is not None:
        system.break_streams(found)


def break_stream(system: System) -> None:
    """Have a stream break between two actors, whatever is on it."""
    if ends := _pick(system, system.streams):
        system.break_streams(ends[0])


def fill(system: System) -> None:
    """Have an object write only half of what it wants to, or all of it again."""
    system.faults.full = system.random.choice((None, None, None, *system.actors))


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
    lose_probe: 15,
    spoil_probe: 10,
    be_slow: 8,
    finish_handler: 90,
    end_life: 8,
    come_back: 3,
    wait: 60,
    wait_long: 8,
    settle_now: 60,
    be_late: 2,
    cut_off: 5,
    fill: 10,
    deploy: 10,
    jump_clock: 2,
    System.settle: 15,
}

#: What may happen besides where sockets and application are in two objects.
STEPS_BETWEEN_OBJECTS: Final[dict[Step, int]] = {break_stream: 25}

#: What may happen besides where there are two builds, in place of `deploy` (tables of releases that never followed each
#: other) and `fill`.
STEPS_OF_BUILDS: Final[dict[Step, int]] = {
    change_build: 30,
    change_build_asleep: 20,
    change_build_at_stream: 100,
    change_entrypoint: 10,
    wait_long: 30,
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
