"""Only `durable/` may touch the runtime: read from the sources, since an import may hide in a function."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import socketio_do

PACKAGE = Path(socketio_do.__file__).parent
SHELL = sorted((PACKAGE / "durable").glob("*.py"))
#: Runs on CPython, with clocks and tasks of its own.
TESTING = sorted((PACKAGE / "testing").glob("*.py"))
CORE = sorted({*PACKAGE.rglob("*.py")} - {*SHELL, *TESTING})
#: Composes both packages, as an application does.
COMPOSITION = PACKAGE / "testing" / "composition.py"

#: What has a clock, chance or I/O, and engineio, which is reached through socketio only.
BANNED = {
    "asyncio",
    "datetime",
    "engineio",
    "io",
    "js",
    "os",
    "pathlib",
    "pyodide",
    "random",
    "secrets",
    "selectors",
    "socket",
    "sqlite3",
    "ssl",
    "threading",
    "time",
    "uuid",
    "workers",
}
#: What the pure part may use besides the standard library.
ALLOWED = {"shared_wire", "socketio", "socketio_do"}
#: The modules that speak python-socketio's dialect.
UPSTREAM_USERS = {
    "connections",
    "dispatch",
    "emission",
    "encoding",
    "manager",
    "msgpack_packets",
    "serializers",
    "signatures",
}
#: Loaded for `serializer="msgpack"` only.
MSGPACK = {"socketio_do.protocol.msgpack_codec", "socketio_do.protocol.msgpack_packets"}


#: The rooms, from the ground up: each may import of those before it. What is in none is on the ground.
FLOORS = ["", "protocol", "state", "upstream", "cluster", "server", "durable", "testing"]


def imports(path: Path) -> set[str]:
    """Collect the modules a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the package"
            found.add(node.module or "")
    return found


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_imports_no_runtime_clock_or_chance(path: Path) -> None:
    assert roots(path).isdisjoint(BANNED)


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_imports_what_it_declares_and_the_standard_library(path: Path) -> None:
    assert roots(path) <= ALLOWED | sys.stdlib_module_names


@pytest.mark.parametrize("path", CORE, ids=name_of)
def test_the_core_does_not_know_the_shell(path: Path) -> None:
    assert not [name for name in imports(path) if name.startswith("socketio_do.durable")]


@pytest.mark.parametrize("path", sorted({*CORE, *SHELL, *TESTING} - {COMPOSITION}), ids=name_of)
def test_nothing_imports_the_engine_package(path: Path) -> None:
    assert roots(path).isdisjoint({"engine_do", "engineio"})
    assert "import_module" not in path.read_text(encoding="utf-8")


def room_of(parts: list[str]) -> str:
    return parts[0] if parts and parts[0] in FLOORS else ""


@pytest.mark.parametrize("path", [path for path in (*CORE, *SHELL, *TESTING) if path.parent != PACKAGE], ids=name_of)
def test_imports_point_down(path: Path) -> None:
    floor = FLOORS.index(room_of([*path.relative_to(PACKAGE).parts]))
    imported = [room_of(name.split(".")[1:]) for name in imports(path) if name.startswith("socketio_do.")]
    assert [room for room in imported if FLOORS.index(room) > floor] == []


def test_every_room_is_on_a_floor_and_the_ground_imports_none() -> None:
    assert {path.parent.name for path in PACKAGE.rglob("*.py")} == {PACKAGE.name, *FLOORS} - {""}
    ground = [path for path in PACKAGE.glob("*.py") if path.stem != "__init__"]
    assert {path.stem for path in ground} == {"errors", "limits", "runtime"}
    assert [name for path in ground for name in imports(path) if room_of(name.split(".")[1:])] == []


def test_python_socketio_is_used_where_it_is_said() -> None:
    assert {path.stem for path in CORE if "socketio" in roots(path)} == UPSTREAM_USERS


def test_the_shell_is_there_and_touches_the_runtime() -> None:
    assert {"asyncio", "workers"} <= {name for path in SHELL for name in roots(path)}


def test_the_tables_can_be_imported_without_the_engine_package() -> None:
    program = (
        "import sys\n"
        "import socketio_do, socketio_do.state.membership\n"
        "print(*(name for name in sys.modules if name.split('.')[0] in ('engine_do', 'workers', 'js', 'pyodide')))"
    )
    run = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []


def test_msgpack_is_not_loaded_unless_it_is_asked_for_and_needs_nothing_from_pypi() -> None:
    program = (
        "import sys\n"
        "sys.modules['msgpack'] = None\n"
        "import socketio_do\n"
        "from socketio_do.protocol.serializers import choose_serializer\n"
        "choose_serializer('default')\n"
        f"print(*{MSGPACK!r}.intersection(sys.modules))\n"
        "choose_serializer('msgpack')\n"
        f"print(*{MSGPACK!r}.intersection(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    before, after = run.stdout.split("\n")[:2]
    assert (before, set(after.split())) == ("", MSGPACK)
