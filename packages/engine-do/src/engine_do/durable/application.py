"""Where an engine's sessions lead: to handlers in the same object, or over a link to the actor that runs the application."""

import asyncio
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Container, Coroutine, Iterable, Iterator
from typing import Any, Final, Protocol

from engine_do import report
from engine_do.ids import EngineSid
from engine_do.packets import encode_message
from engine_do.session import (
    Admitted,
    CloseRequested,
    Effect,
    Ended,
    Input,
    Opened,
    Reason,
    Received,
    Session,
    Upgraded,
)
from engine_do.sweep import Sweep
from shared_wire import (
    AcceptDigest,
    AdmitSessions,
    Carrier,
    CloseSessions,
    Holdings,
    Lanes,
    Life,
    ListSessions,
    MessageReceived,
    Operation,
    SendPackets,
    SessionClosed,
    SessionOpened,
    SessionUpgraded,
    ranges,
    sessions_of,
)
from shared_wire.durable import RpcWire, log_fault

__all__ = ["Application", "Engine", "Handlers", "Linked", "LocalApplication"]

_logger = logging.getLogger("engine_do")

#: Bytes of one session's messages, and of all sessions' together, that wait for `on_message` or are in it; and what each message
#: takes besides its own bytes.
_MAX_WAITING: Final = 8 * 1024 * 1024
_MAX_WAITING_OF_ALL: Final = 16 * 1024 * 1024
_OVERHEAD: Final = 1_000

#: What the keys of stored reports begin with; the peer's name follows.
_REPORT: Final = "report:"


class Engine(Protocol):
    """What an application asks of the actor that holds the sockets."""

    def send(self, engine_sids: Iterable[EngineSid], frames: Iterable[str | bytes]) -> None:
        """Send frames to each of these sessions; those that are gone are passed over."""

    def apply(self, engine_sid: EngineSid, event: Input) -> None:
        """Apply an event to a session; nothing happens when it is gone."""

    def announced(self) -> list[Session]:
        """List all open sessions that anybody above has heard of."""

    def end_ghosts(self, alive: Container[EngineSid]) -> list[EngineSid]:
        """Forget the sessions that a reset took away, which are none of those alive; returns them."""

    def load(self, key: str) -> str | None:
        """Read a stored text."""

    def store(self, key: str, value: str | None) -> None:
        """Store a text, or nothing any more."""

    def stored(self, prefix: str) -> list[str]:
        """List the keys that begin so, without what they begin with."""


class Application(Protocol):
    """What the actor tells whoever is above."""

    #: Whether a session is announced with its first message and must join by its deadline, or is announced by `connecting`.
    announces_late: bool

    async def connecting(self, engine_sid: EngineSid, environ: tuple[tuple[str, str], ...]) -> bool:
        """Ask whether a client may connect."""

    def take(self, engine_sid: EngineSid, effects: tuple[Effect, ...]) -> None:
        """Take what a step of a session means for the application, in order."""

    def swept(self, sweep: Sweep) -> bool:
        """Do what belongs to the alarm's sweep, which has seen all sessions; returns whether the alarm must stay armed for it."""


class Handlers(Protocol):
    """The methods an application in the same object has; each may be missing a body, none may be missing."""

    async def on_connect(self, sid: str, environ: dict[str, str]) -> bool | None:
        """Take a new client."""

    async def on_message(self, sid: str, data: str | bytes) -> None:
        """Take a message."""

    async def on_disconnect(self, sid: str, reason: str) -> None:
        """Take a client's end."""


class LocalApplication:
    """Calls handlers in the same object; what concerns one session runs in order."""

    announces_late = False

    def __init__(self, engine: Engine, handlers: Handlers, start: Callable[[Any], None]) -> None:
        """Take who holds the sockets, the handlers, and how to let them run."""
        self._engine = engine
        self._handlers = handlers
        self._lanes = Lanes(start, log_fault)
        self._ghosts_ended = False
        #: The messages that wait for their turn, and those in it: a session's, and the bytes of all.
        self._messages: dict[EngineSid, deque[str | bytes]] = {}
        self._hearing: dict[EngineSid, asyncio.Task[Any] | None] = {}
        self._waiting = Holdings(of_one=_MAX_WAITING, of_all=_MAX_WAITING_OF_ALL)
        #: Of the sessions whose effects are being told: whether the end was among them, or came while they were.
        self._ended: dict[EngineSid, list[Reason]] = {}

    async def connecting(self, engine_sid: EngineSid, environ: tuple[tuple[str, str], ...]) -> bool:
        """Ask `on_connect`; whatever it returns but False, it lets the client in. One that raises lets nobody in."""
        try:
            return await self._handlers.on_connect(engine_sid, dict(environ)) is not False
        except Exception:
            _logger.exception("= on_connect of %s raised", engine_sid)
            return False

    def take(self, engine_sid: EngineSid, effects: tuple[Effect, ...]) -> None:
        """Call the handlers these effects stand for; what comes behind the end, though it came with it, is not heard."""
        outermost = engine_sid not in self._ended
        ended = self._ended.setdefault(engine_sid, [])
        try:
            self._take(engine_sid, effects, ended)
        finally:
            if outermost:
                del self._ended[engine_sid]

    def _take(self, engine_sid: EngineSid, effects: tuple[Effect, ...], ended: list[Reason]) -> None:
        for effect in effects:
            match effect:
                case Received(data) if not ended:
                    self._hear(engine_sid, data)
                case Ended(reason):
                    ended.append(reason)
                    self._part(engine_sid, reason)
                case _:
                    pass

    def swept(self, sweep: Sweep) -> bool:
        """Tell of the sessions that a reset took away. Within a life none goes without a word, so once in each is enough."""
        if not self._ghosts_ended:
            for engine_sid in self._engine.end_ghosts(sweep.open):
                self._part(engine_sid, Reason.TRANSPORT_ERROR)
            self._ghosts_ended = True
        return False

    def _hear(self, engine_sid: EngineSid, data: str | bytes) -> None:
        """Have a message handled in its turn; whoever has too many bytes waiting for that is closed, and they are not handled."""
        size = len(data) + _OVERHEAD
        waiting = self._messages.setdefault(engine_sid, deque())
        waiting.append(data)
        giving_way = self._waiting.add(engine_sid, size)
        if giving_way is not None:
            self._give_way(EngineSid(giving_way))

        async def handle() -> None:
            if not waiting:
                return
            self._hearing[engine_sid] = asyncio.current_task()
            try:
                await self._handlers.on_message(engine_sid, waiting.popleft())
            except asyncio.CancelledError:
                if self._messages.get(engine_sid) is waiting:
                    raise
            finally:
                self._hearing.pop(engine_sid, None)
                self._waiting.release(engine_sid, size)
                if not waiting and self._messages.get(engine_sid) is waiting:
                    del self._messages[engine_sid]

        self._run(engine_sid, "on_message", handle)

    def _give_way(self, engine_sid: EngineSid) -> None:
        _logger.warning("= session %s closed: too much waits for on_message", engine_sid)
        self._waiting.drop(engine_sid)
        self._messages.pop(engine_sid, deque()).clear()
        if (task := self._hearing.pop(engine_sid, None)) is not None:
            task.cancel()  # it holds its message
        self._engine.apply(engine_sid, CloseRequested(Reason.TRANSPORT_ERROR))

    def _part(self, engine_sid: EngineSid, reason: Reason) -> None:
        self._run(engine_sid, "on_disconnect", lambda: self._handlers.on_disconnect(engine_sid, reason.value))

    def _run(self, engine_sid: EngineSid, what: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        async def guarded() -> None:
            try:
                await work()
            except Exception:
                _logger.exception("= %s of %s raised", what, engine_sid)

        self._lanes.run(engine_sid, guarded)


class Linked(RpcWire):
    """Carries sessions' events to the socket actor, and carries out what comes back."""

    announces_late = True

    def __init__(
        self, ctx: Any, namespace: Any, engine: Engine, *, name: str, life: Life, peer: str, counters: Counter[str]
    ) -> None:
        """Take the object's context, the peers' binding, who we are and whom we serve, and where to count."""
        super().__init__(ctx, namespace)
        self._engine = engine
        self._peer = peer
        self._mark = life.nonce >> 32
        #: Sessions that are being told of, and have not ended meanwhile.
        self._telling: set[EngineSid] = set()
        #: What each peer knows of our sessions, as far as this life has asked; the rest is stored.
        self._reports: dict[str, report.Report] = {}
        self.carrier = Carrier(name, life, self, peer_holds_sockets=False, counters=counters)

    async def connecting(self, engine_sid: EngineSid, environ: tuple[tuple[str, str], ...]) -> bool:
        """Let everybody in: the application judges at its own connect, and the deadline bounds the wait."""
        del engine_sid, environ
        return True

    def take(self, engine_sid: EngineSid, effects: tuple[Effect, ...]) -> None:
        """Send what these effects mean, in one frame to each peer concerned.

        A link whose queue is full loses the session while it is told of it: then its end is told meanwhile, and nothing after that.
        """
        told: dict[str, list[Operation]] = {}
        for peer, operation in _by_peer(engine_sid, effects):
            told.setdefault(peer or self._peer, []).append(operation)
        if any(isinstance(effect, Ended) for effect in effects):
            self._telling.discard(engine_sid)
        else:
            self._telling.add(engine_sid)
        try:
            for peer, operations in told.items():
                if engine_sid not in self._telling and not isinstance(operations[-1], SessionClosed):
                    break
                if isinstance(operations[0], SessionOpened):
                    self._keep(peer, report.unsettled(self._report(peer)))
                self.carrier.send(peer, *operations)
        finally:
            self._telling.discard(engine_sid)

    def swept(self, sweep: Sweep) -> bool:
        """Offer each peer the fingerprint of our sessions there, unless it has accepted it already.

        While work at the peer is unconfirmed it is offered all the same: the peer's reset is noticed by its answer.
        """
        unsettled = False
        for peer in {*self._engine.stored(_REPORT), *self._reports}:
            sessions = list(sweep.announced(peer, "") if peer == self._peer else sweep.announced(peer))
            if not report.is_settled(self._report(peer), sessions) or self.carrier.must_remember(peer):
                self._offer(peer, sessions)
                unsettled = True
        return unsettled

    def deliver(self, peer: str, operations: tuple[Operation, ...], done: Callable[..., None]) -> None:
        """Carry out the socket actor's operations; all of it is done on return.

        A fault of ours in one loses the sessions it is about, and keeps no other from being carried out.
        """
        del done
        for operation in operations:
            try:
                self._carry_out(peer, operation)
            except Exception as error:
                log_fault(f"{type(operation).__name__} of {peer}", error)
                self.lose(peer, sessions_of(operation))

    def _carry_out(self, peer: str, operation: Operation) -> None:
        match operation:
            case SendPackets(engine_sids, packets):
                self._engine.send(engine_sids, map(encode_message, packets))
            case CloseSessions(engine_sids, reason):
                for engine_sid in engine_sids:
                    self._engine.apply(engine_sid, CloseRequested(_reason(reason)))
            case AdmitSessions(engine_sids):
                for engine_sid in engine_sids:
                    self._engine.apply(engine_sid, Admitted())
            case AcceptDigest():
                self._keep(peer, report.accept(self._report(peer), operation))
            case ListSessions():
                sessions = self._announced()[peer]
                self.carrier.send(peer, *ranges(sessions))
                self._offer(peer, sessions)
            case _:
                _logger.error("= %s sent an operation that goes up: %s", peer, type(operation).__name__)

    def defer(self, action: Callable[[], None]) -> None:
        """Do it at once: what an event of a socket means is complete when it is sent."""
        action()

    def lose(self, peer: str, engine_sids: tuple[EngineSid, ...] | None) -> None:
        """Close sessions whose stream has a gap, so that their clients reconnect."""
        engine_sids = tuple(self._announced()[peer]) if engine_sids is None else engine_sids
        _logger.warning("= link to %s: %d sessions lost", peer, len(engine_sids))
        for engine_sid in engine_sids:
            self._engine.apply(engine_sid, CloseRequested(Reason.TRANSPORT_ERROR))

    def _announced(self) -> defaultdict[str, list[EngineSid]]:
        """List the announced sessions by peer."""
        found = defaultdict[str, list[EngineSid]](list)
        for session in self._engine.announced():
            for peer in session.peers or (self._peer,):
                found[peer].append(session.engine_sid)
        return found

    def _offer(self, peer: str, sessions: list[EngineSid]) -> None:
        changed, offered = report.offer(self._report(peer), sessions)
        self._keep(peer, changed)
        self.carrier.send(peer, offered)

    def _report(self, peer: str) -> report.Report:
        if peer not in self._reports:
            self._reports[peer] = report.restore(self._engine.load(_REPORT + peer), self._mark)
        return self._reports[peer]

    def _keep(self, peer: str, changed: report.Report) -> None:
        if changed.stored != self._report(peer).stored:
            self._engine.store(_REPORT + peer, None if report.knows_nothing(changed) else changed.stored)
        self._reports[peer] = changed


def _reason(text: str) -> Reason:
    try:
        return Reason(text)
    except ValueError:
        return Reason.TRANSPORT_ERROR


def _by_peer(engine_sid: EngineSid, effects: tuple[Effect, ...]) -> Iterator[tuple[str, Operation]]:
    """Give the operations that effects mean, each with the peer it goes to."""
    for effect in effects:
        match effect:
            case Opened(environ, peer):
                yield peer, SessionOpened(engine_sid, environ)
            case Upgraded(peers):
                yield from ((peer, SessionUpgraded(engine_sid)) for peer in peers)
            case Received(data, peer):
                yield peer, MessageReceived(engine_sid, data)
            case Ended(reason, peers):
                yield from ((peer, SessionClosed(engine_sid, reason.value)) for peer in peers)
            case _:
                pass
