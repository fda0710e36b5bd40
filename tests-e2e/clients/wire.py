"""A WebSocket client that writes its bytes by hand: what no client library sends."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from clients.raw import PATIENCE_S

__all__ = ["BINARY", "CLOSE", "FIN", "PING", "PONG", "TEXT", "Wire", "frame", "wire"]

FIN = 0x80
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

#: The code that stands for a connection that ended without a close frame.
NO_CLOSE_FRAME = 1006


class Wire:
    """One TCP connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def upgrade(self, target: str, *headers: str) -> int:
        """Ask for a WebSocket; returns the status of the answer. What follows a 101 are frames."""
        lines = [
            f"GET {target} HTTP/1.1",
            "Host: localhost",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            *headers,
        ]
        await self.send("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.timeout(PATIENCE_S):
            head = await self._reader.readuntil(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1])

    async def send(self, data: bytes) -> None:
        """Send bytes as they are; a server that has closed already is sent nothing."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except ConnectionError:
            pass

    async def send_frame(self, first: int, payload: bytes = b"") -> None:
        """Send a masked frame of at most 65,535 bytes; ``first`` is its first byte."""
        await self.send(frame(first, payload))

    async def receive(self) -> tuple[int, bytes]:
        """Read a frame; returns its opcode and payload."""
        async with asyncio.timeout(PATIENCE_S):
            first, length = await self._reader.readexactly(2)
            if length > 125:
                length = int.from_bytes(await self._reader.readexactly(2 if length == 126 else 8))
            return first & 15, await self._reader.readexactly(length)

    async def wait_closed(self) -> int:
        """Read frames until the server closes; returns the code it gives."""
        try:
            while True:
                opcode, payload = await self.receive()
                if opcode == CLOSE:
                    return int.from_bytes(payload[:2])
        except (asyncio.IncompleteReadError, ConnectionError):
            return NO_CLOSE_FRAME

    def reset(self) -> None:
        """End the connection by a TCP reset."""
        linger = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._writer.transport.abort()


def frame(first: int, payload: bytes = b"") -> bytes:
    """Write a frame as a client does; the mask is zero, which leaves the payload as it is."""
    length = bytes([FIN | len(payload)]) if len(payload) < 126 else bytes([FIN | 126]) + len(payload).to_bytes(2, "big")
    return bytes([first]) + length + bytes(4) + payload


@asynccontextmanager
async def wire(url: str) -> AsyncIterator[Wire]:
    """Connect; the connection is dropped at the end."""
    where = urlsplit(url)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()
