"""One engine object that echoes, and sends to all its clients: through the engine, or in a bare loop."""

from typing import Any

from workers import WorkerEntrypoint

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route

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
        """Send to all in the way that the message names, then echo it."""
        if data == "engine":
            await self.broadcast(TEXT, self.sids)
        elif data == "bare":
            for ws in self.ctx.getWebSockets():
                ws.send("4" + TEXT)
        await self.send(sid, data)

    async def on_disconnect(self, sid: str, reason: str) -> None:  # noqa: ARG002
        """Forget."""
        self.sids.remove(sid)


class Default(WorkerEntrypoint):
    """The Worker."""

    async def fetch(self, request: Any) -> Any:
        """Be an engine."""
        return await route(request, self.env.BENCH, ENGINE)
