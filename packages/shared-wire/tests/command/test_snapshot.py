"""What the gate asks and says; a program that stands for workerd shows the rest, and `tests-e2e/test_check.py` the real one."""

import json
import sys
from pathlib import Path

import pytest

from shared_wire.checks.project import Project
from shared_wire.command.snapshot import Snapshot, SnapshotFailed, asked_objects, find_snapshot_fault

CONFIG = {
    "main": "src/entry.py",
    "durable_objects": {
        "bindings": [
            {"name": "ENGINE", "class_name": "Engine"},
            {"name": "SOCKET", "class_name": "Socket"},
            {"name": "PLAIN", "class_name": "Plain"},
        ]
    },
}
ENTRY = """\
from engine_do.durable import EngineActor
from socketio_do.durable import SocketActor
class Engine(EngineActor): peer_binding = "SOCKET"
class Socket(SocketActor): peer_binding = "ENGINE"
class Plain: pass
"""
PROJECT = Project("wrangler.jsonc", json.dumps(CONFIG), CONFIG, {"src/entry.py": ENTRY})


def make(tmp_path: Path, program: str) -> Snapshot:
    """Make a snapshot with a program of Python instead of workerd."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "entry.py").write_text(ENTRY, encoding="utf-8")
    (tmp_path / "modules").mkdir()
    workerd = tmp_path / "workerd"
    workerd.write_text(f"#!{sys.executable}\n{program}\n", encoding="utf-8")
    workerd.chmod(0o755)
    return Snapshot(tmp_path, PROJECT, workerd, tmp_path / "modules")


def test_actors_are_asked_by_a_name_that_their_kind_has() -> None:
    assert asked_objects(PROJECT) == [("ENGINE", "e0"), ("SOCKET", "main")]


def test_what_has_written_its_snapshot_is_ended(tmp_path: Path) -> None:
    program = "open('snapshots/snapshot.bin', 'w').write('saved')\nimport time\ntime.sleep(60)"
    with make(tmp_path, program) as snapshot:
        assert snapshot.save() == 5


def test_what_ends_by_itself_has_failed(tmp_path: Path) -> None:
    with make(tmp_path, "print('no')") as snapshot, pytest.raises(SnapshotFailed, match="no"):
        snapshot.save()


@pytest.mark.parametrize(
    ("printed", "line", "what"),
    [
        ('Traceback\n  File "/session/metadata/entry.py", line 4, in <module>\nValueError: bad', 4, "ValueError: bad"),
        (
            "service worker: Uncaught Error: Can't serialize top-level variable.\nX = [object]",
            1,
            "variable. X = [object]",
        ),
        ("", 1, "nothing was printed"),
    ],
)
def test_a_finding_names_the_line_of_the_application(tmp_path: Path, printed: str, line: int, what: str) -> None:
    with make(tmp_path, f"print({printed!r})") as snapshot:
        [found] = find_snapshot_fault(snapshot, PROJECT)
    assert (found.code, found.line, what in found.what) == ("snapshot", line, True)
