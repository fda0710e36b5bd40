"""The typed examples leave no public name out; mypy checks them (`nox -s types`)."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

import engine_do
from engine_do import EngineConfig

API = (Path(__file__).parent / "typing" / "api.py").read_text(encoding="utf-8")
DURABLE = (Path(engine_do.__file__).parent / "durable" / "__init__.py").read_text(encoding="utf-8")

#: What can be imported, and what can be imported in a Worker only.
EXPORTS = [*engine_do.__all__, *re.findall(r'"(\w+)"', DURABLE.partition("__all__")[2].partition("]")[0])]
SHELL = (Path(engine_do.__file__).parent / "durable" / "actor.py").read_text(encoding="utf-8")
METHODS = re.findall(
    r"^    (?:async )?def ([a-z]\w+)", SHELL.partition("\nclass EngineActor")[2].partition("\nclass ")[0], re.MULTILINE
)

CALLED_BY_OTHERS = {"alarm", "compare_config", "fetch", "link", "webSocketClose", "webSocketError", "webSocketMessage"}


@pytest.mark.parametrize("name", EXPORTS)
def test_every_public_name_is_imported_and_used(name: str) -> None:
    assert len(re.findall(rf"\b{name}\b", API)) > 1


@pytest.mark.parametrize("name", [field.name for field in fields(EngineConfig)])
def test_every_option_is_given(name: str) -> None:
    assert f"    {name}=" in API


@pytest.mark.parametrize("name", [name for name in METHODS if name not in CALLED_BY_OTHERS])
def test_everything_an_application_does_with_the_actor_is_done(name: str) -> None:
    assert re.search(rf"\b(def |self\.){name}\(", API)
