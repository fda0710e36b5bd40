"""Each code is shown by a project that has it, made from one that has no findings by one change."""

import json
from typing import Any

import pytest

from shared_wire.checks.findings import CODES
from shared_wire.checks.project import Project, Vendored

ENTRY = """\
from engine_do.durable import EngineActor, route
from socketio_do.durable import SocketActor


class Chat(SocketActor, EngineActor):
    pass


async def fetch(self, request):
    return await route(request, self.env.CHAT, CONFIG)
"""
CONFIG: dict[str, Any] = {
    "main": "src/entry.py",
    "compatibility_date": "2026-11-01",
    "compatibility_flags": ["python_workers"],
    "durable_objects": {"bindings": [{"name": "CHAT", "class_name": "Chat"}]},
    "migrations": [{"tag": "v1", "new_sqlite_classes": ["Chat"]}],
}
#: Shown by `tests-e2e/test_check.py` and `command/test_snapshot.py`.
ELSEWHERE = {"snapshot"}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "actor-unbound": ({}, ENTRY + "class Other(EngineActor): pass"),
    "binding-unknown": ({}, ENTRY.replace("env.CHAT", "env.CHATS")),
    "class-unknown": ({}, ENTRY.replace("class Chat", "class Talk")),
    "clock-frozen": ({}, ENTRY + "import time\nSTART = time.time()"),
    "date-minimum": ({"compatibility_date": "2026-09-30"}, ENTRY),
    "date-python": ({"compatibility_date": "2026-01-01"}, ENTRY),
    "environment-bindings": ({"env": {"staging": {}}}, ENTRY),
    "flag-development": ({"compatibility_flags": ["python_workers", "python_workers_development"]}, ENTRY),
    "flag-missing": ({"compatibility_flags": []}, ENTRY),
    "flag-refused": (
        {"compatibility_flags": ["python_workers", "durable_object_io_tasks_do_not_prevent_eviction"]},
        ENTRY,
    ),
    "js-object": ({}, ENTRY + "import js\nX = js.Object.new()"),
    "main-missing": ({"main": "src/other.py"}, ENTRY),
    "migration-missing": ({"migrations": []}, ENTRY),
    "migration-sqlite": ({"migrations": [{"tag": "v1", "new_classes": ["Chat"]}]}, ENTRY),
    "migration-tag": ({"migrations": [{"new_sqlite_classes": ["Chat"]}]}, ENTRY),
    "migration-unknown": ({"migrations": [{"tag": "v1", "new_sqlite_classes": ["Chat", "Old"]}]}, ENTRY),
    "peer-binding": ({}, ENTRY.replace("    pass", '    peer_binding = "CHAT"')),
    "randomness": ({}, ENTRY + "import uuid\nX = uuid.uuid4()"),
    "shared-server": ({}, ENTRY + "import socketio\nX = socketio.AsyncServer()"),
    "shared-state": ({}, ENTRY + "import asyncio\nX = asyncio.Lock()"),
    "source-syntax": ({}, ENTRY + "def"),
}
VENDORED = {
    "sdk-version": Vendored(sdk="2.0.0"),
    "size-limit": Vendored(sizes={"numpy": 70_000_000}),
    "size-plan": Vendored(compressed=4_000_000),
}


def project(config: dict[str, Any], entry: str = ENTRY, vendored: Vendored | None = None) -> Project:
    value = {**CONFIG, **config}
    return Project(
        "wrangler.jsonc", json.dumps(value, indent=2), value, {"src/entry.py": entry}, vendored or Vendored()
    )


def test_a_project_that_is_right_has_no_findings() -> None:
    assert project({}).check() == []


@pytest.mark.parametrize("code", WRONG)
def test_a_project_that_is_wrong_in_one_thing_is_found(code: str) -> None:
    config, entry = WRONG[code]
    found = project(config, entry).check()
    assert code in {one.code for one in found}
    assert all(one.line > 1 or one.path != "src/entry.py" for one in found)


@pytest.mark.parametrize("code", VENDORED)
def test_what_is_vendored_is_looked_at(code: str) -> None:
    assert [one.code for one in project({}, vendored=VENDORED[code]).check()] == [code]


def test_every_code_is_shown() -> None:
    assert {*WRONG, *VENDORED, *ELSEWHERE} == set(CODES)


def test_a_finding_in_a_configuration_is_ignored_there_too() -> None:
    value = {**CONFIG, "compatibility_date": "2026-09-30"}
    text = '{\n  "compatibility_date": "2026-09-30", // socketio-do: ignore[date-minimum]\n}'
    assert Project("wrangler.jsonc", text, value, {"src/entry.py": ENTRY}).check() == []


def test_files_that_the_entry_module_cannot_import_are_not_read() -> None:
    one = project({})
    files = {
        **one.files,
        "scripts/seed.py": "import uuid\nX = uuid.uuid4()",
        "src/more.py": "import uuid\nX = uuid.uuid4()",
    }
    found = Project(one.path, one.text, one.value, files).check()
    assert [(one.path, one.code) for one in found] == [("src/more.py", "randomness")]


def test_an_environment_is_checked_by_what_it_changes() -> None:
    bindings = {"bindings": [{"name": "CHAT", "class_name": "Talk"}]}
    found = project({"env": {"staging": {"durable_objects": bindings, "compatibility_date": "2026-01-01"}}}).check()
    assert {one.code for one in found} == {"class-unknown", "migration-missing", "date-python", "actor-unbound"}
    assert all("staging" in one.what for one in found)


def test_its_classes_are_those_of_its_entry_module() -> None:
    classes = project({}).classes()
    assert classes is not None
    assert list(classes.actors) == ["Chat"]
    assert project({"main": "src/other.py"}).classes() is None
