"""The typed examples leave no public name out; mypy checks them (`nox -s types`)."""

import re
from pathlib import Path

import pytest

import shared_wire

API = (Path(__file__).parent / "typing" / "api.py").read_text(encoding="utf-8")
DURABLE = (Path(shared_wire.__file__).parent / "durable" / "__init__.py").read_text(encoding="utf-8")

#: What can be imported, and what can be imported in a Worker only.
EXPORTS = [*shared_wire.__all__, *re.findall(r'"(\w+)"', DURABLE.partition("__all__")[2].partition("]")[0])]


@pytest.mark.parametrize("name", EXPORTS)
def test_every_public_name_is_imported_and_used(name: str) -> None:
    assert len(re.findall(rf"\b{name}\b", API)) > 1
