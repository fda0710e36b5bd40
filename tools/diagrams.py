"""What ARCHITECTURE.md has from the code: state diagrams, of the steps that a test has seen a step function take, and tables.

Only the standard library, so that the unit tests of every package can use it.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

__all__ = ["Step", "draw", "hold"]

_ROOT = Path(__file__).resolve().parents[1]

#: The state before, the input, the effects ("" for none), and the state after.
Step: TypeAlias = tuple[str, str, str, str]


def draw(steps: Iterable[Step]) -> str:
    """Draw steps as a Mermaid state diagram: one arrow for all inputs that have the same effects between the same two states.

    A step without effects that stays where it was is left out.
    """
    arrows: dict[tuple[str, str, str], dict[str, None]] = {}
    for before, event, effects, after in steps:
        if effects or before != after:
            arrows.setdefault((before, after, effects), {})[event] = None
    lines = (
        f"    {before} --> {after}: {', '.join(events)}{effects and f' / {effects}'}"
        for (before, after, effects), events in arrows.items()
    )
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"]) + "\n"


def hold(name: str, test: str, text: str, page: Path = _ROOT / "ARCHITECTURE.md") -> None:
    """Assert that a page has this text between the marks of that name; ``SOCKETIO_DO_WRITE_README=1`` writes it there instead.

    ``test`` is the path in the repository of the test that makes the text.
    """
    begin, end = f"<!-- {name}: made by {test} -->\n", f"<!-- end of {name} -->\n"
    old = page.read_text(encoding="utf-8")
    head, begun, rest = old.partition(begin)
    _, ended, tail = rest.partition(end)
    assert begun and ended, f"{page.name} has no place for {name}: {begin}{end}"  # noqa: PT018 - one fault
    new = head + begin + text + end + tail
    if os.environ.get("SOCKETIO_DO_WRITE_README"):
        page.write_text(new, encoding="utf-8")
        return
    assert old == new, f"run SOCKETIO_DO_WRITE_README=1 pytest {test}"
