"""Compares the steps of an uneventful link with the general ones."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from shared_wire.link import driver
from shared_wire.link.calls import make_call, receive_reply
from shared_wire.link.replies import answer_call, receive_call
from shared_wire.link.uneventful import answer_next, call_next, receive_next_call, receive_next_reply

__all__ = ["QUICK", "compare", "compare_all"]

#: Each quick step, and the general function in whose place it is.
QUICK: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "call_next": (call_next, make_call),
    "receive_next_call": (receive_next_call, receive_call),
    "receive_next_reply": (receive_next_reply, receive_reply),
    "answer_next": (answer_next, answer_call),
}


def compare(name: str, *arguments: Any) -> Any:
    """Make a quick step; where there is one, it must be the general one."""
    quick, general = QUICK[name]
    taken = quick(*arguments)
    assert taken is None or taken == general(*arguments)
    return taken


def compare_all(patch: pytest.MonkeyPatch) -> Counter[str]:
    """Compare each step that is taken from now on; returns where the quick ones are counted."""
    counts = Counter[str]()

    def compared(name: str) -> Callable[..., Any]:
        def step(*arguments: Any) -> Any:
            taken = compare(name, *arguments)
            counts[name] += taken is not None
            return taken

        return step

    for name in QUICK:
        patch.setattr(driver, name, compared(name))
    return counts
