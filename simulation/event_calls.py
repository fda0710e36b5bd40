"""How many Python functions an event calls, in each placement: a figure that is the same on every machine.

Counted are the functions of the three packages and of python-socketio, each time one is called or a generator goes on; beside them
those that json has and dataclasses make. What the model does in the runtime's place is not counted.
"""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

from engine_do import EngineConfig
from shared_wire.link.stream_bounds import MOST_CALLS
from shared_wire.testing import World
from shared_wire.testing.sockets import ClientSocket
from socketio_do.testing import World as SocketIoWorld

__all__ = ["PLACEMENTS", "Calls", "measure"]

PLACEMENTS: Final = ("one object", "two objects")
_PATH: Final = "/socket.io/?EIO=4&transport=websocket"
_PACKAGES: Final = re.compile(r"/(shared_wire|engine_do|socketio_do)/(?!testing/)|/socketio/")
_OTHERS: Final = re.compile(r"/json/|^<string>$|/dataclasses\.py$")
#: Members of the room that is counted, and how many more there are for the figure of each.
_FEW, _MORE = 3, 10


@dataclass(slots=True)
class Calls:
    """Calls of functions of the packages, and of those of json and dataclasses."""

    packages: float = 0
    others: float = 0


def _configure(sio: Any) -> None:
    @sio.event
    async def quiet(sid: str, data: Any) -> None: ...

    @sio.event
    async def ask(sid: str, data: Any) -> str:
        return "ok"

    @sio.event
    async def echo(sid: str, data: Any) -> None:
        await sio.emit("echo", data, to=sid)

    @sio.event
    async def say(sid: str, data: Any) -> None:
        await sio.emit("said", data, room="room")

    @sio.event
    async def join(sid: str, room: str) -> None:
        await sio.enter_room(sid, room)


def measure(placement: str) -> dict[str, Calls]:
    """Count what each kind of event calls, once everything it needs is in memory."""
    config = EngineConfig(path="/socket.io/", stream=False)
    with SocketIoWorld.of(_configure, is_split=placement == "two objects", config=config) as world:
        clients = [_connect(world) for _ in range(_FEW)]
        first = clients[0]
        figures = {
            "event": _of_frame(world, first, lambda _: '42["quiet",{"x":1}]'),
            "event with an acknowledgement": _of_frame(world, first, lambda _: '427["ask",{"x":1}]'),
            "event and an event back": _of_frame(world, first, lambda _: '42["echo",{"x":1}]'),
            "join": _of_frame(world, first, lambda number: f'42["join","{number}"]'),
        }
        _join(world, clients)
        few = _of_frame(world, first, lambda _: '42["say",{"x":1}]')
        _join(world, [_connect(world) for _ in range(_MORE)])
        many = _of_frame(world, first, lambda _: '42["say",{"x":1}]')
        figures["further recipient"] = Calls((many.packages - few.packages) / _MORE, (many.others - few.others) / _MORE)
        with _counted() as figures["connect"]:
            _connect(world)
    if placement == "two objects":
        figures |= _measure_stream()
    return figures


def _measure_stream() -> dict[str, Calls]:
    """Count what events call in two objects while a stream between them is open."""
    config = EngineConfig(path="/socket.io/", max_messages_per_s=None)
    with SocketIoWorld.of(_configure, is_split=True, config=config) as world:
        client = _connect(world)
        for _ in range(MOST_CALLS + 1):
            client.send('42["quiet",{"x":1}]')
            world.settle()
        assert world.counters("ENGINE", "e0")["streams_opened"] == 1
        return {
            "event over a stream": _of_frame(world, client, lambda _: '42["quiet",{"x":1}]'),
            "event with an acknowledgement over a stream": _of_frame(world, client, lambda _: '427["ask",{"x":1}]'),
        }


def _connect(world: World) -> ClientSocket:
    client = world.connect(_PATH)
    client.send("40")
    world.settle()
    return client


def _join(world: World, clients: list[ClientSocket]) -> None:
    for client in clients:
        client.send('42["join","room"]')
    world.settle()


def _of_frame(world: World, client: ClientSocket, frame: Callable[[int], str]) -> Calls:
    """Count for the third of some frames: what the first ones fill is there then."""
    for number in range(2):
        client.send(frame(number))
        world.settle()
    with _counted() as calls:
        client.send(frame(2))
        world.settle()
    return calls


@contextmanager
def _counted() -> Iterator[Calls]:
    calls = Calls()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            file = frame.f_code.co_filename
            if _PACKAGES.search(file):
                calls.packages += 1
            elif _OTHERS.search(file):
                calls.others += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)
