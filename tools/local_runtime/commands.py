"""Runs the programs that prepare things, and keeps their words for the error."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from local_runtime.errors import CommandFailed

__all__ = ["run"]


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> str:
    """Run `command` to its end and return what it printed; raises CommandFailed otherwise."""
    done = subprocess.run(
        list(command),
        cwd=cwd,
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise CommandFailed(command, done.returncode, done.stdout)
    return done.stdout
