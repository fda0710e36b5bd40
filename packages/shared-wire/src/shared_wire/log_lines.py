"""What the log says of an error, in one line."""

from typing import Final

__all__ = ["summarize"]

#: Characters of an error that are logged.
_SHOWN: Final = 200


def summarize(error: BaseException) -> str:
    """Return what an error says in one line of at most 200 characters, for the log.

    A call to another object may fail with that object's Python traceback, whose last line is the one that says what is wrong.
    """
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[-1 if "Traceback" in lines[0] else 0].strip()[:_SHOWN]
