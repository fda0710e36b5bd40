"""The demo: two tabs of headless Chromium, stock clients, and plain HTTP."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import socketio
from clients.python import Client, client
from conftest import ROOT, prepare_worker

from local_runtime import DevServer, node_command, node_env

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CLIENTS = Path(__file__).parent / "clients"
TOKEN = "the token of this Worker"
#: What is refused among 21 at once: 11, or fewer where a window of 5 seconds ends between them.
TOO_FAST = "Slow down: 10 messages in 5 seconds are enough."

needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"
)


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    with DevServer(prepare_worker(ROOT / "demo-server", vars={"ANNOUNCE_TOKEN": TOKEN})) as server:
        yield server.url


async def browse(script: str, demo: str, folder: Path, *arguments: str) -> dict[str, Any]:
    """Run a script of tabs; returns what it saw."""
    command = node_command(CLIENTS / script, demo, str(CHROMIUM), str(folder), *arguments)
    process = await asyncio.create_subprocess_exec(*command, env=node_env(), stdout=asyncio.subprocess.PIPE)
    out, _ = await asyncio.wait_for(process.communicate(), 180)
    assert process.returncode == 0, out.decode()
    seen: dict[str, Any] = json.loads(out)
    return seen


@needs_browser
async def test_two_tabs_chat(demo: str, tmp_path: Path) -> None:
    seen = await browse("two_tabs.mjs", demo, tmp_path)
    assert seen["presence"] == ["ann", "bob"]
    assert seen["heard"] == "hello from ann"
    assert seen["ticks"] == "shown"
    assert seen["typing"]
    assert seen["image"] == [2, 2]
    assert seen["sleep"] == {"engine": True, "socket": True, "sameSession": True, "heard": "after sleep"}
    assert "frames" in seen["counters"]
    assert seen["missed"] == "while you were away"
    assert seen["recovered"] == ["Recovered", 0]
    assert seen["back"] == "I am back"
    assert seen["errors"] == []


@needs_browser
async def test_a_visitor_sees_middleware_boards_the_roll_and_announcements(demo: str, tmp_path: Path) -> None:
    seen = await browse("demo_features.mjs", demo, tmp_path, TOKEN)
    assert seen["refused"] == [
        "Dormouse is what the server calls itself. Please choose another nickname.",
        "entrance",
    ]
    assert seen["boards"] == [["four o'clockbob"], ["buy nutsann"]]
    assert seen["asked"] == ["asked", "asked"]
    assert seen["again"] == "The roll is being called already."
    assert seen["answered"] == "here"
    assert seen["silent"] == "no answer"
    assert seen["lives"] == [True, True]
    assert seen["late"] == 0
    assert seen["told"] == ["You called the roll. Answers count for a minute.", "bob did not answer"]
    assert seen["response"] == [200, {"ok": True, "listeners": 2}]
    assert seen["announced"] == ["Dormouse", "<b>from outside</b>"]
    assert seen["fast"][0] == TOO_FAST
    assert 1 <= seen["fast"][1] <= 11
    assert seen["errors"] == []


async def test_middleware_stands_before_every_board_and_no_other_namespace_exists(demo: str) -> None:
    refusals: list[Any] = []
    for namespace, nick in (("/board-tea", "Dormouse"), ("/board-tea", ""), ("/board", "eve"), ("/else", "eve")):
        eve = Client(namespace)
        eve.on("connect_error", refusals.append, namespace=namespace)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await eve.connect(demo, namespaces=namespace, auth={"nick": nick})
        await eve.disconnect()
    assert [refusal["message"] for refusal in refusals] == [
        "Dormouse is what the server calls itself. Please choose another nickname.",
        "A nickname has 1 to 24 printable characters.",
        "Invalid namespace",
        "Invalid namespace",
    ]


async def test_who_talks_too_fast_is_answered_and_stays(demo: str) -> None:
    async with client(demo, "/board-fast", nick="eve") as eve, client(demo, "/board-fast", nick="ann") as ann:
        pins = [eve.call("pin", {"text": f"note {number}"}, "/board-fast") for number in range(21)]
        replies = await asyncio.gather(*pins)
        refused = [reply["error"] for reply in replies if not reply["ok"]]
        assert set(refused) == {TOO_FAST}
        assert 1 <= len(refused) <= 11
        assert all(reply["lives"]["socket"] for reply in replies)
        assert (await ann.call("pin", {"text": "slowly"}, "/board-fast"))["ok"]


async def announce(demo: str, body: Any, method: str = "POST", **headers: str) -> tuple[int, dict[str, Any]]:
    sent = aiohttp.request(method, f"{demo}/announce", data=body, headers=headers)
    async with sent as response:
        return response.status, await response.json()


async def refused(demo: str, body: Any, method: str = "POST", **headers: str) -> int:
    """Return the status only: the answer to a body that nobody read may be cut short by wrangler's proxy."""
    async with aiohttp.request(method, f"{demo}/announce", data=body, headers=headers) as response:
        return response.status


async def test_an_announcement_reaches_its_room_and_nobody_else(demo: str) -> None:
    async with client(demo, nick="ann") as ann, client(demo, nick="bob") as bob:
        await ann.call("join", {"room": "news"})
        await bob.call("join", {"room": "elsewhere"})
        for room, listeners in (("News", 1), ("nobody's", 0), ("elsewhere", 1)):
            body = json.dumps({"room": room, "text": f"to {room}"})
            answer = await announce(demo, body, Authorization=f"Bearer {TOKEN}")
            assert answer == (200, {"ok": True, "listeners": listeners})
        assert await ann.next("announced") == ({"room": "news", "text": "to News"},)
        assert await bob.next("announced") == ({"room": "elsewhere", "text": "to elsewhere"},)


async def test_an_announcement_without_the_token_or_out_of_bounds_is_refused(demo: str) -> None:
    good = json.dumps({"room": "quiet", "text": "hello"})
    with_token = {"Authorization": f"Bearer {TOKEN}"}

    async def in_pieces() -> Any:
        yield good.encode()

    async with client(demo, nick="ann") as ann:
        await ann.call("join", {"room": "quiet"})
        assert [
            await refused(demo, good),
            await refused(demo, good, Authorization="Bearer guessed"),
            await refused(demo, None, "GET", **with_token),
            await refused(demo, "x" * 25_001, **with_token),
            await refused(demo, in_pieces(), **with_token),
            await refused(demo, "{}", **with_token),
        ] == [401, 401, 405, 413, 413, 400]
        await announce(demo, good, **with_token)
        assert await ann.next("announced") == ({"room": "quiet", "text": "hello"},)
