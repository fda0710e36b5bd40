"""python-socketio's two clients with any of their options: what a case gives them is noted, and all are closed after it."""

import asyncio
import inspect
import logging
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import engineio
import socketio
from conftest import EngineWorker, Worker

__all__ = ["KINDS", "Bench", "Lines", "documented", "perform", "signal_a_child"]

PATIENCE_S = 15
#: How long a GET is held: a process ends when the thread that waits for one has come back.
_HELD_S = 25
#: The clients: one for asyncio, and one that blocks.
KINDS: dict[str, Any] = {"AsyncClient": socketio.AsyncClient, "Client": socketio.Client}


def documented(kind: str) -> set[str]:
    """Name every option of a client: the parameters of its constructors and of `connect`, and those its docstring names."""
    made, engine = KINDS[kind], {"AsyncClient": engineio.AsyncClient, "Client": engineio.Client}[kind]
    functions = [made.__init__, engine.__init__, made.connect]
    named = {parameter for function in functions for parameter in inspect.signature(function).parameters}
    in_words = {name for one in (made, engine) for name in re.findall(r":param (\w+):", inspect.getdoc(one) or "")}
    return (named | in_words) - {"self", "kwargs"}


async def perform(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a method of a client: one that blocks in a thread."""
    if inspect.iscoroutinefunction(function):
        return await function(*args, **kwargs)
    return await asyncio.to_thread(function, *args, **kwargs)


class Lines(logging.Handler):
    """A logger's lines."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.logger = logging.Logger("options", logging.INFO)  # noqa: LOG001 - each case has its own
        self.logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.said.append(record.getMessage())

    @property
    def delays_s(self) -> list[float]:
        """The delays before the attempts to connect again."""
        return [float(found[1]) for line in self.said if (found := re.search(r"new attempt in ([\d.]+) seconds", line))]


@dataclass
class Bench:
    """Where a case tries options of one kind of client."""

    kind: str
    worker: Worker
    engine_worker: EngineWorker
    #: The options that the case has used.
    used: set[str] = field(default_factory=set)
    clients: list[Any] = field(default_factory=list)

    @property
    def blocks(self) -> bool:
        """Whether it is the client that blocks."""
        return self.kind == "Client"

    def client(self, **options: Any) -> Any:
        """Make a client. Interrupts stay the test's own, and nobody comes back, unless the case says so."""
        self.used |= options.keys()
        made = KINDS[self.kind](**{"handle_sigint": False, "reconnection": False, **options})
        self.clients.append(made)
        return made

    async def connect(self, client: Any, url: Any = None, **arguments: Any) -> Any:
        """Connect a client, to the application `parity` unless the case says so; returns the client."""
        self.used |= arguments.keys() | ({"url"} if url else set())
        await perform(
            client.connect,
            url or self.worker.url,
            **{"socketio_path": "/parity/", "wait_timeout": PATIENCE_S, **arguments},
        )
        return client

    async def connected(self, **arguments: Any) -> Any:
        """Make a client as it is by default and connect it."""
        return await self.connect(self.client(), **arguments)

    async def call(self, client: Any, event: str, *args: Any) -> Any:
        """Emit and wait for the acknowledgement."""
        return await perform(client.call, event, args, timeout=PATIENCE_S)

    async def environ(self, client: Any) -> dict[str, str]:
        """Ask what the server has seen of a client's handshake."""
        found: dict[str, str] = await self.call(client, "do", "get_environ", {"sid": client.get_sid()})
        return found

    async def close(self) -> None:
        """Close all clients."""
        for client in self.clients:
            await perform(client.shutdown)
            # A client that never came in leaves its session open.
            if not self.blocks and client.eio.http is not None and not client.eio.external_http:
                await client.eio.http.close()


@asynccontextmanager
async def signal_a_child(kind: str, url: str, path: str, user: str, handle_sigint: bool) -> AsyncIterator[None]:
    """Run a process with a client that polls, and interrupt it at the end."""
    command = [sys.executable, str(Path(__file__)), kind, url, path, user, str(int(handle_sigint))]
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *command, stdout=pipe, stderr=nothing, env={"PYTHONPATH": ":".join(sys.path)}
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), PATIENCE_S) == b"connected\n"
        yield
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), _HELD_S + PATIENCE_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _be_a_child(kind: str, url: str, path: str, user: str, handle_sigint: str) -> None:
    """Connect, say so, and stay until interrupted."""
    client = KINDS[kind](handle_sigint=bool(int(handle_sigint)), reconnection=False)

    how = {"auth": {"user": user}, "transports": "polling", "socketio_path": path, "wait_timeout": PATIENCE_S}

    async def stay() -> None:
        await client.connect(url, **how)
        print("connected", flush=True)  # noqa: T201
        await client.wait()

    if kind == "AsyncClient":
        asyncio.run(stay())
    client.connect(url, **how)
    print("connected", flush=True)  # noqa: T201
    time.sleep(PATIENCE_S)


if __name__ == "__main__":
    _be_a_child(*sys.argv[1:])
