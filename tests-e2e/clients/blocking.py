"""python-engineio's and python-socketio's synchronous clients: threads, `requests` and `websocket-client`."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import engineio
import requests
import socketio

__all__ = ["PATIENCE_S", "EngineThread", "SocketThread", "engine_thread", "socket_thread"]

PATIENCE_S = 15


class EngineThread(engineio.Client):
    """An Engine.IO client that keeps what comes."""

    def __init__(self, http: requests.Session) -> None:
        super().__init__(http_session=http)
        self.messages: queue.Queue[str | bytes] = queue.Queue()
        self.reasons: queue.Queue[str] = queue.Queue()
        self.on("message", self.messages.put)
        self.on("disconnect", self.reasons.put)

    def take(self, count: int) -> list[str | bytes]:
        """Wait for so many messages."""
        return [self.messages.get(timeout=PATIENCE_S) for _ in range(count)]


class SocketThread(socketio.Client):
    """A Socket.IO client that keeps what comes, answers questions, and comes back soon."""

    def __init__(self, http: requests.Session) -> None:
        super().__init__(reconnection_delay=0.05, reconnection_delay_max=0.5, http_session=http)
        self.events: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self.on("connect", lambda: self.events.put(("connect",)))
        self.on("disconnect", lambda reason: self.events.put(("disconnect", reason)))
        self.on("*", lambda *event: self.events.put(event))
        self.on("question", lambda question: [question, "answered"])

    def next(self, event: str) -> tuple[Any, ...]:
        """Return the next event, which must be this one."""
        name, *args = self.events.get(timeout=PATIENCE_S)
        assert name == event, (name, args)
        return tuple(args)


@contextmanager
def engine_thread(url: str, path: str, transports: list[str]) -> Iterator[EngineThread]:
    """Open a session that begins with the first transport and moves to the second."""
    with requests.Session() as http:
        client = EngineThread(http)
        client.connect(url, transports=transports, engineio_path=path.strip("/"))
        try:
            yield client
        finally:
            client.disconnect()


@contextmanager
def socket_thread(url: str, transports: list[str], **auth: Any) -> Iterator[SocketThread]:
    """Connect to the namespace "/"; reconnecting until the end."""
    with requests.Session() as http:
        client = SocketThread(http)
        client.connect(url, transports=transports, auth=auth, wait_timeout=PATIENCE_S)
        try:
            assert client.next("connect") == ()
            yield client
        finally:
            client.shutdown()
