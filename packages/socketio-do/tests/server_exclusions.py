"""Runs python-socketio's own tests of server, manager and namespaces against our classes.

    python server_exclusions.py FOLDER [pytest's arguments]

FOLDER is its unpacked source distribution, of which nothing is changed. The tests that cannot pass on ours are in
`upstream_exclusions.toml`, each with its reason; one that is listed and passes is an error, like one that is not listed and fails.
"""

import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import server_upstream

from socketio_do import ConfigError

LIST = Path(__file__).with_name("upstream_exclusions.toml")
FILES = ("test_server", "test_manager", "test_namespace")

#: What may be named as the way a listed test fails.
FAILURES: dict[str, type[BaseException]] = {
    one.__name__: one for one in (AssertionError, AttributeError, ConfigError, TypeError, ValueError)
} | {"Failed": pytest.fail.Exception}


class Exclusion(NamedTuple):
    """One test that cannot pass, how it must fail, and why."""

    test: str
    failure: type[BaseException]
    reason: str


def read_exclusions(text: str) -> list[Exclusion]:
    """Read the list: categories, each with the way its tests must fail, and the tests by file, each with its reason."""
    categories: Mapping[str, Any] = tomllib.loads(text)
    return [
        Exclusion(f"{file}.py::{test}", FAILURES[category["raises"]], reason)
        for category in categories.values()
        for file, tests in category["tests"].items()
        for test, reason in tests.items()
    ]


class Exclusions:
    """A plugin of pytest: the listed tests are expected to fail, strictly, in the way that is named."""

    def __init__(self, excluded: Iterable[Exclusion]) -> None:
        self._excluded = excluded

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        found = {item.nodeid.rpartition("/")[2]: item for item in items}
        for test, failure, reason in self._excluded:
            if test not in found:
                raise pytest.UsageError(f"{test} is listed, and upstream does not have it")
            found[test].add_marker(pytest.mark.xfail(reason=reason, raises=failure, strict=True))


def main(folder: str, *arguments: str) -> int:
    """Run upstream's tests; returns pytest's exit code."""
    sources = Path(folder).resolve()
    if not sources.name.endswith(f"-{version('python-socketio')}"):
        sys.exit(f"{sources.name} is not the release that is installed, {version('python-socketio')}")
    server_upstream.install(pytest.MonkeyPatch())
    tests = [str(sources / "tests" / "async" / f"{file}.py") for file in FILES]
    options = ["-c", str(sources / "pyproject.toml"), "--rootdir", str(sources), "-p", "no:cacheprovider"]
    plugin = Exclusions(read_exclusions(LIST.read_text(encoding="utf-8")))
    return pytest.main([*options, *arguments, *tests], plugins=[plugin])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
