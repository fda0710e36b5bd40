"""A server of a prepared project as a context manager, whatever program serves it."""

import re
import shutil
import socket
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self, TypedDict

from local_runtime.errors import ServerFailed
from local_runtime.processes import ProcessGroup
from local_runtime.project import Prepared

__all__ = ["HOST", "LocalServer", "ServerOptions", "free_port"]

HOST = "127.0.0.1"
READY_PATH = "/__local_runtime_ready__"
"""A path that is no asset, so that the answer comes from Python and not from the assets."""

START_SECONDS = 120.0
"""A slow machine with a cold disk needs some 30; a hanging start must end all the same."""

POLL_SECONDS = 0.05
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
"""wrangler colours its errors whatever the environment says."""


class ServerOptions(TypedDict, total=False):
    """What every LocalServer takes."""

    port: int
    state: Path | None
    log: Path | None
    start_seconds: float


class LocalServer:
    """Serves a prepared project until `close`, or the end of the `with` block.

    `port` 0 takes a free one; the port stays the same over restarts. `state` keeps what the
    Durable Objects store; without it they store in a folder that `close` removes. `log` gets
    everything that the program and the Worker print.
    """

    program: ClassVar[str]
    """What errors call the program that serves."""

    def __init__(
        self,
        prepared: Prepared,
        *,
        port: int = 0,
        state: Path | None = None,
        log: Path | None = None,
        start_seconds: float = START_SECONDS,
    ) -> None:
        self._prepared = prepared
        self._scratch = Path(tempfile.mkdtemp(prefix="local-runtime-"))
        self._state = (state or self._scratch / "state").resolve()
        self._log = (log or self._scratch / "server.log").resolve()
        self._start_seconds = start_seconds
        self._port = port or free_port()
        self._group: ProcessGroup | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the Worker answers, without a slash at the end."""
        return f"http://{HOST}:{self._port}"

    @property
    def port(self) -> int:
        """The port of `url`."""
        return self._port

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._group is not None and self._group.running

    @property
    def group_id(self) -> int:
        """The process group of the program and its children, for measuring them."""
        if self._group is None:
            raise RuntimeError("the server is not started")
        return self._group.group_id

    def start(self) -> None:
        """Start, and return when the Worker has answered; raises ServerFailed otherwise."""
        if self.running:
            return
        if not _is_free(self._port):
            raise ServerFailed(
                f"Port {self._port} is in use: choose another with --port.", log=self.log_text()
            )
        for folder in (self._state, self._log.parent):
            folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as output:
            self._group = ProcessGroup(
                self._command(), cwd=self._prepared.folder, env=self._env(), output=output
            )
        self._wait_until_ready(self._group)

    def stop(self) -> None:
        """End it and all its children; `start` may follow, with the same state and port."""
        if self._group is not None:
            self._group.stop()
            self._group = None

    def kill(self) -> None:
        """End everything at once with no chance to tidy up; `start` may follow."""
        if self._group is not None:
            self._group.kill()
            self._group = None

    def close(self) -> None:
        """Stop, and remove what was temporary: read the log before, or give `log` a path."""
        self.stop()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def log_text(self) -> str:
        """What the program and the Worker printed so far, over all starts, without colours."""
        text = self._log.read_text(errors="replace") if self._log.is_file() else ""
        return COLOUR.sub("", text)

    def _command(self) -> Sequence[str]:
        """The program and its options."""
        raise NotImplementedError

    def _env(self) -> Mapping[str, str]:
        """The environment it runs in."""
        return self._prepared.env

    def _wait_until_ready(self, group: ProcessGroup) -> None:
        deadline = time.monotonic() + self._start_seconds
        while True:
            status = _status(self.url + READY_PATH)
            if status is not None and status < 500:
                return
            if status is not None:
                raise self._failure(f"The Worker answers with status {status}.")
            if not group.running:
                raise self._failure(f"{self.program} ended.")
            if time.monotonic() > deadline:
                raise self._failure(f"No answer within {self._start_seconds:g} s.")
            time.sleep(POLL_SECONDS)

    def _say(self, line: str) -> None:
        """Add a line of ours to the log."""
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("a") as log:
            log.write(f"local-runtime: {line}\n")

    def _failure(self, reason: str) -> ServerFailed:
        self.stop()
        return ServerFailed(reason, log=self.log_text())


def free_port() -> int:
    """A port on which nobody listens at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    """Whether nobody listens: asked before a start, or somebody else's answer would pass for ours."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _status(url: str) -> int | None:
    """The status of a GET, or None while nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=START_SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return None
