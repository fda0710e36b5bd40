"""The stock python-socketio server on uvicorn, with uvloop, in a process of its own. Started as a program it serves."""

import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import socketio
import socketio_application
import uvicorn

from local_runtime.processes import ProcessGroup

__all__ = ["StockServer"]

_START_SECONDS = 30


class StockServer:
    """Serves until the end of the `with` block; has the parts of `local_runtime.DevServer` that are needed to measure it."""

    def __init__(self) -> None:
        """Choose a free port."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])

    def __enter__(self) -> Self:
        """Start, and return when it takes connections."""
        with tempfile.TemporaryFile() as log:
            command = [sys.executable, __file__, str(self._port)]
            self._group = ProcessGroup(command, cwd=Path(__file__).parent, env=os.environ, output=log)
            try:
                self._wait()
            except BaseException:
                self._group.stop()
                log.seek(0)
                sys.stderr.write(log.read().decode(errors="replace"))
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._group.stop()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def group_id(self) -> int:
        """The process group of the server."""
        return self._group.group_id

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while self._group.running and time.monotonic() < deadline:
            with socket.socket() as probe:
                if not probe.connect_ex(("127.0.0.1", self._port)):
                    return
            time.sleep(0.05)
        raise RuntimeError("the stock server did not start")


def serve(port: int) -> None:
    """Serve the application, with upstream's defaults but for the heartbeats: no ping comes within a run."""
    sio = socketio.AsyncServer(async_mode="asgi", ping_interval=600, ping_timeout=100)
    socketio_application.register(sio)
    uvicorn.run(socketio.ASGIApp(sio), host="127.0.0.1", port=port, log_level="warning", ws_ping_interval=None)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
