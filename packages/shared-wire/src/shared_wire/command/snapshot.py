"""The snapshot gate: what a deploy does after the imports, done with the workerd that is at hand.

A snapshot is saved, a second workerd starts from it, and the Worker and every actor answer. Code that is no Python, and bindings
other than Durable Objects and variables, are left out.
"""

import contextlib
import json
import re
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from shared_wire.checks.actors import Actor
from shared_wire.checks.findings import Finding
from shared_wire.checks.project import Project
from shared_wire.command.workerd_config import ASKING, WORKER, write_config
from shared_wire.names import DEFAULT_PEER

__all__ = ["Running", "Snapshot", "SnapshotFailed", "find_snapshot_fault"]

#: Seconds that a start may take on a slow machine with a cold disk.
_PATIENCE_S: Final = 90.0
_POLL_S: Final = 0.1
_FILE: Final = "snapshot.bin"
_CONFIG: Final = "check.capnp"
#: The name of the first engine actor (`engine_do`).
_FIRST_ENGINE: Final = "e0"


class SnapshotFailed(Exception):
    """The snapshot could not be saved, or did not start; the text is what workerd printed."""


class Running:
    """A workerd that has started from a snapshot."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, asking_port: int) -> None:
        """Initialise with its process, and the ports of the Worker and of the service that asks its objects."""
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self._asking = f"http://127.0.0.1:{asking_port}/"

    def first_status(self) -> int:
        """Return the status of the Worker's answer to a request for a path that no client of ours asks for."""
        status, _ = _get(f"{self.url}/__check__")
        return status

    def answers(self) -> dict[str, str]:
        """Return what each actor has answered, by its binding: a status, or what it has thrown."""
        return {str(name): str(answer) for name, answer in json.loads(_get(self._asking)[1]).items()}


class Snapshot:
    """A project's snapshot in a folder of its own, which the ``with`` block removes."""

    def __init__(self, folder: Path, project: Project, workerd: Path, modules: Path, flags: Sequence[str] = ()) -> None:
        """Initialise with the project's folder and what is in it, the program, the vendored packages, and more flags."""
        self._folder = folder
        self._project = project
        self._workerd = workerd.resolve()
        self._modules = modules.resolve()
        self._flags = flags
        self.asked = asked_objects(project)
        self._place = Path(tempfile.mkdtemp(prefix="snapshot-check-"))

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._place, ignore_errors=True)

    def save(self) -> int:
        """Start the Worker and save its snapshot; returns its bytes. Raises `SnapshotFailed`."""
        self._write()
        with self._start("--python-save-snapshot") as (process, _):
            return self._wait_saved(process)

    @contextlib.contextmanager
    def load(self) -> Iterator[Running]:
        """Start from the snapshot that was saved, until the end of the block. Raises `SnapshotFailed`."""
        with self._start(f"--python-load-snapshot={_FILE}") as (process, ports):
            running = Running(process, *ports)
            self._wait_answering(process, running)
            yield running

    def log(self) -> str:
        """Return what workerd has printed."""
        return (self._place / "log").read_text(encoding="utf-8", errors="replace")

    def _write(self) -> None:
        for name in self._project.files:
            target = self._place / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self._folder / name, target)
        (self._place / "python_modules").symlink_to(self._modules, target_is_directory=True)
        for name in ("storage", "snapshots"):
            (self._place / name).mkdir()
        vendored = [path.relative_to(self._modules).as_posix() for path in self._modules.rglob("*") if path.is_file()]
        config = write_config(self._project.settings, self._project.files, vendored, self.asked, self._flags)
        (self._place / _CONFIG).write_text(config, encoding="utf-8")

    @contextlib.contextmanager
    def _start(self, *options: str) -> "Iterator[tuple[subprocess.Popen[bytes], tuple[int, int]]]":
        ports = _free_port(), _free_port()
        sockets = [f"--socket-addr={name}=127.0.0.1:{port}" for name, port in zip((WORKER, ASKING), ports, strict=True)]
        command = [str(self._workerd), "serve", "--experimental", "--python-snapshot-dir=snapshots", *options, *sockets]
        with (self._place / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, _CONFIG], cwd=self._place, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        try:
            yield process, ports
        finally:
            process.kill()
            process.wait()

    def _wait_saved(self, process: "subprocess.Popen[bytes]") -> int:
        """Wait until the file is there and grows no more: workerd serves on when it has written it."""
        file, size = self._place / "snapshots" / _FILE, -1
        for _ in self._while_running(process):
            before, size = size, file.stat().st_size if file.is_file() else -1
            if 0 < size == before:
                return size
        return size

    def _wait_answering(self, process: "subprocess.Popen[bytes]", running: Running) -> None:
        for _ in self._while_running(process):
            with contextlib.suppress(OSError):
                running.first_status()
                return

    def _while_running(self, process: "subprocess.Popen[bytes]") -> Iterator[None]:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            if process.poll() is not None:
                raise SnapshotFailed(self.log())
            yield
            time.sleep(_POLL_S)
        raise SnapshotFailed(f"{self.log()}\nworkerd was not ready after {_PATIENCE_S:g} s")


def find_snapshot_fault(snapshot: Snapshot, project: Project) -> Iterator[Finding]:
    """Save a snapshot, start from it, have the Worker and every actor answer, and say what failed."""
    try:
        snapshot.save()
        with snapshot.load() as running:
            status, answers = running.first_status(), running.answers()
    except SnapshotFailed as error:
        yield _explain(project, "the Worker does not start from a snapshot", str(error))
        return
    if status >= 500:
        yield _explain(project, f"started from a snapshot, the Worker answers {status}", snapshot.log())
    for binding, answer in answers.items():
        if not answer.isdigit() or int(answer) >= 500:
            yield _explain(project, f"started from a snapshot, the object of {binding} does not answer", answer)


def asked_objects(project: Project) -> list[tuple[str, str]]:
    """Return the actors that are asked for an answer: the binding of each, and a name that objects of its kind have."""
    classes = project.classes()
    actors = {} if classes is None else classes.actors
    bound = {
        str(one.get("name")): str(one.get("class_name"))
        for one in project.settings.objects
        if not one.get("script_name")
    }
    return [(name, _name(actors[one])) for name, one in bound.items() if one in actors]


def _name(actor: Actor) -> str:
    return _FIRST_ENGINE if "engine" in actor.kinds else DEFAULT_PEER


def _explain(project: Project, what: str, log: str) -> Finding:
    """Make a finding of what was printed: the line of the application that it names last, and the error itself."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    reasons = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Exit|Warning)\b.*:", line)]
    reason = (reasons or [line for line in lines if "rror" in line] or lines[-1:] or ["nothing was printed"])[-1]
    named = next((line for line in lines if "serialize top-level variable" in line), None)
    if named is not None:
        reason = " ".join(lines[lines.index(named) : lines.index(named) + 2])
    path, line = _place_in(project, log)
    instead = "Move what the module does there into a handler, `configure`, or the object's `__init__`"
    return Finding(path, line, "snapshot", f"{what}: {reason[:300].rstrip('.')}", instead)


def _place_in(project: Project, log: str) -> tuple[str, int]:
    found = re.findall(r'File "[^"]*?/([\w/]+\.py)", line (\d+)', log)
    for name, line in reversed(found):
        path = next((one for one in project.files if one.endswith(f"/{name.rpartition('/')[2]}")), None)
        if path is not None and "python_modules" not in name:
            return path, int(line)
    return project.path, project.settings.line("main")


def _get(url: str) -> tuple[int, bytes]:
    """Return the status and body of a GET, whatever the status; raises `OSError` where nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_PATIENCE_S) as response:
            return int(response.status), response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
