"""The system of clients that come back: what the application and the clients tell is checked as it is told, the rest at rest."""

import json
import re
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from return_clients import Connection, Due, Person, Seat, Socket
from system_rest import _check_memory
from system_upgrade import Upgrading
from system_world import System

from shared_wire.testing import Actor
from socketio_do.testing.transports import Polling, Transport, WebSocket

__all__ = ["PROJECT", "Returning"]

PROJECT: Final = Path(__file__).parent / "returning"
_AT_REST_S: Final = 150
_SWEEPS: Final = 8
#: How long after its time an alarm may ring: so late as steps have them be, and a moment.
_LATEST_MS: Final = 62_000
_NUMBER: Final = re.compile(r'\\"news\\",\[?(\d+)')


class Returning(System):
    """Everything there is."""

    def __init__(
        self,
        random: Random,
        failures: float,
        recovery: dict[str, Any],
        *,
        is_split: bool,
        is_small: bool,
        is_tight: bool,
    ) -> None:
        self.recovery = {**recovery, "clients": lambda environ: "kind=python" not in environ["QUERY_STRING"]}
        #: Whether the log holds so little that anybody may be told.
        self.is_small = is_small
        #: Whether whoever comes back passes the middleware that there is.
        self.has_middleware = recovery.get("skip_middlewares") is False
        self.persons: list[Person] = []
        self.known: dict[str, Socket] = {}
        self.heard_numbers: set[int] = set()
        self.skippers: dict[int, Person] = {}
        super().__init__(random, failures, 8, is_tight=is_tight, is_split=is_split, project=PROJECT)

    @property
    def away_s(self) -> float:
        """For how long a client may be away."""
        return float(self.recovery["max_disconnection_s"])

    # -- what the application tells

    def connecting(self, server: str, sid: str, number: int, namespace: str) -> Socket:  # type: ignore[override]
        person = self.persons[number]
        assert sid not in self.known, f"{person}: connect is run again for {sid}"
        socket = self.known[sid] = Socket(sid, namespace, server, person)
        return socket

    def found(self, sid: str) -> Socket:
        return self.known[sid]

    async def look_at(self, sid: str, environ: Any) -> bool:
        """Be the middleware: let nearly everybody in, some after a while."""
        del environ
        self.note("middleware" if sid not in self.known else "middleware of who comes back")
        if self.random.random() < 0.1:
            await self.suspend()
        return self.random.random() < 0.97

    def came_back(self, sid: str) -> None:
        self.note("told that it is back")
        socket = self.known[sid]
        assert socket.is_accepted
        self.note_full()
        assert "full" in socket.excuses or not socket.is_gone, f"{socket.person}: {sid} came back after its disconnect"

    def emitted(self, sids: Iterable[str], kind: str) -> int:
        """Number an emission."""
        number = self.next_emission()
        self.note(f"emitted: {kind}")
        for sid in sids:
            self.known[sid].due.append(Due(number, kind, kind == "volatile"))
        return number

    def not_emitted(self, sids: Iterable[str], number: int) -> None:
        """Note that an emission failed, where storage is full."""
        for due in (due for sid in sids for due in self.known[sid].due if due.number == number):
            due.may_miss = True

    def kicked(self, socket: Socket) -> None:
        """Note that the application disconnects a socket: what its client sends it meanwhile is a fault, and ends its session."""
        socket.is_kicked = True
        for one in self.known.values():
            if one.person is socket.person:
                one.excuses.add("another was kicked")

    def parting(self, sid: str, reason: str) -> None:
        """Note that the handler of a disconnect begins."""
        socket = self.known[sid]
        assert socket.is_accepted, f"{sid}: disconnected, though it was never connected"
        is_repeated = "full" in socket.excuses or "reset while parting" in socket.excuses
        assert is_repeated or not socket.is_parting, f"{sid}: disconnected twice"
        socket.is_parting = True
        self.note(f"disconnect: {reason}")

    # -- what the clients tell

    def recovered(self, seat: Seat) -> None:
        self.note("recovered" if self.recovers("/other") else "recovered in some namespaces")
        assert seat.socket is not None
        self.note_full()
        is_well = (
            not {"full", "reset while parting"}.isdisjoint(seat.socket.excuses)
            or seat.socket.is_kicked  # it may have left while that was on its way
            or not seat.socket.is_parting
        )
        assert is_well, f"{seat.person}: recovered after its disconnect has begun"
        if len(seat.socket.due) > seat.taken:
            self.note("recovered what it missed")

    def not_recovered(self, seat: Seat) -> None:
        """Check that somebody who was told had to be."""
        socket = seat.socket
        assert socket is not None
        self.note_full()
        if not seat.is_recoverable:
            return
        away = self.world.loop.time() - seat.lost_s
        self.note("told")
        reasons = {*socket.excuses}
        reasons |= {"kicked"} if socket.is_kicked else set()
        reasons |= {"late"} if away >= self.away_s else set()
        reasons |= {"tight"} if self.is_tight else set()
        reasons |= {"small"} if self.is_small else set()
        assert reasons, f"{seat.person}: told after {away} s, for nothing: {socket.sid}"
        for reason in reasons if len(reasons) == 1 else ():
            self.note(f"told: {reason}")

    def heard(self, person: Person, number: int) -> None:
        """Note that an event has reached somebody."""
        assert number not in self.skippers, f"{self.skippers[number]} has not got {number}, which {person} has"
        self.heard_numbers.add(number)

    def skipped(self, person: Person, dues: list[Due]) -> None:
        """Note that somebody does without what may not have been sent."""
        for due in dues:
            if due.kind != "volatile":
                assert due.number not in self.heard_numbers, f"{person} has not got {due.number}, which others have"
                self.skippers[due.number] = person

    # -- actors

    def end_life(self, actor: Actor) -> None:
        """End a life in the middle of whatever it does, and its sockets with it."""
        self.note(f"{actor.binding} reset")
        for engine, server, _ in self.streams:
            if actor in (engine, server):
                self._note_broken(engine, server)
        self.is_disturbed = True
        if actor.binding != "ENGINE":
            self._cut(actor)
        actor.reset()

    def _cut(self, actor: Actor) -> None:
        last = self._last_logged(actor)
        is_sure = self.recovery.get("write") != "deferred"
        for socket in self.known.values():
            if socket.server != actor.name:
                continue
            socket.begun = socket.done
            if socket.is_parting and not socket.is_gone:
                socket.excuses.add("reset while parting")
            if not is_sure:
                socket.excuses.add("reset, and writing is put off")
            is_logged = self._head_number(actor) >= self._offset_number(socket)
            assert is_logged or not is_sure or actor in self.faults.were_full, f"{socket} has what is not in the log"
            for due in socket.due[self._taken(socket) :]:
                if not self._is_recoverable(socket) or (
                    due.number > last and (not is_sure or "full" in socket.excuses)
                ):
                    due.may_miss = True
                elif due.number > last:
                    due.is_void = True

    def _is_recoverable(self, socket: Socket) -> bool:
        return not socket.person.is_python and self.recovers(socket.namespace)

    def recovers(self, namespace: str) -> bool:
        """Return whether a namespace is recovered."""
        chosen = self.recovery.get("namespaces")
        return chosen is None or namespace in chosen

    def _taken(self, socket: Socket) -> int:
        seat = socket.person.seats.get(socket.namespace)
        return seat.taken if seat is not None and seat.socket is socket else 0

    def _last_logged(self, actor: Actor) -> int:
        if not self._has_log(actor):
            return -1
        found = actor.storage.sql.exec("SELECT entries FROM sio_log").raw()
        return max((int(number) for row in found for number in _NUMBER.findall(row[0])), default=-1)

    def _head_number(self, actor: Actor) -> int:
        found = actor.storage.sql.exec("SELECT number FROM sio_log").raw() if self._has_log(actor) else ()
        return max((int(row[0]) for row in found), default=-1)

    def _offset_number(self, socket: Socket) -> int:
        seat = socket.person.seats.get(socket.namespace)
        is_its = seat is not None and seat.socket is socket and seat.offset
        return int(str(seat.offset).partition(".")[0], 16) if seat is not None and is_its else -1

    def _has_log(self, actor: Actor) -> bool:
        found = actor.storage.sql.exec("SELECT count(*) FROM sqlite_master WHERE name IN ('sio_log', 'sio_parked')")
        return [row[0] for row in found.raw()] == [2]

    def excuse(self, why: str, actor: Actor | None = None) -> None:
        """Note why sockets may not be recovered."""
        for socket in self.known.values():
            if actor is None or socket.server == actor.name:
                socket.excuses.add(why)

    def note_full(self) -> None:
        """Note which objects could not write."""
        for actor in self.faults.were_full:
            if actor.binding != "ENGINE":
                self.excuse("full", actor)

    # -- clients

    def arrive(self) -> None:
        """Have somebody begin to connect."""
        number = len(self.persons)
        person = Person(number, self, self.random.random() < 0.15, self.random.randrange(2))
        self.persons.append(person)
        self.come_back(person)

    def come_back(self, person: Person) -> None:
        """Have somebody connect who has no connection; in one object, to the same."""
        if self.is_split:
            person.engine = self.random.randrange(2)
        connection = person.connection = Connection(person, person.engine)
        connection.transport = self._transport_of(connection)

    def _transport_of(self, connection: Connection) -> Transport:
        kind = "python" if connection.person.is_python else "javascript"
        path = f"/socket.io/?EIO=4&engine={connection.engine}&kind={kind}"
        hear = partial(self._noted, self._heard, connection)
        end = lambda _refusal: self._noted(self._ended, connection)  # noqa: E731
        choice = self.random.randrange(4)
        if choice == 0:
            return Upgrading(self.world, path, hear, end, self.note, is_patient=self.random.random() < 0.3)
        return (Polling if choice == 1 else WebSocket)(self.world, path, {}, hear, end)

    def _heard(self, connection: Connection, frame: str | bytes) -> None:
        assert isinstance(frame, str)
        person = connection.person
        if connection is not person.connection:
            return
        if frame[:1] == "0":
            connection.engine_sid, connection.is_open = json.loads(frame[1:])["sid"], True
            for seat in person.seats.values():
                self.ask(seat)
        elif frame[:1] == "4":
            self.note("packet received")
            person.receive(frame[1:])

    def ask(self, seat: Seat, plan: Any = ()) -> None:
        """Have somebody ask for a namespace."""
        seat.is_asked = True
        data = {**seat.claim(), "who": [seat.person.number, seat.namespace], "plan": [*plan]}
        seat.person.say(("0" if seat.namespace == "/" else f"0{seat.namespace},") + json.dumps(data))

    def _ended(self, connection: Connection) -> None:
        if connection is connection.person.connection:
            self.note("closed by the server")
            connection.person.lose()

    def part_from(self, person: Person, how: str) -> None:
        """Have somebody lose the connection."""
        connection = person.connection
        assert connection is not None
        person.lose()
        connection.is_open = False
        getattr(connection.transport, how)()
        self.note(f"broken: {how}")

    # -- time

    def settle(self) -> None:
        """Let everything travel, and check what must hold then."""
        self.note_full()
        rate = self.faults.rate
        self.faults.calm()
        for person in self.persons:
            if person.connection is not None and isinstance(person.connection.transport, Upgrading):
                person.connection.transport.hurry()
        self._run_out()
        for sweep in range(_SWEEPS):
            before = self.world.cost.rpcs
            self.world.advance(_AT_REST_S)
            self._run_out()
            if self.world.cost.rpcs == before and (self.is_split or sweep):
                break
        else:
            raise AssertionError("the sweeps never fall silent")
        self.check()
        self._check_at_rest()
        self.is_disturbed = self.faults.is_disturbed = False
        self.faults.given_up.clear()
        self.faults.were_full.clear()
        self.faults.rate = rate

    def _check_at_rest(self) -> None:
        for person in self.persons:
            if person.connection is not None:
                assert person.connection.is_open, f"{person}: never answered"
                self.counts["open at rest"] += 1
                for seat in person.seats.values():
                    self._check_seat(seat)
        for actor in self.actors:
            if actor.binding != "ENGINE":
                self._check_server(actor)
            if not any("full" in one.excuses for one in self.known.values() if one.server == actor.name):
                _check_memory(actor)

    def _check_seat(self, seat: Seat) -> None:
        seat.is_over = False
        assert seat.is_connected or not seat.is_asked, f"{seat.person}: not let into {seat.namespace}, and not refused"
        if not seat.is_connected:
            return
        assert seat.socket is not None
        assert not seat.missing(), f"{seat.person}: packets missing: {seat.missing()} of {seat.socket.sid}"
        assert not seat.lacks_offset
        assert seat.acked == len(seat.said), f"{seat.person}: answers missing: {seat.said[seat.acked :]}"
        is_known_gone = seat.socket.is_gone and not seat.socket.excuses & {"full", "lost on the way"}
        assert not is_known_gone, f"{seat.person}: connected as {seat.socket.sid}, which was disconnected"

    def _check_server(self, actor: Actor) -> None:
        if not self._has_log(actor):
            return

        def rows(query: str) -> set[tuple[Any, ...]]:
            return {tuple(row) for row in actor.storage.sql.exec(query).raw()}

        now_ms = self.world.loop.clock_ms()
        parked = dict(rows("SELECT engine_sid, due_ms FROM sio_parked"))
        for engine_sid, due_ms in parked.items():
            assert due_ms > now_ms - _LATEST_MS, f"{actor}: {engine_sid} is parked {now_ms - due_ms} ms too long"
        self.counts["parked at rest"] += len(parked)
        sessions = {sid for (sid,) in rows("SELECT engine_sid FROM sio_sessions")}
        open_sids = {one.connection.engine_sid for one in self.persons if one.connection is not None}
        is_full = any("full" in one.excuses for one in self.known.values() if one.server == actor.name)
        assert is_full or parked.keys() <= sessions, f"{actor}: parked {parked}, sessions {sessions}"
        assert sessions <= {*parked, *open_sids}, f"{actor}: ghosts {sessions - open_sids - parked.keys()}"
        there = {
            seat.socket.sid: person.connection.engine_sid
            for person in self.persons
            for seat in person.seats.values()
            if person.connection is not None and seat.is_connected and seat.socket is not None
        }
        sockets = {
            sid: (engine_sid, namespace, data)
            for sid, engine_sid, namespace, data in rows(
                "SELECT socket_sid, engine_sid, namespace, data FROM sio_sockets"
            )
        }
        expected = {one.sid: one for one in self.known.values() if one.server == actor.name and self._is_there(one)}
        too_few = {sid for sid in expected.keys() - sockets.keys() if "full" not in expected[sid].excuses}
        too_many = {sid for sid in sockets.keys() - expected.keys() if "full" not in self.known[sid].excuses}
        assert not too_many, f"{actor}: too many {too_many}"
        assert not too_few, f"{actor}: too few {too_few}"
        sockets = {sid: row for sid, row in sockets.items() if sid in expected}
        for sid, (engine_sid, namespace, data) in sockets.items():
            known = expected[sid]
            assert there.get(sid) == engine_sid or engine_sid in parked, f"{actor}: {sid} is nobody's: {engine_sid}"
            assert namespace == known.namespace
            kept = "{}" if known.data is None else json.dumps({"number": known.data}, separators=(",", ":"))
            assert data == kept, f"{sid}: {data} where {kept} was saved"
        here = [expected[sid] for sid in sockets if "full" not in expected[sid].excuses]
        rooms = {(one.namespace, json.dumps(room), one.sid) for one in here for room in one.rooms}
        found = {
            row
            for row in rows("SELECT namespace, room, socket_sid FROM sio_rooms")
            if "full" not in self.known[row[2]].excuses
        }
        assert found == rooms, f"{actor}: rooms {found ^ rooms}"

    def _is_there(self, socket: Socket) -> bool:
        return socket.is_accepted and not socket.is_gone
