"""A WebSocket between a client and an object: the object's end hibernates, the client's is what a test holds."""

from collections.abc import Callable
from contextvars import Context
from typing import Any, Final, Protocol

from shared_wire.testing.loop import is_over
from shared_wire.testing.values import JsBytes, JsException

__all__ = ["ClientSocket", "Owner", "ServerSocket", "make_pair"]

#: https://developers.cloudflare.com/durable-objects/best-practices/websockets/
_MAX_ATTACHMENT: Final = 16_384
#: What a serialised value has besides its characters.
_ENVELOPE: Final = 8
CONNECTING, OPEN, CLOSING, CLOSED = range(4)
#: The code with which clients answer a close.
_ANSWERED: Final = 1000
#: What an object is told where a connection ends without a word.
NO_WORD: Final = "WebSocket disconnected without sending Close frame."


class Owner(Protocol):
    """The object that has accepted a socket."""

    def receive(self, socket: "ServerSocket", frame: str | bytes) -> None:
        """Handle a frame of the client."""

    def receive_close(self, socket: "ServerSocket", code: int, reason: str, was_clean: bool) -> None:
        """Handle the client's close, or the end of its connection."""

    def forget(self, socket: "ServerSocket") -> None:
        """Let go of a socket that is closed."""


class ServerSocket:
    """An object's end, as JavaScript has it."""

    OPEN = OPEN

    def __init__(self, client: "ClientSocket") -> None:
        """Initialise with the other end."""
        self.readyState = CONNECTING  # JavaScript's name
        self.tags: list[str] = []
        self.client = client
        self.owner: Owner | None = None
        #: When the runtime last answered a frame of it, in milliseconds.
        self.answered_ms: float | None = None
        self._attachment: Any = None

    def send(self, frame: Any) -> None:
        """Send a frame: text, or bytes of JavaScript's."""
        if self.readyState != OPEN or is_over():
            raise JsException("Can't call WebSocket send() after close().")
        self.client.receive(frame.to_bytes() if isinstance(frame, JsBytes) else str(frame))

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it, or answer the client's close. A client that is there answers, which its object is told."""
        if self.readyState == CLOSED or is_over():
            return
        was_open, self.readyState = self.readyState == OPEN, CLOSED
        self.client.receive_close(code, reason)
        if self.owner is not None:
            self.owner.forget(self)
            if was_open and not self.client.has_vanished:
                answer = (code, reason) if self.client.is_of_runtime else (_ANSWERED, "")
                self.owner.receive_close(self, *answer, True)

    def sever(self) -> None:
        """Have the connection break: both ends are told."""
        if self.readyState == OPEN and self.owner is not None:
            self.readyState = CLOSED
            self.owner.receive_close(self, 1006, NO_WORD, False)
            self.client.receive_close(1006, "")

    def serializeAttachment(self, value: Any) -> None:  # noqa: N802 - JavaScript's name
        """Keep a value with the socket, across sleep."""
        if is_over():
            return
        if _size_of(value) > _MAX_ATTACHMENT:
            raise JsException(f"Error: serialized attachment is larger than {_MAX_ATTACHMENT} bytes")
        self._attachment = value

    def deserializeAttachment(self) -> Any:  # noqa: N802 - JavaScript's name
        """Return the value."""
        return self._attachment

    def accept(self) -> None:
        """Accept it without hibernation, which this model does not have."""
        raise JsException("the model has hibernating sockets only: ctx.acceptWebSocket(ws)")


class ClientSocket:
    """The client's end. What comes is kept until somebody takes it, or told at once."""

    def __init__(self) -> None:
        """Initialise as open."""
        self.server = ServerSocket(self)
        #: The code and the reason with which it was closed.
        self.closed: tuple[int, str] | None = None
        self._frames: list[str | bytes] = []
        self._listener: Callable[[str | bytes], None] | None = None
        self._close_listener: Callable[[int, str], None] | None = None
        self._answer_listener: Callable[[int, str], None] | None = None
        self.has_vanished = False
        #: Whether it is the runtime's own, which answers a close with the same code and reason.
        self.is_of_runtime = False

    def listen(
        self,
        frame: Callable[[str | bytes], None],
        close: Callable[[int, str], None],
        answer: Callable[[int, str], None] | None = None,
    ) -> None:
        """Have functions called with what comes, from the first frame on; ``answer`` with that to its own close."""
        self._listener, self._close_listener, self._answer_listener = frame, close, answer
        for one in self.take():
            frame(one)
        if self.closed is not None:
            close(*self.closed)

    def take(self) -> list[str | bytes]:
        """Return what has come since it was last asked."""
        frames, self._frames = self._frames, []
        return frames

    def send(self, frame: str | bytes) -> None:
        """Send a frame; nothing happens when it is closed."""
        is_open = self.closed is None and self.server.readyState == OPEN and not self.has_vanished
        if is_open and self.server.owner is not None:
            self.server.owner.receive(self.server, frame)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Close it in the ordinary way."""
        self._leave(code, reason, was_clean=True)

    def drop(self) -> None:
        """Be gone without a word, as when the network breaks."""
        self._leave(1006, NO_WORD, was_clean=False)

    def vanish(self) -> None:
        """Send nothing more, and take nothing: the connection seems to be there."""
        self._listener, self.has_vanished = None, True

    def _leave(self, code: int, reason: str, *, was_clean: bool) -> None:
        if self.closed is None:
            self.closed = (code, reason)
            self.server.readyState = CLOSING
            if self.server.owner is not None:
                self.server.owner.receive_close(self.server, code, reason, was_clean)

    def receive(self, frame: str | bytes) -> None:
        """Handle a frame of the server."""
        if self.closed is None:
            if self._listener is None:
                self._frames.append(frame)
            else:
                # A client's code is none of the object's life, and does not end with it.
                Context().run(self._listener, frame)

    def receive_close(self, code: int, reason: str) -> None:
        """Handle the server's close, or its answer."""
        if self.closed is None:
            self.closed = (code, reason)
            if self._close_listener is not None:
                Context().run(self._close_listener, code, reason)
        elif self._answer_listener is not None:
            Context().run(self._answer_listener, code, reason)


def make_pair() -> tuple[ClientSocket, ServerSocket]:
    """Make both ends of a socket."""
    client = ClientSocket()
    return client, client.server


def _size_of(value: Any) -> int:
    if not isinstance(value, str):
        return len(repr(value)) + _ENVELOPE
    return _ENVELOPE + (len(value) if value.isascii() else len(value.encode("utf-16-le")))
