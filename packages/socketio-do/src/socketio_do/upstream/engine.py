"""The engine that python-socketio's server talks to: not a server, but the way to the actors that hold the sockets."""

from collections import defaultdict
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from shared_wire import CloseSessions, EngineSid
from shared_wire.limits import FEW_QUEUED_BYTES
from shared_wire.names import TRANSPORT
from shared_wire.reasons import Reason
from socketio_do.errors import ConfigError
from socketio_do.runtime import Runtime
from socketio_do.state.membership import Membership

__all__ = ["EngineProxy", "Handshakes"]


class EngineProxy:
    """The members of `engineio.AsyncServer` that `socketio.AsyncServer` uses."""

    async_mode = "durable"

    def __init__(self, runtime: Runtime, membership: Membership, **options: Any) -> None:
        """Initialise with where packets go; the options are python-engineio's and mean nothing here."""
        del options
        self._runtime = runtime
        self._membership = membership
        #: Engine actors for which more than enough waited when something was sent there last; mostly none.
        self.full: set[str] = set()

    def on(self, event: str, handler: Any = None) -> None:
        """Ignore upstream's handlers: `DurableServer` is told what happens by its own methods."""

    def broadcast(self, engine_sids: Iterable[str], packets: tuple[str | bytes, ...]) -> None:
        """Send the same packets to many sessions: one operation for each engine actor, whatever the number of sessions."""
        if self._membership.entries.waiting:
            self._membership.entries.write()
        by_actor: defaultdict[str, list[EngineSid]] = defaultdict(list)
        for engine_sid in engine_sids:
            if (actor := self._membership.actor(engine_sid)) is not None:
                by_actor[actor].append(EngineSid(engine_sid))
        for actor, sids in by_actor.items():
            self._runtime.outbox.send_packets(actor, tuple(sids), packets)
            if self._runtime.outbox.queued(actor) > FEW_QUEUED_BYTES:
                self.full.add(actor)

    def full_for(self, engine_sids: Iterable[str]) -> set[str]:
        """Return the engine actors of sessions for which so much waits that whoever sends more should `drain` them first."""
        if not self.full:
            return self.full
        self.full = {actor for actor in self.full if self._runtime.outbox.queued(actor) > FEW_QUEUED_BYTES}
        return self.full.intersection(map(self._membership.actor, engine_sids))

    async def drain(self, actors: Iterable[str]) -> None:
        """Wait until there is room for more in front of engine actors: a loop of any length takes no more memory than that."""
        for actor in actors:
            await self._runtime.outbox.drained(actor, FEW_QUEUED_BYTES)

    def ready(self, recipients: Mapping[str, str]) -> dict[str, str]:
        """Leave out the sockets for whose sessions packets wait here; they are counted as ``volatile_dropped``."""
        actors = {engine_sid: self._membership.actor(engine_sid) for engine_sid in recipients.values()}
        busy = {actor: self._runtime.outbox.busy(actor) for actor in set(actors.values()) if actor is not None}
        ready = {sid: one for sid, one in recipients.items() if one not in busy.get(actors[one] or "", ())}
        if len(ready) < len(recipients):
            self._runtime.outbox.count("volatile_dropped", len(recipients) - len(ready))
        return ready

    async def send(self, sid: str, data: str | bytes) -> None:
        """Send one packet to one session."""
        self.broadcast((sid,), (data,))

    async def disconnect(self, sid: str | None = None) -> None:
        """Close a session's transport; every socket on it gets `disconnect` with ``server disconnect``."""
        if sid is not None and (actor := self._membership.actor(sid)) is not None:
            self._runtime.outbox.send(actor, CloseSessions((EngineSid(sid),), Reason.SERVER_DISCONNECT))

    def transport(self, sid: str) -> str:
        """Name a session's transport; raises `KeyError` for a session that has ended."""
        environ = self._membership.environ(sid)
        if environ is None:
            raise KeyError(sid)
        return environ.get(TRANSPORT, "websocket")

    def generate_id(self) -> str:
        """Make a socket's sid."""
        return self._runtime.make_socket_sid()

    def start_background_task(self, target: Any, *args: Any, **kwargs: Any) -> Any:
        """Let a coroutine function run, from the end of the running step on; the object stays awake until it is done."""
        return self._runtime.lanes.start(self._after_this_step(target(*args, **kwargs)))

    async def _after_this_step(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do work as a task of asyncio does: what it sends must not come before the answer of a handler that has begun it."""
        try:
            await self._runtime.clock.sleep(0)
        except BaseException:
            work.close()
            raise
        return await work

    async def sleep(self, seconds: float = 0) -> None:
        """Wait; the object stays awake meanwhile. A wait of 0 seconds gives way."""
        clock = self._runtime.clock
        await (clock.sleep(seconds) if seconds > 0 else clock.give_way())

    def create_event(self) -> Any:
        """Make an event."""
        return self._runtime.clock.make_event()

    async def shutdown(self) -> None:
        """Nothing runs in the background that would have to be stopped."""

    def attach(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: there is no web framework here."""
        raise ConfigError("attach() has nothing to attach to: the Worker's entrypoint calls engine_do.durable.route")

    async def handle_request(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: requests reach the engine actor, not this object."""
        raise ConfigError(
            "handle_request() gets no requests here: the Worker's entrypoint calls engine_do.durable.route"
        )


class Handshakes(Mapping[str, dict[str, str]]):
    """What `AsyncServer.environ` is upstream: the handshake of each session, by its Engine.IO sid. Copies, from storage."""

    def __init__(self, membership: Membership) -> None:
        """Initialise with the tables."""
        self._membership = membership

    def __getitem__(self, engine_sid: str) -> dict[str, str]:
        """Return a session's handshake."""
        environ = self._membership.environ(engine_sid)
        if environ is None:
            raise KeyError(engine_sid)
        return environ

    def __iter__(self) -> Iterator[str]:
        """List all sessions; reads a row for each."""
        return iter(self._membership.storage.sessions())

    def __len__(self) -> int:
        """Count all sessions; reads a row for each."""
        return len(self._membership.storage.sessions())
