import pytest
from planted import crash, planted

from fuzz import command
from fuzz.command import main


def test_a_short_run_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--inputs", "1000", "--target", "reports", "--seed", "3"]) == 0
    said = capsys.readouterr()
    assert "reports: 1,0" in said.out
    assert "seed 3" in said.out
    assert "0 findings" in said.out
    assert said.err == ""


def test_a_finding_fails_it_and_is_printed_with_how_to_see_it_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "TARGETS", {"planted": planted(crash)})
    assert main(["--inputs", "1000", "--seed", "1"]) == 1
    said = capsys.readouterr().out
    assert "IndexError" in said
    assert "python fuzz --target planted --seed 1 --show" in said


def test_an_input_is_shown_by_its_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--target", "reports", "--seed", "1", "--show", "7"]) == 0
    assert "times the cost of a harmless input of its size" in capsys.readouterr().out


def test_showing_needs_one_target() -> None:
    with pytest.raises(SystemExit):
        main(["--show", "7"])
