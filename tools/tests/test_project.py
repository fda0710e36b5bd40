import json
from dataclasses import replace
from pathlib import Path

import pytest

from local_runtime.cache import Cache
from local_runtime.errors import ProjectInvalid
from local_runtime.project import CONFIG_FILE, PLAIN_CONFIG_FILE, Project, _copy
from local_runtime.vendor import Vendored

CONFIG = """{
  // deployed as it is
  "main": "src/entry.py",
  "compatibility_flags": ["python_workers"],
  "assets": { "directory": "public", },
}"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "demo"
    (folder / "src").mkdir(parents=True)
    (folder / "public").mkdir()
    (folder / "wrangler.jsonc").write_text(CONFIG)
    (folder / "src" / "entry.py").write_text("one")
    (folder / "public" / "index.html").write_text("page")
    return Project(folder=folder)


@pytest.fixture
def copy_of(tmp_path: Path) -> "CopyOf":
    return CopyOf(tmp_path)


class CopyOf:
    """Copies projects into one cache, with one vendored folder."""

    def __init__(self, tmp_path: Path) -> None:
        self.store = Cache(tmp_path / "cache")
        self.vendored = self.modules("one")

    def modules(self, name: str) -> Vendored:
        folder = self.store.root / "python_modules" / f"modules-{name}"
        folder.mkdir(parents=True)
        (folder / "module.py").write_text(name)
        return Vendored(folder=folder, sizes={})

    def __call__(self, project: Project) -> Path:
        return _copy(self.store, project, self.vendored)


def test_copy_holds_sources_config_and_modules(project: Project, copy_of: CopyOf) -> None:
    folder = copy_of(project)
    config = json.loads((folder / CONFIG_FILE).read_text())
    assert config["compatibility_flags"] == ["python_workers", "python_workers_development"]
    plain = (folder / PLAIN_CONFIG_FILE).read_text()
    assert 'pythonModule = embed "src/entry.py"' in plain
    assert 'data = embed "python_modules/module.py"' in plain
    assert (folder / "src" / "entry.py").read_text() == "one"
    assert (folder / "public" / "index.html").read_text() == "page"
    assert (folder / "python_modules" / "module.py").read_text() == "one"
    assert not (folder / "wrangler.jsonc").exists()
    assert (project.folder / "wrangler.jsonc").read_text() == CONFIG


def test_nothing_changed_means_the_same_copy(project: Project, copy_of: CopyOf) -> None:
    assert copy_of(project) == copy_of(project)


def test_every_input_makes_another_copy(project: Project, copy_of: CopyOf, tmp_path: Path) -> None:
    extra = tmp_path / "extra.py"
    extra.write_text("extra")
    copies = [copy_of(project), copy_of(replace(project, overrides={"vars": {"A": 1}}))]
    copies.append(copy_of(replace(project, files={"src/extra.py": extra})))
    (project.folder / "src" / "entry.py").write_text("two")
    copies.append(copy_of(project))
    copy_of.vendored = copy_of.modules("two")
    copies.append(copy_of(project))
    assert len(set(copies)) == len(copies)
    assert (copies[0] / "src" / "entry.py").read_text() == "one"
    assert (copies[2] / "src" / "extra.py").read_text() == "extra"


def test_an_added_file_may_replace_one_of_the_project(
    project: Project, copy_of: CopyOf, tmp_path: Path
) -> None:
    other = tmp_path / "other.py"
    other.write_text("other")
    folder = copy_of(replace(project, files={"src/entry.py": other}))
    assert (folder / "src" / "entry.py").read_text() == "other"


def test_an_added_file_stays_inside(project: Project, copy_of: CopyOf, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text("other")
    with pytest.raises(ProjectInvalid, match="outside the project"):
        copy_of(replace(project, files={"../other.py": other}))
