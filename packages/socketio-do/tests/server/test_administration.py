import re
from typing import Any

import pytest
from server_fakes import ENGINE, Log, World, finish, socket_sid

from shared_wire import CloseSessions, EngineSid
from socketio_do.errors import ConfigError, LimitError
from socketio_do.server.administration import SocketDescription
from socketio_do.state import membership, rooms

S1, S2, S3, S4 = (socket_sid(number) for number in range(1, 5))


@pytest.fixture
def world() -> World:
    """Three clients; the third is in another namespace too. Rooms: a = {1, 2}, b = {2, 3}."""
    world = World(namespaces=["/", "/chat"])
    for client in ("e1", "e2", "e3"):
        world.connect(client, FROM=client)
    world.connect("e3", "/chat")
    for sid, room in ((S1, "a"), (S2, "a"), (S2, "b"), (S3, "b")):
        finish(world.sio.enter_room(sid, room))
    world.forget()
    return world


SELECTIONS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {S1, S2, S3}),
    ({"room": "a"}, {S1, S2}),
    ({"room": ["a", "b"]}, {S1, S2, S3}),
    ({"room": S3}, {S3}),
    ({"room": "nobody"}, set()),
    ({"except_rooms": "a"}, {S3}),
    ({"room": "a", "except_rooms": "b"}, {S1}),
    ({"room": ["a", "b"], "except_rooms": ["b", S1]}, set()),
    ({"except_rooms": []}, {S1, S2, S3}),
    ({"namespace": "/chat"}, {S4}),
]


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(("selection", "sids"), SELECTIONS)
def test_each_way_to_select_sockets_selects_each_once(
    world: World, selection: dict[str, Any], sids: set[str], reset: bool
) -> None:
    if reset:
        world.reset()
    sio = world.sio
    assert finish(sio.room_size(**selection)) == len(sids)
    assert {one.sid for one in finish(sio.fetch_sockets(**selection))} == sids
    finish(sio.emit("x", **selection))
    sent = [engine_sid for _, operation in world.sends() for engine_sid in operation.engine_sids]
    assert sorted(sent) == sorted({S1: "e1", S2: "e2", S3: "e3", S4: "e3"}[sid] for sid in sids)


def test_a_socket_is_described_with_all_that_survives(world: World) -> None:
    finish(world.sio.save_session(S2, {"n": [1]}))
    world.reset()
    (found,) = finish(world.sio.fetch_sockets(S2))
    assert found == SocketDescription(
        sid=S2, namespace="/", rooms=(S2, "a", "b"), session={"n": [1]}, environ={"FROM": "e2"}
    )


def test_what_is_described_is_a_copy(world: World) -> None:
    (found,) = finish(world.sio.fetch_sockets(S1))
    found.session["lost"] = 1
    assert finish(world.sio.get_session(S1)) == {}


def test_a_socket_that_connects_counts(world: World) -> None:
    sizes: list[int] = []

    async def connect(sid: str, environ: Any) -> bool:
        sizes.append(await world.sio.room_size())
        return False

    world.sio.on("connect", connect)
    world.open("e4")
    world.receive("e4", "0")
    assert (sizes, finish(world.sio.room_size())) == ([4], 3)


def test_sockets_join_rooms_durably_in_one_statement(world: World) -> None:
    world.database.take()
    finish(world.sio.sockets_join("a", ["x", "y", "b"]))
    assert len(world.database.take("INSERT")) == 1
    world.reset()
    assert [world.sio.rooms(sid) for sid in (S1, S2, S3)] == [
        [S1, "a", "b", "x", "y"],
        [S2, "a", "b", "x", "y"],
        [S3, "b"],
    ]


def test_sockets_leave_rooms_durably_in_one_statement(world: World) -> None:
    world.database.take()
    finish(world.sio.sockets_leave(None, ["a", "b", "never"]))
    assert len(world.database.take("DELETE")) == 1
    world.reset()
    assert [world.sio.rooms(sid) for sid in (S1, S2, S3)] == [[S1], [S2], [S3]]


def test_nothing_is_written_where_nothing_changes(world: World) -> None:
    world.database.take()
    finish(world.sio.sockets_join("a", "a"))
    finish(world.sio.sockets_leave("a", "never"))
    finish(world.sio.sockets_join("nobody", "x"))
    assert world.database.take("INSERT") == world.database.take("DELETE") == []


def test_nobody_joins_a_sockets_own_room(world: World) -> None:
    with pytest.raises(ValueError, match="cannot enter a sid room"):
        finish(world.sio.sockets_join("a", ["x", S3]))
    assert world.sio.rooms(S1) == [S1, "a"]


def test_a_socket_with_too_many_rooms_enters_none_and_the_others_do(
    world: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (membership, rooms):
        monkeypatch.setattr(module, "MAX_ROOMS", 2)
    finish(world.sio.sockets_join(None, "x"))
    assert [world.sio.rooms(sid) for sid in (S1, S2, S3)] == [[S1, "a", "x"], [S2, "a", "b"], [S3, "b", "x"]]
    assert log.take("WARNING") == ["= 1 sockets entered no more rooms: they are in 1000 already"]


def test_a_client_that_enters_too_many_rooms_is_closed(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (membership, rooms):
        monkeypatch.setattr(module, "MAX_ROOMS", 2)
    caught: list[str] = []

    def register(sio: Any) -> None:
        @sio.event
        async def join(sid: str, room: str) -> None:
            await sio.enter_room(sid, room)

        @sio.event
        async def careful(sid: str, room: str) -> None:
            try:
                await sio.enter_room(sid, room)
            except LimitError as error:
                caught.append(str(error))

        assert [join, careful]

    world = World(register)
    world.connect("e1")
    world.receive("e1", '2["join","a"]', '2["join","b"]', '2["join","b"]', '2["careful","c"]')
    assert (caught, world.closes()) == (["in 2 rooms already"], [])
    world.receive("e1", '2["join","c"]')
    assert world.closes() == [(ENGINE, CloseSessions((EngineSid("e1"),), "transport error"))]
    assert log.take("WARNING") == ["= session e1 closed: in 2 rooms already"]


def test_sockets_are_disconnected_from_their_namespace_and_their_handlers_run(world: World) -> None:
    calls: list[str] = []
    world.sio.on("disconnect", lambda sid: calls.append(sid))
    finish(world.sio.disconnect_sockets("a"))
    assert calls == [S1, S2]
    assert [world.take(client) for client in ("e1", "e2", "e3")] == [["1"], ["1"], []]
    assert finish(world.sio.room_size()) == 1
    assert world.closes() == []


def test_one_whose_handler_raises_stops_no_other(world: World, log: Log) -> None:
    world.sio.on("disconnect", lambda: None)
    finish(world.sio.disconnect_sockets())
    assert finish(world.sio.room_size()) == 0
    assert len(log.take("ERROR")) == 3


def test_connections_are_closed_whole_when_asked(world: World) -> None:
    finish(world.sio.disconnect_sockets("b", except_rooms="a", close=True))
    assert world.closes() == [(ENGINE, CloseSessions((EngineSid("e3"),), "server disconnect"))]
    assert world.sends() == []


def test_a_parent_means_all_its_children() -> None:
    rooms = re.compile("/room-.")
    world = World(lambda sio: sio.on("x", print, namespace=rooms))
    for client, namespace in (("e1", "/room-1"), ("e2", "/room-2"), ("e3", "/")):
        world.connect(client, namespace)
    finish(world.sio.sockets_join(None, "x", namespace=rooms))
    assert {one.namespace for one in finish(world.sio.fetch_sockets("x", namespace=rooms))} == {"/room-1", "/room-2"}
    finish(world.sio.disconnect_sockets("x", namespace=rooms))
    assert finish(world.sio.room_size(namespace=rooms)) == 0
    assert finish(world.sio.room_size()) == 1


def test_nothing_here_yields(world: World) -> None:
    sio = world.sio
    for step in (
        sio.room_size("a"),
        sio.fetch_sockets(),
        sio.sockets_join("a", "x"),
        sio.sockets_leave("a", "x"),
        sio.disconnect_sockets("a"),
    ):
        finish(step)
    assert world.runtime.tasks == []


def test_the_admin_page_is_refused_with_what_there_is_instead(world: World) -> None:
    with pytest.raises(ConfigError, match="fetch_sockets"):
        world.sio.instrument(auth=False)
