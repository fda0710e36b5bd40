"""What the entrypoint reads of a request, in the model of the runtime."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from engine_do.config import EngineConfig
from engine_do.http_request import MAX_HEADERS, HttpRequest
from shared_wire.testing import World

ECHO = Path(__file__).parents[2] / "examples" / "echo"
SOCKET = "/engine.io/?EIO=4&transport=websocket"
POLLING = "/engine.io/?EIO=4&transport=polling"
MANY = {f"x-{number}": "v" for number in range(MAX_HEADERS + 1)}


@pytest.fixture
def world() -> Iterator[World]:
    with World.load(ECHO) as world:
        yield world


def test_the_application_sees_all_headers_of_a_handshake_that_the_entrypoint_did_not_read(world: World) -> None:
    seen: list[dict[str, str]] = []

    async def on_connect(self: object, sid: str, environ: dict[str, str]) -> None:
        seen.append(environ)

    world._entry.Echo.on_connect = on_connect
    world.connect(SOCKET, {"cookie": "a=b"})
    assert seen[0]["HTTP_COOKIE"] == "a=b"


def test_a_hook_of_the_entrypoint_sees_all_headers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Mapping[str, str]] = []

    def judge(request: HttpRequest) -> str | None:
        seen.append(request.headers)
        return None if request.headers.get("cookie") else "no cookie"

    monkeypatch.setattr(world._entry, "ENGINE", EngineConfig(allow_request=judge))
    world.connect(SOCKET, {"cookie": "a=b"})
    assert seen[0]["cookie"] == "a=b"
    with pytest.raises(ConnectionRefusedError, match="no cookie"):
        world.connect(SOCKET)


@pytest.mark.parametrize("path", [SOCKET, POLLING])
@pytest.mark.parametrize("config", [EngineConfig(), EngineConfig(allow_request=lambda _: None)])
def test_too_many_headers_are_refused_whoever_counts_them(
    world: World, monkeypatch: pytest.MonkeyPatch, path: str, config: EngineConfig
) -> None:
    monkeypatch.setattr(world._entry, "ENGINE", config)
    answer = world.fetch(path, headers=MANY if path == POLLING else {**MANY, "upgrade": "websocket"})
    assert (answer.status, answer.data) == (400, b'{"code":3,"message":"Bad request: too many headers"}')


def test_a_page_of_elsewhere_wakes_no_object(world: World) -> None:
    with pytest.raises(ConnectionRefusedError, match="403"):
        world.connect(SOCKET, {"origin": "https://evil.example"})
    assert world.actors == []
