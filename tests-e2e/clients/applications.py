"""The Worker of `tests-e2e/applications`, and how a script is played on it and on python-socketio's own server."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from conftest import Worker, prepare_worker
from waiting import until

from clients.stock import stock_server
from clients.tape import Stage, stage
from local_runtime import WorkerdServer

__all__ = ["Script", "Trace", "noted", "play", "play_alike", "play_both", "serve"]

FOLDER = Path(__file__).resolve().parents[1] / "applications"

Trace: TypeAlias = dict[str, list[Any]]
Script: TypeAlias = Callable[[Stage], Awaitable[None]]


@contextmanager
def serve() -> Iterator[Worker]:
    """Serve the applications."""
    with WorkerdServer(prepare_worker(FOLDER)) as server:
        yield Worker(server)


async def play(url: str, name: str, script: Script) -> Trace:
    async with stage(url, f"/{name}/") as where:
        await script(where)
        return where.trace()


async def play_both(worker: Worker, name: str, script: Script) -> tuple[Trace, Trace]:
    """Play a script on a stock server that has just started, and on ours in a new life of its actor; gives both traces."""
    async with stock_server(name) as url:
        stock = await play(url, name, script)
    await worker.kill(name)
    return stock, await play(worker.url, name, script)


async def play_alike(worker: Worker, name: str, script: Script) -> Trace:
    """Play a script on both; gives what clients saw, which is the same."""
    stock, ours = await play_both(worker, name, script)
    assert ours == stock
    return ours


async def noted(where: Stage, last: Any) -> list[Any]:
    """Wait until a handler has noted something; gives all that was noted till then."""
    if (onlooker := where.people.get("onlooker")) is None:
        onlooker = await where.python("onlooker")
        await onlooker.until("connect")
    found: list[Any] = []

    async def look() -> bool:
        found.extend(*(await onlooker.call("noted")))
        return last in found

    await until(look, f"{last} is noted")
    onlooker.forget("ack", "noted")
    return found
