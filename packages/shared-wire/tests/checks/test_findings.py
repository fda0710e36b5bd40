import re
from pathlib import Path

from shared_wire.checks.findings import CODES, Finding, without_ignored

PAGE = (Path(__file__).parents[4] / "docs" / "check.md").read_text(encoding="utf-8")


def find(line: int, code: str = "clock-frozen") -> Finding:
    return Finding("entry.py", line, code, "what", "instead")


def test_a_finding_is_one_line() -> None:
    assert str(find(3)) == "entry.py:3: clock-frozen: what. instead"


def test_its_code_says_whether_it_is_an_error() -> None:
    assert find(1).is_error
    assert not find(1, "actor-unbound").is_error


def test_findings_are_in_order_and_each_stands_once() -> None:
    assert without_ignored([find(2), find(1), find(2)], {}) == [find(1), find(2)]


def test_a_comment_in_its_line_ignores_a_code() -> None:
    text = "x = 1  # socketio-do: ignore[clock-frozen]\ny = 2  # engine-do: ignore[js-object, randomness]\nz = 3\n"
    found = [find(1), find(1, "js-object"), find(2, "randomness"), find(2), find(3), find(9)]
    assert without_ignored(found, {"entry.py": text}) == [find(1, "js-object"), find(2), find(3), find(9)]


def test_every_code_is_on_the_page_and_none_that_there_is_not() -> None:
    named = dict(re.findall(r"^\| `([\w-]+)` \| (error|warning) ", PAGE, re.MULTILINE))
    assert named == {code: "error" if is_error else "warning" for code, is_error in CODES.items()}
