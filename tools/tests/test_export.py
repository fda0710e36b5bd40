from dataclasses import replace
from pathlib import Path

import pytest

from local_runtime.bundle import BUNDLE_FILE
from local_runtime.export import export
from local_runtime.project import CONFIG_FILE, PLAIN_CONFIG_FILE, Prepared


@pytest.fixture
def prepared(tmp_path: Path, fake: Prepared) -> Prepared:
    folder, runtime, modules = (tmp_path / name for name in ("made", "runtime", "modules"))
    for one in (folder, runtime, modules):
        one.mkdir()
    (folder / CONFIG_FILE).write_text("{}")
    (folder / PLAIN_CONFIG_FILE).write_text("one")
    (modules / "module.py").write_text("module")
    (folder / "python_modules").symlink_to(modules, target_is_directory=True)
    (runtime / BUNDLE_FILE).write_text("bundle")
    return replace(fake, folder=folder, workerd=runtime / "workerd")


def test_what_is_exported_holds_everything_and_leads_nowhere(
    prepared: Prepared, tmp_path: Path
) -> None:
    folder = tmp_path / "chat"
    export(prepared, folder)
    found = sorted(one.relative_to(folder).as_posix() for one in folder.rglob("*"))
    assert found == [
        "app",
        "app/python_modules",
        "app/python_modules/module.py",
        f"app/{PLAIN_CONFIG_FILE}",
        "bundle",
        f"bundle/{BUNDLE_FILE}",
        "workerd",
    ]
    assert not any(one.is_symlink() for one in folder.rglob("*"))
    assert (folder / "workerd").stat().st_mode & 0o100


def test_a_second_export_renews_it_and_leaves_what_is_stored(
    prepared: Prepared, tmp_path: Path
) -> None:
    folder = tmp_path / "chat"
    export(prepared, folder)
    (folder / "state").mkdir()
    (folder / "state" / "rows").write_text("rows")
    (prepared.folder / PLAIN_CONFIG_FILE).write_text("two")
    with (folder / "workerd").open() as running:
        export(prepared, folder)
        assert running.read()
    assert (folder / "app" / PLAIN_CONFIG_FILE).read_text() == "two"
    assert (folder / "state" / "rows").read_text() == "rows"
    assert sorted(one.name for one in folder.iterdir()) == ["app", "bundle", "state", "workerd"]
