"""What may happen in the world, how often, and a run of it by a seed."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from random import Random
from typing import Any, Final

import pytest
from error_log import ErrorLog
from expected_packets import head
from whole_clients import NONSENSE, Client, Stream
from whole_world import World

__all__ = ["run"]

_CLIENTS: Final = 6
_ROOMS: Final = ("red", "blue")
#: What a handler may be asked to do, and how often.
_DEEDS: Final = {"emit": 8, "enter": 3, "leave": 2, "save": 2, "suspend": 5}


def open_client(world: World) -> None:
    if len(_open(world)) < _CLIENTS:
        world.open()


def connect(world: World) -> None:
    client = _pick(world, _open(world))
    if client is None or client.excuse:
        return
    namespace = world.random.choice(("/", "/", f"/side-{world.random.randrange(9)}"))
    before = client.streams.get(namespace)
    if before is not None and (before.is_accepted or not before.is_over):
        return
    if before is not None:
        client.former.append(before)
    client.streams[namespace] = Stream(client.engine_sid, namespace)
    plan: list[tuple[str, Any]] = [("emit", "self")] * (world.random.random() < 0.2)
    plan += [("enter", world.random.choice(_ROOMS))] * (world.random.random() < 0.4)
    plan += [("suspend", None)] * (world.random.random() < 0.3)
    plan += [("emit", "self")] * (world.random.random() < 0.1)
    if world.random.random() < 0.15:
        plan.append(("refuse", world.random.random() < 0.5))
        world.counts["refused"] += 1
    auth = json.dumps({"namespace": namespace, "plan": plan})
    world.client_sends(client, head("0", namespace) + auth)


def say(world: World) -> None:
    stream = _pick(world, _talking(world))
    if stream is not None:
        client, number = world.clients[stream.engine_sid], stream.sent
        stream.sent += 1
        text = json.dumps(["say", number, _plan(world)])
        world.client_sends(client, f"{head('2', stream.namespace)}{number}{text}")


def say_binary(world: World) -> None:
    """Begin a binary event; its attachment comes before whatever the client says next."""
    stream = _pick(world, _talking(world))
    if stream is not None:
        client, number = world.clients[stream.engine_sid], stream.sent
        stream.sent += 1
        text = json.dumps(["blob", number, _plan(world), {"_placeholder": True, "num": 0}])
        beginning = "51-" if stream.namespace == "/" else f"51-{stream.namespace},"
        world.client_sends(client, f"{beginning}{number}{text}")
        if client.is_open:
            client.attachment = bytes([number % 256])
            world.counts["binary"] += 1


def finish_attachment(world: World) -> None:
    if halves := [client for client in _open(world) if client.attachment is not None]:
        world.finish_attachment(world.random.choice(halves))


def _plan(world: World) -> list[tuple[str, Any]]:
    random = world.random
    deeds = random.choices(list(_DEEDS), list(_DEEDS.values()), k=random.randrange(4))
    plan = [(deed, _argument(deed, random)) for deed in deeds]
    if random.random() < 0.02:
        plan.append((random.choice(("kick", "close")), None))
        world.counts["kicked"] += 1
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


def application_emits(world: World) -> None:
    """Have the application say something that no client asked for."""
    streams = [one for client in world.live.values() for one in client.streams.values() if one.is_accepted]
    if stream := _pick(world, streams):
        world.application_emits(stream.namespace, world.random.choice((None, *_ROOMS)))


def leave_namespace(world: World) -> None:
    stream = _pick(world, _talking(world))
    if stream is not None:
        stream.is_over = True
        world.counts["left a namespace"] += 1
        world.client_sends(world.clients[stream.engine_sid], head("1", stream.namespace))


def go(world: World) -> None:
    if client := _pick(world, _open(world)):
        world.engine.lose_socket(client.engine_sid)


def say_goodbye(world: World) -> None:
    if client := _pick(world, _open(world)):
        client.excuse = "it said goodbye"
        world.engine.receive_frame(client.engine_sid, "1")


def vanish(world: World) -> None:
    """Have a client answer no ping any more."""
    if (client := _pick(world, _open(world))) and client.silent_ms is None:
        client.silent_ms = world.now_ms


def misbehave(world: World) -> None:
    if client := _pick(world, _open(world)):
        client.excuse = NONSENSE
        world.counts["nonsense"] += 1
        world.client_sends(client, world.random.choice(("9", '2["say"', "0/side-1,[", "2[]")))


def answer_close(world: World) -> None:
    """Let a client answer the close of its socket."""
    closing = [sid for sid in world.engine.records if not world.clients[sid].is_open]
    if closing:
        world.engine.lose_socket(world.random.choice(closing))


def move(world: World) -> None:
    if world.trips:
        world.move(world.random.randrange(len(world.trips)))


def stray_arrives(world: World) -> None:
    if world.stray:
        world.stray_arrives(world.random.randrange(len(world.stray)))


def finish_handler(world: World) -> None:
    if world.gates:
        world.finish_handler(world.random.randrange(len(world.gates)))


def wake(world: World) -> None:
    if wires := [side.wire for side in world.sides if side.wire.pauses]:
        world.random.choice(wires).wake()


def engine_sleeps(world: World) -> None:
    if world.may_sleep(world.engine):
        world.engine_sleeps()


def socket_sleeps(world: World) -> None:
    if world.may_sleep(world.socket):
        world.socket_sleeps()


#: What may happen, and how often, against the others.
WEIGHTS: Final[dict[Callable[[World], None], int]] = {
    open_client: 120,
    connect: 150,
    say: 300,
    say_binary: 15,
    finish_attachment: 20,
    application_emits: 40,
    leave_namespace: 5,
    go: 6,
    say_goodbye: 2,
    vanish: 4,
    misbehave: 2,
    answer_close: 10,
    move: 400,
    stray_arrives: 30,
    finish_handler: 90,
    wake: 90,
    engine_sleeps: 15,
    socket_sleeps: 15,
    World.socket_aborts: 8,
    World.engine_aborts: 3,
    World.ring: 20,
    World.settle: 15,
}


def _open(world: World) -> list[Client]:
    return [client for client in world.live.values() if client.is_open]


def _talking(world: World) -> list[Stream]:
    """Find the sockets whose clients may send events."""
    return [
        stream
        for client in _open(world)
        if not client.excuse
        for stream in client.streams.values()
        if stream.is_connected and not stream.is_over
    ]


def _pick(world: World, among: list[Any]) -> Any:
    return world.random.choice(among) if among else None


@contextmanager
def _limits(is_tight: bool) -> Iterator[None]:
    """Have queues and backlogs overflow where they are to be tight."""
    with pytest.MonkeyPatch.context() as patch:
        if is_tight:
            patch.setattr("shared_wire.link.calls.MAX_QUEUED", 4)
            patch.setattr("socketio_do.server.backlog.MAX_BACKLOG", 9_000)
            patch.setattr("socketio_do.server.backlog.MAX_BACKLOG_OF_ALL", 25_000)
        yield


@contextmanager
def _watched_log() -> Iterator[ErrorLog]:
    faults = ErrorLog()
    loggers = [logging.getLogger(name) for name in ("shared_wire", "engine_do", "socketio_do")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(faults)
        logger.setLevel(logging.ERROR)
    try:
        yield faults
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(faults)
            logger.setLevel(level)


def run(seed: int, failures: float, steps: int, *, is_tight: bool = False) -> World:
    """Do so many random things. What happens often in one run is rare in another."""
    random = Random(seed)
    is_tight |= random.random() < 0.2
    weights = [weight * random.choice((0.2, 1, 3)) for weight in WEIGHTS.values()]
    with _limits(is_tight), _watched_log() as faults:
        world = World(random, failures, is_tight=is_tight)
        with closing(world.socket):
            for step in random.choices(list(WEIGHTS), weights, k=steps):
                world.collect()
                step(world)
                faults.check()
                world.now_ms += 20
            world.settle()
            faults.check()
    return world
