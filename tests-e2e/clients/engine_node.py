"""npm's engine.io-client under Node, of revision 4 or 3, driven line by line."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from local_runtime import node_command, node_env

__all__ = ["EngineClient", "engine_client", "engine_swarm"]

FOLDER = Path(__file__).parent
PATIENCE_S = 20.0


class EngineClient:
    """A Node process with one socket, or many."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._seen: list[dict[str, Any]] = []

    async def send(self, data: str | bytes) -> None:
        """Send a message."""
        encoded = data if isinstance(data, str) else {"$bytes": base64.b64encode(data).decode()}
        await self._tell({"send": encoded})

    async def close(self) -> None:
        """Close the socket."""
        await self._tell({})

    async def message(self) -> str | bytes:
        """Return the next message."""
        data: str | dict[str, str] = (await self.next("message"))["data"]
        return data if isinstance(data, str) else base64.b64decode(data["$bytes"])

    async def next(self, what: str, patience_s: float = PATIENCE_S) -> dict[str, Any]:
        """Wait for the next line of a kind; others are kept for later."""
        while True:
            for index, line in enumerate(self._seen):
                if line["what"] == what:
                    return self._seen.pop(index)
            assert self._process.stdout is not None
            raw = await asyncio.wait_for(self._process.stdout.readline(), patience_s)
            assert raw, f"the client ended before {what}; it said {self._seen}"
            self._seen.append(json.loads(raw))

    def happened(self, what: str) -> bool:
        """Return whether a line of a kind has come that nobody took."""
        return any(line["what"] == what for line in self._seen)

    def kill(self) -> None:
        """End the process without a word to the server."""
        self._process.kill()

    async def round(self) -> dict[str, Any]:
        """Let a swarm talk for a round."""
        await self._tell({})
        return await self.next("round", patience_s=60)

    async def _tell(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()


@asynccontextmanager
async def engine_client(url: str, path: str, revision: int = 4, **options: Any) -> AsyncIterator[EngineClient]:
    """Open a socket with these options of engine.io-client."""
    setup = {"url": url, "revision": revision, "options": {"path": path.rstrip("/"), **options}}
    async with _running("engine_client.mjs", setup) as client:
        yield client


@asynccontextmanager
async def engine_swarm(url: str, path: str, clients: int, messages: int) -> AsyncIterator[EngineClient]:
    """Open many sockets that exchange numbered messages, round by round."""
    setup = {"url": url, "options": {"path": path.rstrip("/")}, "clients": clients, "messages": messages}
    async with _running("engine_swarm.mjs", setup) as swarm:
        yield swarm


@asynccontextmanager
async def _running(script: str, setup: dict[str, Any]) -> AsyncIterator[EngineClient]:
    process = await asyncio.create_subprocess_exec(
        *node_command(FOLDER / script, json.dumps(setup)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=node_env(),
        limit=16 * 1024 * 1024,
    )
    try:
        yield EngineClient(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), PATIENCE_S)
