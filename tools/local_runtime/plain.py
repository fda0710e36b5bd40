"""Plain `workerd` as a context manager: one process, no wrangler, no Node, no proxy."""

import json
from collections.abc import Sequence
from typing import ClassVar

from local_runtime.base import HOST, LocalServer
from local_runtime.plain_config import SOCKET, STORAGE, left_out
from local_runtime.project import CONFIG_FILE, PLAIN_CONFIG_FILE

__all__ = ["WorkerdServer"]


class WorkerdServer(LocalServer):
    """Serves a prepared project as one `workerd serve` process; see LocalServer.

    The Worker, its variables and its Durable Objects are served; what else the config asks for
    is named in the log and left out.
    """

    program: ClassVar[str] = "workerd serve"

    def _command(self) -> Sequence[str]:
        return [
            str(self._prepared.workerd),
            "serve",
            "--experimental",
            f"--socket-addr={SOCKET}={HOST}:{self.port}",
            f"--directory-path={STORAGE}={self._state}",
            PLAIN_CONFIG_FILE,
        ]

    def start(self) -> None:
        """Start as the base does, after saying what is left out."""
        missing = left_out(json.loads((self._prepared.folder / CONFIG_FILE).read_text()))
        if missing and not self.running:
            self._say(f"plain workerd serves no {', '.join(missing)}: left out")
        super().start()
