"""A listed test must fail, and fail as listed; anything else is an error."""

from pathlib import Path

import pytest
from server_exclusions import FILES, LIST, Exclusion, Exclusions, read_exclusions

TESTS = "def test_good(): pass\ndef test_bad(): raise ValueError\n"


def run(folder: Path, *excluded: tuple[str, type[BaseException]]) -> int:
    """Run two tests; the file's name is the folder's, since Python knows modules by name."""
    path = folder / f"{folder.name}.py"
    path.write_text(TESTS, encoding="utf-8")
    plugin = Exclusions([Exclusion(f"{path.name}::{test}", failure, "a reason") for test, failure in excluded])
    options = ["-q", "-c", "/dev/null", "--rootdir", str(folder.parent), "-p", "no:cacheprovider", "-p", "no:asyncio"]
    return pytest.main([*options, str(path)], plugins=[plugin])


@pytest.mark.parametrize(
    ("those", "code"),
    [
        ({"test_bad": ValueError}, pytest.ExitCode.OK),
        ({}, pytest.ExitCode.TESTS_FAILED),
        ({"test_bad": TypeError}, pytest.ExitCode.TESTS_FAILED),
        ({"test_bad": ValueError, "test_good": ValueError}, pytest.ExitCode.TESTS_FAILED),
        ({"test_bad": ValueError, "test_gone": ValueError}, pytest.ExitCode.USAGE_ERROR),
    ],
    ids=["listed", "not listed", "fails otherwise", "passes", "is not there"],
)
def test_only_a_listed_test_may_fail_and_it_must(
    tmp_path: Path, those: dict[str, type[BaseException]], code: int
) -> None:
    assert run(tmp_path, *those.items()) == code


def test_the_list_names_each_test_once_and_says_why() -> None:
    listed = read_exclusions(LIST.read_text(encoding="utf-8"))
    assert len({one.test for one in listed}) == len(listed) > 0
    assert {one.test.partition(".py::")[0] for one in listed} <= set(FILES)
    assert [one.test for one in listed if len(one.reason) < 10] == []
