"""What is between clients and server ends connections, and tells both sides or nobody: each gets what it missed, or is told.

Twice, in both placements at once; in `nox -s soak` for two minutes. The same under `wrangler dev`, once, is in `test_wrangler.py`.
"""

import asyncio
import os
from dataclasses import replace
from typing import Any

import pytest
from clients.cut_lines import histories_of_cut_lines
from clients.streams import check_stream, told
from conftest import Worker

SECONDS = float(os.environ.get("E2E_FAULT_SECONDS", "10"))
#: Each takes as long as a silent line takes to be noticed: ping interval and timeout.
ROUNDS = max(2, int(SECONDS / 5))


async def cut_off(worker: Worker, transport: str) -> tuple[dict[str, Any], int]:
    """Cut everybody off, again and again; returns what they saw, and how many the application was told are back."""
    before = await worker.probe("lines-socket")
    histories = await histories_of_cut_lines(worker, ROUNDS, transport)
    after = await worker.probe("lines-socket")
    return histories, after["recovered"] - before["recovered"]


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_whoever_is_cut_off_comes_back_and_gets_what_it_missed(two_objects: Worker, transport: str) -> None:
    both = (two_objects, replace(two_objects, is_split=False))
    for histories, recovered in await asyncio.gather(*(cut_off(worker, transport) for worker in both)):
        for how, history in histories.items():
            check_stream(history)
            assert all(told(history)[1:]), how
            assert transport == "polling" or len(told(history)) >= 1 + ROUNDS, how
        # Where the answer to a return was cut off, the application was told, and the client returns once more.
        assert recovered >= sum(len(told(history)) - 1 for history in histories.values()) >= ROUNDS
