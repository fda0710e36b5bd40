import os
from pathlib import Path

import pytest

from local_runtime.cache import Cache, digest, source_files, tree_digest

OLD = 1_000_000_000


def write(folder: Path, name: str, text: str = "") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def nothing(_: Path) -> None:
    """Build an empty folder."""


def test_digest_knows_where_parts_end() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("a") == digest(b"a")


def test_tree_digest_follows_content_and_names(tmp_path: Path) -> None:
    file = write(tmp_path, "src/a.py", "one")
    first = tree_digest(tmp_path)
    assert tree_digest(tmp_path) == first
    os.utime(file, (OLD, OLD))
    assert tree_digest(tmp_path) == first
    file.write_text("two")
    assert tree_digest(tmp_path) != first
    file.write_text("one")
    file.rename(tmp_path / "src" / "b.py")
    assert tree_digest(tmp_path) != first


@pytest.mark.parametrize(
    "name",
    [
        "tests/test_a.py",
        "src/__pycache__/a.pyc",
        ".mypy_cache/x",
        "node_modules/a/b.js",
        "public/node_modules/a.js",
        "dist/a.whl",
        "src/a.egg-info/PKG-INFO",
        ".gitignore",
    ],
)
def test_what_no_worker_needs_is_left_out(tmp_path: Path, name: str) -> None:
    write(tmp_path, "src/a.py")
    write(tmp_path, name)
    assert source_files(tmp_path) == [tmp_path / "src" / "a.py"]


@pytest.mark.parametrize("name", ["public/dist/a.js", "public/.well-known/x", ".dev.vars"])
def test_what_a_worker_may_need_is_kept(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, name)
    assert source_files(tmp_path) == [file]


def test_a_folder_is_built_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    built: list[Path] = []

    def build(folder: Path) -> None:
        built.append(folder)
        write(folder, "file", "x")

    first = cache.folder("kind", "name", digest("a"), build)
    assert cache.folder("kind", "name", digest("a"), build) == first
    assert len(built) == 1
    assert (first / "file").read_text() == "x"
    assert cache.folder("kind", "name", digest("b"), build) != first


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")

    def interrupted(folder: Path) -> None:
        write(folder, "half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.folder("kind", "name", digest("a"), interrupted)
    assert list((tmp_path / "cache" / "kind").iterdir()) == []


def test_what_a_killed_build_left_is_removed_by_the_next(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    left = write(tmp_path / "cache" / "kind" / ".half-x", "file").parent
    cache.folder("kind", "name", digest("a"), nothing)
    assert not left.exists()


def test_old_unused_folders_are_removed(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    folders = []
    for number in range(6):
        folder = cache.folder("kind", "name", digest(str(number)), nothing)
        os.utime(folder, (OLD + number, OLD + number))
        folders.append(folder)
    other = cache.folder("kind", "name-other", digest("x"), nothing)
    newest = cache.folder("kind", "name", digest("new"), nothing)
    left = {folder for folder in folders if folder.exists()}
    assert left == set(folders[4:])
    assert newest.exists()
    assert other.exists()


def test_the_cache_keeps_itself_out_of_git(tmp_path: Path) -> None:
    assert (Cache(tmp_path / "cache").root / ".gitignore").read_text() == "*\n"
