"""A pipe that every process of a group holds open ends when, and only when, all are gone."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from local_runtime.errors import ToolMissing
from local_runtime.processes import ProcessGroup

TREE = "sh -c 'echo grandchild; exec sleep 600' & echo child; wait"
"""A child that does not end its own child, like wrangler and workerd."""

OWNER = """
import os, sys
from pathlib import Path
from local_runtime.processes import ProcessGroup
group = ProcessGroup(["sh", "-c", sys.argv[1]], cwd=Path("."), env=os.environ, output=sys.stdout.buffer)
os.read(0, 1)
"""


class Output:
    """The reading end of what a group prints."""

    def __init__(self) -> None:
        reader, self._writer = os.pipe()
        self.reader: IO[str] = os.fdopen(reader)

    def start(self, *command: str) -> ProcessGroup:
        with os.fdopen(self._writer, "wb") as output:
            return ProcessGroup(command, cwd=Path(), env=os.environ, output=output)

    def two_lines(self) -> set[str]:
        return {self.reader.readline().strip(), self.reader.readline().strip()}


@pytest.fixture
def output() -> Iterator[Output]:
    output = Output()
    yield output
    output.reader.close()


def test_stop_ends_the_grandchildren_too(output: Output) -> None:
    group = output.start("sh", "-c", TREE)
    assert output.two_lines() == {"child", "grandchild"}
    assert group.running
    group.stop()
    assert not group.running
    assert output.reader.read() == ""
    with pytest.raises(ProcessLookupError):
        os.killpg(group.group_id, 0)


def test_kill_does_not_wait_for_a_command_that_ignores_signals(output: Output) -> None:
    group = output.start("sh", "-c", "trap '' TERM; " + TREE)
    assert output.two_lines() == {"child", "grandchild"}
    group.kill()
    assert output.reader.read() == ""


def test_a_command_that_ends_takes_its_children_along(output: Output) -> None:
    group = output.start("sh", "-c", "sleep 600 & echo done")
    assert output.reader.read() == "done\n"
    group.stop()


def test_a_killed_guard_leaves_nothing_after_stop(output: Output) -> None:
    group = output.start("sh", "-c", TREE)
    assert output.two_lines() == {"child", "grandchild"}
    os.kill(os.getsid(group.group_id), signal.SIGKILL)
    group.stop()
    assert output.reader.read() == ""


def test_the_death_of_the_owner_ends_the_group() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, TREE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with owner:
        assert owner.stdout is not None
        assert {owner.stdout.readline(), owner.stdout.readline()} == {b"child\n", b"grandchild\n"}
        owner.kill()
        assert owner.stdout.read() == b""


def test_a_program_that_does_not_exist_is_an_error(output: Output) -> None:
    with pytest.raises(ToolMissing, match="no-such-program"):
        output.start("no-such-program")
    assert "FileNotFoundError" in output.reader.read()
