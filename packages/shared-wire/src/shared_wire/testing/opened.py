"""A WebSocket that an object has opened to another: it keeps the object awake, and ends with its life."""

import logging
from collections.abc import Callable
from contextvars import Context
from types import SimpleNamespace
from typing import Any, Final

from shared_wire.testing.lives import Life
from shared_wire.testing.loop import is_over
from shared_wire.testing.sockets import NO_WORD, ClientSocket
from shared_wire.testing.values import JsBytes, JsException, LifeOver

__all__ = ["OpenedSocket"]

_logger = logging.getLogger("shared_wire.testing")

#: The code of a connection that ended without a word.
_BROKEN: Final = 1006


class OpenedSocket:
    """The opener's end, as JavaScript has it: ``response.webSocket``."""

    def __init__(self, client: ClientSocket, life: Life) -> None:
        """Initialise with the client's end, and the life that has opened it."""
        self.binaryType = "blob"  # JavaScript's name
        self._client = client
        client.is_of_runtime = True
        self._life = life
        self._listeners: dict[str, list[Callable[[Any], Any]]] = {"message": [], "close": [], "error": []}
        self._release: Callable[[], None] = lambda: None

    def addEventListener(self, kind: str, listener: Callable[[Any], Any]) -> None:  # noqa: N802 - JavaScript's name
        """Have a function called with each event of a kind."""
        self._listeners[kind].append(listener)

    def removeEventListener(self, kind: str, listener: Callable[[Any], Any]) -> None:  # noqa: N802 - JavaScript's name
        """Have a function called no more."""
        self._listeners[kind].remove(listener)

    def accept(self) -> None:
        """Let events come; until it is closed, it keeps the object awake."""
        self._release = self._life.hold("a WebSocket that it has opened")
        self._life.endings.append(self._client.drop)
        self._client.listen(self._hear, self._end, self._end)

    def send(self, frame: Any) -> None:
        """Send a frame: text, or bytes of JavaScript's."""
        if self._client.closed is not None or is_over():
            raise JsException("Can't call WebSocket send() after close().")
        self._client.send(frame.to_bytes() if isinstance(frame, JsBytes) else str(frame))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it; the event comes when the other end has answered."""
        if not is_over():
            self._client.close(code, reason)

    def _hear(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes) and self.binaryType != "arraybuffer":
            raise JsException('the model has no Blob: set binaryType = "arraybuffer"')
        self._tell("message", SimpleNamespace(data=frame if isinstance(frame, str) else JsBytes(frame)))

    def _end(self, code: int, reason: str) -> None:
        self._release()
        self._tell("close", SimpleNamespace(code=code, reason=NO_WORD if code == _BROKEN else reason))

    def _tell(self, kind: str, event: Any) -> None:
        """Have the object handle an event."""
        loop = self._life.owner.loop

        def begin() -> None:
            for listener in list(self._listeners[kind]):
                loop.create_task(self._deliver(kind, listener, event))

        loop.call_soon(begin, context=Context())

    async def _deliver(self, kind: str, listener: Callable[[Any], Any], event: Any) -> None:
        """Have a listener called, unless it is removed, or the life of the object over, by now.

        What it raises is logged, as the runtime does.
        """

        def handle() -> Any:
            return listener(event) if listener in self._listeners[kind] else None

        if not self._life.is_alive:
            return
        try:
            await self._life.deliver(f"a {kind} event", handle)
        except LifeOver:
            return
        except JsException as error:
            _logger.error("= %r: a %s event raised: %s", self._life.owner, kind, error)
