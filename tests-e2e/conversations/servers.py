"""The servers that conversations are held with for comparison, each a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from local_runtime import node_command, node_env

__all__ = ["node_server", "stock_server"]

FOLDER = Path(__file__).parent


def node_server() -> AbstractContextManager[str]:
    """Serve Node's socket.io; gives its address."""
    return _serving(node_command(FOLDER / "reference.mjs"))


def stock_server() -> AbstractContextManager[str]:
    """Serve python-socketio's own server."""
    return _serving([sys.executable, str(FOLDER / "reference.py")])


@contextmanager
def _serving(command: list[str]) -> Iterator[str]:
    process = subprocess.Popen(
        command, env=node_env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(15)
