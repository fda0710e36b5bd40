"""The fixture `world` in a project of a user's own."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHAT = Path(__file__).resolve().parents[1] / "packages" / "socketio-do" / "examples" / "chat"
TEST = """
def test_one(world):
    ann = world.client(auth={"nick": "ann"})
    assert ann.sid
"""


def run(folder: Path) -> str:
    """Run pytest in a folder; returns what it prints."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--override-ini", "addopts="]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("ini", "expected"),
    [
        ("[pytest]\n", "set socketio_do_project in the ini file"),
        ("[pytest]\nsocketio_do_project = worker\n", "1 passed"),
    ],
)
def test_a_project_is_found_where_it_is_said_to_be(tmp_path: Path, ini: str, expected: str) -> None:
    shutil.copytree(CHAT, tmp_path / "worker", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_one.py").write_text(TEST, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(ini, encoding="utf-8")
    assert expected in run(tmp_path)
