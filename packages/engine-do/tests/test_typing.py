"""The typed examples leave no public name out; mypy checks them (`nox -s types`)."""

import ast
from dataclasses import fields
from pathlib import Path

import pytest

import engine_do
from engine_do import EngineConfig

API = ast.parse((Path(__file__).parent / "typing" / "api.py").read_text(encoding="utf-8"))
DURABLE = ast.parse((Path(engine_do.__file__).parent / "durable" / "__init__.py").read_text(encoding="utf-8"))


def used() -> set[str]:
    """Collect the names that are written in the examples; to import one is not to use it."""
    nodes = list(ast.walk(API))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.attr for node in nodes if isinstance(node, ast.Attribute)
    }


def exports_of_durable() -> list[str]:
    """Read the names that can be imported in a Worker only."""
    [names] = [
        ast.literal_eval(node.value)
        for node in DURABLE.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    return list(names)


@pytest.mark.parametrize("name", [*engine_do.__all__, *exports_of_durable()])
def test_every_public_name_is_used(name: str) -> None:
    assert name in used()


def test_every_option_is_given() -> None:
    calls = [node for node in ast.walk(API) if isinstance(node, ast.Call) and ast.unparse(node.func) == "EngineConfig"]
    assert {keyword.arg for call in calls for keyword in call.keywords} == {
        field.name for field in fields(EngineConfig)
    }


def test_everything_an_application_does_with_the_actor_is_done() -> None:
    actor = ast.parse((Path(engine_do.__file__).parent / "durable" / "actor.py").read_text(encoding="utf-8"))
    [engine] = [node for node in actor.body if isinstance(node, ast.ClassDef) and node.name == "EngineActor"]
    methods = {
        node.name
        for node in engine.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name[0] != "_"
    }
    called_by_the_runtime = {"alarm", "fetch", "link", "webSocketClose", "webSocketError", "webSocketMessage"}
    defined = {node.name for node in ast.walk(API) if isinstance(node, ast.AsyncFunctionDef)}
    assert methods - called_by_the_runtime <= used() | defined
