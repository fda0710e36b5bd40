"""A command whose whole process group ends with it, or with this process."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from local_runtime._guard import GRACE_SECONDS, KILL
from local_runtime.errors import ToolMissing

__all__ = ["ProcessGroup"]

GUARD = Path(__file__).with_name("_guard.py")
STOP_SECONDS = GRACE_SECONDS + 10
"""Longer than the guard's own patience; it is ended by force after that."""


class ProcessGroup:
    """Starts `command` under a guard of its own; call `stop` or `kill` at the end."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        output: IO[bytes],
    ) -> None:
        self.group_id = 0
        reader, writer = os.pipe()
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-S", "-E", str(GUARD), str(writer), *command],
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=(writer,),
            )
        finally:
            os.close(writer)
        self.group_id = self._read_group(reader, command)

    def _read_group(self, reader: int, command: Sequence[str]) -> int:
        with os.fdopen(reader, "rb") as report:
            line = report.readline()
        if not line:
            self._end_guard()
            raise ToolMissing(f"{command[0]} could not be started")
        return int(line)

    @property
    def running(self) -> bool:
        """Whether the command has not ended yet."""
        return self._guard.poll() is None

    def stop(self) -> None:
        """Ask the command to end, and return when nothing of its group is left."""
        self._end_guard()

    def kill(self) -> None:
        """End the whole group at once, as a power failure would."""
        if self._guard.stdin is not None and self.running:
            with suppress(BrokenPipeError):
                self._guard.stdin.write(KILL)
                self._guard.stdin.flush()
        self._end_guard()

    def _end_guard(self) -> None:
        if self._guard.stdin is not None:
            with suppress(BrokenPipeError):
                self._guard.stdin.close()
        try:
            self._guard.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._guard.kill()
            self._guard.wait()
        self._end_leftovers()

    def _end_leftovers(self) -> None:
        """A guard that ended well left none; one that was killed by somebody did."""
        if self._guard.returncode != 0 and self.group_id:
            with suppress(ProcessLookupError):
                os.killpg(self.group_id, signal.SIGKILL)
