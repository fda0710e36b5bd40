"""The errors that a run has logged: each is a fault of ours."""

import logging

from shared_wire.testing.lives import is_over

__all__ = ["ErrorLog"]


class ErrorLog(logging.Handler):
    """Keeps what is logged as an error, but by lives that are over."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[AssertionError] = []

    def emit(self, record: logging.LogRecord) -> None:
        if is_over():
            return
        fault = AssertionError(record.getMessage())
        fault.__cause__ = record.exc_info[1] if record.exc_info else None
        self.found.append(fault)

    def check(self) -> None:
        """Raise the first error."""
        if self.found:
            raise self.found[0]
