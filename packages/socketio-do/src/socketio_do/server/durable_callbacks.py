"""Answers that are waited for across sleep and resets: handlers by name, called when the answer or the deadline comes."""

import logging
from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, overload

from socketio_do.errors import ConfigError
from socketio_do.server.base import ServerBase
from socketio_do.state.callbacks import Callbacks, Expected
from socketio_do.state.namespaces import NamespaceName
from socketio_do.upstream.dispatch import Handler, call_handler
from socketio_do.upstream.signatures import H

__all__ = ["DurableCallbacks", "Silence"]

_logger = logging.getLogger("socketio_do")

#: Why no answer comes: its time has passed, its socket is gone, or the socket leaves too many unanswered.
Silence: TypeAlias = Literal["timeout", "disconnect", "too many"]

#: Seconds an answer is waited for unless told otherwise.
_TIMEOUT_S: Final = 60


class DurableCallbacks(ServerBase):
    """The part of `DurableServer` that expects answers durably."""

    _callbacks: Callbacks
    _answer_handlers: dict[str, Handler]
    _silence_handlers: dict[str, Handler]

    @overload
    def on_answer(self, name: str, handler: H) -> H: ...
    @overload
    def on_answer(self, name: str, handler: None = None) -> Callable[[H], H]: ...
    def on_answer(self, name: str, handler: Handler | None = None) -> Any:
        """Register the handler that ``emit(callback=name)`` names, or decorate it.

        It is called with the context given to `emit`, the ``sid``, and what the client answered; at most once for each socket, in
        whatever life of the object the answer comes.
        """
        return _put(self._answer_handlers, name, handler)

    @overload
    def on_no_answer(self, name: str, handler: H) -> H: ...
    @overload
    def on_no_answer(self, name: str, handler: None = None) -> Callable[[H], H]: ...
    def on_no_answer(self, name: str, handler: Handler | None = None) -> Any:
        """Register what is called when no answer comes for ``emit(callback=name)``, or decorate it.

        It is called with the context, the ``sid`` and the reason: "timeout", "disconnect", or "too many" (unanswered ones of that
        socket, of which the oldest is given up). Without one the log has a line.
        """
        return _put(self._silence_handlers, name, handler)

    def receive_alarm(self) -> None:
        """Give up the answers whose time has passed, and ask for the next alarm; called by the object's alarm."""
        self._give_up(self._callbacks.due(self._runtime.clock.now_ms()), "timeout")
        self._arm()

    async def _emit_expecting(
        self,
        event: str,
        data: Any,
        namespace: NamespaceName,
        expecting: tuple[str, Any, float | None],
        **chosen: Any,
    ) -> None:
        name, context, timeout = expecting
        if name not in self._answer_handlers:
            raise ConfigError(
                f"there is no handler {name!r} for answers: register it with sio.on_answer in configure()"
            )
        text = self._callbacks.write_context(context)
        due_ms = self._runtime.clock.now_ms() + round(1000 * (_TIMEOUT_S if timeout is None else timeout))
        asked = await self.manager.ask(event, data, namespace, _nothing_in_memory, **chosen)
        if asked:
            given_up = self._callbacks.add(asked, name, text, due_ms)
            self._arm()
            self._give_up(given_up, "too many")

    async def _take_answer(self, socket_sid: str, number: int, answer: list[Any]) -> None:
        """Call the handler that waits for an answer; its row goes only now, since what waits may be given up."""
        expected = self._callbacks.take(socket_sid, number)
        if expected is None:
            self.manager.note_stray(socket_sid, number)
            return
        handler = self._answer_handlers.get(expected.name)
        if handler is None:
            _logger.warning("= an answer came for the handler %r, which is not there any more", expected.name)
            return
        await self._call_back(handler, expected, *answer)

    def _drop_expected(self, socket_sid: str) -> None:
        """Give up the answers of a socket that is gone."""
        if self._answer_handlers:
            self._give_up(self._callbacks.drop(socket_sid), "disconnect")

    def _give_up(self, given_up: list[Expected], reason: Silence) -> None:
        """Begin to tell of all at once: their rows are gone, and a handler that waits must not keep the others from being told."""
        for expected in given_up:
            self._runtime.lanes.start(self._tell_of_silence(expected, reason))

    async def _tell_of_silence(self, expected: Expected, reason: Silence) -> None:
        handler = self._silence_handlers.get(expected.name)
        if handler is None:
            _logger.warning("= socket %s: no answer for %r: %s", expected.socket_sid, expected.name, reason)
            return
        await self._call_back(handler, expected, reason)

    async def _call_back(self, handler: Handler, expected: Expected, *args: Any) -> None:
        try:
            await self._runtime.lanes.bounded(call_handler(handler, "", (expected.context, expected.socket_sid, *args)))
        except Exception as error:
            socket = self._membership.socket(expected.socket_sid)
            await self._report(error, expected.name, socket.namespace if socket else "/", sid=expected.socket_sid)

    def _arm(self) -> None:
        """Ask for the alarm that is due next."""
        due = [next_ms for next_ms in (self._callbacks.next_ms(), self._next_parked_ms()) if next_ms is not None]
        if due:
            self._runtime.clock.arm(min(due))

    def _next_parked_ms(self) -> int | None:
        """Return when a client's time to come back is over; `Recovery` knows."""
        return None


def _nothing_in_memory(sid: str) -> None:
    """Stand for the callback that is in storage."""
    del sid


def _put(handlers: dict[str, Handler], name: str, handler: Handler | None) -> Any:
    def register(function: Handler) -> Handler:
        handlers[name] = function
        return function

    return register if handler is None else register(handler)
