import pytest

from shared_wire.log_lines import summarize

TRACEBACK = """PythonError: Traceback (most recent call last):
  File "/session/metadata/entry.py", line 1, in __init__
socketio_do.errors.ConfigError: peer_binding is 'SOCKET', but the Worker has no such binding

"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Error: the object was reset\n  at somewhere", "Error: the object was reset"),
        (TRACEBACK, "socketio_do.errors.ConfigError: peer_binding is 'SOCKET', but the Worker has no such binding"),
        ("", "RuntimeError"),
        ("x" * 1_000, "x" * 200),
    ],
)
def test_an_error_is_one_line_that_says_what_is_wrong(text: str, line: str) -> None:
    assert summarize(RuntimeError(text)) == line
