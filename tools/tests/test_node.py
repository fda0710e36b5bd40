import json
import subprocess
import sys
from pathlib import Path

import pytest

from local_runtime.errors import ProjectInvalid
from local_runtime.node import node_command, node_env, node_path, npm_ci


def npm_project(folder: Path) -> Path:
    """A project without dependencies, whose install needs no network."""
    folder.mkdir()
    package = {"name": "empty", "version": "1.0.0"}
    lock = {**package, "lockfileVersion": 3, "requires": True, "packages": {"": package}}
    (folder / "package.json").write_text(json.dumps(package))
    (folder / "package-lock.json").write_text(json.dumps(lock))
    return folder


def test_node_is_new_enough_and_runs_a_script(tmp_path: Path) -> None:
    script = tmp_path / "version.mjs"
    script.write_text("console.log(process.versions.node, process.argv[2])")
    command = node_command(script, "argument")
    done = subprocess.run(command, env=node_env(), capture_output=True, text=True, check=True)
    version, argument = done.stdout.split()
    assert tuple(map(int, version.split(".")[:2])) >= (22, 12)
    assert argument == "argument"


def test_node_is_first_on_the_path() -> None:
    assert node_env()["PATH"].startswith(str(node_path().parent))


def test_no_lock_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectInvalid, match=r"no package-lock\.json"):
        npm_ci(tmp_path, cache=tmp_path / "cache")


def test_install_is_cached_and_linked(tmp_path: Path) -> None:
    folder = npm_project(tmp_path / "project")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "stale").write_text("")
    installed = npm_ci(folder, cache=tmp_path / "cache")
    (installed / "added-later").mkdir()
    assert npm_ci(folder, cache=tmp_path / "cache") == installed
    links = folder / "node_modules"
    assert not links.is_symlink()
    assert not (links / "stale").exists()


def test_several_processes_may_link_one_folder_at_once(tmp_path: Path) -> None:
    folder, cache = npm_project(tmp_path / "project"), tmp_path / "cache"
    installed = npm_ci(folder, cache=cache, link=False)
    for number in range(200):
        (installed / f"package-{number}").mkdir()
    script = (
        "import sys, pathlib, local_runtime\n"
        "folder, cache, go = map(pathlib.Path, sys.argv[1:])\n"
        "print('ready', flush=True)\n"
        "while not go.exists(): pass\n"
        "local_runtime.npm_ci(folder, cache=cache)"
    )
    go = tmp_path / "go"
    command = [sys.executable, "-c", script, str(folder), str(cache), str(go)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.stdout.readline() for process in processes if process.stdout] == ["ready\n"] * 4
    go.touch()
    assert [process.communicate() and process.returncode for process in processes] == [0] * 4
    assert len(list((folder / "node_modules").glob("package-*"))) == 200


def test_another_lock_file_is_another_install(tmp_path: Path) -> None:
    folder = npm_project(tmp_path / "project")
    first = npm_ci(folder, cache=tmp_path / "cache", link=False)
    lock = folder / "package-lock.json"
    lock.write_text(lock.read_text() + "\n")
    assert npm_ci(folder, cache=tmp_path / "cache", link=False) != first
    assert not (folder / "node_modules").exists()
