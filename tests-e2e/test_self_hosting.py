"""What `tools/README.md` says on hosting without Cloudflare: its commands as they stand there, and a stock client."""

import asyncio
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import aiohttp
import pytest
import socketio
from conftest import ROOT
from waiting import silence, until

from local_runtime.base import free_port

README = (ROOT / "tools" / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## Hosting without Cloudflare\n")[2].partition("\n## ")[0]
#: What the section's commands need of the tree.
NEEDED = ("constraints.txt", "demo-server", "packages", "tools")
BOARD = "/board-guests"
#: So long without an event, and an object leaves memory.
ASLEEP_S = 12.0
#: Within it workerd ends, whoever is connected.
ENDS_WITHIN_S = 5.0


def blocks(kind: str) -> list[str]:
    """Return the section's fenced blocks of a kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


BUILD, RUN = blocks("sh")
[UNIT] = blocks("ini")
SETTINGS = dict(line.split("=", 1) for line in UNIT.splitlines() if "=" in line)


def environment(**more: str) -> dict[str, str]:
    """Return one in which `python` is this one."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, **more}


def run_build(folder: Path) -> None:
    subprocess.run(["sh", "-ec", BUILD], cwd=folder, env=environment(), check=True)


@contextmanager
def running(folder: Path, port: int) -> Iterator[None]:
    """Run it as the section says; at the end it is told to stop as the unit tells it."""
    with (folder / "log").open("ab") as log:
        # `exec`: the signal is for workerd, as systemd's is, and not for a shell in front of it.
        command = ["sh", "-ec", RUN.replace("./workerd", "exec ./workerd")]
        server = subprocess.Popen(command, cwd=folder, env=environment(PORT=str(port)), stdout=log, stderr=log)
        try:
            yield
            server.send_signal(signal.Signals[SETTINGS["KillSignal"]])
            server.wait(ENDS_WITHIN_S)
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder in which the section's commands find what they name."""
    for name in NEEDED:
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


class Guest:
    """python-socketio's client at one of the demo's boards, which comes back by itself."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._client = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.5)
        self.connects: list[str] = []
        self._client.on("connect", self._note_connect, namespace=BOARD)

    async def __aenter__(self) -> Self:
        await self._client.connect(self._url, namespaces=BOARD, auth={"nick": "ann"}, wait_timeout=10)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.shutdown()

    async def ask(self, event: str, **data: str) -> dict[str, Any]:
        """Emit and return the acknowledgement."""
        answer: dict[str, Any] = await self._client.call(event, data, namespace=BOARD, timeout=10)
        assert answer["ok"], answer
        return answer

    async def notes(self) -> list[str]:
        """Return what is on the board."""
        return [note["text"] for note in (await self.ask("notes"))["notes"]]

    def _note_connect(self) -> None:
        self.connects.append(self._client.get_sid(BOARD))


def test_the_unit_runs_what_the_section_runs() -> None:
    command = shlex.split(RUN.partition("\n")[2].replace("\\\n", "").replace("${PORT:-8080}", "8080"))
    folder = SETTINGS["WorkingDirectory"]
    assert shlex.split(SETTINGS["ExecStart"]) == [command[0].replace(".", folder, 1), *command[1:]]
    assert f"root * {folder}/app/public" in SECTION
    assert "reverse_proxy 127.0.0.1:8080" in SECTION


async def test_a_client_talks_sleeps_and_comes_back_after_an_update(tree: Path) -> None:
    run_build(tree)
    chat, port = tree / "chat", free_port()
    async with AsyncExitStack() as stack:
        with running(chat, port):
            await until(lambda: answers(port), "the server answers", patience_s=60)
            guest = await stack.enter_async_context(Guest(port))
            before = (await guest.ask("pin", text="before it slept"))["lives"]
            await silence(ASLEEP_S)
            after = (await guest.ask("pin", text="after it slept"))["lives"]
            assert after != before
            await asyncio.to_thread(run_build, tree)
            await guest.ask("pin", text="after the export")
            assert len(guest.connects) == 1
        with running(chat, port):
            await until(lambda: is_back(guest), "the client is back", patience_s=30)
            assert await guest.notes() == ["after the export", "after it slept", "before it slept"]
    said = [line for line in (chat / "log").read_text().splitlines() if line and " is gone from " not in line]
    assert said == []


async def answers(port: int) -> bool:
    try:
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/counters") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def is_back(guest: Guest) -> bool:
    return len(guest.connects) == 2
