"""The errors that a run has logged: each is a fault of ours."""

import logging
from typing import Final

from shared_wire.testing.loop import is_over

__all__ = ["FULL", "ErrorLog"]

#: What a write fails with where a run lets it.
FULL: Final = "Error: database or disk is full: SQLITE_FULL"


class ErrorLog(logging.Handler):
    """Keeps what is logged as an error, but by lives that are over, and where a write was to fail."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[AssertionError] = []

    def emit(self, record: logging.LogRecord) -> None:
        if is_over():
            return
        fault = AssertionError(record.getMessage())
        fault.__cause__ = record.exc_info[1] if record.exc_info else None
        if not _is_meant(fault):
            self.found.append(fault)

    def check(self) -> None:
        """Raise the first error."""
        if self.found:
            raise self.found[0]


def _is_meant(fault: BaseException | None) -> bool:
    """Return whether a fault comes of a write that was to fail."""
    while fault is not None:
        if FULL in str(fault):
            return True
        fault = fault.__cause__ or fault.__context__
    return False
