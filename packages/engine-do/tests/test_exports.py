import ast
from importlib import import_module
from pathlib import Path

import pytest

import engine_do
import shared_wire.reasons

PACKAGE = Path(engine_do.__file__).parent
PATHS = [path.relative_to(PACKAGE).with_suffix("") for path in PACKAGE.rglob("*.py") if path.stem != "__init__"]
MODULES = sorted(".".join(path.parts) for path in PATHS if "durable" not in path.parts)


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


def imported_by(module: str) -> set[str]:
    froms = [node for node in tree(module).body if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in froms for alias in node.names}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_exports_what_it_defines_and_what_it_passes_on(module: str) -> None:
    exported = import_module(f"engine_do.{module}").__all__
    assert set(exported) - imported_by(module) == defined_in(module)
    assert len(exported) == len(set(exported))


@pytest.mark.parametrize("module", MODULES)
def test_what_a_module_exports_is_there(module: str) -> None:
    loaded = import_module(f"engine_do.{module}")
    assert all(hasattr(loaded, name) for name in loaded.__all__)


def test_only_the_sids_type_is_passed_on() -> None:
    passed_on = {module: set(import_module(f"engine_do.{module}").__all__) & imported_by(module) for module in MODULES}
    assert {module: names for module, names in passed_on.items() if names} == {"protocol.ids": {"EngineSid"}}


@pytest.mark.parametrize("module", ["__init__", *MODULES])
def test_the_list_of_exports_is_sorted(module: str) -> None:
    exported = import_module("engine_do" if module == "__init__" else f"engine_do.{module}").__all__
    assert list(exported) == sorted(exported, key=lambda name: (not name.isupper(), name[0].islower(), name))


def test_the_package_exports_what_it_imports_and_this_much() -> None:
    assert set(engine_do.__all__) == imported_by("__init__")
    assert set(engine_do.__all__) == {
        "ConfigError",
        "EngineConfig",
        "EngineConfigWarning",
        "EngineError",
        "HttpRequest",
        "LocalEngineError",
        "Reason",
        "RemoteEngineError",
    }


def test_the_package_exports_only_what_a_module_exports() -> None:
    public = {name for module in MODULES for name in import_module(f"engine_do.{module}").__all__}
    assert set(engine_do.__all__) - set(shared_wire.reasons.__all__) <= public


#: Modules that only name what another one deals with: nothing in them can be wrong that the other's tests would not show.
TESTED_WITH = {"session.polling_events": "session.polling"}


@pytest.mark.parametrize("module", MODULES)
def test_each_module_has_its_own_test_file(module: str) -> None:
    room, _, name = TESTED_WITH.get(module, module).rpartition(".")
    assert (Path(__file__).parent / room / f"test_{name}.py").is_file()


@pytest.mark.parametrize("module", TESTED_WITH)
def test_a_module_tested_with_another_has_no_behaviour(module: str) -> None:
    assert not [node for node in ast.walk(tree(module)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()
