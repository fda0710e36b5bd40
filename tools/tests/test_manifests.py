from pathlib import Path
from typing import Any

import pytest

from manifests import find_tests, missing_tests, requirement_faults, unnamed_tests

SOURCES = {
    "old": ("https://example.com/old", frozenset({"hello"})),
    "new": ("https://example.com/new", frozenset({"hello", "goodbye"})),
}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "test_a.py").write_text(
        "def test_one(): ...\n"
        "async def test_two(): ...\n"
        "def helper(): ...\n"
        "class TestThree:\n    def test_four(self): ...\n    def help(self): ...\n"
        "class Three:\n    def test_five(self): ...\n"
    )
    return tmp_path


def test_tests_are_named_as_pytest_names_them(here: Path) -> None:
    assert find_tests(here / "test_a.py") == {"test_one", "test_two", "TestThree::test_four"}
    assert find_tests(here / "test_b.py") == frozenset()


def test_a_test_that_does_not_exist_is_missed(here: Path) -> None:
    tests = ["test_a.py::test_one", "test_a.py::helper", "test_b.py::test_one", "test_a.py"]
    assert missing_tests(tests, here) == tests[1:]


def test_other_folders_are_named_from_the_root(here: Path) -> None:
    test = "packages/engine-do/tests/test_packets.py::test_"
    assert missing_tests([test], here) == [test]
    assert (
        missing_tests(
            ["packages/engine-do/tests/test_requirements.py::test_nothing_is_wrong"], here
        )
        == []
    )


def test_a_test_that_nobody_names_is_found(here: Path) -> None:
    named = ["test_a.py::test_one", "test_b.py::test_two"]
    assert unnamed_tests(here / "test_a.py", named, here) == ["TestThree::test_four", "test_two"]


def demand(**changes: Any) -> dict[str, Any]:
    good = {"section": "hello", "says": "Say hello.", "tests": ["test_a.py::test_one"]}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


GOOD = {
    "say-hello": demand(),
    "say-hello-2": demand(source="new", divergence="We wave."),
    "say-goodbye": demand(source="new", section="goodbye", tests=[], deferred="Nobody leaves."),
}


def test_a_good_manifest_has_no_faults(here: Path) -> None:
    assert requirement_faults(GOOD, SOURCES, here) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"test": []}, "has fields nobody reads: ['test']"),
        ({"section": "goodbye"}, "is of no section of its source"),
        ({"section": None}, "is of no section of its source"),
        ({"source": "newest"}, "is of no section of its source"),
        ({"says": "Say hello"}, "is not said in sentences"),
        ({"says": None}, "is not said in sentences"),
        ({"divergence": "We wave"}, "is not said in sentences"),
        ({"tests": ["test_a.py::test_one"] * 2}, "names a test twice"),
        ({"tests": []}, "has neither tests nor a reason why not, or both"),
        ({"tests": None}, "has neither tests nor a reason why not, or both"),
        ({"deferred": "Later."}, "has neither tests nor a reason why not, or both"),
        (
            {"tests": [], "deferred": "Later.", "divergence": "We wave."},
            "has neither tests nor a reason why not, or both",
        ),
        ({"tests": ["test_a.py::test_no"]}, "there is no test test_a.py::test_no"),
    ],
)
def test_a_fault_is_named(here: Path, changes: dict[str, Any], fault: str) -> None:
    # The first one stays: every section keeps a demand.
    faults = requirement_faults({**GOOD, "say-more": demand(**changes)}, SOURCES, here)
    assert faults == [f"say-more: {fault}"]


def test_an_id_is_in_words(here: Path) -> None:
    faults = requirement_faults({**GOOD, "Hello": demand()}, SOURCES, here)
    assert faults == ["Hello: is no id: words in lower case with hyphens"]


def test_a_section_without_a_demand_is_named(here: Path) -> None:
    faults = requirement_faults({"say-hello": GOOD["say-hello"]}, SOURCES, here)
    assert faults == ["new: nothing of section goodbye", "new: nothing of section hello"]
