"""What the entrypoint reads of a request, in the model of the runtime."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from engine_do.config import EngineConfig
from engine_do.http_request import MAX_HEADERS, HttpRequest
from engine_do.session.polling import HOLD_MS
from shared_wire.testing import LOST, LOST_ANSWER, OVERLOADED, Actor, Fate, Faults, World
from shared_wire.testing.modules import install

install()
from engine_do.durable import route  # noqa: E402 - it imports what the line before puts in place

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


@pytest.fixture
def versioned(world: World) -> World:
    """A world whose entrypoint names the Worker's version, and whose pings do not come within a test."""
    config = EngineConfig(ping_interval_ms=600_000, ping_timeout_ms=700_000)

    async def fetch(self: Any, request: Any) -> Any:
        return await route(request, self.env.ECHO, config, version=self.env.CF_VERSION_METADATA.id)

    world._entry.Echo.config, world._entry.Default.fetch = config, fetch
    world.env.CF_VERSION_METADATA = world.version
    return world


def poll(world: World, sid: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes, int]:
    """Poll once; returns the answer, and after how many seconds it came."""
    asking = world.loop.create_task(world.ask(f"{POLLING}&sid={sid}", headers=headers))
    passed = 0
    world.settle()
    while not asking.done():
        world.advance(1)
        passed += 1
        assert passed < 100, "it is never answered"
    answer = asking.result()
    return answer.status, answer.data, passed


def opened(world: World) -> str:
    """Open a session whose first GET has named a version."""
    sid = str(json.loads(world.fetch(POLLING).data[1:])["sid"])
    assert poll(world, sid)[1].startswith(b"4hello")
    return sid


@pytest.mark.parametrize("fates", [(), (LOST,), (LOST_ANSWER,)], ids=["in order", "lost", "answer lost"])
def test_a_get_that_is_put_off_waits_here_and_is_answered_in_its_time(
    versioned: World, fates: tuple[Fate, ...]
) -> None:
    sid = opened(versioned)
    versioned.deploy()
    versioned.faults = Failing(*fates)
    status, data, took_s = poll(versioned, sid)
    assert (status, data) == (200, b"6")
    assert 24 <= took_s <= HOLD_MS / 1000 + 1, "as long as any other"
    assert versioned.actor("ECHO", "e0").lives == 2, "it slept meanwhile"


def test_a_held_get_that_was_forwarded_twice_is_answered_whichever_comes_last(versioned: World) -> None:
    sid = opened(versioned)
    versioned.faults = Failing(LOST_ANSWER)
    assert poll(versioned, sid) == (200, b"6", HOLD_MS // 1000)


def test_what_a_client_says_of_versions_is_not_heard(versioned: World) -> None:
    sid = opened(versioned)
    for headers in ({"x-engine-do-version": "mine"}, {"x-engine-do-version": "mine", "x-engine-do-waited": "13000"}):
        assert poll(versioned, sid, headers) == (200, b"6", HOLD_MS // 1000)
    assert versioned.actor("ECHO", "e0").lives == 1


def test_a_get_of_an_entrypoint_that_names_no_version_is_held_in_a_quiet_moment_too(
    versioned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sids = [opened(versioned) for _ in range(2)]
    versioned.deploy()
    putting_off = versioned.loop.create_task(versioned.ask(f"{POLLING}&sid={sids[0]}"))
    versioned.advance(1)
    versioned.version.id = ""  # as after a rollback to a release that knows nothing of this, and would pass it on
    monkeypatch.setattr("engine_do.durable.entrypoint.LATER_HEADER", "x-unknown")
    assert poll(versioned, sids[1]) == (200, b"6", HOLD_MS // 1000)
    assert versioned.run(_finished(putting_off)).data == b"6"


async def _finished(task: Any) -> Any:
    return await task
