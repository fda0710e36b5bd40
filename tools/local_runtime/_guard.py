"""Runs one command in a process group of its own, and ends that group.

Started as a script: `_guard.py REPORT_FD COMMAND...`, with standard input on a pipe that the
parent holds open. It writes the id of the group to REPORT_FD. The group ends when that pipe
ends (the parent closed it, or died in whatever way) or says `KILL`, or when the command ends:
wrangler's children would otherwise outlive it. It imports nothing of the tool, to start fast.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

GRACE_SECONDS = 5.0
"""What wrangler gets to write its state and end its workerd; it needs well under one."""

KILL = b"k"
PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Run the command, end its group, and return when no process of it is left."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _keep_running)
    _adopt_orphans()
    report = int(sys.argv[1])
    command = subprocess.Popen(sys.argv[2:], stdin=subprocess.DEVNULL, process_group=0)
    os.write(report, b"%d\n" % command.pid)
    os.close(report)
    threading.Thread(target=_obey_parent, args=(command,), daemon=True).start()
    command.wait()
    _kill_group(command)
    _reap_all()


def _keep_running(number: int, frame: object) -> None:
    """A handler, not SIG_IGN, because an ignored signal would stay ignored in the command."""


def _adopt_orphans() -> None:
    """Grandchildren whose parent ended become ours (on Linux), so that we can wait for them."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _obey_parent(command: "subprocess.Popen[bytes]") -> None:
    if os.read(0, 1) != KILL:
        command.terminate()
        with suppress(subprocess.TimeoutExpired):
            command.wait(GRACE_SECONDS)
    _kill_group(command)


def _kill_group(command: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(command.pid, signal.SIGKILL)


def _reap_all() -> None:
    with suppress(ChildProcessError):
        while True:
            os.wait()


if __name__ == "__main__":
    main()
