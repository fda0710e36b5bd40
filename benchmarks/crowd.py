"""Many WebSockets of one engine, held by as little code as can be, so that the server has the machine to itself.

Nothing is decoded but the head of each answer: what a server sends is told by its size.
"""

import os
import select
import socket
from urllib.parse import urlsplit

__all__ = ["Crowd"]

PATIENCE_S = 60.0
REQUEST = (
    "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
#: The largest payload whose length fits the second byte of a frame.
SHORT = 125
TEXT_FRAME = 0x81
MASKED = 0x80
NO_MASK = bytes(4)


class Crowd:
    """The sockets; close it at the end."""

    def __init__(self, url: str, path: str) -> None:
        """Initialise with where the engine is, without a slash at the end, and what to ask it for."""
        self._address = urlsplit(url)
        self._request = REQUEST.format(path=path, host=self._address.netloc).encode()
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._first: socket.socket | None = None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._sockets)

    def grow(self, count: int) -> None:
        """Open sockets, one after another, until there are so many."""
        while len(self._sockets) < count:
            client = socket.create_connection((self._address.hostname, self._address.port), PATIENCE_S)
            client.sendall(self._request)
            received = b""
            while b"\r\n\r\n" not in received or not received.endswith(b"}"):
                received += _some(client)
            assert b" 101 " in received, received
            client.setblocking(False)
            self._first = self._first or client
            self._sockets[client.fileno()] = client
            self._poll.register(client.fileno(), select.EPOLLIN)

    def tell(self, text: str) -> None:
        """Let the first socket send a message."""
        data = b"4" + text.encode()
        assert self._first is not None
        assert len(data) <= SHORT
        self._first.sendall(bytes([TEXT_FRAME, MASKED | len(data)]) + NO_MASK + data)

    def receive(self, size: int) -> None:
        """Read so many bytes from all together."""
        while size > 0:
            ready = self._poll.poll(PATIENCE_S)
            assert ready, f"{size} bytes did not come"
            size -= sum(len(os.read(number, 65_536)) for number, _ in ready)
        assert size == 0, f"{-size} bytes too many"

    def close(self) -> None:
        """Close all."""
        for client in self._sockets.values():
            client.close()
        self._poll.close()


def _some(client: socket.socket) -> bytes:
    found = client.recv(4096)
    assert found, "the server closed the connection"
    return found
