"""npm's socket.io-client, many sockets in one Node process, that lose their connections and come back."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from waiting import until

from local_runtime import node_command, node_env

__all__ = ["Cut", "Recovering", "recovering"]

SCRIPT = Path(__file__).with_name("recovering.mjs")
PATIENCE_S = 60.0

Cut = Literal["close", "destroy", "abandon"]


class Recovering:
    """The sockets of one process, by their numbers."""

    def __init__(self, process: asyncio.subprocess.Process, count: int) -> None:
        self.count = count
        self._process = process
        self._numbers = itertools.count()

    async def cut(self, how: Cut, *which: int) -> None:
        """End connections: closed, cut in the middle, or given up by the client alone."""
        await self._ask("cut", which, how)

    async def call(self, which: int, *args: Any) -> Any:
        """Emit and return what it is acknowledged with."""
        return (await self._ask("call", (which,), *args))[0]

    async def hold(self, which: int, *, held: bool = True) -> None:
        """Answer no question any more."""
        await self._ask("hold", (which,), held)

    async def stay_away(self, *which: int) -> None:
        """Do not come back after the next cut."""
        await self._ask("reconnect", which, False)

    async def come_back(self, *which: int) -> None:
        """Come back, and after each cut from now on."""
        await self._ask("reconnect", which, True)

    async def forge(self, which: int, **fields: Any) -> None:
        """Change what a client knows: `_pid`, `_lastOffset`."""
        await self._ask("forge", (which,), fields)

    async def states(self) -> list[dict[str, Any]]:
        """Return whether each is connected, and its id, pid and offset."""
        found: list[dict[str, Any]] = await self._ask("states", None)
        return found

    async def histories(self) -> list[list[dict[str, Any]]]:
        """Return what has happened to each."""
        found: list[list[dict[str, Any]]] = await self._ask("histories", None)
        return found

    async def all_connected(self) -> None:
        """Wait until all are."""

        async def connected() -> bool:
            return all(state["connected"] for state in await self.states())

        await until(connected, "all are connected", patience_s=PATIENCE_S)

    async def _ask(self, what: str, which: Sequence[int] | None, *args: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        number = next(self._numbers)
        chosen = None if which is None or not which else list(which)
        command = {"number": number, "do": what, "which": chosen, "args": args}
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        line = await asyncio.wait_for(self._process.stdout.readline(), PATIENCE_S)
        answer = json.loads(line)
        assert answer["number"] == number
        return answer["answer"]


@asynccontextmanager
async def recovering(
    url: str | Sequence[str],
    count: int = 1,
    *,
    path: str = "/recovery/",
    namespace: str = "/",
    package: str = "socket.io-client",
    **options: Any,
) -> AsyncIterator[Recovering]:
    """Start sockets with these options of `io()`, to several addresses in turn; they come back 50 to 200 ms after a cut."""
    quick = {"path": path, "transports": ["websocket"], "reconnectionDelay": 50, "reconnectionDelayMax": 200, **options}
    setup = {
        "urls": [url] if isinstance(url, str) else url,
        "count": count,
        "options": quick,
        "from": package,
        "namespace": namespace,
    }
    process = await asyncio.create_subprocess_exec(
        *node_command(SCRIPT, json.dumps(setup)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env=node_env(),
        limit=256 * 1024 * 1024,
    )
    try:
        clients = Recovering(process, count)
        await clients.all_connected()
        yield clients
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await asyncio.wait_for(process.wait(), PATIENCE_S)
