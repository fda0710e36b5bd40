"""Clients, an engine actor, a socket actor and the wire between them, in which everything goes wrong that can, driven by a seed.

Both actors run the real cores of their packages. Each method is one thing that may happen; what must hold is checked whenever
somebody is told something, and, in `settle`, when nothing is under way.

What is on the wire, and what is taken for granted of it, is in `wire_rpcs` of shared-wire's tests.
What an abort of the socket actor may cost is what ARCHITECTURE names: packets on their way down, and the closing of a client that
sent nonsense.
"""

from dataclasses import dataclass, field

from expected_packets import Expected
from whole_application import Gate, SocketSide
from whole_clients import FORGIVEN, NONSENSE, Client, Stream
from whole_engine import PEER, EngineSide
from whole_layouts import rewrite_record, rewrite_report, rewrite_tables
from whole_ledger import Ledger
from whole_rest import check_at_rest
from wire_rpcs import Rpcs, Side

from engine_do.session.session import (
    FrameReceived,
    Input,
    SocketGone,
    Swept,
)
from shared_wire import EngineSid, Frame, Life, decode
from shared_wire.reasons import Reason

__all__ = ["World"]

#: Milliseconds that a step takes; and those that pass until an alarm: it rings at once, has come in time, or is a minute late.
_STEP_MS = 20
_UNTIL_ALARM_MS = (_STEP_MS, _STEP_MS, _STEP_MS, _STEP_MS, _STEP_MS, 26_000, 86_000)

#: How many times nothing is under way and a sweep still has something to say, before that is an endless loop.
_SWEEPS = 8


@dataclass(slots=True, eq=False)
class World(Rpcs):
    """Everything there is."""

    #: Whether what is held and queued is bounded so narrowly that it overflows.
    is_tight: bool = False
    now_ms: int = 1_000_000
    clients: dict[EngineSid, Client] = field(default_factory=dict)
    #: Those of `clients` that either side may still have.
    live: dict[EngineSid, Client] = field(default_factory=dict)
    sockets: dict[str, Stream] = field(default_factory=dict)
    gates: list[Gate] = field(default_factory=list)
    #: Whether, since all was last at rest, closings may have been lost that only the sweep makes good.
    is_disturbed: bool = False
    emissions: int = 0
    ledger: Ledger = field(init=False)
    engine: EngineSide = field(init=False)
    socket: SocketSide = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.clients)
        self.engine = EngineSide(self)
        self.socket = SocketSide(self)
        self.engine.begin(self._new_life(0))
        self.socket.begin(self._new_life(0))

    def _new_life(self, behind_ms: int) -> Life:
        return Life(self.now_ms - behind_ms, self.random.getrandbits(64))

    # -- what the engine actor reports

    def session_ended(self, engine_sid: EngineSid, event: Input, reason: Reason | None) -> None:
        client = self.clients[engine_sid]
        match event:
            case FrameReceived():
                assert client.excuse, f"{engine_sid}: closed for a frame that was in order"
            case Swept() if reason is Reason.PING_TIMEOUT:
                assert client.silent_ms is not None, f"{engine_sid}: found dead although it answers"
                self.counts["found dead"] += 1
            case Swept():
                never_in = not any(stream.is_connected for stream in client.all_streams)
                assert never_in, f"{engine_sid}: closed for not having joined, although it had"
                self.counts["joined nothing"] += 1
            case SocketGone():
                self.counts["client left"] += 1
            case _:
                self.counts["closed from above"] += 1
        client.is_open = False

    def session_lost(self, engine_sid: EngineSid) -> None:
        is_due = bool(self.clients[engine_sid].excuse) or self.in_flight(engine_sid)
        assert is_due, f"{engine_sid}: closed although nothing of it was under way"
        self.counts["lost by the engine actor"] += 1

    def all_lost(self) -> None:
        assert self.given_up, "all sessions closed although every call was answered"
        self.given_up = False
        self.counts["all lost"] += 1

    # -- what the socket actor reports

    def session_opened(self, engine_sid: EngineSid) -> None:
        client = self.clients[engine_sid]
        if client.is_known is None:
            client.is_known = True

    def session_closed(self, engine_sid: EngineSid) -> None:
        client = self.clients[engine_sid]
        assert not client.is_open, f"{engine_sid}: ended for the application although it is open"
        client.is_known = False

    def session_forgotten(self, engine_sid: EngineSid) -> None:
        client = self.clients[engine_sid]
        if client.is_known:
            assert self.in_flight(engine_sid), f"{engine_sid}: closed although nothing of it was under way"
            self.counts["lost by the socket actor"] += 1
            client.is_known = False

    def closing_sent(self, engine_sid: EngineSid) -> None:
        client = self.clients[engine_sid]
        is_over = client.is_known is False or not client.is_open
        is_held = self.is_tight and self.in_flight(engine_sid)
        self.counts["work given up"] += is_held and not is_over
        is_excused = bool(client.excuse) or any(stream.is_kicked for stream in client.all_streams)
        assert is_over or is_excused or is_held, f"{engine_sid}: closed from above for no reason"

    def stream_of(self, engine_sid: str, namespace: str) -> Stream:
        return self.clients[EngineSid(engine_sid)].streams[namespace]

    def stream(self, socket_sid: str) -> Stream:
        if socket_sid not in self.sockets:
            found = [one for client in self.live.values() for one in client.all_streams if one.socket_sid == socket_sid]
            self.sockets[socket_sid] = found[0]
        return self.sockets[socket_sid]

    def expect(self, stream: Stream, packet: str, *, is_own: bool) -> None:
        stream.expected.append(Expected(packet, is_own))

    def next_emission(self) -> int:
        self.emissions += 1
        return self.emissions

    def suspend(self) -> Gate:
        self.counts["suspended"] += 1
        self.gates.append(Gate())
        return self.gates[-1]

    def may_suspend_parting(self) -> bool:
        suspends = self.random.random() < 0.2
        self.counts["parting suspended"] += suspends
        return suspends

    def members(self, namespace: str, room: str | None) -> list[str]:
        return self.socket.members(namespace, room)

    def note(self, what: str) -> None:
        """Count that something happened."""
        self.counts[what] += 1

    def in_flight(self, engine_sid: EngineSid) -> bool:
        """Return whether work of a session is unfinished, or finished and its sender does not know."""
        client = self.clients[engine_sid]
        up = client.confirmed_up < client.work_up
        return up or engine_sid in self.calling.get("socket", ()) or client.misses or client.is_cut

    # -- clients

    def open(self) -> None:
        engine_sid = EngineSid(f"s{len(self.clients)}")
        self.clients[engine_sid] = self.live[engine_sid] = Client(engine_sid)
        self.engine.open(engine_sid, self.now_ms)

    def client_sends(self, client: Client, message: str | bytes) -> None:
        """Have a client send a message; the other half of a binary event goes first."""
        if (attachment := client.attachment) is not None:
            client.attachment = None
            self.engine.receive_frame(client.engine_sid, attachment)
        if client.is_open:
            client.is_announced = True
            self.engine.receive_frame(client.engine_sid, message if isinstance(message, bytes) else f"4{message}")

    def finish_attachment(self, client: Client) -> None:
        if client.attachment is not None and client.is_open:
            attachment, client.attachment = client.attachment, None
            self.engine.receive_frame(client.engine_sid, attachment)

    # -- the wire

    def collect(self) -> None:
        Rpcs.collect(self)
        for faults in (self.engine.wire.faults, self.socket.wire.faults, self.socket.hub.faults):
            assert not faults, faults

    def note_call(self, side: Side, frame: Frame) -> None:
        if side is self.engine:
            self.ledger.note_call(frame)

    def note_frame(self, data: bytes) -> None:
        frame, peer_life = decode(data), self.engine.driver.peer_life(PEER)
        self.given_up &= frame.sender_life != peer_life
        # A life whose clock was behind has another number by now, and the same nonce.
        self.ledger.note_frame(frame, self.engine.life, peer_life)

    def note_failure(self) -> None:
        self.is_disturbed = True

    # -- handlers

    def finish_handler(self, index: int) -> None:
        self.gates.pop(index).is_open = True
        self.socket.hub.settle()

    def application_emits(self, namespace: str, room: str | None) -> None:
        """Have the application emit outside of all events."""
        number = self.next_emission()
        for socket_sid in self.members(namespace, room):
            stream = self.stream(socket_sid)
            self.expect(stream, stream.write("2", ["news", number]), is_own=False)
        self.socket.hub.start(self.socket.server.emit("news", number, to=room, namespace=namespace))
        self.counts["emitted"] += 1

    # -- lives

    def _end_life(self, side: EngineSide | SocketSide) -> Life:
        """End a life; return the next."""
        behind_ms = self.random.choice((0, 0, 0, 15, 200, 5_000))
        self.end_life(side, behind_ms)
        self.now_ms += _STEP_MS
        return self._new_life(behind_ms)

    def engine_aborts(self) -> None:
        """End the engine actor: all sockets close, and no handler of it runs."""
        self.counts["engine actor aborted"] += 1
        self.is_disturbed = True
        for client in self.live.values():
            client.is_open = False
        self.engine.records.clear()
        self._begin_engine()

    def _begin_engine(self) -> None:
        life = self._end_life(self.engine)
        self.ledger = Ledger(self.clients)
        if self.random.random() < 0.3:
            self.counts["attachments of another release"] += bool(self.engine.records)
            rewritten = {sid: rewrite_record(record, self.random) for sid, record in self.engine.records.items()}
            self.engine.records.update(rewritten)
        if self.random.random() < 0.1:
            self.counts["report of another release"] += bool(self.engine.stored)
            self.engine.stored.update({key: rewrite_report(text) for key, text in self.engine.stored.items()})
        self.engine.begin(life)

    def socket_aborts(self) -> None:
        """End the socket actor in the middle of whatever it does. Its rows stay; what its handlers were at is not handled."""
        self.counts["socket actor aborted"] += 1
        self.is_disturbed = True
        for client in self.live.values():
            client.cut()
            if client.excuse == NONSENSE:
                client.excuse = FORGIVEN
            for stream in client.all_streams:
                stream.begun = stream.done
        self.gates.clear()
        self._begin_socket()
        known = {row[0] for row in self.socket.database.rows("sio_sessions")}
        for sid, client in self.live.items():
            client.is_known = True if sid in known else None if client.is_known is None else False

    def _begin_socket(self) -> None:
        self.socket.end()
        life = self._end_life(self.socket)
        if self.random.random() < 0.3:
            what, self.socket.layout = rewrite_tables(self.socket.database, self.socket.layout, self.random)
            self.counts[what] += 1
        self.socket.begin(life)

    def may_sleep(self, side: EngineSide | SocketSide) -> bool:
        """Return whether the runtime may put an object to sleep."""
        return not side.is_busy and side.name not in self.awaited

    def engine_sleeps(self) -> None:
        """End the engine actor's life as sleep does: only when it may, and without any loss."""
        self.counts["engine actor slept"] += 1
        for sid, client in self.live.items():
            known = not client.is_open or client.confirmed_up == client.work_up
            assert known, f"{sid}: the engine actor sleeps over unconfirmed work"
        self._begin_engine()

    def socket_sleeps(self) -> None:
        """End the socket actor's life as sleep does."""
        self.counts["socket actor slept"] += 1
        missing = [client for client in self.live.values() if client.is_open and client.misses]
        if missing:
            assert self.given_up, "the socket actor sleeps over packets that nobody got"
            for client in missing:
                client.doom = "the socket actor slept over a packet"
        for client in self.live.values():
            client.cut()
        self._begin_socket()

    # -- time

    def ring(self) -> None:
        """Let the alarm ring, if it is set; or let that be lost: then it rings again later."""
        if self.engine.is_armed and self.random.random() < 0.2:
            self.counts["alarm lost"] += 1
        elif self.engine.is_armed:
            self.counts["sweep"] += 1
            self.now_ms += self.random.choice(_UNTIL_ALARM_MS)
            self.engine.ring(self.now_ms)

    def settle(self) -> None:
        """Let everything travel and every handler finish, sweep until that says nothing, and check what must hold then."""
        failures, self.failures = self.failures, 0.0
        for client in self.live.values():
            self.finish_attachment(client)
        self._travel()
        for sid, client in self.live.items():
            is_left = client.is_open and client.is_known is False
            assert self.is_disturbed or not is_left, f"{sid}: ended for the application, and nobody closes it"
        for _ in range(_SWEEPS):
            calls = self.engine.wire.calls_made, self.socket.wire.calls_made
            if self.engine.is_armed:
                self.engine.ring(self.now_ms)
            self._travel()
            if calls == (self.engine.wire.calls_made, self.socket.wire.calls_made):
                break
        else:
            raise AssertionError("the sweep never falls silent")
        self.failures, self.is_disturbed = failures, False
        check_at_rest(self)
        self.counts["open at rest"] += sum(client.is_known is True for client in self.live.values())
        for sid in [sid for sid in self.engine.records if not self.clients[sid].is_open]:
            self.engine.lose_socket(sid)
        self.live = {sid: client for sid, client in self.live.items() if client.is_open}
        for client in self.live.values():
            client.is_cut = False

    def _travel(self) -> None:
        for _ in range(1_000):
            self.collect()
            if self.trips:
                self.move(0)
            elif self.gates:
                self.finish_handler(0)
            elif wires := [side.wire for side in self.sides if side.wire.pauses]:
                wires[0].wake()
            else:
                return
        raise AssertionError("the two actors never stop talking")
