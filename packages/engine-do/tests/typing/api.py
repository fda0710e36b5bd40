"""Every public name, used as an application uses it. mypy checks this file strictly; nobody runs it.

`test_typing.py` has it that no public name and no option is left out.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, assert_type

from workers import WorkerEntrypoint

from engine_do import (
    ConfigError,
    EngineConfig,
    EngineConfigWarning,
    EngineError,
    HttpRequest,
    LocalEngineError,
    Reason,
    RemoteEngineError,
)
from engine_do.durable import EngineActor, route


async def judge(request: HttpRequest) -> str | None:
    if request.headers.get("authorization") != "secret" and "token" not in request.query:
        return f"{request.method} {request.url} from {request.remote_address}: who are you?"
    return None


def place(request: HttpRequest) -> str | None:
    return "weur" if request.query.get("region") == "eu" else None


ENGINE = EngineConfig(
    path="/engine.io/",
    transports=["polling", "websocket"],
    allow_upgrades=True,
    allow_eio3=True,
    ping_interval_ms=25_000,
    ping_timeout_ms=85_000,
    upgrade_timeout_ms=10_000,
    connect_timeout_ms=45_000,
    max_payload=1_000_000,
    max_sessions=1_000,
    max_sessions_per_address=10,
    max_messages_per_s=None,
    max_bytes_per_s=1_000_000,
    compression_threshold=None,
    actors=4,
    choose_actor=lambda request: len(request.url) % 4,
    choose_peer=lambda state, packet: (state, "text" if isinstance(packet, str) else "binary"),
    stream=False,
    exclude_headers=["cookie"],
    location_hint=place,
    cors_allowed_origins=["https://example.com"],
    trust_forwarded_host=False,
    cors_credentials=True,
    cookie={"name": "io", "samesite": "Lax", "secure": True},
    response_headers={"x-served-by": "engine"},
    allow_request=judge,
    initial_packet=b"hello",
)
BY_FUNCTION = EngineConfig(
    cors_allowed_origins=lambda origin: origin.endswith(".example.com"),
    allow_request=lambda request: None if request.query else "no",
    cookie="io",
)


def read_config() -> None:
    assert_type(EngineConfig.economy(path="/socket.io/"), EngineConfig)
    assert_type(ENGINE.upgrades, list[str])
    assert_type(ENGINE.transports, Sequence[str])
    assert_type(ENGINE.response_headers, Mapping[str, str])
    assert_type(ENGINE.max_sessions_per_address, int | None)
    with warnings.catch_warnings():
        warnings.simplefilter("error", EngineConfigWarning)
        try:
            EngineConfig(ping_timeout_ms=1)
        except EngineConfigWarning:
            warnings.warn("clients leave for our lateness", EngineConfigWarning, stacklevel=2)


class Engine(EngineActor):
    """An engine alone: the application is here."""

    config: ClassVar[EngineConfig] = ENGINE

    async def on_connect(self, sid: str, environ: dict[str, str]) -> bool | None:
        await self.save_session(sid, {"agent": environ.get("HTTP_USER_AGENT", "")})
        return self.transport(sid) == "websocket" or None

    async def on_message(self, sid: str, data: str | bytes) -> None:
        await self.send(sid, data)
        await self.broadcast(b"binary", sids=[sid])
        await self.broadcast("to all")
        async with self.session(sid) as session:
            session["count"] = session.get("count", 0) + 1
        assert_type(await self.get_session(sid), dict[str, Any])
        await self.disconnect(sid)

    async def on_disconnect(self, sid: str, reason: str) -> None:
        if reason == Reason.PING_TIMEOUT:
            assert_type(await self.counters(), str)


class Linked(EngineActor):
    """An engine in front of an application in another object."""

    config: ClassVar[EngineConfig] = EngineConfig(path="/socket.io/")
    peer_binding: ClassVar[str | None] = "SOCKET"
    peer_name: ClassVar[str] = "lobby"


class Default(WorkerEntrypoint):  # type: ignore[misc]  # the runtime has no types
    async def fetch(self, request: Any) -> Any:
        try:
            return await route(request, self.env.ENGINE, ENGINE, version=self.env.CF_VERSION_METADATA.id)
        except ConfigError as error:
            assert_type(error.code, str)
            raise


def tell_whose_fault(error: EngineError) -> str | int:
    match error:
        case RemoteEngineError():
            assert_type((error.code, error.status, error.message), tuple[int, int, str])
            return error.status
        case LocalEngineError():
            return error.code
        case _:
            return "nobody's"
