"""What must hold when nothing is under way and the alarm's sweep has nothing to say."""

import json
from typing import Protocol

from memory import check_caches, check_link, check_server
from whole_application import ENGINE, Gate, SocketSide
from whole_clients import FORGIVEN, Client, Stream
from whole_engine import PEER, EngineSide

from shared_wire import EngineSid

__all__ = ["Resting", "check_at_rest"]


class Resting(Protocol):
    """The world at rest."""

    live: dict[EngineSid, Client]
    gates: list[Gate]
    engine: EngineSide
    socket: SocketSide


def check_at_rest(world: Resting) -> None:
    """Check everything."""
    assert not world.gates
    for client in world.live.values():
        _check_client(client)
    _check_engine(world)
    _check_rows(world)
    check_caches(world.socket.membership)
    check_server(world.socket.server)
    assert world.socket.hub.is_quiet, "work is left in a lane"
    check_link(world.engine.driver, PEER)
    check_link(world.socket.driver, ENGINE)
    for side in (world.engine, world.socket):
        assert not side.is_busy, f"{side.name}: kept awake although everything is done"


def _check_client(client: Client) -> None:
    sid = client.engine_sid
    assert client.is_open or client.is_known is not True, f"{sid}: a ghost"
    for stream in client.all_streams:
        if not client.is_open or stream.is_kicked:
            assert stream.is_gone or not stream.is_accepted or client.is_open, f"{sid}: never disconnected"
    if not client.is_open:
        return
    assert not client.is_announced or client.is_known, f"{sid}: open, and the application does not know it"
    assert client.excuse in ("", FORGIVEN), f"{sid}: open, although it is closed for: {client.excuse}"
    assert not client.doom, f"{sid}: open, though {client.doom}"
    assert client.confirmed_up == client.work_up, f"{sid}: handled, and the engine actor does not know"
    for stream in client.all_streams:
        _check_stream(stream)


def _check_stream(stream: Stream) -> None:
    sid = stream.engine_sid
    if not stream.is_kicked:
        assert stream.done == stream.sent, f"{sid}: {stream.sent - stream.done} events missing"
    missing = [due.packet for due in stream.expected if not due.is_cut]
    assert not missing, f"{sid}: packets missing: {missing}"
    own = [due.packet for due in stream.expected if due.is_own]
    assert not own, f"{sid}: open, though packets of its own are missing: {own}"
    stream.expected.clear()


def _check_engine(world: Resting) -> None:
    there = {session.engine_sid for session in world.engine.sessions()}
    assert there == {sid for sid, client in world.live.items() if client.is_open}
    assert world.engine.is_settled, "the report is not settled"
    assert world.engine.is_armed or not there, "nobody watches the sessions"
    for session in world.engine.sessions():
        has_joined = any(stream.is_connected for stream in world.live[session.engine_sid].all_streams)
        assert not has_joined or session.deadline_ms is None, f"{session.engine_sid}: joined, and has a deadline"


def _check_rows(world: Resting) -> None:
    database = world.socket.database
    known = {sid for sid, client in world.live.items() if client.is_open and client.is_announced}
    assert {row[0] for row in database.rows("sio_sessions")} == known
    streams = [one for sid in known for one in world.live[sid].all_streams if one.is_accepted and not one.is_gone]
    sockets = {(one.socket_sid, one.engine_sid, one.namespace, ENGINE, _data(one)) for one in streams}
    assert {row[:5] for row in database.rows("sio_sockets")} == sockets
    rooms = {(one.namespace, json.dumps(room), one.socket_sid) for one in streams for room in one.rooms}
    assert set(database.rows("sio_rooms")) == rooms
    assert not database.rows("sio_callbacks")


def _data(stream: Stream) -> str:
    return "{}" if stream.data is None else json.dumps({"number": stream.data}, separators=(",", ":"))
