"""What must hold when nothing is under way, and the alarms' sweeps have nothing to say."""

import json
from typing import Any, Protocol

from memory import check_caches, check_link, check_server
from system_clients import Client, Stream
from system_upgrade import Upgrading

from shared_wire.testing import Actor
from socketio_do.testing.transports import Polling, Transport

__all__ = ["Resting", "check_at_rest", "check_prompt"]


class Resting(Protocol):
    """The system at rest."""

    live: dict[int, Client]
    gates: list[tuple[Any, Any]]

    @property
    def actors(self) -> list[Actor]:
        """All actors."""

    def was_full(self, server: str) -> bool:
        """Return whether something that an object with an application wanted to write was not written."""

    def server_of(self, stream: Stream) -> str:
        """Name the object whose application serves a stream."""


def check_at_rest(system: Resting) -> None:
    """Check everything."""
    assert not system.gates
    for client in system.live.values():
        _check_client(system, client)
    for actor in system.actors:
        life = actor.life
        polls = actor.binding != "SOCKET" and any(_polls(one.transport) for one in system.live.values())
        if life is not None and not polls:  # a GET that waits keeps its actor awake
            assert not life.keeps_awake(), f"{actor}: kept awake by {life.keeps_awake()} although everything is done"
        if actor.binding != "SOCKET":
            _check_engine(system, actor)
        # Where the opener ended before it had its stream, nobody is told, and the next one takes its place.
        left = [ws for ws in actor.sockets if ws.client._listener is not None] if actor.binding == "SOCKET" else []
        assert not left, f"{actor}: a stream is left open"
        if actor.binding != "ENGINE":
            _check_rows(system, actor)
        _check_memory(actor)


def _polls(transport: Transport) -> bool:
    return isinstance(transport, Polling) and not (isinstance(transport, Upgrading) and not transport.polls)


def check_prompt(system: Resting) -> None:
    """Check what must hold without any sweep, where nothing has gone wrong: packets have arrived, and ends were told."""
    for client in system.live.values():
        if client.is_open and not client.excuse:
            late = [due.packet for stream in client.all_streams for due in stream.expected if not due.is_cut]
            assert not late, f"{client}: packets are late: {late}"
    known = {one.engine_sid for one in system.live.values() if one.is_open or one.excuse == "it is gone" or _asks(one)}
    for actor in system.actors:
        if actor.binding != "ENGINE" and _has_tables(actor):
            ghosts = {row[0] for row in actor.storage.sql.exec("SELECT engine_sid FROM sio_sessions").raw()} - known
            assert not ghosts, f"{actor}: ends are not told: {ghosts}"
    if not any(_asks(one) or one.attachment is not None for one in system.live.values()):
        for actor in system.actors:
            _check_memory(actor)


def _asks(client: Client) -> bool:
    """Return whether a handler may still wait for an answer of a client."""
    return any(stream.begun != stream.done for stream in client.all_streams)


def _check_memory(actor: Actor) -> None:
    """Check what an object that is awake holds."""
    life = actor.life
    if life is None:
        return
    if actor.binding != "ENGINE":
        check_caches(life.instance._membership)
        check_server(life.instance._server)
    if actor.binding == "CHAT":
        assert not life.instance._application._later, "what was put off is not done"
        return
    driver = life.instance._application.driver if actor.binding == "ENGINE" else life.instance._placement._driver
    for peer in list(driver._links):
        check_link(driver, peer)


def _check_client(system: Resting, client: Client) -> None:
    assert client.is_open is not None, f"{client}: never answered"
    for stream in client.all_streams:
        if system.was_full(system.server_of(stream)):
            continue  # that it is connected may not have been stored, and a reset after that forgets it
        if not client.is_open or stream.is_kicked:
            assert stream.is_gone or not stream.is_accepted or client.is_open, f"{client}: never disconnected"
    if not client.is_open:
        return
    is_fine = not client.excuse or client.excuse.endswith("life ended")
    assert is_fine, f"{client}: open, although it is closed because {client.excuse}"
    assert not client.doom, f"{client}: open, though {client.doom}"
    for stream in client.all_streams:
        _check_stream(stream)


def _check_stream(stream: Stream) -> None:
    if not stream.is_kicked:
        assert stream.done == stream.sent, f"{stream.client}: {stream.sent - stream.done} events missing"
    missing = [due.packet for due in stream.expected if not due.is_cut]
    assert not missing, f"{stream.client}: packets missing: {missing}"
    own = [due.packet for due in stream.expected if due.is_own]
    assert not own, f"{stream.client}: open, though packets of its own are missing: {own}"
    stream.expected.clear()


def _check_engine(system: Resting, actor: Actor) -> None:
    engine_sids = {one.engine_sid for one in system.live.values() if one.is_open and f"e{one.engine}" == actor.name}
    life = actor.life or actor.wake()
    sessions = list(life.within(lambda: list(life.instance._sessions._open())))
    found = {one.engine_sid for one in sessions}
    assert found == engine_sids, f"{actor}: without client {found - engine_sids}, without session {engine_sids - found}"
    assert actor.storage.alarm_ms is not None or not sessions, f"{actor}: nobody watches the sessions"


def _has_tables(actor: Actor) -> bool:
    """Return whether an object with an application has begun once: one that was full could not."""
    return bool(actor.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'sio_sockets'").raw().toArray())


def _check_rows(system: Resting, actor: Actor) -> None:
    def rows(columns: str, table: str) -> set[tuple[Any, ...]]:
        return {tuple(row) for row in actor.storage.sql.exec(f"SELECT {columns} FROM {table}").raw()}

    if not _has_tables(actor):
        return
    streams = [
        one
        for client in system.live.values()
        if client.is_open
        for one in client.all_streams
        if system.server_of(one) == actor.name
    ]
    there = [one for one in streams if one.is_accepted and not one.is_gone]
    sessions = {sid for (sid,) in rows("engine_sid", "sio_sessions")}
    open_sids = {one.engine_sid for one in system.live.values() if one.is_open}
    assert sessions <= open_sids, f"{actor}: ghosts: {sessions - open_sids}"
    assert sessions >= {one.client.engine_sid for one in there}, f"{actor}: sessions are missing"
    sockets = {
        (one.socket_sid, one.client.engine_sid, one.namespace, f"e{one.client.engine}", _data(one)) for one in there
    }
    assert rows("socket_sid, engine_sid, namespace, actor, data", "sio_sockets") == sockets
    rooms = {(one.namespace, json.dumps(room), one.socket_sid) for one in there for room in one.rooms}
    assert rows("namespace, room, socket_sid", "sio_rooms") == rooms
    assert not rows("*", "sio_callbacks")


def _data(stream: Stream) -> str:
    return "{}" if stream.data is None else json.dumps({"number": stream.data}, separators=(",", ":"))
