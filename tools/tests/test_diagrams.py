from pathlib import Path

import pytest

from diagrams import draw, hold

BEGIN, END = "<!-- lamp: made by tests/test_lamp.py -->\n", "<!-- end of lamp -->\n"


def test_inputs_with_the_same_effects_share_an_arrow_and_what_does_nothing_has_none() -> None:
    steps = [
        ("off", "press", "Light", "on"),
        ("off", "pull", "Light", "on"),
        ("off", "press", "Light", "on"),
        ("on", "press", "", "off"),
        ("on", "look", "", "on"),
        ("on", "pull", "Tear", "on"),
    ]
    assert draw(steps) == (
        "```mermaid\n"
        "stateDiagram-v2\n"
        "    off --> on: press, pull / Light\n"
        "    on --> off: press\n"
        "    on --> on: pull / Tear\n"
        "```\n"
    )


def test_a_page_that_differs_fails_until_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "PAGE.md"
    page.write_text(f"before\n{BEGIN}old\n{END}after\n")
    monkeypatch.delenv("SOCKETIO_DO_WRITE_README", raising=False)
    with pytest.raises(
        AssertionError, match=r"SOCKETIO_DO_WRITE_README=1 pytest tests/test_lamp\.py"
    ):
        hold("lamp", "tests/test_lamp.py", "new\n", page)
    with monkeypatch.context() as context:
        context.setenv("SOCKETIO_DO_WRITE_README", "1")
        hold("lamp", "tests/test_lamp.py", "new\n", page)
    assert page.read_text() == f"before\n{BEGIN}new\n{END}after\n"
    hold("lamp", "tests/test_lamp.py", "new\n", page)


def test_a_page_without_the_marks_fails(tmp_path: Path) -> None:
    page = tmp_path / "PAGE.md"
    page.write_text("before\n")
    with pytest.raises(AssertionError, match="no place for lamp"):
        hold("lamp", "tests/test_lamp.py", "new\n", page)
