"""Sending events, and waiting for what clients answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from socketio.exceptions import TimeoutError as NotAnswered

from socketio_do.errors import ConfigError
from socketio_do.server.durable_callbacks import DurableCallbacks
from socketio_do.state.acks import Callback
from socketio_do.state.namespaces import NamespaceName

__all__ = ["Answers", "Emission"]

#: Seconds that answers are waited for, as upstream's `call` does.
_TIMEOUT_S: Final = 60


@dataclass(frozen=True, slots=True)
class Answers:
    """What a broadcast was answered."""

    #: What each socket answered, by its sid: None, one value, or a tuple of several.
    answers: dict[str, Any] = field(default_factory=dict)
    #: The sids of those who did not answer in time, or are gone.
    missing: tuple[str, ...] = ()


class _Gathering:
    """The answers that are still to come. ``done`` is set when there are none, or when one is enough."""

    def __init__(self, done: Any, *, one_is_enough: bool) -> None:
        self.answers: dict[str, Any] = {}
        self.done = done
        self._one_is_enough = one_is_enough
        self._open = 0

    def expect(self, sid: str) -> tuple[Callback, Callable[[], None]]:
        """Make what takes the answer of a socket, and what else ends the wait for it."""
        self._open += 1

        def receive(*answer: Any) -> None:
            self.answers[sid] = answer if len(answer) > 1 else next(iter(answer), None)
            settle()

        def settle() -> None:
            self._open -= 1
            if not self._open or (self._one_is_enough and self.answers):
                self.done.set()

        return receive, settle


class Emission(DurableCallbacks):
    """The part of `DurableServer` that sends events."""

    async def emit(
        self,
        event: str,
        data: Any = None,
        to: Any = None,
        room: Any = None,
        skip_sid: Any = None,
        namespace: NamespaceName | None = None,
        callback: Any = None,
        ignore_queue: bool = False,
        *,
        except_rooms: Any = None,
        volatile: bool = False,
        compress: bool | None = None,
        timeout: float | None = None,
        callback_context: Any = None,
    ) -> None:
        """Send an event to everybody in a room, in any of a list of rooms, or in the namespace: once each, and encoded once.

        ``except_rooms`` names a room, or rooms, whose sockets get nothing; ``skip_sid`` a socket, or several. A ``namespace`` that
        is a parent means all its children. The event is sent when the running step of the handler gives way. Waits only where a
        megabyte is waiting already for one of the engine actors concerned: so a loop may send any number of events.

        A function as ``callback`` is called with each recipient's answer; it lasts as long as this life of the object, and one that
        is lost is logged. A name as ``callback`` is that of a handler registered with `on_answer`: what is expected is stored, with
        ``callback_context`` (JSON) for the handler, and survives sleep and resets; after ``timeout`` seconds, 60 unless given, or
        when the client goes, `on_no_answer` is called instead. A name nobody registered, and ``timeout`` or ``callback_context``
        without a name, raise `ConfigError`; a context that is not JSON raises `SessionDataError`.

        A ``volatile`` event is dropped for those whose earlier packets are still on their way to the engine actor, and counted as
        ``volatile_dropped``. ``compress`` changes nothing: the runtime compresses as it has agreed with the client.
        """
        del ignore_queue, compress
        chosen = {"room": to or room, "skip_sid": skip_sid, "except_rooms": except_rooms, "volatile": volatile}
        if isinstance(callback, str):
            await self._emit_expecting(event, data, namespace or "/", (callback, callback_context, timeout), **chosen)
            return
        if timeout is not None or callback_context is not None:
            raise ConfigError(
                "timeout and callback_context are for a callback given by its name; call() waits for a function"
            )
        await self.manager.emit(event, data, namespace or "/", callback=callback, **chosen)

    async def call(
        self,
        event: str,
        data: Any = None,
        to: str | None = None,
        sid: str | None = None,
        namespace: str | None = None,
        timeout: float | None = _TIMEOUT_S,
        ignore_queue: bool = False,
    ) -> Any:
        """Emit an event to one client and wait for its acknowledgement; works inside handlers too.

        ``timeout`` is in seconds; `socketio.exceptions.TimeoutError` is raised after it, and at once when the client is gone.
        Returns what the client answered: None, one value, or a tuple of several. The object stays awake meanwhile; a reset ends the
        wait with the handler.
        """
        del ignore_queue
        if to is None and sid is None:
            raise ValueError("Cannot use call() to broadcast.")
        answers = await self._ask_all(event, data, timeout, namespace, {"room": to or sid}, one_is_enough=True)
        if not answers.answers:
            raise NotAnswered
        return next(iter(answers.answers.values()))

    async def emit_with_ack(
        self,
        event: str,
        data: Any = None,
        to: Any = None,
        room: Any = None,
        skip_sid: Any = None,
        namespace: NamespaceName | None = None,
        timeout: float | None = _TIMEOUT_S,
        *,
        except_rooms: Any = None,
    ) -> Answers:
        """Emit an event to many and wait until all have answered or are gone; works inside handlers too.

        After ``timeout`` seconds it waits no longer. Never raises for want of an answer: `Answers` says who answered what and who
        did not. The object stays awake meanwhile; a reset ends the wait with the handler, and `handler_timeout_s` bounds it there.
        """
        chosen = {"room": to or room, "skip_sid": skip_sid, "except_rooms": except_rooms}
        return await self._ask_all(event, data, timeout, namespace, chosen)

    async def _ask_all(
        self,
        event: str,
        data: Any,
        timeout: float | None,
        namespace: NamespaceName | None,
        chosen: dict[str, Any],
        *,
        one_is_enough: bool = False,
    ) -> Answers:
        gathering = _Gathering(self._runtime.clock.make_event(), one_is_enough=one_is_enough)
        asked = await self.manager.ask(event, data, namespace or "/", gathering.expect, **chosen)
        try:
            if asked:
                await self._runtime.clock.wait(gathering.done, _TIMEOUT_S if timeout is None else timeout)
        finally:
            self.manager.forget(asked)
        return Answers(gathering.answers, tuple(sid for sid in asked if sid not in gathering.answers))
