"""What an application writes, with types: mypy checks that it fits, and it is run so that it is not only words."""

import re
from typing import Any

from server_fakes import World, socket_sid

from socketio_do import Answers, DurableServer, EventRefusedError, SocketDescription

ROOMS = re.compile(r"/room-\d+")


def register(sio: DurableServer) -> None:
    @sio.use(namespace=ROOMS)
    async def authenticate(namespace: str, sid: str, environ: dict[str, str], auth: Any) -> None:
        await sio.save_session(sid, {"nick": auth["nick"]}, namespace=namespace)

    @sio.use_packet(namespace=ROOMS)
    async def judge(namespace: str, event: str, sid: str, *args: Any) -> bool:
        if event == "forbidden":
            raise EventRefusedError("no")
        return event != "ignored"

    @sio.on_room("join", namespace=ROOMS)
    async def joined(namespace: str, room: str, sid: str) -> None:
        size: int = await sio.room_size(room, namespace=namespace)
        await sio.emit("joined", (room, size), namespace=namespace, except_rooms="deaf", volatile=True)

    @sio.event(namespace=ROOMS)
    async def join(namespace: str, sid: str, room: str) -> list[str]:
        await sio.sockets_join(sid, [room], namespace=namespace)
        found: list[SocketDescription] = await sio.fetch_sockets(room, namespace=namespace)
        return [one.session["nick"] for one in found]

    @sio.event(namespace=ROOMS)
    async def poll(namespace: str, sid: str) -> None:
        answers: Answers = await sio.emit_with_ack("ready", namespace=namespace, timeout=1)
        await sio.emit(
            "done", [answers.answers, list(answers.missing)], namespace=namespace, callback="seen", timeout=60
        )

    @sio.on_answer("seen")
    async def seen(context: None, sid: str, *answer: Any) -> None:
        await sio.disconnect_sockets(sid, namespace=ROOMS)

    assert [authenticate, judge, joined, join, poll, seen]


def test_a_typed_application_runs() -> None:
    sid = socket_sid(1)
    world = World(register)
    world.open("e1")
    world.receive(
        "e1", '0/room-1,{"nick":"Ada"}', '2/room-1,1["join","a"]', '2/room-1,2["forbidden"]', '2/room-1,["poll"]'
    )
    world.receive("e1", "3/room-1,1000[true]", "3/room-1,1001[]")
    assert world.take("e1") == [
        f'0/room-1,{{"sid":"{sid}"}}',
        '2/room-1,["joined","a",1]',
        '3/room-1,1[["Ada"]]',
        '3/room-1,2["no"]',
        '2/room-1,1000["ready"]',
        f'2/room-1,1001["done",[{{"{sid}":true}},[]]]',
        "1/room-1,",
    ]
