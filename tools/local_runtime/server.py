"""`wrangler dev` as a context manager."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Unpack

from local_runtime.base import HOST, LocalServer, ServerOptions
from local_runtime.project import CONFIG_FILE, Prepared

__all__ = ["DevServer"]


class DevServer(LocalServer):
    """Serves a prepared project under `wrangler dev`; see LocalServer.

    `trace` turns on wrangler's tracing of every Durable Object call, which makes everything
    several times slower.
    """

    program: ClassVar[str] = "wrangler dev"

    def __init__(
        self, prepared: Prepared, *, trace: bool = False, **options: Unpack[ServerOptions]
    ) -> None:
        super().__init__(prepared, **options)
        self._trace = trace

    def _command(self) -> Sequence[str]:
        return [
            *self._prepared.wrangler,
            "dev",
            *("--config", CONFIG_FILE),
            "--local",
            *("--ip", HOST),
            *("--port", str(self.port)),
            *("--inspector-port", "0"),
            *("--persist-to", str(self._state)),
            "--show-interactive-dev-session=false",
        ]

    def _env(self) -> Mapping[str, str]:
        """Two servers share neither a registry of running Workers nor a log folder."""
        home = self._scratch / "wrangler"
        return {
            **self._prepared.env,
            "MINIFLARE_CACHE_DIR": str(home / "cache"),
            "WRANGLER_CACHE_DIR": str(home / "cache"),
            "WRANGLER_LOG_PATH": str(home / "logs"),
            "WRANGLER_REGISTRY_PATH": str(home / "registry"),
            "X_LOCAL_OBSERVABILITY": "true" if self._trace else "false",
            "XDG_CONFIG_HOME": str(home / "config"),
        }
