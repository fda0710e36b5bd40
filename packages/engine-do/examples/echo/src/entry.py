"""An Engine.IO echo server: sockets hibernate, no Socket.IO is installed."""

from workers import WorkerEntrypoint

from engine_do import EngineConfig
from engine_do.durable import EngineActor, route

ENGINE = EngineConfig(path="/engine.io/")


class Echo(EngineActor):
    """Sends back whatever a client sends."""

    config = ENGINE

    async def on_connect(self, sid: str, environ: dict[str, str]) -> None:
        await self.send(sid, f"hello from {environ['SERVER_NAME']}")

    async def on_message(self, sid: str, data: str | bytes) -> None:
        await self.send(sid, data)


class Default(WorkerEntrypoint):
    async def fetch(self, request):  # noqa: ANN001, ANN201 - the runtime's types
        return await route(request, self.env.ECHO, ENGINE)
