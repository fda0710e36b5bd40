"""The whole system in one process: clients, two engine actors, two socket actors, their shells and the runtime's model.

In the other placement there are two objects, each with the sockets of some clients and an application of its own.

Driven by one seed. The application says what it is about to do (`entry.JUDGE`), the clients what they get; each is checked then.
"""

import itertools
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from functools import partial
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, Final

from expected_packets import EVENT, Expected, namespace_of
from mixed_builds import Builds
from system_clients import Client, Stream, rests
from system_faults import Unreliable
from system_rest import check_at_rest, check_prompt
from system_upgrade import Upgrading

from engine_do.session.quiet import QUIET_MS
from shared_wire import Life
from shared_wire.limits import MAX_ATTEMPTS
from shared_wire.testing import Actor, World
from shared_wire.testing.loop import current_life
from shared_wire.testing.sockets import ServerSocket
from shared_wire.testing.values import LifeOver
from socketio_do.testing.transports import Polling, Transport, WebSocket

__all__ = ["ENGINES", "PROJECT", "System"]

PROJECT: Final = Path(__file__).parent / "system"
ENGINES: Final = ("e0", "e1")
SERVERS: Final = ("main", "other")
#: Seconds of virtual time in which everything that goes wrong has been found: pings, timeouts, repeats of calls.
_AT_REST_S: Final = 150
#: Seconds in which all arrives that needs no sweep and no repeat.
_PROMPT_S: Final = 1
#: How many times nothing is under way and a sweep still has something to say, before that is an endless loop.
_SWEEPS: Final = 8


class System:
    """Everything there is."""

    def __init__(
        self,
        random: Random,
        failures: float,
        most_clients: int,
        *,
        is_tight: bool = False,
        is_split: bool = True,
        project: Path = PROJECT,
    ) -> None:
        self.random = random
        self.is_split = is_split
        self.most_clients = most_clients
        self.is_tight = is_tight
        self.counts: Counter[str] = Counter()
        self.clients: dict[int, Client] = {}
        #: Those that the server may still have.
        self.live: dict[int, Client] = {}
        self.sockets: dict[str, Stream] = {}
        self.gates: list[tuple[Any, Any]] = []
        self._emissions = itertools.count(1)
        #: The questions of which it is to be told what became, with the life that asked; and those of which it was told.
        self.asked: dict[int, Life] = {}
        self.settled_questions: set[int] = set()
        self.is_disturbed = False
        #: Whether a quiet moment may hold up what is sent: the next one begins by itself where one came to nothing.
        self.is_deployed = False
        self.faults_found: list[AssertionError] = []
        #: Where each object's next life may run another build.
        self.builds: Builds | None = None
        self.world = World.load(project, JUDGE=self)
        self.faults = self.world.faults = Unreliable(random, failures, self.counts)

    def mix_builds(self, entry: ModuleType) -> None:
        """Let objects run another build, whose main module is given."""
        self.builds = Builds(self.world, entry, self.actors, self.note)

    # -- what the application tells

    def connecting(self, sid: str, number: int, namespace: str) -> Stream:
        """Return the stream that a socket is for."""
        stream = self.clients[number].streams[namespace]
        stream.socket_sid = sid
        self.sockets[sid] = stream
        return stream

    def stream(self, sid: str) -> Stream:
        """Return the stream of a socket."""
        return self.sockets[sid]

    def expect(self, stream: Stream, packet: str, *, is_own: bool) -> None:
        """Note a packet that is about to be sent."""
        stream.client.is_touched = True
        stream.expected.append(Expected(packet, is_own))

    def next_emission(self) -> int:
        """Number an emission."""
        return next(self._emissions)

    async def suspend(self) -> None:
        """Wait until the simulation lets the handler go on."""
        self.note("suspended")
        gate = self.world.loop.create_future()
        self.gates.append((current_life.get(), gate))
        await gate

    def may_suspend_parting(self) -> bool:
        """Return whether a `disconnect` handler suspends."""
        return self.random.random() < 0.2

    def enter(self, server: str) -> None:
        """Have a full object write at once who enters a room: whether that succeeds is chance, and what follows depends on it."""
        actor = self.server(server)
        if actor is self.faults.full and actor.life is not None:
            actor.life.instance._membership.entries.write()

    def members(self, server: str, namespace: str, room: str | None) -> list[str]:
        """Name the connected sockets in a room or a namespace, as the rows say and what the running step will write."""
        sql, life = self.server(server).storage.sql, self.server(server).life
        if room is None:
            found = sql.exec("SELECT socket_sid FROM sio_sockets WHERE namespace = ?", namespace)
            return [row[0] for row in found.raw()]
        place = namespace, json.dumps(room)
        found = sql.exec("SELECT socket_sid FROM sio_rooms WHERE namespace = ? AND room = ?", *place)
        waiting = () if life is None else life.instance._membership.entries.waiting
        entering = [one.socket_sid for one, key in waiting if (one.namespace, key) == place]
        return [*dict.fromkeys([*(row[0] for row in found.raw()), *entering])]

    def settled(self, number: int, life: Life, how: str) -> None:
        """Note that the application was told what became of a question, which it is once."""
        assert number not in self.settled_questions, f"question {number}: told twice"
        self.settled_questions.add(number)
        self.note(how)
        if self.asked.get(number, life) != life:
            self.note("told by a later life")

    def was_full(self, server: str) -> bool:
        """Return whether something that an object with an application wanted to write was not written."""
        return self.server(server) in self.faults.were_full

    def server_of(self, stream: Stream) -> str:
        """Name the object whose application serves a stream."""
        if not self.is_split:
            return ENGINES[stream.client.engine]
        return "other" if stream.namespace == "/other" else "main"

    def note(self, what: str) -> None:
        """Count that something happened."""
        self.counts[what] += 1

    # -- actors

    def engine(self, number: int) -> Actor:
        """Return an object that holds sockets."""
        return self.world.actor("ENGINE" if self.is_split else "CHAT", ENGINES[number])

    def server(self, name: str) -> Actor:
        """Return an object with an application."""
        return self.world.actor("SOCKET" if self.is_split else "CHAT", name)

    @property
    def servers(self) -> tuple[str, ...]:
        """The names of those with an application."""
        return SERVERS if self.is_split else ENGINES

    @property
    def actors(self) -> list[Actor]:
        """All of them."""
        engines = [*map(self.engine, range(len(ENGINES)))]
        return [*engines, *map(self.server, SERVERS)] if self.is_split else engines

    @property
    def streams(self) -> list[tuple[Actor, Actor, ServerSocket]]:
        """The streams that are open: the engine actor, the socket actor, and the end of that one."""
        return [
            (self.world.actor("ENGINE", ws.tags[0].rpartition(":")[2]), actor, ws)
            for actor in (map(self.server, SERVERS) if self.is_split else ())
            for ws in list(actor.sockets)
            if ws.readyState == ws.OPEN
        ]

    def break_streams(self, *of: Actor) -> None:
        """Have the streams of actors break: nothing is lost by it."""
        for *ends, ws in self.streams:
            if not {*of}.isdisjoint(ends):
                self.note("stream broken")
                self._note_broken(*ends)
                ws.sever()

    def _note_broken(self, engine: Actor, server: Actor) -> None:
        """Count a stream that ends as a failure of the calls that may be under way on it."""
        life = engine.life
        opened = life.instance._application._opened._streams.values() if life is not None else ()
        if any(one.stream.is_busy for one in opened):
            self.note("stream broken in a call")
        for pair in ((str(engine), str(server)), (str(server), str(engine))):
            self.faults.failed[pair] += 1
            if self.faults.failed[pair] >= MAX_ATTEMPTS:
                self.faults.given_up.add(pair)

    def end_life(self, actor: Actor) -> None:
        """End a life in the middle of whatever it does, and its sockets with it."""
        self.note(f"{actor.binding} reset")
        for engine, server, _ in self.streams:
            if actor in (engine, server):
                self.note("stream broken by a reset")
                self._note_broken(engine, server)
        self.is_disturbed = True
        if actor.binding != "ENGINE":
            self._cut(actor)
        for client in self.live.values() if actor.binding != "SOCKET" else ():
            if not client.is_open or ENGINES[client.engine] != actor.name:
                continue
            if rests(actor, client):
                self.note("a session that rests outlived a reset")
            else:
                client.excuse = client.excuse or "its engine actor was reset"
        actor.reset()

    def _cut(self, actor: Actor) -> None:
        """Note what the end of an application's life may cost: packets on their way down, and events whose handlers ran."""
        for client in self.live.values():
            if not self.is_split and ENGINES[client.engine] != actor.name:
                continue
            client.cut()
            if client.excuse == "it sent nonsense":
                client.excuse = "it sent nonsense, and the socket actor's life ended"
            for stream in client.all_streams:
                if self.server_of(stream) == actor.name:
                    stream.begun = stream.done

    def deploy(self) -> None:
        """Deploy another version: those who poll bring it to their objects."""
        self.world.deploy()
        self.is_deployed = True

    # -- clients

    def open(self, engine: int | None = None) -> Client:
        """Have a client begin to connect."""
        number = len(self.clients)
        engine = self.random.randrange(len(ENGINES)) if engine is None else engine
        client = self.clients[number] = self.live[number] = Client(number, engine)
        client.transport = self._transport(client)
        return client

    def _transport(self, client: Client) -> Transport:
        """Have a client ask for a session: on a WebSocket, by polling, or by what begins as the one and becomes the other."""
        path = f"/socket.io/?EIO=4&engine={client.engine}"
        hear, end = partial(self._noted, self._hear, client), lambda refusal: self._noted(self._end, client)
        kind = self.random.randrange(4)
        if kind == 0:
            return Upgrading(self.world, path, hear, end, self.note, is_patient=self.random.random() < 0.3)
        return (Polling if kind == 1 else WebSocket)(self.world, path, {}, hear, end)

    def _noted(self, judge: Callable[..., None], *args: Any) -> None:
        """Judge what a client gets, and keep what does not hold: whoever carried it may have nobody to raise it to."""
        try:
            judge(*args)
        except AssertionError as error:
            self.faults_found.append(error)
            raise

    def check(self) -> None:
        """Raise what a client found that does not hold."""
        if self.faults_found:
            raise self.faults_found[0]

    def _hear(self, client: Client, frame: str | bytes) -> None:
        assert isinstance(frame, str), f"{client}: bytes that nobody sent"
        if client.excuse in ("it left", "it is gone"):
            return
        if frame[:1] == "0":
            client.engine_sid, client.is_open = json.loads(frame[1:])["sid"], True
            self.note("opened")
        elif frame[:1] == "4" and not self._is_unstored(client, frame[1:]):
            self.note("packet received")
            client.receive(frame[1:])

    def _is_unstored(self, client: Client, packet: str) -> bool:
        """Return whether an event is for a socket that could not be stored: its client is about to be closed."""
        stream = client.streams.get(namespace_of(packet))
        if packet[0] != EVENT or stream is None or stream.expected:
            return False
        is_full = self.was_full(server := self.server_of(stream))
        return is_full and stream.socket_sid not in self.members(server, stream.namespace, None)

    def _end(self, client: Client) -> None:
        was_open, client.is_open = client.is_open is not None, False
        if not was_open:
            return
        if isinstance(client.transport, Upgrading) and client.transport.was_slow:
            client.excuse = client.excuse or "it is gone"
            self.note("upgrade: too slow")
        self.note("closed by the server")
        never_in = not any(stream.is_connected for stream in client.all_streams)
        is_due = bool(client.excuse) or client.is_silent or any(one.is_kicked for one in client.all_streams) or never_in
        is_wrong = client.is_touched and (self.is_disturbed or self.faults.is_disturbed or self.is_tight)
        # What is written down of a session that polls goes before anything happens to it: where that fails, it is closed.
        is_wrong |= isinstance(client.transport, Polling) and self.engine(client.engine) in self.faults.were_full
        # So does a row that says for whom something waited, where it cannot be deleted when that has arrived.
        is_wrong |= self.is_split and any(one.binding == "SOCKET" for one in self.faults.were_full)
        is_lost = any(ENGINES[client.engine] in part for pair in self.faults.given_up for part in pair)
        assert is_due or is_wrong or is_lost, f"{client}: closed although nothing of it was under way"

    def leave(self, client: Client, excuse: str) -> None:
        """Have a client go, and know nothing more of the server."""
        client.excuse, client.is_open = excuse, False

    # -- time

    def finish_handler(self, index: int) -> None:
        """Let a suspended handler go on."""
        _, gate = self.gates.pop(index)
        if not gate.done():
            gate.set_result(None)

    def settle(self) -> None:
        """Let everything travel and every handler finish, until the alarms' sweeps say nothing; check what must hold then."""
        rate = self.faults.rate
        self.faults.calm()
        for client in self.live.values():
            client.finish()
        self._run_out()
        self.world.advance(
            _PROMPT_S + (2 * QUIET_MS / 1000 if self.is_deployed else 0)
        )  # what waits may send more that does
        if not (self.is_disturbed or self.faults.is_disturbed):
            self._run_out()
            check_prompt(self)
        for sweep in range(_SWEEPS):
            self._run_out()
            before = self.world.cost.rpcs
            self.world.advance(_AT_REST_S)
            self._run_out()
            if self.world.cost.rpcs == before and (
                self.is_split or sweep
            ):  # in one object no call tells what a sweep has found
                break
        else:
            raise AssertionError("the sweeps never fall silent")
        check_at_rest(self)
        untold = self.asked.keys() - self.settled_questions
        assert not untold, f"questions of which nothing is told: {untold}"
        there = sum(client.is_open is True for client in self.live.values())
        self.counts["open at rest"] += there
        self.counts["full at rest"] += there == self.most_clients
        self.live = {number: one for number, one in self.live.items() if one.is_open}
        for client in self.live.values():
            client.is_touched = False
        self.is_disturbed = self.faults.is_disturbed = False
        self.faults.given_up.clear()
        self.faults.were_full.clear()
        self.faults.rate = rate

    def _run_out(self) -> None:
        self.world.settle()
        while self.gates:
            self.finish_handler(0)
            self.world.settle()

    def watch_sleep(self, actor: Actor) -> None:
        """Note when an object falls asleep."""
        fall_asleep, system = actor.fall_asleep, self

        def watched() -> bool:
            was_awake = actor.life is not None
            asleep = fall_asleep()
            if was_awake and asleep:
                system.note(f"{actor.binding} slept")
            return asleep

        actor.fall_asleep = watched  # type: ignore[method-assign]

    def shout(self, server: str, namespace: str, room: str | None) -> None:
        """Have the application emit outside of all events."""
        self.note("shouted")
        self.world.loop.create_task(self._shout(server, namespace, room), context=Context())

    async def _shout(self, server: str, namespace: str, room: str | None) -> None:
        with suppress(LifeOver):
            await self.server(server).call("an RPC", "shout", namespace, room)
