"""What the composition's `choose_peer` may give; what becomes of the session is in test_session_peers.py."""

import pytest

from engine_do.errors import ConfigError
from engine_do.protocol.packets import Frame
from engine_do.session.peers import choose


@pytest.mark.parametrize("choice", [("", "a"), ("s" * 128, "A-1_b./c:" + "n" * 91)], ids=repr)
def test_a_choice_is_a_state_and_a_name(choice: tuple[str, str]) -> None:
    asked: list[tuple[str, Frame]] = []

    def choose_peer(route: str, data: Frame) -> tuple[str, str]:
        asked.append((route, data))
        return choice

    assert choose(choose_peer, "before", b"data") == choice
    assert asked == [("before", b"data")]


@pytest.mark.parametrize(
    "choice",
    [
        *(("", ""), ("", "a" * 101), ("", "a b"), ("", "\u00e9"), ("", None)),
        *(("s" * 129, "a"), ("\U0001f600" * 11, "a"), (None, "a")),
    ],
    ids=repr,
)
def test_a_choice_that_cannot_be_kept_is_the_composition_s_fault(choice: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match="choose_peer gave"):
        choose(lambda _route, _data: choice, "", "hi")


@pytest.mark.parametrize("choice", [None, "main", ("", "a", "b")], ids=repr)
def test_so_is_one_that_raises_or_gives_no_pair(choice: object) -> None:
    with pytest.raises(ConfigError, match="choose_peer raised") as raised:
        choose(lambda _route, _data: choice, "", "hi")  # type: ignore[arg-type, return-value]
    assert raised.value.__cause__ is not None
