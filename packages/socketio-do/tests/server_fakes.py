"""A Durable Object in memory: SQLite, a runtime stepped by hand, and lives that end when the test says so.

There is no event loop, no clock and no chance. What a coroutine waits for is an `Until`; `FakeRuntime.settle` runs on whatever may
go on.
"""

import json
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Coroutine, Generator
from contextvars import copy_context
from typing import Any, NoReturn, TypeVar

from shared_wire import CloseSessions, EngineSid, Lanes, Operation, Packet, SendPackets, Work
from socketio_do import DurableServer
from socketio_do.runtime import Lane, Runtime
from socketio_do.state.layout import Database
from socketio_do.state.membership import Membership
from socketio_do.state.tables import Storage

T = TypeVar("T")

ENGINE = "engine-0"
HANDLER_TIMEOUT_S = 120


def connect() -> sqlite3.Connection:
    """Open a database in memory. Garbage may be collected, and so the database closed, in any thread of the test runner."""
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


class FakeDatabase:
    """`Database` on the standard library's SQLite."""

    def __init__(self, connection: sqlite3.Connection | None = None) -> None:
        self._connection = connection or connect()
        self.statements: list[str] = []
        #: How statements begin that fail, as where storage is full.
        self.failing: tuple[str, ...] = ()

    def __del__(self) -> None:
        self._connection.close()

    def execute(self, statement: str, *parameters: str) -> str | None:
        self.statements.append(statement)
        if statement.startswith(self.failing):
            raise sqlite3.OperationalError("database or disk is full")
        row = self._connection.execute(statement, parameters).fetchone()
        return None if row is None else str(row[0])

    def rows(self, table: str) -> list[tuple[str, ...]]:
        """Read a whole table, in an order of its own; not counted as a statement."""
        return sorted(self._connection.execute(f"SELECT * FROM {table}").fetchall())

    def plan(self, statement: str) -> list[str]:
        """Say how SQLite would run a statement."""
        unknown = ("",) * statement.count("?")
        return [str(row[3]) for row in self._connection.execute(f"EXPLAIN QUERY PLAN {statement}", unknown)]

    def count_steps(self, counted: Callable[[], None] | None) -> None:
        """Call a function for each step of SQLite's machine from now on, or stop that."""
        self._connection.set_progress_handler(counted, 1)

    def take(self, verb: str = "") -> list[str]:
        """Return the statements so far that begin with a word, and forget all of them."""
        statements, self.statements = self.statements, []
        return [statement for statement in statements if statement.startswith(verb)]

    def successor(self) -> "FakeDatabase":
        """Hand the rows to the next life; what this life still writes reaches a copy that nobody reads."""
        heir = FakeDatabase(self._connection)
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        heir._connection.backup(self._connection)
        return heir


class Cancelled(BaseException):
    """What `CancelledError` is in an event loop: no `Exception`."""


class Until:
    """Awaited, it suspends until its condition holds."""

    def __init__(self, holds: Callable[[], bool], *, at_least_once: bool = False) -> None:
        self.holds = holds
        self._at_least_once = at_least_once

    def __await__(self) -> Generator["Until", None, None]:
        if self._at_least_once:
            yield self
        while not self.holds():
            yield self


class FakeEvent:
    """An event that one coroutine sets and others wait for."""

    def __init__(self) -> None:
        self._set = False

    def set(self) -> None:
        self._set = True

    def is_set(self) -> bool:
        return self._set

    async def wait(self) -> None:
        await Until(self.is_set)


_running: list["FakeTask"] = []


async def _kept(work: Coroutine[Any, Any, T]) -> Callable[[], T]:
    """Return what gives the outcome of work: a task of the fake raises at once."""
    try:
        result = await work
    except BaseException as error:
        raised = error
        return lambda: _throw(raised)
    return lambda: result


class FakeTask:
    """A coroutine under way, in a context of its own, as asyncio's tasks are."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        self._coroutine = coroutine
        self._context = copy_context()
        self._until: Until | None = None
        self.done = False
        self.result: Any = None

    @property
    def may_go_on(self) -> bool:
        return not self.done and (self._until is None or self._until.holds())

    def step(self) -> None:
        """Run to the next wait or to the end; raises what the coroutine raises."""
        self._run(lambda: self._coroutine.send(None))

    def cancel(self) -> None:
        """Raise `Cancelled` where the coroutine waits."""
        self._run(lambda: self._coroutine.throw(Cancelled()))

    def close(self) -> None:
        """End it without a word, as the end of a life does."""
        self._context.run(self._coroutine.close)
        self.done = True

    def _run(self, go_on: Callable[[], Any]) -> None:
        _running.append(self)
        try:
            until = self._context.run(go_on)
        except StopIteration as stop:
            self.done, self.result = True, stop.value
        except BaseException:
            self.done = True
            raise
        else:
            assert isinstance(until, Until), f"waits for {until!r}, which only an event loop could give"
            self._until = until
        finally:
            _running.pop()


class FakeRuntime:
    """`Runtime`, and each of its parts: records what is sent, and steps what suspends."""

    #: Nothing is ever lost here on its way, unless a test says so.
    arrives_at_once = True

    def __init__(self, make_socket_sid: Callable[[], str], first_ack_id: int = 1, now_ms: int = 0) -> None:
        self.outbox = self.lanes = self.clock = self
        self._make_socket_sid = make_socket_sid
        self._first_ack_id = first_ack_id
        self.faults: list[tuple[str, BaseException]] = []
        self._lanes = Lanes(self.start, lambda *fault: self.faults.append(fault))
        self._now_s = now_ms / 1000
        self.alarm_ms: int | None = None
        self.sent: list[tuple[str, Operation]] = []
        self.held: Counter[str] = Counter()
        self.counted: Counter[str] = Counter()
        #: Whose packets are still on their way; a test says so.
        self.busy_sessions: set[str] = set()
        self.asked_busy: list[str] = []
        self.tasks: list[FakeTask] = []
        #: What waits for each engine actor; a test says so.
        self.queued_bytes: Counter[str] = Counter()
        #: How often others were to be let in.
        self.moments = 0
        #: Every lane that was given work.
        self.used: set[Lane] = set()
        #: What is to be done when the running step gives way.
        self.deferred: list[Callable[[], None]] = []

    def send(self, actor: str, *operations: Operation) -> None:
        self.sent += [(actor, operation) for operation in operations]

    def send_packets(self, actor: str, engine_sids: tuple[EngineSid, ...], packets: tuple[Packet, ...]) -> None:
        self.send(actor, SendPackets(engine_sids, packets))

    def busy(self, actor: str) -> set[str]:
        self.asked_busy.append(actor)
        return self.busy_sessions

    def queued(self, actor: str) -> int:
        return self.queued_bytes[actor]

    async def drained(self, actor: str, size: int) -> None:
        await Until(lambda: self.queued(actor) <= size)

    def count(self, what: str, number: int) -> None:
        self.counted[what] += number

    def run(self, lane: Lane, work: Work) -> None:
        self.used.add(lane)
        self._lanes.run(lane, lambda: self._cut_short(work))

    def waiting(self, lane: Lane) -> int:
        return self._lanes.waiting(lane)

    def hold(self, engine_sid: str, expire: Callable[[], None]) -> Callable[[], None]:
        del expire
        self.held[engine_sid] += 1
        released: list[None] = []

        def release() -> None:
            assert not released, "released twice"
            released.append(None)
            self.held[engine_sid] -= 1

        return release

    def start(self, work: Coroutine[Any, Any, Any]) -> Any:
        task = FakeTask(work)
        task.step()
        if not task.done:
            self.tasks.append(task)
        return task

    async def bounded(self, work: Coroutine[Any, Any, T]) -> T:
        task, end_s = self.start(_kept(work)), self._now_s + HANDLER_TIMEOUT_S
        try:
            await Until(lambda: task.done or self._now_s >= end_s)
        except Cancelled:
            if not task.done:
                task.cancel()  # as asyncio cancels what a cancelled task waits for
            raise
        if not task.done:
            task.cancel()
            raise TimeoutError
        result: T = task.result()
        return result

    async def unbroken(self, work: Coroutine[Any, Any, T]) -> T:
        task = self.start(_kept(work))
        await Until(lambda: task.done)
        result: T = task.result()
        return result

    def current(self) -> FakeTask:
        return _running[-1]

    def give_up(self, task: FakeTask) -> None:
        task.cancel()

    def now_ms(self) -> int:
        return round(self._now_s * 1000)

    def arm(self, at_ms: int) -> None:
        self.alarm_ms = at_ms

    async def sleep(self, seconds: float) -> None:
        end_s = self._now_s + seconds
        await Until(lambda: self._now_s >= end_s, at_least_once=True)

    async def give_way(self) -> None:
        await Until(lambda: True, at_least_once=True)

    async def let_others_in(self) -> None:
        self.moments += 1
        await Until(lambda: True, at_least_once=True)

    async def wait(self, event: FakeEvent, seconds: float) -> None:
        end_s = self._now_s + seconds
        await Until(lambda: event.is_set() or self._now_s >= end_s)

    def make_event(self) -> FakeEvent:
        return FakeEvent()

    def make_socket_sid(self) -> str:
        return self._make_socket_sid()

    def first_ack_id(self) -> int:
        return self._first_ack_id

    def defer(self, action: Callable[[], None]) -> None:
        self.deferred.append(action)

    def precede(self, action: Callable[[], None]) -> None:
        self.deferred.append(action)

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        async def wait() -> None:
            await self.sleep(seconds)
            action()

        self.start(wait())

    async def caught_up(self, lane: Lane) -> None:
        reached: list[None] = []

        async def reach() -> None:
            reached.append(None)

        self._lanes.run(lane, reach)
        await Until(lambda: bool(reached))

    def settle(self) -> None:
        """Run on whatever may go on, until nothing may."""
        self._do_deferred()
        while ready := [task for task in self.tasks if task.may_go_on]:
            for task in ready:
                if task.may_go_on:
                    task.step()
                    self._do_deferred()
            self._sweep()

    def _do_deferred(self) -> None:
        deferred, self.deferred = self.deferred, []
        for action in deferred:
            action()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now_s += seconds
        self.settle()

    def cancel(self) -> None:
        """Cancel all that is suspended, as the handler timeout does."""
        for task in self.tasks:
            task.cancel()
        self._sweep()
        self.settle()

    def end(self) -> None:
        """End all that is suspended."""
        for task in self.tasks:
            task.close()
        self.tasks.clear()

    def _sweep(self) -> None:
        self.tasks = [task for task in self.tasks if not task.done]

    async def _cut_short(self, work: Work) -> None:
        """Do work; a cancel ends it and not its lane, as in the real runtime."""
        try:
            await work()
        except Cancelled:
            return


def _throw(error: BaseException) -> NoReturn:
    raise error


class Log(logging.Handler):
    """Keeps log lines as (level, text)."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelname, record.getMessage()))

    def take(self, level: str) -> list[str]:
        """Return the lines of a level, and forget them."""
        taken = [line for kept, line in self.lines if kept == level]
        self.lines = [(kept, line) for kept, line in self.lines if kept != level]
        return taken


def socket_sid(number: int) -> str:
    """Make the predictable sid of the socket that came at this place, from 1."""
    return f"socket-{number:013}"


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that must not yield; returns what it returns."""
    try:
        until = coroutine.send(None)
    except StopIteration as stop:
        result: T = stop.value
        return result
    coroutine.close()
    raise AssertionError(f"waits for {until!r}")


def nothing(sio: Any) -> None:
    """Register no handlers."""


class World:
    """One object over its lives, with the packets its clients get.

    ``register`` is given the server of each life, as `SocketActor.configure` is; it is `Any`, since upstream has no types.
    """

    def __init__(self, register: Callable[[Any], None] = nothing, **options: Any) -> None:
        self._register = register
        self._options = options
        self._sids = 0
        self._seen: Counter[str] = Counter()
        self.lives = 0
        self._now_ms = 0
        self._alarm_ms: int | None = None
        self.sent: list[tuple[str, Operation]] = []
        self.database = FakeDatabase()
        Storage(self.database).create_tables()
        self._begin()

    def _begin(self) -> None:
        self.lives += 1
        self.runtime = FakeRuntime(self._next_sid, self.lives * 1_000, self._now_ms)
        self.runtime.alarm_ms = self._alarm_ms
        self.runtime.sent = self.sent
        self.membership = Membership(Storage(self.database))
        self.sio: Any = DurableServer(self.runtime, self.membership, **self._options)
        self._register(self.sio)

    def _next_sid(self) -> str:
        self._sids += 1
        return socket_sid(self._sids)

    def reset(self) -> None:
        """End this life in the middle of whatever it does, and begin the next on the same rows."""
        old, heir = self.runtime, self.database.successor()
        self._now_ms, self._alarm_ms = old.now_ms(), old.alarm_ms
        old.sent = []
        old.end()
        self.database = heir
        self._begin()

    def open(self, engine_sid: str, actor: str = ENGINE, **environ: str) -> None:
        self.sio.receive_opened(engine_sid, actor, environ)

    def receive(self, engine_sid: str, *messages: Packet, actor: str = ENGINE) -> None:
        """Let a client's messages arrive, and run on what may go on."""
        for message in messages:
            self.sio.receive_message(engine_sid, actor, message)
            self.runtime.settle()

    def close(self, engine_sid: str, reason: str = "transport close") -> None:
        self.sio.receive_closed(engine_sid, reason)
        self.runtime.settle()

    def connect(self, engine_sid: str, namespace: str = "/", actor: str = ENGINE, **environ: str) -> str:
        """Open a session unless it is, connect it to a namespace, and return the socket's sid; its packets so far are taken."""
        if not self.membership.has_session(engine_sid):
            self.open(engine_sid, actor, **environ)
        head = "0" if namespace == "/" else f"0{namespace},"
        self.receive(engine_sid, head, actor=actor)
        answer = next(packet for packet in self.take(engine_sid) if str(packet).startswith(head))
        assert isinstance(answer, str)
        return str(json.loads(answer.removeprefix(head))["sid"])

    def advance(self, seconds: float) -> None:
        """Let time pass; the alarm rings when its time has come."""
        self.runtime.advance(seconds)
        while self.runtime.alarm_ms is not None and self.runtime.alarm_ms <= self.runtime.now_ms():
            self.runtime.alarm_ms = None
            self.sio.receive_alarm()
            self.runtime.settle()

    def do(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run what the application does outside of events."""
        task = self.runtime.start(coroutine)
        self.runtime.settle()
        assert task.done, "still waits"
        result: T = task.result
        return result

    def take(self, engine_sid: str) -> list[Packet]:
        """Return the packets sent to a session since they were last taken."""
        packets = [
            packet
            for _, operation in self.sent
            if isinstance(operation, SendPackets)
            for receiver in operation.engine_sids
            if receiver == engine_sid
            for packet in operation.packets
        ]
        new = packets[self._seen[engine_sid] :]
        self._seen[engine_sid] = len(packets)
        return new

    def forget(self) -> None:
        """Forget all that was sent so far."""
        self.sent.clear()
        self._seen.clear()

    def sends(self) -> list[tuple[str, SendPackets]]:
        """List the packets sent, with the engine actor they were sent to."""
        return [(actor, operation) for actor, operation in self.sent if isinstance(operation, SendPackets)]

    def closes(self) -> list[tuple[str, CloseSessions]]:
        """List the closings asked for, with the engine actor they were asked of."""
        return [(actor, operation) for actor, operation in self.sent if isinstance(operation, CloseSessions)]


def _check_types(database: FakeDatabase, runtime: FakeRuntime) -> tuple[Database, Runtime]:
    """Have the type checker compare the fakes with what they stand for."""
    return database, runtime
