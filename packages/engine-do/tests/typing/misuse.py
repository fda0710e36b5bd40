"""What a type checker must refuse: each line has an error that is expected, and mypy says so where there is none."""

from typing import Any

from engine_do import EngineConfig, HttpRequest, Reason, RemoteEngineError
from engine_do.durable import EngineActor, route

EngineConfig("/engine.io/")  # type: ignore[call-arg]
EngineConfig(ping_interval=25)  # type: ignore[call-arg]
EngineConfig(ping_interval_ms="25000")  # type: ignore[arg-type]
EngineConfig(max_sessions=None)  # type: ignore[arg-type]
EngineConfig(choose_actor=lambda request: request.url)  # type: ignore[arg-type, return-value]
EngineConfig(allow_request=lambda request: 403)  # type: ignore[arg-type, return-value]
EngineConfig(response_headers={"x-number": 1})  # type: ignore[dict-item]
EngineConfig().path = "/"  # type: ignore[misc]
HttpRequest("GET", "/", {})  # type: ignore[call-arg]
RemoteEngineError("forbidden")  # type: ignore[arg-type]
number: int = Reason.PING_TIMEOUT  # type: ignore[assignment]


class Engine(EngineActor):
    config = {"path": "/"}  # type: ignore[assignment]  # noqa: RUF012
    peer_name = None  # type: ignore[assignment]

    async def on_connect(self, sid: bytes, environ: dict[str, str]) -> bool | None: ...  # type: ignore[override]

    def on_message(self, sid: str, data: str | bytes) -> None: ...  # type: ignore[override]

    async def on_disconnect(self, sid: str, reason: str) -> None:
        await self.send(sid, {"no": "json"})  # type: ignore[arg-type]
        await self.broadcast("to all", sids=7)  # type: ignore[arg-type]
        await self.save_session(sid, "a text")  # type: ignore[arg-type]
        self.transport()  # type: ignore[call-arg]


async def fetch(request: Any, env: Any) -> None:
    await route(request, env.ENGINE)  # type: ignore[call-arg]
    await route(request, env.ENGINE, {"path": "/"})  # type: ignore[arg-type]
