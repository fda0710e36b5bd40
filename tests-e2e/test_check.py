"""The check before a deploy, with the workerd that runs everything else: our own Workers start from a snapshot."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from clients.polling import poll
from clients.python import client
from clients.raw import connect
from conftest import ALL, CONSTRAINTS, ENGINE_ALONE, PACKAGES, ROOT, prepare_worker
from waiting import silence

from local_runtime import Prepared, Project, prepare
from shared_wire.command.check import main
from shared_wire.command.files import read_project
from shared_wire.command.snapshot import Snapshot
from shared_wire.sdk import SDK, lowest_supported

DEMO = ROOT / "demo-server"
ECHO = PACKAGES / "engine-do" / "examples" / "echo"
EXAMPLES = sorted(path.parent for path in (PACKAGES / "socketio-do" / "examples").glob("*/wrangler.jsonc"))
#: The workerd of `tools/` has its Python on disk.
FLAGS = ["python_workers_development"]


def packages_of(folder: Path) -> tuple[Path, ...]:
    return ENGINE_ALONE if folder == ECHO else ALL


def check(folder: Path, prepared: Prepared) -> int:
    modules = str(prepared.folder / "python_modules")
    return main(
        ["check", str(folder), "--workerd", str(prepared.workerd), "--modules", modules, "--development-bundle"]
    )


@contextmanager
def started_from_snapshot(folder: Path, *requirements: str) -> Iterator[str]:
    project = Project(folder=folder, packages=packages_of(folder), requirements=requirements, constraints=CONSTRAINTS)
    prepared = prepare(project)
    modules = prepared.folder / "python_modules"
    with Snapshot(folder, read_project(folder, modules), prepared.workerd, modules, FLAGS) as snapshot:
        assert snapshot.save() > 10_000_000
        with snapshot.load() as running:
            answers = running.answers()
            assert answers
            assert all(answer.isdigit() and int(answer) < 500 for answer in answers.values()), answers
            yield running.url


@pytest.mark.parametrize("folder", [DEMO, ECHO, *EXAMPLES], ids=lambda folder: str(folder.name))
def test_our_own_workers_have_no_findings_and_start_from_a_snapshot(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(folder, prepare_worker(folder, packages_of(folder))) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1] == f"{folder}: 0 errors, 0 warnings"
    assert "not tried" not in said.err


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        (
            "import js\nX = js.Object.new()  # engine-do: ignore[js-object]\n",
            None,
            "Can't serialize top-level variable",
        ),
        ("import uuid\ndef f():\n    return g()\ndef g():\n    return uuid.uuid4()\nX = f()\n", 5, "Error"),
    ],
)
def test_what_would_fail_the_deploy_fails_the_snapshot(
    lines: str, line: int | None, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (ECHO / "src" / "entry.py").read_text(encoding="utf-8")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "entry.py").write_text(text + lines, encoding="utf-8")
    (tmp_path / "wrangler.jsonc").write_bytes((ECHO / "wrangler.jsonc").read_bytes())
    assert check(tmp_path, prepare_worker(ECHO, ENGINE_ALONE)) == 1
    said = capsys.readouterr().out
    assert ": snapshot: the Worker does not start from a snapshot: " in said
    assert what in said
    if line is not None:
        assert said.startswith(f"{tmp_path}/src/entry.py:{text.count(chr(10)) + line}: ")


async def talk_of_socketio(url: str) -> None:
    async with client(url, nick="ann") as ann:
        assert ann.transport() == "websocket"
        before = (await ann.call("status", {}))["lives"]
        await silence(11)
        after = (await ann.call("status", {}))["lives"]
        assert before["engine"] != after["engine"]
        assert before["socket"] != after["socket"]


async def talk_of_engineio(url: str) -> None:
    async with connect(url, "/engine.io/") as socket, poll(url) as session:
        assert await socket.receive() == "4hello from 127.0.0.1"
        await session.send("4by POST")
        assert "4by POST" in (await session.get()).frames
        await silence(11)
        await socket.send("4awake?")
        assert await socket.receive() == "4awake?"


async def test_stock_clients_are_served_from_a_snapshot_across_sleep() -> None:
    with started_from_snapshot(DEMO) as demo, started_from_snapshot(ECHO) as echo:
        await asyncio.gather(talk_of_socketio(demo), talk_of_engineio(echo))


async def test_the_lowest_release_of_the_sdk_serves_stock_clients_too() -> None:
    with started_from_snapshot(DEMO, f"{SDK}=={lowest_supported()}") as demo:
        await talk_of_socketio(demo)


def test_a_release_of_the_sdk_that_is_not_supported_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    modules = tmp_path / "workers_runtime_sdk-1.8.6.dist-info"
    modules.mkdir()
    assert main(["check", str(ECHO), "--no-snapshot", "--modules", str(tmp_path)]) == 1
    assert "workers-runtime-sdk 1.8.6 is vendored" in capsys.readouterr().out
