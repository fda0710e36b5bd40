"""One engine object that echoes, and sends to all its clients: through the engine, or in a bare loop."""

import asyncio
from typing import Any

import js
from workers import WorkerEntrypoint

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route
from shared_wire.durable import raw

ENGINE = EngineConfig(ping_interval_ms=600_000, ping_timeout_ms=700_000, max_messages_per_s=None, max_bytes_per_s=None)
TEXT = '{"from":"ann","text":"good morning"}'


class Bench(EngineActor):
    """The object that is measured."""

    config = ENGINE
    sids: list[str]

    async def on_connect(self, sid: str, environ: dict[str, str]) -> None:  # noqa: ARG002
        """Remember whom to send to."""
        self.__dict__.setdefault("sids", []).append(sid)

    async def on_message(self, sid: str, data: str | bytes) -> None:
        """Echo."""
        await self.send(sid, data)

    async def on_disconnect(self, sid: str, reason: str) -> None:  # noqa: ARG002
        """Forget."""
        self.sids.remove(sid)

    async def engine(self, rounds: int) -> int:
        """Send to all clients through the engine; in between the runtime writes, or it would write many frames at once."""
        for _ in range(int(rounds)):
            await self.broadcast(TEXT, self.sids)
            await asyncio.sleep(0)
        return len(self.sids)

    async def bare(self, rounds: int) -> int:
        """Send to all sockets, with nothing around it."""
        sockets = list(self.ctx.getWebSockets())
        for _ in range(int(rounds)):
            for ws in sockets:
                ws.send("4" + TEXT)
            await asyncio.sleep(0)
        return len(sockets)


class Default(WorkerEntrypoint):
    """The Worker."""

    async def fetch(self, request: Any) -> Any:
        """Run `/fan/<way>/<rounds>`, or be an engine."""
        if "/fan/" in request.url:
            way, rounds = request.url.split("/")[-2:]
            return js.Response.new(str(await getattr(raw(self.env.BENCH).getByName("e0"), way)(int(rounds))))
        return await route(request, self.env.BENCH, ENGINE)
