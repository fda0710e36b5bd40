from pathlib import Path

import pytest

from shared_wire.command.files import CONFIG_NAMES, ConfigUnreadable, read_project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src" / "inner").mkdir(parents=True)
    (tmp_path / "tests").mkdir()
    for name in ("src/entry.py", "src/inner/more.py", "tests/test_x.py"):
        (tmp_path / name).write_text("x = 1\n", encoding="utf-8")
    return tmp_path


def test_a_folder_without_a_configuration_is_told_which_there_may_be(folder: Path) -> None:
    with pytest.raises(ConfigUnreadable, match=" or ".join(CONFIG_NAMES)):
        read_project(folder)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wrangler.jsonc", '{\n  // a comment\n  "main": "src/entry.py",\n}'),
        ("wrangler.json", '{"main": "src/entry.py"}'),
        ("wrangler.toml", 'main = "src/entry.py"  # a comment'),
    ],
)
def test_each_form_of_a_configuration_is_read(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    project = read_project(folder)
    assert (project.path, project.text, project.settings.main) == (name, text, "src/entry.py")
    assert set(project.files) == {"src/entry.py", "src/inner/more.py"}


@pytest.mark.parametrize(("name", "text"), [("wrangler.jsonc", "{"), ("wrangler.toml", "="), ("wrangler.json", "[]")])
def test_one_that_cannot_be_read_is_named(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigUnreadable, match=name):
        read_project(folder)


def test_what_is_vendored_is_weighed(folder: Path) -> None:
    (folder / "wrangler.json").write_text("{}", encoding="utf-8")
    package = folder / "python_modules" / "workers"
    package.mkdir(parents=True)
    (package / "a.py").write_bytes(b"x" * 1000)
    (folder / "python_modules" / "workers_runtime_sdk-1.9.5.dist-info").mkdir()
    vendored = read_project(folder).vendored
    assert (vendored.sizes, vendored.sdk) == ({"workers": 1000}, "1.9.5")
    assert 0 < vendored.compressed < 1000
    assert read_project(folder, folder / "nowhere").vendored.sizes == {}
