"""The manifest of what the protocol demands, requirements.toml, names tests that exist, and all that are there for it alone."""

import tomllib
from collections import Counter
from pathlib import Path

from manifests import Requirements, Sources, requirement_faults, unnamed_tests

HERE = Path(__file__).parent
END_TO_END = HERE.parents[2] / "tests-e2e"
REQUIREMENTS: Requirements = tomllib.loads((HERE / "requirements.toml").read_text(encoding="utf-8"))

#: The official test suite's cases by its sections, those of Engine.IO first.
CASES = {"handshake": 7, "heartbeat": 4, "close": 2, "upgrade": 3, "connect": 7, "disconnect": 2, "message": 7}

#: The document, with the sections that demand something, and the test suite that comes with it.
SOURCES: Sources = {
    "revision 5": (
        "https://socket.io/docs/v4/socket-io-protocol/",
        frozenset(
            {
                "exchange-protocol",
                "connection-to-a-namespace",
                "sending-and-receiving-data",
                "acknowledgement",
                "disconnection-from-a-namespace",
                "packet-encoding",
                "format",
                "sample-session",
                "difference-between-v5-and-v4",
            }
        ),
    ),
    "test suite": (
        "https://github.com/socketio/socket.io/tree/main/docs/socket.io-protocol/v5-test-suite",
        frozenset(CASES),
    ),
}

SUITE = [one for one in REQUIREMENTS.values() if one.get("source") == "test suite"]


def test_nothing_is_wrong() -> None:
    assert requirement_faults(REQUIREMENTS, SOURCES, HERE) == []


def test_every_case_of_the_official_suite_has_a_test_against_the_whole_system() -> None:
    assert Counter(one["section"] for one in SUITE) == CASES
    assert [one for one in SUITE if not all(test.startswith("tests-e2e/") for test in one["tests"])] == []


def test_every_test_of_the_protocol_is_named() -> None:
    named = [test for one in REQUIREMENTS.values() for test in one["tests"]]
    assert unnamed_tests(END_TO_END / "test_protocol.py", named, HERE) == []
