"""What the entrypoint reads of a request, in the model of the runtime."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from engine_do.config import EngineConfig
from engine_do.http_request import MAX_HEADERS, HttpRequest
from shared_wire.testing import LOST, LOST_ANSWER, OVERLOADED, Actor, Fate, Faults, World

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


class Failing(Faults):
    """Requests to an object fare as planned, one after the other."""

    def __init__(self, *fates: Fate) -> None:
        self.fates = list(fates)
        self.asked = 0

    def call(self, target: Actor, method: str) -> Fate:
        if method != "fetch":
            return super().call(target, method)
        self.asked += 1
        return self.fates.pop(0) if self.fates else super().call(target, method)


#: What an object of the application throws: the runtime does not mark it.
BROKEN = Fate(arrives_s=(), is_answered=False, error="ValueError", is_retryable=False)
HANDSHAKES = [(POLLING, {}), (SOCKET, {"upgrade": "websocket"})]


@pytest.mark.parametrize(("path", "headers"), HANDSHAKES)
@pytest.mark.parametrize("fate", [LOST, LOST_ANSWER])
def test_a_handshake_that_the_platform_lost_is_sent_again_once(
    world: World, path: str, headers: dict[str, str], fate: Fate
) -> None:
    faults = world.faults = Failing(fate)
    answer = world.fetch(path, headers=headers)
    assert (answer.status, faults.asked) == (101 if headers else 200, 2)


@pytest.mark.parametrize(("path", "headers"), HANDSHAKES)
@pytest.mark.parametrize(
    ("fates", "asked"), [((LOST, LOST), 2), ((OVERLOADED,), 1), ((BROKEN,), 1), ((LOST, BROKEN), 2)]
)
def test_a_handshake_that_fails_all_the_same_is_to_be_tried_later(
    world: World, path: str, headers: dict[str, str], fates: tuple[Fate, ...], asked: int
) -> None:
    faults = world.faults = Failing(*fates)
    answer = world.fetch(path, headers={**headers, "origin": "http://worker.test"})
    assert (answer.status, answer.headers.get("retry-after"), faults.asked) == (503, "1", asked)
    assert answer.headers.get("cache-control") == "no-store"


def test_a_session_whose_answer_was_lost_ends_and_the_next_one_lives(world: World) -> None:
    heard: list[tuple[str, ...]] = []

    async def on_connect(self: object, sid: str, environ: dict[str, str]) -> None:
        heard.append(("connect", sid))

    async def on_disconnect(self: object, sid: str, reason: str) -> None:
        heard.append((reason, sid))

    world._entry.Echo.on_connect, world._entry.Echo.on_disconnect = on_connect, on_disconnect
    world.faults = Failing(LOST_ANSWER)
    socket = world.connect(SOCKET)
    opened = str(socket.take()[0])
    lives = json.loads(opened[1:])["sid"]
    for _ in range(60):
        world.advance(5)
        for frame in socket.take():
            if frame == "2":
                socket.send("3")
    [lost] = {sid for what, sid in heard if what == "connect"} - {lives}
    assert [one for one in heard if one[0] != "connect"] == [("ping timeout", lost)]


def test_a_post_is_never_sent_twice_with_its_body(world: World) -> None:
    sid = json.loads(world.fetch(POLLING).data[1:])["sid"]
    faults = world.faults = Failing(LOST)
    answer = world.fetch(f"{POLLING}&sid={sid}", method="POST", body="4once")
    assert (answer.status, faults.asked) == (400, 2)
    assert world.fetch(f"{POLLING}&sid={sid}").status == 400


def test_a_get_of_a_session_is_sent_again_under_its_name_whatever_failed_it(world: World) -> None:
    sid = json.loads(world.fetch(POLLING).data[1:])["sid"]
    faults = world.faults = Failing(BROKEN)
    assert world.fetch(f"{POLLING}&sid={sid}").data.startswith(b"4hello")
    assert faults.asked == 2


def test_a_websocket_of_a_session_that_polls_is_not_sent_again(world: World) -> None:
    sid = json.loads(world.fetch(POLLING).data[1:])["sid"]
    faults = world.faults = Failing(LOST)
    answer = world.fetch(f"{SOCKET}&sid={sid}", headers={"upgrade": "websocket"})
    assert (answer.status, answer.headers.get("retry-after"), faults.asked) == (500, None, 1)
