"""The declared signatures are upstream's, and are all that an application needs of upstream's methods."""

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest
import socketio
from server_members import METHODS

from socketio_do import DurableServer
from socketio_do.upstream import signatures
from socketio_do.upstream.signatures import SignedServer

Function = ast.FunctionDef | ast.AsyncFunctionDef

TREE = ast.parse(Path(signatures.__file__).read_text(encoding="utf-8"))
#: The last one of a name; those before it are overloads.
DECLARED = {node.name: node for node in ast.walk(TREE) if isinstance(node, Function)}


def names(node: Function) -> list[str]:
    arguments = node.args
    given = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    return [one.arg for one in given if one is not None]


def test_nothing_is_there_when_the_program_runs() -> None:
    assert [name for name in vars(SignedServer) if not name.startswith("__")] == []


@pytest.mark.parametrize("name", DECLARED)
def test_a_declared_method_is_upstreams_and_has_its_parameters(name: str) -> None:
    theirs: Any = getattr(socketio.AsyncServer, name)
    assert names(DECLARED[name]) == list(inspect.signature(theirs).parameters)
    assert isinstance(DECLARED[name], ast.AsyncFunctionDef) == inspect.iscoroutinefunction(theirs)


@pytest.mark.parametrize("name", [name for name, member in METHODS.items() if member.status != "refused"])
def test_each_of_upstreams_methods_is_declared_or_overridden(name: str) -> None:
    overridden = getattr(DurableServer, name) is not getattr(socketio.AsyncServer, name)
    assert overridden != (name in DECLARED)
