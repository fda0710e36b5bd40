"""A line to a server, which ends connections as proxies and networks do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlsplit

__all__ = ["CUTS", "Cut", "Line"]

#: Both sides are told in order (FIN), or that it failed (RST); or nobody is told anything and nothing more gets through: of what
#: clients send, of what the server sends, or of both.
Cut = Literal["fin", "rst", "silence up", "silence down", "silence"]
CUTS: tuple[Cut, ...] = get_args(Cut)
_SILENT = {"silence up": {"up"}, "silence down": {"down"}, "silence": {"up", "down"}}


@dataclass(eq=False)
class _Connection:
    """One connection through the line: its end at the client, and its end at the server."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter
    silent: set[str] = field(default_factory=set)

    async def pass_on(self, way: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward until there is an end; on a silent way nothing is, and that there is an end is not told either."""
        with suppress(OSError):
            while data := await reader.read(65_536):
                if way not in self.silent:
                    writer.write(data)
                    await writer.drain()
        if way in self.silent:
            return
        for end in (self.near, self.far):  # where one side ends, so does the other, when it has what was under way
            end.close()


class Line:
    """Forwards connections to a server; the host's name in its address is that of the server's."""

    def __init__(self, url: str) -> None:
        self._host, self._port = urlsplit(url).hostname, urlsplit(url).port
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    @asynccontextmanager
    async def laid(self) -> AsyncIterator["Line"]:
        """Forward connections meanwhile."""
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self.url = f"http://{self._host}:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, how: Cut = "rst") -> None:
        """Do this to all connections there are; new ones get through."""
        for one in self._connections:
            if how in _SILENT:
                one.silent |= _SILENT[how]
                continue
            for end in (one.near, one.far):
                end.close() if how == "fin" else end.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.transport.abort()
            return
        connection, task = _Connection(writer, far_writer), asyncio.current_task()
        assert task is not None
        self._connections.add(connection)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        ways = (connection.pass_on("up", reader, far_writer), connection.pass_on("down", far_reader, writer))
        await asyncio.gather(*ways)
        self._connections.discard(connection)
        for end in (writer, far_writer):
            end.close()
