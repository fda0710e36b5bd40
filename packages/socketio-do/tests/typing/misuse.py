"""What a type checker must refuse: each line has an error that is expected, and mypy says so where there is none."""

import re
from collections.abc import Mapping
from typing import Any

from socketio_do import Answers, DurableServer, SocketDescription
from socketio_do.durable import Emitter, SocketActor


class Misconfigured(SocketActor):
    peer_binding = 5  # type: ignore[assignment]
    handler_timeout_s = "120"  # type: ignore[assignment]

    def configure(self, sio: str) -> None: ...  # type: ignore[override]


def register(sio: DurableServer) -> None:
    @sio.on_room("enter")  # type: ignore[call-overload, untyped-decorator]
    def entered(room: str, sid: str) -> None: ...

    @sio.event(namespace=7)  # type: ignore[call-overload, untyped-decorator]
    def event(sid: str) -> None: ...

    @sio.use_packet
    def judge(event: str) -> bool:
        return True

    judge(7)  # type: ignore[arg-type]
    sio.on(7, print)  # type: ignore[call-overload]
    sio.use("authenticate")  # type: ignore[call-overload]
    sio.on_answer(print, "seen")  # type: ignore[call-overload]
    sio.on_recovered("welcome")  # type: ignore[call-overload]
    welcome: str = sio.recovered("a sid")  # type: ignore[assignment]
    assert welcome
    sio.register_namespace("/chat")  # type: ignore[arg-type]
    assert [entered, event]


async def use(sio: DurableServer, sid: str) -> None:
    await sio.emit("said", rooms="misspelt")  # type: ignore[call-arg]
    await sio.emit("said", None, None, None, None, None, None, False, "a room")  # type: ignore[call-arg]
    await sio.emit("said", timeout="60")  # type: ignore[arg-type]
    await sio.call("said", to=["a", "b"])  # type: ignore[arg-type]
    await sio.enter_room(sid, ["a", "b"])  # type: ignore[arg-type]
    await sio.sockets_join("a")  # type: ignore[call-arg]
    await sio.disconnect(7)  # type: ignore[arg-type]
    number: str = await sio.room_size("a")  # type: ignore[assignment]
    sio.environ["an engine sid"] = {}  # type: ignore[index]
    sio.start_background_task(sio.emit)  # type: ignore[call-arg]
    assert number


def change(answers: Answers, socket: SocketDescription) -> None:
    answers.missing = ()  # type: ignore[misc]
    socket.rooms = ()  # type: ignore[misc]
    socket.environ["REMOTE_ADDR"] = ""  # type: ignore[index]


def parent(pattern: re.Pattern[bytes], sio: DurableServer) -> Mapping[str, Any]:
    sio.use(print, namespace=pattern)  # type: ignore[arg-type]
    return sio.get_environ("a sid")  # type: ignore[return-value]


async def emit_from_elsewhere(env: Any) -> None:
    await Emitter(env.SOCKET, 7).emit("tick")  # type: ignore[arg-type]
    await Emitter(env.SOCKET).emit({"event": "tick"})  # type: ignore[arg-type]
    await Emitter(env.SOCKET).rooms()  # type: ignore[call-arg]
