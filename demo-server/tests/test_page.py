"""The page: what it promises to a browser, to the server and to the end-to-end tests."""

import re
from pathlib import Path

import boards
import checks
import doors

DEMO = Path(__file__).parents[1]
HTML = (DEMO / "public/index.html").read_text(encoding="utf-8")
SCRIPT = (DEMO / "public/chat.js").read_text(encoding="utf-8")


def constant(name: str) -> int:
    found = re.search(rf"^const {name} = ([\d_]+);", SCRIPT, re.MULTILINE)
    assert found
    return int(found[1])


def test_the_page_and_the_server_have_the_same_limits() -> None:
    assert constant("FILE_LIMIT") == checks.FILE_LIMIT
    assert constant("CONFIRM_LIMIT") == checks.BATCH_LIMIT
    assert boards.BOARDS.pattern.endswith(f"{{1,{constant('BOARD_LIMIT')}}}")
    limits = [int(limit) for limit in re.findall(r'maxlength="(\d+)"', HTML)]
    assert limits == [checks.NICK_LIMIT, checks.ROOM_LIMIT, checks.NOTE_LIMIT, checks.TEXT_LIMIT]


def test_the_page_and_the_server_show_the_same_images() -> None:
    found = re.search(r"INLINE_TYPES = new Set\(\[(.*?)\]\)", SCRIPT)
    assert found
    assert set(re.findall(r'"([^"]+)"', found[1])) == checks.INLINE_TYPES


def test_announcements_come_from_a_name_nobody_can_take() -> None:
    assert f'SERVER_NICK = "{doors.SERVER_NICK}"' in SCRIPT


def test_the_page_never_makes_markup_of_text() -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval", SCRIPT)
    assert "unsafe" not in HTML
    assert not re.search(r'\s(style|on\w+)="', HTML)


def test_the_elements_in_the_readme_exist() -> None:
    readme = (DEMO / "README.md").read_text(encoding="utf-8")
    rows = "\n".join(line for line in readme.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"#([a-z-]+)", rows))
    ids = set(re.findall(r'\sid="([a-z-]+)"', HTML))
    assert len(named) > 30
    assert named <= ids
    assert set(re.findall(r'\$\("([a-z-]+)"\)', SCRIPT)) <= ids
