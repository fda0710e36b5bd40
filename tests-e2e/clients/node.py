"""npm's socket.io-client under Node, driven line by line."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from local_runtime import node_command, node_env

__all__ = ["NodeClient", "decode", "encode", "node_client"]

SCRIPT = Path(__file__).with_name("node_client.mjs")
PATIENCE_S = 15.0


class NodeClient:
    """One `io()` socket in a Node process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._seen: list[dict[str, Any]] = []
        self._number = 0

    async def emit(self, event: str, *args: Any) -> None:
        """Emit without acknowledgement."""
        await self._tell({"do": "emit", "event": event, "args": encode(list(args))})

    async def call(self, event: str, *args: Any) -> Any:
        """Emit and wait for the acknowledgement; returns its arguments as a list."""
        self._number += 1
        await self._tell({"do": "call", "number": self._number, "event": event, "args": encode(list(args))})
        return (await self.next("ack", number=self._number))["args"]

    async def answer(self, *args: Any) -> None:
        """Acknowledge the oldest event that it was told to hold."""
        await self._tell({"do": "answer", "args": encode(list(args))})

    async def leave(self) -> None:
        """Disconnect from the namespace."""
        await self._tell({"do": "leave", "args": []})

    async def next(self, what: str, **fields: Any) -> dict[str, Any]:
        """Wait for the next line of a kind; others are kept for later."""
        wanted = {"what": what, **fields}
        while True:
            for index, line in enumerate(self._seen):
                if wanted.items() <= line.items():
                    return self._seen.pop(index)
            assert self._process.stdout is not None
            raw = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
            assert raw, f"the client ended before {wanted}; it said {self._seen}"
            self._seen.append(decode(json.loads(raw)))

    async def _tell(self, command: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()


@asynccontextmanager
async def node_client(
    url: str, namespace: str = "/", *, holds: Sequence[str] = (), package: str = "socket.io-client", **options: Any
) -> AsyncIterator[NodeClient]:
    """Start a client of an npm package, with these options of `io()`; with its default transports unless they say otherwise.

    It acknowledges every event with its arguments at once, but those it ``holds``. A ``parser`` is named by its npm package.
    """
    setup = json.dumps({"url": url + namespace, "options": options, "holds": list(holds), "from": package})
    process = await asyncio.create_subprocess_exec(
        *node_command(SCRIPT, setup),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=node_env(),
        limit=16 * 1024 * 1024,
    )
    try:
        yield NodeClient(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), PATIENCE_S)


def encode(value: Any) -> Any:
    """Wrap bytes for the way through JSON."""
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    return value


def decode(value: Any) -> Any:
    """Unwrap them."""
    if isinstance(value, list):
        return [decode(item) for item in value]
    if isinstance(value, dict):
        if "$bytes" in value:
            return base64.b64decode(value["$bytes"])
        return {key: decode(item) for key, item in value.items()}
    return value
