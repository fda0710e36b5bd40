"""Names of values in the ids of tests, the same in each process."""

import re

__all__ = ["named"]


def named(value: object) -> str:
    """Write a value without its address in memory."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))
