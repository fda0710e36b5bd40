"""What the shells owe in moments that clients hardly see: an end that nobody tells, an alarm that rings early, a new life."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared_wire.testing.faults import LOST, Fate, Faults
from socketio_do.testing import World

#: After it the alarm has looked at all sessions.
SWEPT_S = 60


def configure(sio: Any) -> None:
    @sio.event
    async def wait(sid: str, seconds: float) -> str:
        await asyncio.sleep(seconds)
        return "waited"

    @sio.event
    async def later(sid: str) -> None:
        await asyncio.sleep(1)
        await sio.emit("late")

    @sio.event
    async def ask(sid: str) -> None:
        await sio.emit("question", to=sid, callback=print)

    @sio.event
    async def remind(sid: str) -> None:
        await sio.emit("well", to=sid, callback="answered", callback_context=sid, timeout=5)

    @sio.on_answer("answered")
    async def answered(sid: str, context: Any, *answer: Any) -> None: ...

    @sio.on_no_answer("answered")
    async def silent(sid: str, context: Any, reason: str) -> None:
        await sio.emit("no answer", to=sid)

    @sio.event
    async def many(sid: str, count: int) -> None:
        for number in range(count):
            await sio.emit("much", f"{number} {'x' * 100_000}", to=sid)


class Unreachable(Faults):
    """No call of the link arrives."""

    def call(self, target: Any, method: str) -> Fate:
        """Return what becomes of a call."""
        return LOST if method == "link" else super().call(target, method)


@pytest.fixture
def world() -> Iterator[World]:
    with World.of(configure, is_split=True) as made:
        yield made


def test_a_session_that_polls_is_there_between_two_polls_when_another_has_left(world: World) -> None:
    path = "/socket.io/?EIO=4&transport=polling"
    leaver, other = (json.loads(world.fetch(path).data[1:])["sid"] for _ in range(2))
    assert world.fetch(f"{path}&sid={leaver}", method="POST", body="1").status == 200
    world.advance(15)
    assert world.fetch(f"{path}&sid={other}", method="POST", body="40").status == 200
    assert world.fetch(f"{path}&sid={other}").data.startswith(b"40")


def test_a_reset_takes_a_handler_and_its_client_is_told_by_the_next_sweep(world: World) -> None:
    client, quiet = world.client(), world.client()
    world.advance(2 * SWEPT_S)
    client.emit("wait", 1_000)
    world.reset("Socket")
    world.advance(SWEPT_S)
    assert (client.disconnected, quiet.disconnected) == ("transport close", None)


def test_a_peer_that_cannot_be_reached_costs_its_clients_their_connections(world: World) -> None:
    client = world.client()
    world.faults = Unreachable()
    client.emit("ask")
    world.advance(SWEPT_S)
    assert client.disconnected == "transport close"


def test_after_a_peer_was_given_up_its_new_life_costs_all_clients_their_connections(world: World) -> None:
    client, quiet, other = world.client(), world.client(), world.client()
    world.faults = Unreachable()
    client.emit("ask")
    world.advance(SWEPT_S)
    assert quiet.disconnected is None
    world.reset("Socket")
    world.faults = Faults()
    other.emit("ask")
    assert quiet.disconnected == "transport close", "nobody knows what the life that is over has done for it"


def test_who_has_missed_a_packet_is_closed(world: World) -> None:
    client, quiet = world.client(), world.client()
    client.emit("later")
    world.faults = Unreachable()
    world.advance(SWEPT_S)
    world.faults = Faults()
    world.advance(SWEPT_S)
    assert quiet.received("late") == []
    assert quiet.disconnected == "transport close"


def test_no_life_uses_an_id_of_the_life_before(world: World) -> None:
    socket = world.connect("/socket.io/?EIO=4&transport=websocket")
    socket.send("40")
    ids = set()
    for _ in range(2):
        socket.send('42["ask"]')
        world.settle()
        ids.add(str(socket.take()[-1]).partition("[")[0])
        world.reset("Socket")
        world.advance(0.01)
    assert len(ids) == 2


def test_a_deadline_passes_again_and_again_in_one_life(world: World) -> None:
    client = world.client()
    for _ in range(3):
        client.emit("remind")
        world.advance(6)
    assert len(client.received("no answer")) == 3


def test_an_alarm_that_rings_early_rings_again(world: World) -> None:
    client = world.client()
    client.emit("remind")
    actor = world.actor("SOCKET", "main")
    assert actor._alarm is not None
    actor._alarm.cancel()
    actor._ring()
    world.settle()
    assert client.received("no answer") == []
    world.advance(6)
    assert len(client.received("no answer")) == 1


def test_what_waits_for_the_way_to_be_free_goes_on_when_it_is(world: World) -> None:
    client = world.client()
    client.emit("many", 200)
    assert len(client.received("much")) == 200


def test_the_layout_of_the_tables_is_stored_with_them(world: World) -> None:
    world.client()
    assert world.actor("SOCKET", "main").storage.kv.get("socketio_do:schema") is not None


def test_a_report_that_a_later_release_stores_otherwise_is_compared_anew(world: World) -> None:
    world.client()
    engine, rows = world.actor("ENGINE", "e0"), world.actor("SOCKET", "main").storage.sql
    world.reset("ENGINE")
    engine.storage.kv.put("engine_do:report:main", ["a report of another kind"])
    assert rows.exec("SELECT count(*) FROM sio_sessions").raw().toArray() == [[1]]
    world.advance(SWEPT_S)
    assert rows.exec("SELECT count(*) FROM sio_sessions").raw().toArray() == [[0]]


def test_in_one_object_a_disconnect_handler_that_a_reset_cuts_short_runs_again_though_nobody_else_is_there() -> None:
    told: list[str] = []

    def take_leave(sio: Any) -> None:
        @sio.event
        async def disconnect(sid: str, reason: str) -> None:
            told.append(reason)
            await asyncio.sleep(100)
            told.append("done")

    with World.of(take_leave) as world:
        world.client()
        world.reset("Chat")
        world.advance(SWEPT_S)
        world.reset("Chat")
        world.advance(SWEPT_S)
        assert told == ["transport error", "transport error"]
        world.advance(3 * SWEPT_S)
        assert told == ["transport error", "transport error", "done"]
