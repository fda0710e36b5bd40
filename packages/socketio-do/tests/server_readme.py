"""What the README and its pages in `docs/` say in tables."""

import re
from pathlib import Path

PAGES = Path(__file__).parents[3] / "docs" / "socketio-do"
_FIRST = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
#: The pages that the README names, in its order.
NAMED_PAGES = [*dict.fromkeys(re.findall(r"docs/socketio-do/(\w+\.md)", _FIRST))]
#: All of it, one page after the other.
README = "\n".join([_FIRST, *((PAGES / name).read_text(encoding="utf-8") for name in NAMED_PAGES)])


def table(first: str, second: str, which: int = 0) -> list[list[str]]:
    """Find a table by the words above its first two columns, where there are several the first or ``which``."""
    head = f"\n| {first} | {second}"
    rest = README.split(head)[which + 1].splitlines()
    end = next(at for at, line in enumerate(rest) if at and not line.startswith("|"))
    return [cells(line) for line in rest[2:end]]


def cells(line: str) -> list[str]:
    """Split a row."""
    return [cell.strip() for cell in line.strip("|").split("|")]


def names(cell: str) -> list[str]:
    """List what a cell names: `a`, `b(x)`, `c=` and `await d.e()` are a, b, c and d.e."""
    return re.findall(r"`(?:await )?(\w[\w.]*)[^`]*`", cell)
