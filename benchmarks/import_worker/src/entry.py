"""Says which modules come with an import, and what each takes: within an event, as the clock stands still while a Worker starts."""

import importlib._bootstrap as bootstrap
import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from workers import Response, WorkerEntrypoint

#: What the runtime itself has imported.
GIVEN = frozenset(sys.modules)


class Timer:
    """Takes the time of every import, without the imports in it."""

    def __init__(self, load: Callable[..., Any]) -> None:
        """Initialise with what finds and loads a module."""
        self._load = load
        self._inner_s = [0.0]
        self.took_ms: dict[str, float] = {}

    def __call__(self, name: str, import_: Any) -> Any:
        """Find and load a module."""
        begun = time.perf_counter()
        self._inner_s.append(0.0)
        try:
            return self._load(name, import_)
        finally:
            taken = time.perf_counter() - begun
            self.took_ms[name] = (taken - self._inner_s.pop()) * 1000
            self._inner_s[-1] += taken


class Default(WorkerEntrypoint):
    """The Worker."""

    async def fetch(self, request: Any) -> Any:
        """Import the modules that the path names, in order; answer with the milliseconds of each module that came by it."""
        names = request.url.rpartition("/")[2].split(",")
        if names == ["__local_runtime_ready__"]:
            return Response("")
        inner: Any = bootstrap
        timer = inner._find_and_load_unlocked = Timer(inner._find_and_load_unlocked)  # there is no other hook
        for name in names:
            import_module(name)
        came = {name: timer.took_ms.get(name, 0.0) for name in sys.modules if name not in GIVEN}
        return Response(json.dumps(came))
