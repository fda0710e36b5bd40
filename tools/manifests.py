"""Manifests: tables of what is demanded or promised, each with the tests that show it, held against the tests there are.

Only the standard library, so that the unit tests of every package can use it.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

__all__ = [
    "Requirements",
    "Sources",
    "find_tests",
    "missing_tests",
    "requirement_faults",
    "unnamed_tests",
]

_REPOSITORY = Path(__file__).resolve().parents[1]

#: Each demand by its id: `source`, `section`, `says`, `tests`, and `divergence` or `deferred` where there is a gap.
Requirements: TypeAlias = Mapping[str, Mapping[str, Any]]

#: The documents by name, the first unless a demand says otherwise: address, and the sections that demand something.
Sources: TypeAlias = Mapping[str, tuple[str, frozenset[str]]]

_FIELDS = {"source", "section", "says", "tests", "divergence", "deferred"}
_GAPS = ("divergence", "deferred")


@cache
def find_tests(path: Path) -> frozenset[str]:
    """List the tests of a file as pytest names them, without parameters; none where there is no file."""
    if not path.is_file():
        return frozenset()
    return frozenset(_named("", ast.parse(path.read_text(encoding="utf-8")).body))


def missing_tests(tests: Iterable[str], here: Path) -> list[str]:
    """Return those of some tests that do not exist: paths are in ``here``, or begin at the repository's root."""
    return [
        test for test in tests if test.partition("::")[2] not in find_tests(_file_of(test, here))
    ]


def unnamed_tests(path: Path, tests: Iterable[str], here: Path) -> list[str]:
    """Return the tests of a file that are not among some named ones."""
    named = {test.partition("::")[2] for test in tests if _file_of(test, here) == path}
    return sorted(find_tests(path) - named)


def requirement_faults(requirements: Requirements, sources: Sources, here: Path) -> list[str]:
    """Say what is wrong with a manifest of what protocols demand; nothing where all is well.

    A demand is shown by tests that exist, or its absence is explained; and every section has a demand.
    """
    faults = [
        f"{name}: {fault}"
        for name, one in requirements.items()
        for fault in _faults(name, one, sources, here)
    ]
    asked = {(_source(one, sources), one.get("section")) for one in requirements.values()}
    wanted = {
        (source, section) for source, (_, sections) in sources.items() for section in sections
    }
    return faults + [
        f"{source}: nothing of section {section}" for source, section in sorted(wanted - asked)
    ]


def _faults(name: str, one: Mapping[str, Any], sources: Sources, here: Path) -> Iterator[str]:
    tests = one.get("tests", [])
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name):
        yield "is no id: words in lower case with hyphens"
    if not _FIELDS.issuperset(one):
        yield f"has fields nobody reads: {sorted(_FIELDS.symmetric_difference(one) - _FIELDS)}"
    if one.get("section") not in sources.get(_source(one, sources), ("", frozenset[str]()))[1]:
        yield "is of no section of its source"
    if not all(str(one.get(field, ".")).endswith(".") for field in _GAPS) or not str(
        one.get("says")
    ).endswith("."):
        yield "is not said in sentences"
    if len(set(tests)) < len(tests):
        yield "names a test twice"
    if bool(tests) is ("deferred" in one) or set(_GAPS) <= one.keys():
        yield "has neither tests nor a reason why not, or both"
    yield from (f"there is no test {test}" for test in missing_tests(tests, here))


def _source(one: Mapping[str, Any], sources: Sources) -> str:
    return str(one.get("source", next(iter(sources))))


def _file_of(test: str, here: Path) -> Path:
    path = test.partition("::")[0]
    return (_REPOSITORY if path.startswith(("packages/", "tests-e2e/")) else here) / path


def _named(prefix: str, body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _named(f"{prefix}{node.name}::", node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test_"
        ):
            yield prefix + node.name
