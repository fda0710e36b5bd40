import json
from pathlib import Path

import pytest

from shared_wire.command.check import main

ROOT = Path(__file__).parents[4]
OURS = sorted(
    path.parent
    for where in ("demo-server", "packages/*/examples/*", "benchmarks/*", "simulation/system")
    for path in ROOT.glob(f"{where}/wrangler.jsonc")
)
CONFIG = {
    "main": "entry.py",
    "compatibility_date": "2026-11-01",
    "compatibility_flags": ["python_workers"],
    "durable_objects": {"bindings": [{"name": "ECHO", "class_name": "Echo"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Echo"]}],
}
ENTRY = "from engine_do.durable import EngineActor\nclass Echo(EngineActor): pass\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "wrangler.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    (tmp_path / "entry.py").write_text(ENTRY, encoding="utf-8")
    return tmp_path


def test_our_own_workers_have_no_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(OURS) >= 8
    assert main(["check", "--no-snapshot", *map(str, OURS)]) == 0
    assert capsys.readouterr().out == ""


def test_what_is_right_gives_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--no-snapshot", str(folder)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "0 errors, 0 warnings" in said.err


def test_an_error_gives_1_and_stands_in_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "entry.py").write_text(f"{ENTRY}import uuid\nX = uuid.uuid4()\n", encoding="utf-8")
    assert main(["check", "--no-snapshot", str(folder)]) == 1
    said = capsys.readouterr()
    assert said.out.startswith(f"{folder}/entry.py:4: randomness: uuid.uuid4(): ")
    assert said.out.count("\n") == 1
    assert "1 errors, 0 warnings" in said.err


def test_a_warning_gives_0(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "entry.py").write_text(f"{ENTRY}class Other(EngineActor): pass\n", encoding="utf-8")
    assert main(["check", "--no-snapshot", str(folder)]) == 0
    assert capsys.readouterr().out.startswith(f"warning: {folder}/entry.py:3: actor-unbound: ")


def test_what_cannot_be_checked_gives_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(tmp_path)]) == 2
    assert "has no wrangler.jsonc" in capsys.readouterr().err


def test_the_worst_of_several_counts(folder: Path, tmp_path: Path) -> None:
    assert main(["check", "--no-snapshot", str(folder), str(tmp_path / "nothing")]) == 2


def test_it_says_why_there_was_no_snapshot(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("MINIFLARE_WORKERD_PATH", raising=False)
    assert main(["check", str(folder)]) == 0
    assert "the snapshot was not tried: there is no workerd" in capsys.readouterr().err
    assert main(["check", str(folder), "--workerd", "workerd"]) == 0
    assert "the snapshot was not tried: there is no" in capsys.readouterr().err
