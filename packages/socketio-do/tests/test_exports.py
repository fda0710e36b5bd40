import ast
import functools
from importlib import import_module
from pathlib import Path

import pytest

import socketio_do

PACKAGE = Path(socketio_do.__file__).parent
PATHS = [path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py") if path.stem != "__init__"]
#: What can be imported where there is no runtime and no engine.
MODULES = sorted(".".join(path.parts) for path in PATHS if not {"durable", "composition"} & {*path.parts})

#: Only a protocol: `server_fakes.FakeRuntime` is checked against it by the type checker, and has its own tests. And what
#: needs an engine, which is not here: `simulation/test_kit*.py` and `test_plugin.py` test it.
WITHOUT_TEST_FILE = {"runtime", *(name for name in MODULES if name.startswith("testing."))}


def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))


def names_bound_by(node: ast.stmt) -> list[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def defined_in(module: str) -> set[str]:
    return {name for node in tree(module).body for name in names_bound_by(node) if not name.startswith("_")}


def exported_by(module: str) -> list[str]:
    names: list[str] = import_module(f"socketio_do.{module}" if module != "__init__" else "socketio_do").__all__
    return names


@functools.cache
def imported_names() -> frozenset[tuple[str | None, str]]:
    """Return each module that something of the package imports from, with each name."""
    return frozenset(
        (node.module, alias.name)
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    )


@pytest.mark.parametrize("module", MODULES)
def test_a_module_exports_only_what_it_defines(module: str) -> None:
    exported = exported_by(module)
    assert set(exported) <= defined_in(module)
    assert len(exported) == len(set(exported))


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_defines_and_does_not_export_is_used_in_it_alone(module: str) -> None:
    hidden = defined_in(module) - set(exported_by(module))
    imported = {name for origin, name in imported_names() if origin == f"socketio_do.{module}"}
    assert hidden.isdisjoint(imported)
    assert imported <= set(exported_by(module))


@pytest.mark.parametrize("module", ["__init__", *MODULES])
def test_the_list_of_exports_is_sorted(module: str) -> None:
    exported = exported_by(module)
    assert exported == sorted(exported, key=lambda name: (not name.isupper(), name[0].islower(), name))


def test_the_package_exports_what_it_imports() -> None:
    imports = [node for node in tree("__init__").body if isinstance(node, ast.ImportFrom)]
    assert set(socketio_do.__all__) == {alias.name for node in imports for alias in node.names}
    assert all(hasattr(socketio_do, name) for name in socketio_do.__all__)


def test_the_package_exports_every_error() -> None:
    assert set(exported_by("errors")) <= set(socketio_do.__all__)


@pytest.mark.parametrize("module", [name for name in MODULES if name not in WITHOUT_TEST_FILE])
def test_each_module_has_its_own_test_file(module: str) -> None:
    room, _, name = module.rpartition(".")
    assert (Path(__file__).parent / room / f"test_{name}.py").is_file()


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
