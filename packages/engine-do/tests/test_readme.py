"""The README and its pages in `docs/` repeat things: they must stay true."""

import dataclasses
import re
from pathlib import Path

import pytest

import engine_do
from engine_do.config import EngineConfig
from engine_do.errors import RemoteEngineError
from shared_wire.reasons import Reason

PACKAGE = Path(__file__).parent.parent
PAGES = Path(__file__).parents[3] / "docs" / "engine-do"
FIRST = (PACKAGE / "README.md").read_text(encoding="utf-8")
#: The pages that the README names, in its order.
NAMED_PAGES = [*dict.fromkeys(re.findall(r"docs/engine-do/(\w+\.md)", FIRST))]
README = "\n".join([FIRST, *((PAGES / name).read_text(encoding="utf-8") for name in NAMED_PAGES)])
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in README.splitlines() if line.startswith("|")]


def test_the_echo_server_is_the_examples() -> None:
    assert (PACKAGE / "examples" / "echo" / "src" / "entry.py").read_text(encoding="utf-8") in README


def test_every_page_is_named() -> None:
    assert sorted(NAMED_PAGES) == sorted(page.name for page in PAGES.glob("*.md"))


@pytest.mark.parametrize("field", dataclasses.fields(EngineConfig), ids=lambda field: str(field.name))
def test_every_option_is_named_with_its_default(field: dataclasses.Field[object]) -> None:
    rows = [row for row in ROWS if row[0] == f"`{field.name}`"]
    default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
    written = repr(default).replace("'", '"')
    assert [row[2].strip("`").replace("_", "") for row in rows] == [written.replace("_", "")]


def test_no_option_is_named_that_there_is_not() -> None:
    start = next(at for at, row in enumerate(ROWS) if row[0] == "option")
    names = [row[0].strip("`") for row in ROWS[start + 2 : start + 2 + len(dataclasses.fields(EngineConfig))]]
    assert names == [field.name for field in dataclasses.fields(EngineConfig)]


@pytest.mark.parametrize("code", range(6))
def test_every_error_is_named(code: int) -> None:
    error = RemoteEngineError(code)
    assert [row[1:3] for row in ROWS if row[0] == str(code)] == [[f"`{error.message}`", str(error.status)]]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_named(reason: Reason) -> None:
    assert [row[1] for row in ROWS if row[0] == f"`{reason.name}`"] == [f"`{reason.value}`"]


def test_every_public_name_is_explained() -> None:
    assert [name for name in engine_do.__all__ if name not in README] == []
