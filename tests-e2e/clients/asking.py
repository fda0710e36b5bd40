"""Clients of the application `parity`, which does what it is asked for with python-socketio's members."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from conftest import Worker

from clients.node import NodeClient, node_client
from clients.python import Client, client

__all__ = ["PATH", "do", "node", "python"]

PATH = "/parity/"


@asynccontextmanager
async def python(worker: Worker, namespace: str = "/", **auth: Any) -> AsyncIterator[Client]:
    """Connect python-socketio's client."""
    async with client(worker.url, namespace, path=PATH, **auth) as made:
        yield made


@asynccontextmanager
async def node(worker: Worker, namespace: str = "/", **options: Any) -> AsyncIterator[tuple[NodeClient, str]]:
    """Connect npm's client; with its sid."""
    async with node_client(worker.url, namespace, path=PATH, **options) as made:
        yield made, (await made.next("connect"))["id"]


async def do(asker: Client, what: str, within: str = "/", **arguments: Any) -> Any:
    """Have a method called, of the server or (``within`` its namespace) of the class; gives what came of it."""
    return await asker.call("do", (what, arguments), namespace=within)
