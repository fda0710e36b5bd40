import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import shared_wire

PACKAGE = Path(shared_wire.__file__).parent
#: The rooms, from the ground up: a module imports of its own room and of those before it.
FLOORS = ["", "format", "link", "checks"]
MODULES = sorted(
    f"{room}.{path.stem}".lstrip(".")
    for room in FLOORS
    for path in (PACKAGE / room).glob("*.py")
    if path.stem != "__init__"
)

#: The two halves of the link: its rules, and so its tests, span both.
HALVES = {"link.replies", "link.calls"}

#: All the package may use of the standard library: nothing with a clock, chance or I/O in it.
PURE = {
    "ast",
    "bisect",
    "collections",
    "contextvars",
    "dataclasses",
    "enum",
    "functools",
    "hashlib",
    "itertools",
    "json",
    "operator",
    "pathlib",
    "re",
    "struct",
    "types",
    "typing",
}
IMPURE = {
    "asyncio",
    "datetime",
    "js",
    "pyodide",
    "random",
    "secrets",
    "selectors",
    "socket",
    "ssl",
    "threading",
    "workers",
}


def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))


def names_bound_by(node: ast.stmt) -> list[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
            return []
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def defined_in(module: str) -> set[str]:
    return {name for node in tree(module).body for name in names_bound_by(node) if not name.startswith("_")}


def imported_by(module: str) -> set[str]:
    roots: set[str] = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            roots |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            roots.add((node.module or "").partition(".")[0])
    return roots


@pytest.mark.parametrize("module", MODULES)
def test_a_module_exports_what_it_defines(module: str) -> None:
    exported = import_module(f"shared_wire.{module}").__all__
    assert set(exported) == defined_in(module)
    assert len(exported) == len(set(exported))


@pytest.mark.parametrize("module", ["__init__", *MODULES])
def test_the_list_of_exports_is_sorted(module: str) -> None:
    exported = import_module("shared_wire" if module == "__init__" else f"shared_wire.{module}").__all__
    assert list(exported) == sorted(exported, key=lambda name: (not name.isupper(), name[0].islower(), name))


def test_the_package_exports_what_it_imports() -> None:
    imports = [node for node in tree("__init__").body if isinstance(node, ast.ImportFrom)]
    assert set(shared_wire.__all__) == {alias.name for node in imports for alias in node.names}
    assert all(hasattr(shared_wire, name) for name in shared_wire.__all__)


def test_the_package_exports_only_what_a_module_exports() -> None:
    public = {name for module in MODULES for name in import_module(f"shared_wire.{module}").__all__}
    assert set(shared_wire.__all__) <= public


@pytest.mark.parametrize("module", ["__init__", *MODULES])
def test_a_module_imports_only_the_package_and_pure_parts(module: str) -> None:
    assert imported_by(module) <= PURE | {"shared_wire"}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_can_be_imported_alone_and_without_any_other_package(module: str) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import shared_wire.{module}; print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert not {name.partition(".")[0] for name in run.stdout.split()} & IMPURE


@pytest.mark.parametrize("module", ["__init__", *MODULES])
def test_no_module_reaches_for_the_part_that_needs_the_runtime(module: str) -> None:
    nodes = [node for node in ast.walk(tree(module)) if isinstance(node, ast.ImportFrom | ast.Import)]
    assert not [node for node in nodes if "durable" in ast.unparse(node)]


@pytest.mark.parametrize("module", MODULES)
def test_each_module_has_its_own_test_file(module: str) -> None:
    room, _, name = ("link.link" if module in HALVES else module).rpartition(".")
    assert (Path(__file__).parent / room / f"test_{name}.py").is_file()


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    ours = [node.module or "" for node in ast.walk(tree(module)) if isinstance(node, ast.ImportFrom)]
    rooms = [name.split(".")[1] for name in ours if name.startswith("shared_wire.") and name.count(".") == 2]
    assert [room for room in rooms if FLOORS.index(room) > FLOORS.index(module.rpartition(".")[0])] == []


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
