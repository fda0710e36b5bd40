"""A raw Engine.IO client of revision 3 over HTTP: bodies are what a test writes. https://github.com/socketio/engine.io-protocol/tree/v3"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from clients.polling import Answer, Site, site

__all__ = ["OldSession", "old_site", "open_old"]

#: What a body of binary begins with, and what ends a length in it.
LAST_KIND, END_OF_LENGTH = 1, b"\xff"


class OldSession:
    """One session that polls."""

    def __init__(self, where: Site, sid: str) -> None:
        self.site = where
        self.sid = sid
        self.query = f"EIO=3&transport=polling&sid={sid}"

    async def post(self, body: str | bytes) -> Answer:
        """Send a body: text, or binary."""
        kind = "text/plain;charset=UTF-8" if isinstance(body, str) else "application/octet-stream"
        data = body.encode() if isinstance(body, str) else body
        return await self.site.ask("POST", self.query, data=data, headers={"Content-Type": kind})

    async def get(self) -> list[str | bytes]:
        """Poll once; returns the packets, without pongs and noops."""
        answer = await self.site.ask(query=self.query)
        assert answer.status == 200, answer
        return [packet for packet in _read(answer.body) if packet not in ("3", "6")]


@asynccontextmanager
async def old_site(url: str) -> AsyncIterator[Site]:
    """Talk to the engine that serves revision 3."""
    async with site(url, "/old/") as where:
        yield where


async def open_old(where: Site) -> OldSession:
    """Open a session."""
    first = _read((await where.ask(query="EIO=3&transport=polling")).body)[0]
    assert isinstance(first, str)
    return OldSession(where, first.split('"sid":"')[1].split('"')[0])


def _read(body: bytes) -> list[str | bytes]:
    found: list[str | bytes] = []
    while body:
        packet, body = _read_binary(body) if body[0] <= LAST_KIND else _read_text(body)
        found.append(packet)
    return found


def _read_binary(body: bytes) -> tuple[str | bytes, bytes]:
    end = body.index(END_OF_LENGTH)
    begin, size = end + 1, int("".join(map(str, body[1:end])))
    data = body[begin : begin + size]
    return data if body[0] else data.decode(), body[begin + size :]


def _read_text(body: bytes) -> tuple[str | bytes, bytes]:
    """Read a packet of a text body; lengths count UTF-16 units, as JavaScript does."""
    length, _, rest = body.decode().partition(":")
    units, size = rest.encode("utf-16-le"), 2 * int(length)
    return units[:size].decode("utf-16-le"), units[size:].decode("utf-16-le").encode()
