"""With recovery on, what is sent leaves its object after the row that says so was written, whatever else the step sends before.

The runtime holds back what is sent behind a row that is being written, and nothing that was sent before it.
"""

import json
import re
from types import ModuleType
from typing import Any, ClassVar

import pytest

from engine_do import EngineConfig
from shared_wire.testing import World
from shared_wire.testing.modules import install

install()

from engine_do.durable import EngineActor, route  # noqa: E402 - they import what the line before puts in place
from shared_wire.testing.modules import WorkerEntrypoint  # noqa: E402
from socketio_do.durable import SocketActor  # noqa: E402

CONFIG = EngineConfig(path="/socket.io/", stream=False)
CONNECT = "/socket.io/?EIO=4&transport=websocket"
BINDINGS = {"CHAT": "Chat", "SOCKET": "Socket"}

#: Stands for a call to an engine actor: by then the row of the first event is there.
CALL = '"0.0.000000000000"'

#: What leaves an object, with the number of the row that was written last by then.
Left = list[tuple[str, int]]


def compose(left: Left, world: list[World], *, is_split: bool) -> ModuleType:
    """Write an ``entry.py`` that notes what the socket actor answers, and when it would make a call."""

    class Application(SocketActor):
        options: ClassVar[dict[str, Any]] = {"connection_state_recovery": True}

        def configure(self, sio: Any) -> None:
            @sio.event
            async def say(sid: str, pause: bool) -> str:
                if pause:
                    await sio.sleep(1)
                    if is_split:  # as the link does when something is sent
                        self._placement._driver._wire.defer(lambda: left.append((CALL, head(world[0], "SOCKET"))))  # type: ignore[attr-defined]
                await sio.emit("said", "one")
                await sio.emit("said", "two", to=sid)
                return "said"

        async def link(self, data: Any) -> bytes:
            reply = await super().link(data)
            left.append((bytes(reply).decode(errors="replace"), head(world[0], "SOCKET")))
            return reply

    bases = (EngineActor,) if is_split else (Application, EngineActor)
    peer = {"peer_binding": "SOCKET"} if is_split else {}
    chat = type("Chat", bases, {"config": CONFIG} | peer)
    socket = type("Socket", (Application,), {"peer_binding": "CHAT"})

    class Default(WorkerEntrypoint):
        async def fetch(self, request: Any) -> Any:
            return await route(request, self.env.CHAT, CONFIG)

    module = ModuleType("composition")
    vars(module).update(Chat=chat, Socket=socket, Default=Default)
    return module


def head(world: World, binding: str) -> int:
    """Return the number of the row that was written last."""
    name = "main" if binding == "SOCKET" else "e0"
    [row] = (
        world.actor(binding, name).storage.sql.exec("SELECT coalesce(max(number), -1) AS number FROM sio_log").toArray()
    )
    return int(row["number"])


def numbers(text: str) -> list[int]:
    """Find the rows of the offsets in what was sent."""
    return [int(found, 16) for found in re.findall(r'"([0-9a-f]+)\.[0-9a-f]+\.[0-9a-f]{12}', text)]


@pytest.mark.parametrize("pause", [False, True])
@pytest.mark.parametrize("is_split", [False, True], ids=["one object", "two objects"])
def test_a_row_is_written_before_what_it_has_leaves(is_split: bool, pause: bool) -> None:
    left: Left = []
    world: list[World] = []
    with World(compose(left, world, is_split=is_split), BINDINGS) as made:
        world.append(made)
        client = made.connect(CONNECT)
        client.send("40")
        made.settle()
        client.take()
        if not is_split:
            client.listen(lambda frame: left.append((str(frame), head(made, "CHAT"))), lambda *_: None)
        client.send(f'427["say",{json.dumps(pause)}]')
        made.advance(2)
        said = [(number, row) for text, row in left for number in numbers(text)]
        assert said
        assert all(number <= row for number, row in said), said
