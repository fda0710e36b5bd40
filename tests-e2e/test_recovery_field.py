"""Many of npm's stock clients lose their connections again and again while numbers are published: each gets all, or is told.

Fifty of them, for some seconds; with `E2E_FAULT_SECONDS` above 60, as in `nox -s soak`, two hundred for as long. The same with
figures, beside Node's server, is `nox -s bench -- recovery`.
"""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import Worker

from local_runtime import node_command, node_env

pytestmark = pytest.mark.alone

SCRIPT = Path(__file__).with_name("clients") / "field.mjs"
SECONDS = float(os.environ.get("E2E_FAULT_SECONDS", "8"))
CLIENTS = 200 if SECONDS > 60 else 50
PATIENCE_S = 90.0

#: What happens to connections: cut in the middle, given up by the client alone, closed.
JITTER, AVALANCHE = ("jitter", ["destroy", "abandon", "close"]), ("avalanche", ["destroy", "abandon"])


async def play(worker: Worker, pattern: str, how: list[str]) -> dict[str, Any]:
    """Play it; returns what became of the numbers."""
    setup = {
        "url": worker.url,
        "path": "/recovery/",
        "count": CLIENTS,
        "seconds": SECONDS,
        "pattern": pattern,
        "how": how,
        "interval": 100,
    }
    process = await asyncio.create_subprocess_exec(
        *node_command(SCRIPT, json.dumps(setup)), stdout=asyncio.subprocess.PIPE, env=node_env()
    )
    try:
        written, _ = await asyncio.wait_for(process.communicate(), SECONDS + PATIENCE_S)
    finally:
        if process.returncode is None:
            process.kill()
    found: dict[str, Any] = json.loads(written.splitlines()[-1])
    return found


@pytest.mark.parametrize(
    ("pattern", "how"), [JITTER, AVALANCHE], ids=lambda value: value if isinstance(value, str) else ""
)
async def test_clients_that_are_cut_again_and_again_get_every_number(
    own_worker: Worker, pattern: str, how: list[str]
) -> None:
    found = await play(own_worker, pattern, how)
    assert found["is_back"], found
    assert (found["gaps"], found["duplicates"], found["unasked"]) == (0, 0, 0), found
    assert found["reconnects"] == found["cuts"] >= CLIENTS / 2, found
    assert found["recovered"] > 0.99 * found["reconnects"], found
    if found["recovered"] == found["reconnects"]:
        assert found["delivered"] == CLIENTS * found["published"], found
    probe = await own_worker.probe("recovery-socket")
    assert probe["recovered"] == found["recovered"]
