import io
import re

import pytest

from local_runtime.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_where_there_is_no_terminal() -> None:
    stream = io.StringIO()
    with Progress(stream=stream).step("thing"):
        pass
    begun, ended = stream.getvalue().splitlines()
    assert begun == "local-runtime: thing ..."
    assert re.fullmatch(r"local-runtime: thing: done in \d+\.\d s", ended)


def test_a_terminal_gets_one_line_that_is_replaced() -> None:
    stream = Terminal()
    with Progress(stream=stream).step("thing"):
        pass
    assert stream.getvalue().count("\n") == 1
    assert "\r" in stream.getvalue()


def test_a_failing_step_says_so() -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="x"), Progress(stream=stream).step("thing"):
        raise ValueError("x")
    assert "thing: failed after" in stream.getvalue()


def test_quiet_prints_nothing() -> None:
    stream = io.StringIO()
    with Progress(quiet=True, stream=stream).step("thing"):
        pass
    assert stream.getvalue() == ""
