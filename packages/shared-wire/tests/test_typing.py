"""The typed examples leave no public name out; mypy checks them (`nox -s types`)."""

import ast
from pathlib import Path

import pytest

import shared_wire

API = ast.parse((Path(__file__).parent / "typing" / "api.py").read_text(encoding="utf-8"))
DURABLE = ast.parse((Path(shared_wire.__file__).parent / "durable" / "__init__.py").read_text(encoding="utf-8"))


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


@pytest.mark.parametrize("name", [*shared_wire.__all__, *exports_of_durable()])
def test_every_public_name_is_used(name: str) -> None:
    assert name in used()
