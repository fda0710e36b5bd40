"""A Worker in one process, with clients of Socket.IO."""

import json
import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Self

import shared_wire.testing
from shared_wire.testing.loop import is_over
from shared_wire.testing.modules import install
from socketio_do.testing.client import Client, Connection

__all__ = ["World"]

#: Whose errors are faults of the application, or of ours.
_LOGGERS = ("socketio_do", "engine_do", "shared_wire")


class World(shared_wire.testing.World):
    """A Worker in one process, with clients of Socket.IO.

    What a handler raises is raised by the next method that a test calls, since a Worker would have it in its log only.
    """

    def __init__(self, entry: ModuleType, bindings: Mapping[str, str], **env: Any) -> None:
        """Initialise with the Worker's main module, its Durable Object bindings (name to class), and the other bindings."""
        super().__init__(entry, bindings, **env)
        #: Whether what a handler raises is raised in the test; where not, it is in `errors` only.
        self.raises_errors = True
        #: What handlers have raised, and has not been raised in the test.
        self.errors: list[BaseException] = []
        self._log = _Log(self.errors)
        for name in _LOGGERS:
            logging.getLogger(name).addHandler(self._log)

    @classmethod
    def of(
        cls, configure: Callable[[Any], None], *, config: Any = None, is_split: bool = False, **options: Any
    ) -> Self:
        """Make the world of an application that has no project yet: ``configure(sio)`` registers its handlers.

        ``config`` is an `engine_do.EngineConfig`, ``options`` are those of `SocketActor.options`. Sockets and application are in
        objects of a class `Chat`, binding ``CHAT``; with ``is_split`` the sockets are in those of a class `Engine`, binding
        ``ENGINE``, and the application in one of a class `Socket`, binding ``SOCKET``.
        """
        install()
        from socketio_do.testing.composition import (
            compose,
            compose_split,
        )  # here: it imports what the line before puts in place

        make, bindings = (
            (compose_split, {"ENGINE": "Engine", "SOCKET": "Socket"}) if is_split else (compose, {"CHAT": "Chat"})
        )
        world = cls(make(configure, config, options), bindings)
        world.env.CF_VERSION_METADATA = world.version
        return world

    def client(
        self,
        namespace: str = "/",
        *,
        auth: Any = None,
        transport: str = "websocket",
        path: str = "/socket.io/",
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Client:
        """Connect a client; raises `Refused`, or `ConnectionRefusedError` where there is not even a connection.

        ``transport`` is "websocket" or "polling"; ``path`` that of the `EngineConfig`.
        """
        connection = Connection(self, transport=transport, path=path, query=query or {}, headers=headers or {})
        return Client(connection, namespace, auth=auth)

    def offline(self, *clients: Client) -> None:
        """Cut clients off as a pulled cable does: they send and hear nothing more, and nobody is told."""
        for client in clients:
            client.vanish()

    def counters(self, binding: str, name: str) -> dict[str, Any]:
        """Return what the current life of an object has cost, as its `counters` says it; wakes it."""
        found: dict[str, Any] = json.loads(self.run(self.actor(binding, name).call("an RPC", "counters")))
        return found

    def settle(self) -> None:
        """Run all that is ready; no time passes. Raises what a handler has raised."""
        super().settle()
        self._raise()

    def advance(self, seconds: float) -> None:
        """Let time pass; what has nothing to do meanwhile falls asleep. Raises what a handler has raised."""
        super().advance(seconds)
        self._raise()

    def close(self) -> None:
        """End everything; a ``with`` block and the fixture do it. Raises what a handler has raised, and nobody has seen."""
        for name in _LOGGERS:
            logging.getLogger(name).removeHandler(self._log)
        super().close()
        self._raise()

    def _raise(self) -> None:
        if self.raises_errors and self.errors:
            first, *_ = self.errors
            self.errors.clear()
            raise first


class _Log(logging.Handler):
    """Keeps what was raised of the errors in the log."""

    def __init__(self, errors: list[BaseException]) -> None:
        super().__init__(logging.ERROR)
        self._errors = errors

    def emit(self, record: logging.LogRecord) -> None:
        if is_over():
            return
        raised = record.exc_info[1] if record.exc_info else None
        if raised is None:
            self._errors.append(RuntimeError(record.getMessage()))
        else:
            raised.add_note(record.getMessage())
            self._errors.append(raised)
