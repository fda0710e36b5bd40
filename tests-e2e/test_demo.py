"""The chat in a browser: two tabs of headless Chromium."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, prepare_worker

from local_runtime import DevServer, node_command, node_env

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SCRIPT = Path(__file__).parent / "clients" / "two_tabs.mjs"


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    with DevServer(prepare_worker(ROOT / "demo-server")) as server:
        yield server.url


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)")
async def test_two_tabs_chat(demo: str, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *node_command(SCRIPT, demo, str(CHROMIUM), str(tmp_path)), env=node_env(), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, out.decode()
    seen = json.loads(out)
    assert seen["presence"] == ["ann", "bob"]
    assert seen["heard"] == "hello from ann"
    assert seen["ticks"] == "shown"
    assert seen["typing"]
    assert seen["image"] == [2, 2]
    assert seen["sleep"] == {"engine": True, "socket": True, "sameSession": True, "heard": "after sleep"}
    assert "rpcs taken" in seen["counters"]
    assert seen["errors"] == []
