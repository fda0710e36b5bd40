"""The manifest of what the protocol demands, requirements.toml, names tests that exist."""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]
REQUIREMENTS: dict[str, dict[str, Any]] = tomllib.loads((HERE / "requirements.toml").read_text(encoding="utf-8"))

#: The documents, and the sections that demand something of a server.
SOURCES = {
    "revision 4": (
        "https://socket.io/docs/v4/engine-io-protocol/",
        {
            "request-path",
            "query-parameters",
            "headers",
            "sending-data",
            "receiving-data",
            "websocket",
            "protocol",
            "handshake",
            "heartbeat",
            "upgrade",
            "message",
            "packet-encoding",
            "http-long-polling-1",
            "websocket-1",
            "from-v3-to-v4",
        },
    ),
    "revision 3": (
        "https://github.com/socketio/engine.io-protocol/tree/v3",
        {"revision", "packet", "1-close", "2-ping", "payload", "xhr", "jsonp"},
    ),
}

NAMED = [(name, test) for name, requirement in REQUIREMENTS.items() for test in requirement["tests"]]


@cache
def named_in(path: Path) -> frozenset[str]:
    """List the tests of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


@pytest.mark.parametrize(("name", "test"), NAMED)
def test_a_test_that_shows_a_requirement_exists(name: str, test: str) -> None:
    path, _, function = test.partition("::")
    assert function in named_in((REPOSITORY if path.startswith("tests-e2e/") else HERE) / path)


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_a_requirement_says_what_it_is_and_where_it_comes_from(name: str) -> None:
    requirement = REQUIREMENTS[name]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name)
    assert set(requirement) <= {"source", "section", "says", "tests", "divergence", "deferred"}
    assert requirement["says"].endswith(".")
    assert requirement["section"] in SOURCES[requirement.get("source", "revision 4")][1]
    assert len(set(requirement["tests"])) == len(requirement["tests"])


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_a_requirement_is_shown_or_the_gap_is_explained(name: str) -> None:
    requirement = REQUIREMENTS[name]
    assert bool(requirement["tests"]) is not bool(requirement.get("deferred"))
    assert len({"divergence", "deferred"} & set(requirement)) <= 1
    assert all(requirement.get(gap, "Why.").endswith(".") for gap in ("divergence", "deferred"))


@pytest.mark.parametrize("source", SOURCES)
def test_every_section_has_a_requirement(source: str) -> None:
    sections = {one["section"] for one in REQUIREMENTS.values() if one.get("source", "revision 4") == source}
    assert sections == SOURCES[source][1]


def test_the_check_finds_a_test_and_misses_what_is_none() -> None:
    assert "test_the_check_finds_a_test_and_misses_what_is_none" in named_in(Path(__file__))
    assert "named_in" not in named_in(Path(__file__))
