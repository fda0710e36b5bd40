"""python-socketio's own client, which keeps what it receives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import socketio

__all__ = ["Client", "client"]

PATIENCE_S = 15


class Client(socketio.AsyncClient):
    """A client that keeps what it receives in any of its namespaces, and answers questions."""

    def __init__(self, namespace: str = "/", **options: Any) -> None:
        super().__init__(reconnection=False, **options)
        self.events: asyncio.Queue[tuple[str, tuple[Any, ...]]] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.on("*", self._keep, namespace=namespace)
        self.on("question", self._answer, namespace=namespace)
        self.on("disconnect", self._leave, namespace=namespace)

    async def next(self, event: str) -> tuple[Any, ...]:
        """Return the next event, which must be this one."""
        name, args = await asyncio.wait_for(self.events.get(), PATIENCE_S)
        assert name == event, (name, args)
        return args

    async def wait_gone(self) -> None:
        """Wait until the server has disconnected it."""
        await asyncio.wait_for(self.gone.wait(), PATIENCE_S)

    async def _keep(self, event: str, *args: Any) -> None:
        await self.events.put((event, args))

    async def _answer(self, question: Any) -> Any:
        return [question, "answered"]

    def _leave(self, reason: str) -> None:
        del reason
        self.gone.set()


@asynccontextmanager
async def client(
    url: str, namespace: str = "/", *, path: str = "/socket.io/", serializer: Any = "default", **auth: Any
) -> AsyncIterator[Client]:
    """Connect a client to one namespace."""
    made = Client(namespace, serializer=serializer)
    await made.connect(url, namespaces=namespace, socketio_path=path, auth=auth or None)
    try:
        yield made
    finally:
        await made.disconnect()
