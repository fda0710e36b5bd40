"""What an application writes, with types: mypy checks that it fits, and a part is run so that it is not only words.

The typed examples (`typing/`) leave no public name out.
"""

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from server_fakes import World, socket_sid
from server_members import METHODS

import socketio_do
from socketio_do import Answers, DurableServer, EventRefusedError, SocketDescription

API = (Path(__file__).parent / "typing" / "api.py").read_text(encoding="utf-8")
DURABLE = (Path(socketio_do.__file__).parent / "durable" / "__init__.py").read_text(encoding="utf-8")

#: What can be imported, and what can be imported in a Worker only.
EXPORTS = [*socketio_do.__all__, *re.findall(r'"(\w+)"', DURABLE.partition("__all__")[2].partition("]")[0])]

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


@pytest.mark.parametrize("name", EXPORTS)
def test_every_public_name_is_imported_and_used(name: str) -> None:
    assert len(re.findall(rf"\b{name}\b", API)) > 1


def public_methods() -> list[str]:
    refused = {name for name, member in METHODS.items() if member.status == "refused"}
    called_by_the_actor = {"expire", "has_log", "write_log"}
    called_by_the_actor |= {name for name in dir(DurableServer) if name.startswith("receive_")}
    methods = {name for name in dir(DurableServer) if name[0] != "_" and callable(getattr(DurableServer, name))}
    return sorted(methods - refused - called_by_the_actor - {"reason"})


@pytest.mark.parametrize("name", public_methods())
def test_every_method_is_called(name: str) -> None:
    assert re.search(rf"\bsio\.{name}\b", API)


@pytest.mark.parametrize("name", ["emit", "emit_with_ack", "call", "send", "disconnect_sockets"])
def test_every_option_is_given(name: str) -> None:
    calls = [
        node
        for node in ast.walk(ast.parse(API))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == f"sio.{name}"
    ]
    given = {keyword.arg for call in calls for keyword in call.keywords} | {"event", "data", "room", "namespace"}
    assert set(inspect.signature(getattr(DurableServer, name)).parameters) - {"self"} <= given
