from pathlib import Path

import pytest

from local_runtime.__main__ import _parser, _project, _server, main
from local_runtime.base import LocalServer
from local_runtime.plain import WorkerdServer
from local_runtime.project import Prepared
from local_runtime.server import DevServer


def test_options_become_a_project() -> None:
    options = _parser().parse_args(
        ["serve", "demo", "--package", "a", "--package", "b", "--var", "X=1=2", "--main", "m.py"]
    )
    project = _project(options)
    assert project.folder == Path("demo")
    assert project.packages == (Path("a"), Path("b"))
    assert project.overrides == {"vars": {"X": "1=2"}, "main": "m.py"}
    assert options.port == 8787


@pytest.mark.parametrize(("options", "kind"), [([], DevServer), (["--plain"], WorkerdServer)])
def test_the_server_is_wrangler_unless_told_otherwise(
    fake: Prepared, options: list[str], kind: type[LocalServer]
) -> None:
    server = _server(fake, _parser().parse_args(["serve", "demo", "--port", "9000", *options]))
    assert type(server) is kind
    assert server.port == 9000
    server.close()


def test_a_variable_needs_a_value(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _parser().parse_args(["prepare", "demo", "--var", "X"])
    assert "write NAME=VALUE" in capsys.readouterr().err


def test_an_error_of_the_tool_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["prepare", str(tmp_path / "nothing"), "--cache", str(tmp_path / "cache")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("local-runtime: error:")
    assert "has no wrangler.jsonc" in error
