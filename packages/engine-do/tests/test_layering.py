"""A core has no clock, no chance and no I/O; the two halves of a server meet in bytes."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import engine_do
import shared_wire

PACKAGE = Path(engine_do.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
CORE = [path for path in SOURCES if "durable" not in path.relative_to(PACKAGE).parts]

#: What only `durable/` may import, and what nothing outside it may reach through a detour.
IMPURE = {
    "asyncio",
    "datetime",
    "engineio",
    "importlib",
    "js",
    "pyodide",
    "random",
    "secrets",
    "socket",
    "socketio",
    "time",
    "workers",
}


#: The rooms, from the ground up: each may import of those before it. What is in none is on the ground. Of `durable` each folder and
#: each module beside them is a room; what is left is the way in, its `__init__`.
FLOORS = [
    "",
    "protocol",
    "requests",
    "session",
    "durable.javascript",
    "durable.alarm",
    "durable.applications",
    "durable.sessions",
    "durable.http",
    "durable.alarm_sweep",
    "durable.entrypoint",
    "durable.actor",
    "durable",
]


def imports(source: str) -> Iterator[str]:
    """Return the dotted name of every import, those inside functions and conditions too."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                start = "." * level + (module or "")
                yield start
                yield from (f"{start}.{alias.name}" for alias in names)
            case ast.Call(func=ast.Name(id="__import__")):
                yield "importlib"
            case _:
                pass


def roots(source: str) -> set[str]:
    return {name.partition(".")[0] for name in imports(source)}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time", "time"),
        ("import time as clock", "time"),
        ("import asyncio.events", "asyncio"),
        ("from time import monotonic", "time"),
        ("def f():\n    import random", "random"),
        ("if True:\n    from js import WebSocketPair", "js"),
        ("__import__('time')", "importlib"),
        ("from importlib import import_module", "importlib"),
    ],
)
def test_the_check_sees_an_import_wherever_it_stands(source: str, found: str) -> None:
    assert found in roots(source)
    assert found in IMPURE


def test_there_is_a_core_and_there_is_a_shell() -> None:
    assert len(CORE) >= 9
    assert len(SOURCES) > len(CORE)


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_imports_no_clock_no_chance_and_no_runtime(path: Path) -> None:
    assert not roots(path.read_text(encoding="utf-8")) & IMPURE


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_knows_no_shell(path: Path) -> None:
    assert not [name for name in imports(path.read_text(encoding="utf-8")) if "durable" in name]


def room_of(parts: tuple[str, ...]) -> str:
    return next((room for room in (".".join(parts[:2]), ".".join(parts[:1])) if room in FLOORS), "")


def room_of_file(path: Path) -> str:
    return room_of(path.relative_to(PACKAGE).with_suffix("").parts)


def rooms_above(room: str, source: str) -> list[str]:
    """Return the rooms above this one that a source in it imports from."""
    ours = [name for name in imports(source) if name.startswith("engine_do.")]
    rooms = [room_of(tuple(name.split(".")[1:])) for name in ours]
    return [one for one in rooms if FLOORS.index(one) > FLOORS.index(room)]


@pytest.mark.parametrize("path", [path for path in SOURCES if path != PACKAGE / "__init__.py"], ids=name_of)
def test_imports_point_down(path: Path) -> None:
    assert rooms_above(room_of_file(path), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("room", "source", "above"),
    [
        ("session", "from engine_do.durable.alarm import Alarm", "durable.alarm"),
        ("durable.applications", "from engine_do.durable.sessions.sockets import Sockets", "durable.sessions"),
        ("durable.sessions", "from engine_do.durable.http import http", "durable.http"),
        ("durable.http", "def f():\n    import engine_do.durable.actor", "durable.actor"),
        ("durable.actor", "from engine_do.durable import route", "durable"),
    ],
)
def test_the_check_sees_an_import_that_points_up(room: str, source: str, above: str) -> None:
    assert set(rooms_above(room, source)) == {above}


def test_every_room_is_on_a_floor() -> None:
    assert {room_of_file(path) for path in SOURCES} == set(FLOORS)
    assert {path.parent for path in SOURCES if room_of_file(path) == ""} == {PACKAGE}
    assert [path for path in SOURCES if room_of_file(path) == "durable"] == [PACKAGE / "durable" / "__init__.py"]


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_imports_socketio_do_or_upstream(path: Path) -> None:
    assert not roots(path.read_text(encoding="utf-8")) & {"socketio_do", "socketio", "engineio"}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_import_is_absolute(path: Path) -> None:
    assert not [name for name in imports(path.read_text(encoding="utf-8")) if name.startswith(".")]


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_a_core_module_can_be_imported_where_there_is_nothing_but_shared_wire(path: Path) -> None:
    module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    folders = [str(PACKAGE.parent), str(Path(shared_wire.__file__).parent.parent)]
    program = f"import sys; sys.path[:0] = {folders!r}; import {module}; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert module in run.stdout.split()
    assert not loaded & (IMPURE - {"time", "datetime", "importlib", "random", "socket"})
