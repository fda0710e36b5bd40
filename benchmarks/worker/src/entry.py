"""Encodes and decodes a frame as often as the path says."""

from typing import Any

import frame_work
import js
from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    """The Worker."""

    async def fetch(self, request: Any) -> Any:
        """Run `/rounds/N`."""
        rounds = request.url.rpartition("/rounds/")[2]
        return js.Response.new(str(frame_work.run(int(rounds)) if rounds.isdigit() else 0))
